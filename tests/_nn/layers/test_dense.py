"""Dense: the textbook's equations, any shape and order; test_base has the gradients."""

import numpy as np
import pytest
from _layers import N_IN, planned

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense


def test_dense_is_the_textbooks():
    plan = planned(Dense(N_IN, 3, ACTIVATIONS["tanh"]), 5)
    layer = plan.layer
    rng = np.random.default_rng(9)
    x, u = rng.standard_normal((5, N_IN)), rng.standard_normal((5, 3))
    a = np.tanh(x @ layer.W + layer.b)
    np.testing.assert_allclose(plan.forward(x), a, rtol=1e-12)
    dx = plan.backward(u.copy())
    delta = u * (1 - a**2)
    np.testing.assert_allclose(layer.dW, x.T @ delta, rtol=1e-12)
    np.testing.assert_allclose(layer.db, delta.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dx, delta @ layer.W.T, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n", [1, 5])
def test_dense_of_any_shape_and_order_of_x(shape, order, n):
    plan = planned(Dense(*shape, ACTIVATIONS["identity"]), n)
    layer = plan.layer
    rng = np.random.default_rng(10)
    x = np.asarray(rng.standard_normal((n, shape[0])), order=order)
    u = rng.standard_normal((n, shape[1]))
    np.testing.assert_allclose(plan.forward(x), x @ layer.W + layer.b, rtol=1e-12)
    np.testing.assert_allclose(plan.backward(u.copy()), u @ layer.W.T, rtol=1e-12)
    np.testing.assert_allclose(layer.dW, x.T @ u, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(layer.db, u.sum(axis=0), rtol=1e-12, atol=1e-15)


def test_the_initial_weights_may_be_those_of_another_activation():
    drawn = []

    def initializer(random_state, fan_in, fan_out, activation):
        drawn.append(activation)
        return np.ones((fan_in, fan_out)), np.zeros(fan_out)

    relu, identity = ACTIVATIONS["relu"], ACTIVATIONS["identity"]
    for layer in (Dense(2, 3, relu), Dense(2, 3, identity, drawn_as=relu)):
        planned(layer, 1).network.draw(initializer, None)
    assert drawn == [relu, relu]
