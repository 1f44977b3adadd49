"""Jets: every layer's derivatives by its inputs, and the way back, by differences."""

import numpy as np
import pytest
from _gradients import assert_gradient
from _layers import DENSE, EXAMPLES, N_IN, alone
from _networks import network

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.jets import Channels, Tape
from sknn_scratch._nn.layers import Layer
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.network import run

SMOOTH = [name for name, f in ACTIVATIONS.items() if f.kink is None]
#: Layers of images and of tables have none: dL/dx is all that anybody asked them for.
WITHOUT = {"Convolution", "Flatten", "Periodic", "Pooling", "Unflatten"}
LAYERS = [
    name for name in DENSE if name.split(",")[0] not in {*WITHOUT, "Dropout"}
]  # that one is for training
RNG = np.random.default_rng(0)


def value(net, X):
    return run(net.planned(len(X)), X).copy()


def jets(net, X, order, with_back=False):
    channels = Channels(X.shape[1], order)
    tape = Tape(net, channels, with_back)
    return channels, tape, tape.run(channels.seeds(X))


def differences(net, X, step=1e-4):
    """Value, gradient and second derivatives by central differences, by channel."""
    d = X.shape[1]
    steps = step * np.eye(d)
    parts = [value(net, X)]
    parts += [(value(net, X + e) - value(net, X - e)) / (2 * step) for e in steps]
    for _, i, j in Channels(d, 2).pairs:
        a, b = steps[i], steps[j]
        near = value(net, X + a + b) + value(net, X - a - b)
        far = value(net, X + a - b) + value(net, X - a + b)
        parts.append((near - far) / (4 * step**2))
    return np.array(parts)


@pytest.mark.parametrize("f", SMOOTH)
@pytest.mark.parametrize("name", LAYERS)
def test_jets_of_a_layer_are_those_of_central_differences(name, f):
    net = alone(EXAMPLES[name](ACTIVATIONS[f]))
    X = RNG.standard_normal((5, N_IN))
    _, _, found = jets(net, X, 2)
    np.testing.assert_allclose(found, differences(net, X), rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("name", [n for n in DENSE if n.split(",")[0] in WITHOUT])
def test_layers_without_jets_say_so(name):
    net = alone(EXAMPLES[name](ACTIVATIONS["tanh"]))
    message = f"{name.split(',')[0]} has no derivatives with respect to its inputs"
    with pytest.raises(NotImplementedError, match=message):
        jets(net, RNG.standard_normal((5, N_IN)), 1)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("f", SMOOTH)
@pytest.mark.parametrize("name", LAYERS)
def test_the_way_back_is_the_gradient(name, f, order):
    net = alone(EXAMPLES[name](ACTIVATIONS[f]))
    X = RNG.standard_normal((5, N_IN))
    channels, tape, out = jets(net, X, order, with_back=True)
    weights = RNG.standard_normal(out.shape)

    def objective(theta):
        moved = net.with_theta(theta)
        return np.vdot(weights, Tape(moved, channels).run(channels.seeds(X)))

    gradient = tape.gradient(weights)
    assert_gradient(objective, gradient, net.theta, RNG, rtol=1e-6, atol=1e-6)
    by_row = tape.jacobian(weights)
    assert by_row.shape == (5, net.theta.size)
    np.testing.assert_allclose(by_row.sum(axis=0), gradient, rtol=1e-10, atol=1e-12)
    alone_ = Tape(net, channels, True)
    alone_.run(channels.seeds(X[2:3]))
    wanted = alone_.gradient(weights[:, 2:3])
    np.testing.assert_allclose(by_row[2], wanted, rtol=1e-10, atol=1e-12)


def test_a_deep_network_by_differences_and_its_way_back():
    net = network((2, 7, 5, 3), "gelu")
    X = RNG.standard_normal((6, 2))
    channels, tape, out = jets(net, X, 2, with_back=True)
    np.testing.assert_allclose(out, differences(net, X), rtol=1e-6, atol=1e-6)
    weights = RNG.standard_normal(out.shape)

    def objective(theta):
        run = Tape(net.with_theta(theta), channels).run(channels.seeds(X))
        return np.vdot(weights, run)

    assert_gradient(objective, tape.gradient(weights), net.theta, RNG)


def test_autograd_of_pytorch_agrees():
    torch = pytest.importorskip("torch")
    net = network((3, 6, 5, 2), "silu")
    X = RNG.standard_normal((4, 3))
    channels, _, out = jets(net, X, 2)
    parameters = [torch.tensor(v) for v in (*net.named["W"], *net.named["b"])]
    Ws, bs = parameters[:3], parameters[3:]

    def forward(x):
        for W, b in zip(Ws[:2], bs[:2], strict=True):
            x = torch.nn.functional.silu(x @ W + b)
        return x @ Ws[2] + bs[2]

    for n, x in enumerate(torch.tensor(X)):
        gradient = torch.autograd.functional.jacobian(forward, x)
        np.testing.assert_allclose(out[1:4, n].T, gradient, rtol=1e-10, atol=1e-13)
        for k in range(2):
            hessian = torch.autograd.functional.hessian(lambda x, k=k: forward(x)[k], x)
            for channel, i, j in channels.pairs:
                assert out[channel, n, k] == pytest.approx(hessian[i, j].item())


def test_the_scale_of_the_seeds_is_the_chain_rule():
    net, X = network((2, 5, 1)), RNG.standard_normal((4, 2))
    channels = Channels(2, 2)
    plain = Tape(net, channels).run(channels.seeds(X))[..., 0]
    scaled = Tape(net, channels).run(channels.seeds(X, np.array([2.0, 3.0])))[..., 0]
    factors = np.array([1, 2, 3, 4, 6, 9])[:, None]
    np.testing.assert_allclose(scaled, plain * factors, rtol=1e-12, atol=1e-14)


def test_the_last_layers_input_is_kept():
    net, X = network((2, 5, 3)), RNG.standard_normal((4, 2))
    _, tape, out = jets(net, X, 2)
    W, b = net.layers[-1].W, net.layers[-1].b
    wanted = tape.last @ W
    wanted[0] += b
    np.testing.assert_allclose(out, wanted, rtol=1e-13)


@pytest.mark.parametrize("f", ["relu", "leaky_relu", "elu", "selu"])
def test_a_kink_has_first_derivatives_only(f):
    net, X = network((2, 5, 3), f), RNG.standard_normal((4, 2))
    _, _, out = jets(net, X, 1)
    wanted = differences(net, X, 1e-6)[:3]
    np.testing.assert_allclose(out, wanted, rtol=1e-6, atol=1e-8)
    with pytest.raises(NotImplementedError, match="jumps at 0"):
        jets(net, X, 2)
    with pytest.raises(NotImplementedError, match="jumps at 0"):
        jets(net, X, 1, with_back=True)


def test_links_have_derivatives_or_say_why_not():
    z = np.linspace(-2, 2, 9)[:, None]
    for array in LINKS["exp"].derivatives(z):
        np.testing.assert_allclose(array, np.exp(z))
    with pytest.raises(NotImplementedError, match="a function of a whole row"):
        LINKS["softmax"].derivatives(z)


def test_a_layer_without_jets_says_so():
    with pytest.raises(NotImplementedError, match="Layer has no derivatives with resp"):
        Layer().jets(None)


def test_the_jets_keep_the_dtype(dtype):
    X = RNG.standard_normal((4, 2)).astype(dtype)
    for name in SMOOTH:
        _, tape, out = jets(network((2, 5, 3), name, dtype), X, 2, with_back=True)
        assert out.dtype == dtype
        assert tape.gradient(out).dtype == dtype
