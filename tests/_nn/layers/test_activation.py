"""An activation as a layer: in its predecessor's buffer, not in the caller's array."""

import numpy as np
import pytest

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import ActivationLayer, Dense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.plan import Plan

IDENTITY = ACTIVATIONS["identity"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_is_the_activation_built_into_a_dense_layer(activation):
    f = ACTIVATIONS[activation]
    fused = Network([Dense(4, 5, f), Dense(5, 2, IDENTITY)], np.dtype(float))
    rng = np.random.default_rng(0)
    fused.theta[...] = rng.standard_normal(fused.theta.shape)
    layers = [Dense(4, 5, IDENTITY), ActivationLayer(5, f), Dense(5, 2, IDENTITY)]
    apart = Network(layers, fused.theta.copy())
    x, y = rng.standard_normal((7, 4)), rng.standard_normal((7, 2))
    loss = LOSSES["squared_error"](LINKS["identity"])
    wanted = Plan(fused, loss, 7, 0.1).value_and_grad(x, y)
    found = Plan(apart, loss, 7, 0.1).value_and_grad(x, y)
    assert found[0] == wanted[0]
    np.testing.assert_array_equal(found[1], wanted[1])
    np.testing.assert_array_equal(
        apart.predict(x, LINKS["identity"]), fused.predict(x, LINKS["identity"])
    )
    np.testing.assert_array_equal(apart.hidden(x)[1], fused.hidden(x)[0])


@pytest.mark.parametrize("training", [False, True])
def test_a_first_layer_leaves_the_rows_alone(training):
    network = Network([ActivationLayer(4, ACTIVATIONS["relu"])], np.dtype(float))
    x = np.random.default_rng(0).standard_normal((5, 4))
    before = x.copy()
    (plan,) = network.planned(5, training=training)
    np.testing.assert_array_equal(plan.forward(x), np.maximum(x, 0))
    np.testing.assert_array_equal(x, before)


def test_it_writes_into_the_buffer_of_the_layer_before():
    network = Network(
        [Dense(4, 5, IDENTITY), ActivationLayer(5, ACTIVATIONS["relu"])],
        np.dtype(float),
    )
    network.theta[...] = 1
    dense, activation = network.planned(3)
    a = activation.forward(dense.forward(np.ones((3, 4))))
    assert a is dense.a
