"""The residual layers: equations and tied weights; test_layers has the gradients."""

import numpy as np
import pytest
from _gradients import assert_gradient
from scipy import sparse

from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._network import Network, walk
from sknn_scratch._residual import Pad, ResidualStack

N, WIDTH, K, H = 6, 3, 4, 0.3


def planned(layer, need_dx=True, as_sparse=False, n=N):
    network = Network([layer], np.dtype(float))
    network.theta[...] = np.random.default_rng(0).standard_normal(len(network.theta))
    plan = layer.planned(n, np.dtype(float), need_dx, as_sparse)
    grad = np.full_like(network.theta, np.nan)
    network.bind(list(walk([plan])), grad, prefix="d")
    return network, plan, grad


@pytest.mark.parametrize("tied", [False, True])
def test_the_forward_pass_is_the_equations(tied):
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"], tied)
    _, plan, _ = planned(layer)
    x = np.random.default_rng(1).standard_normal((N, WIDTH))
    Y = [x]
    for k in range(K):
        W, b = (layer.W[0], layer.b[0]) if tied else (layer.W[k], layer.b[k])
        Y.append(Y[-1] + H * np.tanh(Y[-1] @ W + b))
    np.testing.assert_allclose(plan.forward(x), Y[-1], rtol=1e-12)
    prediction = layer.planned(N, np.dtype(float), None)
    np.testing.assert_allclose(prediction.forward(x), Y[-1], rtol=1e-12)
    np.testing.assert_allclose([y.copy() for y in prediction.states(x)], Y, rtol=1e-12)


@pytest.mark.parametrize("need_dx", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_tied_weights(activation, need_dx):
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS[activation], tied=True)
    network, plan, grad = planned(layer, need_dx)
    rng = np.random.default_rng(2)
    x, u = rng.standard_normal((2, N, WIDTH))

    def value(theta):
        network.theta[...] = theta
        return np.vdot(u, plan.forward(x))

    theta = network.theta.copy()
    plan.forward(x)
    dx = plan.backward(u.copy())
    assert (dx is not None) == need_dx
    assert_gradient(value, grad.copy(), theta, rng)


def test_one_layer_by_hand():
    layer = ResidualStack(1, 1, 0.5, ACTIVATIONS["tanh"])
    network, plan, grad = planned(layer, n=1)
    network.theta[...] = 2.0, -1.0  # W, b
    x = np.array([[1.5]])
    np.testing.assert_allclose(plan.forward(x), 1.5 + 0.5 * np.tanh(2.0))
    slope = 0.5 * (1 - np.tanh(2.0) ** 2)
    np.testing.assert_allclose(plan.backward(np.ones((1, 1))), 1 + 2 * slope)
    np.testing.assert_allclose(grad, [1.5 * slope, slope])


def test_sparse_input_gives_what_dense_input_gives():
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"])
    x = np.random.default_rng(3).standard_normal((N, WIDTH))
    answers = []
    for as_sparse in (False, True):
        _, plan, grad = planned(layer, False, as_sparse)
        y = plan.forward(sparse.csr_matrix(x) if as_sparse else x).copy()
        plan.backward(np.ones((N, WIDTH)))
        answers.append((y, grad.copy()))
    for a, b in zip(*answers, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_padding(as_sparse):
    x = np.arange(6.0).reshape(3, 2)
    plan = Pad(2, 4).planned(3, np.dtype(float), True, as_sparse)
    y = plan.forward(sparse.csr_matrix(x) if as_sparse else x)
    np.testing.assert_array_equal(y, np.c_[x, np.zeros((3, 2))])
    np.testing.assert_array_equal(plan.backward(y + 1), x + 1)


def test_pytorch_has_the_same_gradients():
    torch = pytest.importorskip("torch")
    layer = ResidualStack(K, WIDTH, H, ACTIVATIONS["tanh"])
    _, plan, _ = planned(layer)
    rng = np.random.default_rng(4)
    x, u = rng.standard_normal((2, N, WIDTH))
    plan.forward(x)
    dx = plan.backward(u.copy())
    W, b, y = (torch.tensor(v, requires_grad=True) for v in (layer.W, layer.b, x))
    out = y
    for k in range(K):
        out = out + H * torch.tanh(out @ W[k] + b[k])
    (out * torch.tensor(u)).sum().backward()
    np.testing.assert_allclose(plan.dW, W.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(plan.db, b.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(dx, y.grad.numpy(), rtol=1e-10)
