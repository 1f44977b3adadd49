"""Periodic: the closed form, what it leaves alone; test_base has the gradients."""

import numpy as np
from _layers import N_IN, alone, planned

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, Periodic
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.plan import Plan

rng = np.random.default_rng(0)
identity = ACTIVATIONS["identity"]


def test_cosines_follow_the_inputs():
    plan = planned(Periodic(N_IN, [0, 3], 3), 5)
    layer, x = plan.layer, rng.standard_normal((5, N_IN))
    y = plan.forward(x)
    np.testing.assert_array_equal(y[:, :N_IN], x)
    angles = 2 * np.pi * (x[:, [0, 3], None] * layer.w + layer.c)
    np.testing.assert_allclose(y[:, N_IN:], np.cos(angles).reshape(5, 6), rtol=1e-12)


def test_frequencies_and_phases_are_drawn_whatever_the_initializer():
    network = alone(Periodic(N_IN, [0, 1, 2], 1000, sigma=0.3))
    network.draw(None, np.random.RandomState(0))
    (layer,) = network.layers
    np.testing.assert_allclose(layer.w.std(), 0.3, rtol=0.03)
    assert abs(layer.w.mean()) < 0.02
    assert 0 <= layer.c.min() < 0.01
    assert 0.99 < layer.c.max() < 1
    rates = {p.rate_factor for p in layer.parameters().values()}
    assert rates == {0.1}
    assert not any(p.decays for p in layer.parameters().values())


def test_the_next_layer_leaves_out_what_nobody_needs():
    """dL/dx of the inputs that go through is not computed, and nothing misses it."""

    def gradient(layers):
        network = Network(layers, np.dtype(float))
        network.theta[...] = np.linspace(-1, 1, len(network.theta))
        plan = Plan(network, LOSSES["squared_error"](LINKS["identity"]), 5, 0.0)
        plan.backprop(x, y)
        return plan

    x, y = rng.standard_normal((5, N_IN)), rng.standard_normal((5, 2))
    waves = Periodic(N_IN, [1], 3)
    first = gradient([waves, Dense(waves.n_out, 2, identity)])
    assert first.layers[1].dx.shape == (5, 3)
    # Behind a layer with parameters everything is needed: a Dense one that copies x.
    before = Dense(N_IN, N_IN, identity)
    other = Network([before, waves.unbound(), Dense(waves.n_out, 2, identity)], float)
    plan = Plan(other, LOSSES["squared_error"](LINKS["identity"]), 5, 0.0)
    before = other.layers[0]
    before.W[...], before.b[...] = np.eye(N_IN), 0
    for layer, same in zip(other.layers[1:], first.layers, strict=True):
        for name in same.parameters():
            getattr(layer, name)[...] = getattr(same, name)
    plan.backprop(x, y)
    assert plan.layers[2].dx.shape == (5, N_IN + 3)
    for layer, same in zip(plan.layers[1:], first.layers, strict=True):
        for name in same.parameters():
            np.testing.assert_allclose(
                getattr(layer, f"d{name}"), getattr(same, f"d{name}"), rtol=1e-10
            )


def test_nets_may_share_their_rows():
    layers = [Periodic(N_IN, [0, 2], 2) for _ in range(3)]
    networks = [Network([layer], np.dtype(float)) for layer in layers]
    for seed, network in enumerate(networks):
        network.draw(None, np.random.RandomState(seed))
    many = Network.stacked(networks)
    x = rng.standard_normal((6, N_IN))
    link = LINKS["identity"]
    each = np.stack([network.predict(x, link) for network in networks])
    np.testing.assert_array_equal(many.predict(x, link), each)
    own = np.stack([x, x, x])
    np.testing.assert_array_equal(many.predict(own, link), each)


def test_signatures_tell_layers_apart():
    layer = Periodic(N_IN, [0, 2], 2)
    assert layer.signature() == Periodic(N_IN, [0, 2], 2).signature()
    for other in (
        Periodic(N_IN, [0, 1], 2),
        Periodic(N_IN, [0, 2], 3),
        Periodic(N_IN, [0, 2], 2, rate_factor=1.0),
    ):
        assert layer.signature() != other.signature()
