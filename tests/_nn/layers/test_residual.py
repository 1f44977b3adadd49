"""The residual layers: equations and tied weights; test_base has the gradients."""

import numpy as np
import pytest
from _gradients import assert_gradient
from _layers import planned

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Pad, ResidualStack, Room

N, WIDTH, K, H = 6, 3, 4, 0.3


@pytest.mark.parametrize("tied", [False, True])
def test_the_forward_pass_is_the_equations(tied):
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"], tied)
    plan = planned(layer, N)
    x = np.random.default_rng(1).standard_normal((N, WIDTH))
    Y = [x]
    for k in range(K):
        W, b = (layer.W[0], layer.b[0]) if tied else (layer.W[k], layer.b[k])
        Y.append(Y[-1] + H * np.tanh(Y[-1] @ W + b))
    np.testing.assert_allclose(plan.forward(x), Y[-1], rtol=1e-12)
    prediction = layer.planned(Room(N, np.dtype(float)))
    np.testing.assert_allclose(prediction.forward(x), Y[-1], rtol=1e-12)
    np.testing.assert_allclose([y.copy() for y in prediction.states(x)], Y, rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_a_first_layer_with_tied_weights(activation):
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS[activation], tied=True)
    plan = planned(layer, N, needs_dx=False)
    network = plan.network
    rng = np.random.default_rng(2)
    x, u = rng.standard_normal((2, N, WIDTH))

    def value(theta):
        network.theta[...] = theta
        return np.vdot(u, plan.forward(x))

    theta = network.theta.copy()
    plan.forward(x)
    assert plan.backward(u.copy()) is None
    assert_gradient(value, plan.grad.copy(), theta, rng)


def test_one_layer_by_hand():
    layer = ResidualStack(1, 1, 0.5, ACTIVATIONS["tanh"])
    plan = planned(layer, 1)
    plan.network.theta[...] = 2.0, -1.0  # W, b
    x = np.array([[1.5]])
    np.testing.assert_allclose(plan.forward(x), 1.5 + 0.5 * np.tanh(2.0))
    slope = 0.5 * (1 - np.tanh(2.0) ** 2)
    np.testing.assert_allclose(plan.backward(np.ones((1, 1))), 1 + 2 * slope)
    np.testing.assert_allclose(plan.grad, [1.5 * slope, slope])


@pytest.mark.parametrize("nets", [(), (2,)])
def test_tied_weights_have_their_gradient_without_a_copy_of_the_states(nets):
    layer = planned(ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"], True), N).layer
    layer.W, layer.b = np.ones((*nets, 1, WIDTH, WIDTH)), np.ones((*nets, 1, WIDTH))
    plan = layer.planned(Room(N, np.dtype(float), nets, training=True))
    assert np.shares_memory(plan.Y_T, plan.y_0)
    assert plan.Y_T.shape == (*nets, 1, WIDTH, K * N)


def test_padding():
    x = np.arange(6.0).reshape(3, 2)
    plan = planned(Pad(2, 4), 3)
    y = plan.forward(x)
    np.testing.assert_array_equal(y, np.c_[x, np.zeros((3, 2))])
    np.testing.assert_array_equal(plan.backward(y + 1), x + 1)


def test_pytorch_has_the_same_gradients():
    torch = pytest.importorskip("torch")
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"])
    plan = planned(layer, N)
    rng = np.random.default_rng(4)
    x, u = rng.standard_normal((2, N, WIDTH))
    plan.forward(x)
    dx = plan.backward(u.copy())
    W, b, y = (torch.tensor(v, requires_grad=True) for v in (layer.W, layer.b, x))
    out = y
    for k in range(K):
        out = out + H * torch.tanh(out @ W[k] + b[k])
    (out * torch.tensor(u)).sum().backward()
    np.testing.assert_allclose(plan.layer.dW, W.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(plan.layer.db, b.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(dx, y.grad.numpy(), rtol=1e-10)
