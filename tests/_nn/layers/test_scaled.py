"""ScaledDense: a Dense layer of scaled inputs; test_base has the gradients."""

import numpy as np
from _layers import N_IN, alone, planned

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, ScaledDense

SCALES = np.array([1.0, 0.3, 2.0, 0.0])
tanh = ACTIVATIONS["tanh"]


def test_it_is_a_dense_layer_of_scaled_inputs():
    plan = planned(ScaledDense(N_IN, 3, tanh, SCALES), 5)
    layer = plan.layer
    rng = np.random.default_rng(9)
    x, u = rng.standard_normal((5, N_IN)), rng.standard_normal((5, 3))
    a = np.tanh((x * layer.s) @ layer.W + layer.b)
    np.testing.assert_allclose(plan.forward(x), a, rtol=1e-12)
    dx = plan.backward(u.copy())
    delta = u * (1 - a**2)
    np.testing.assert_allclose(layer.dW, (x * layer.s).T @ delta, rtol=1e-12)
    np.testing.assert_allclose(layer.db, delta.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dx, delta @ layer.W.T * layer.s, rtol=1e-12)
    ds = (delta @ layer.W.T * x).sum(axis=0)
    np.testing.assert_allclose(layer.ds, ds, rtol=1e-12)


def test_weights_are_drawn_as_a_dense_layers_and_the_scales_are_given():
    def initializer(random_state, fan_in, fan_out, activation):
        return random_state.normal(size=(fan_in, fan_out)), np.ones(fan_out)

    scaled = alone(ScaledDense(N_IN, 3, tanh, SCALES))
    scaled.draw(initializer, np.random.RandomState(0))
    dense = alone(Dense(N_IN, 3, tanh))
    dense.draw(initializer, np.random.RandomState(0))
    np.testing.assert_array_equal(scaled.layers[0].W, dense.layers[0].W)
    np.testing.assert_array_equal(scaled.layers[0].s, SCALES)


def test_each_parameter_has_a_rate_of_its_own():
    layer = ScaledDense(N_IN, 3, tanh, SCALES, rate_factors=(0.5, 0.1, 5.0))
    rates = {name: p.rate_factor for name, p in layer.parameters().items()}
    assert rates == {"W": 0.5, "b": 0.1, "s": 5.0}
    decays = {name: p.decays for name, p in layer.parameters().items()}
    assert decays == {"W": True, "b": False, "s": False}
    usual = ScaledDense(N_IN, 3, tanh, SCALES)
    assert layer.signature() != usual.signature()
