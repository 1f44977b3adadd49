"""Layers: gradients by finite differences, for every layer class and activation."""

import numpy as np
import pytest
from _gradients import assert_gradient
from scipy import sparse

from sknn_scratch import _layers
from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._layers import Dense, Dropout, Layer
from sknn_scratch._network import Network, walk
from sknn_scratch._residual import Pad, ResidualStack

N_IN = 4


class FixedDraws:
    """A generator whose masks are the same at every call: dropout as a fixed map."""

    def random(self, size=None, out=None, dtype=float):
        rng = np.random.default_rng(5)
        if out is None:
            return rng.random(size, dtype)
        return rng.random(out=out, dtype=out.dtype)


def dropout(activation):
    layer = Dropout(N_IN, 0.4)
    layer.generator = FixedDraws()
    return layer


#: One example of each layer class, made with an activation.
EXAMPLES = {
    "Dense": lambda f: Dense(N_IN, 3, f),
    "SparseDense": lambda f: Dense(N_IN, 3, f),
    "Dropout": dropout,
    "SparseDropout": dropout,
    "ResidualStack": lambda f: ResidualStack(3, N_IN, 0.4, f),
    "SparseResidualStack": lambda f: ResidualStack(3, N_IN, 0.4, f),
    "Pad": lambda f: Pad(N_IN, N_IN + 2),
    "SparsePad": lambda f: Pad(N_IN, N_IN + 2),
}


def layer_classes(cls=Layer):
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("sknn_scratch"):
            yield sub
            yield from layer_classes(sub)


def planned(layer, n, dtype="float64", need_dx=True, as_sparse=False, seed=0):
    """The layer in a network of its own, with buffers for n rows and a gradient."""
    network = Network([layer], np.dtype(dtype))
    rng = np.random.default_rng(seed)
    network.theta[...] = rng.standard_normal(network.theta.shape)
    plan = layer.planned(n, np.dtype(dtype), need_dx, as_sparse)
    grad = np.full_like(network.theta, np.nan)
    network.bind(list(walk([plan])), grad, prefix="d")
    return network, plan, grad


def test_every_layer_class_has_an_example():
    assert {cls.__name__ for cls in layer_classes()} <= set(EXAMPLES)


cases = pytest.mark.parametrize("name", EXAMPLES)
activations = pytest.mark.parametrize("activation", ACTIVATIONS)


@cases
@activations
@pytest.mark.parametrize("n", [5, 1])
def test_gradients(name, activation, n):
    as_sparse = name.startswith("Sparse")
    layer = EXAMPLES[name](ACTIVATIONS[activation])
    network, plan, grad = planned(layer, n, as_sparse=as_sparse)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, N_IN))
    u = rng.standard_normal((n, layer.n_out))

    def given(point):
        return sparse.csr_matrix(point) if as_sparse else point

    def dense(a):
        return a.toarray() if sparse.issparse(a) else a

    def value_of_x(point):
        return np.vdot(u, dense(plan.forward(given(point))))

    def value_of_theta(point):
        network.theta[...] = point
        return value_of_x(x)

    theta = network.theta.copy()
    plan.forward(given(x))
    dx = plan.backward(u.copy())
    if len(theta):
        assert_gradient(value_of_theta, grad.copy(), theta, rng)
        network.theta[...] = theta
    if not as_sparse:
        assert_gradient(value_of_x, dx.copy(), x, rng)


@cases
@activations
def test_x_is_unchanged_and_the_dtype_kept(name, activation, dtype):
    as_sparse = name.startswith("Sparse")
    layer = EXAMPLES[name](ACTIVATIONS[activation])
    _, plan, grad = planned(layer, 6, dtype, as_sparse=as_sparse)
    x = np.random.default_rng(2).standard_normal((6, N_IN)).astype(dtype)
    x[x < 0.3] = 0
    given = sparse.csr_matrix(x) if as_sparse else x
    data = given.data.tobytes() if as_sparse else x.tobytes()
    a = plan.forward(given)
    assert a.dtype == dtype
    plan.backward(np.ones((6, layer.n_out), dtype))
    assert (given.data.tobytes() if as_sparse else x.tobytes()) == data
    assert grad.dtype == dtype


@activations
def test_sparse_dense_is_dense(activation):
    x = np.random.default_rng(3).standard_normal((5, N_IN))
    x[x < 0] = 0
    delta = np.random.default_rng(4).standard_normal((5, 3))
    answers = []
    for as_sparse in (False, True):
        layer = Dense(N_IN, 3, ACTIVATIONS[activation])
        _, plan, grad = planned(layer, 5, as_sparse=as_sparse)
        a = plan.forward(sparse.csr_matrix(x) if as_sparse else x).copy()
        plan.backward(delta.copy())
        answers.append((a, grad))
    np.testing.assert_allclose(answers[0][0], answers[1][0], rtol=1e-12)
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=1e-12, atol=1e-14)


def test_no_dx_is_computed_where_nobody_needs_it():
    _, plan, _ = planned(Dense(N_IN, 3, ACTIVATIONS["tanh"]), 5, need_dx=False)
    plan.forward(np.ones((5, N_IN)))
    assert plan.backward(np.ones((5, 3))) is None


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_dropout_keeps_the_expectation_and_drops_at_its_rate(rate):
    layer = Dropout(50, rate)
    layer.draw(None, np.random.RandomState(0))
    plan = layer.planned(2000, np.dtype("float64"), True)
    x = np.ones((2000, 50))
    y = plan.forward(x)
    # 100,000 draws: three standard errors are below 0.005.
    assert abs((y == 0).mean() - rate) < 0.005
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate))
    np.testing.assert_array_equal(plan.backward(x.copy()), y)


def test_dropout_draws_anew_at_each_step_and_in_a_seeded_order():
    def masks():
        layer = Dropout(10, 0.5)
        layer.draw(None, np.random.RandomState(3))
        plan = layer.planned(4, np.dtype("float32"), True)
        return [plan.forward(np.ones((4, 10), np.float32)).copy() for _ in range(2)]

    first, again = masks(), masks()
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, again)


def test_the_base_layer_says_what_is_missing():
    layer = Layer()
    for call in (
        lambda: layer.allocate(1, float, True),
        lambda: layer.forward(None),
        lambda: layer.backward(None),
        layer.for_sparse,
    ):
        with pytest.raises(NotImplementedError):
            call()
    assert layer.inherit(None) is None
    assert _layers.Layer.weights(layer) == _layers.Layer.biases(layer) == {}
