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
        size = size if out is None else out.shape
        draws = np.random.default_rng(5).random(size).astype(dtype)
        if out is not None:
            out[...] = draws
        return draws


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


def dense(a):
    return a.toarray() if sparse.issparse(a) else a


def test_every_layer_class_has_an_example():
    missing = {cls.__name__ for cls in layer_classes()} - set(EXAMPLES)
    assert not missing, f"Add {missing} to EXAMPLES, for its gradients to be checked."


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


@cases
@activations
def test_a_smaller_last_batch_has_buffers_of_its_own(name, activation):
    """Two plans over the same parameters and gradient give what one alone gives."""
    as_sparse = name.startswith("Sparse")
    layer = EXAMPLES[name](ACTIVATIONS[activation])
    network, full, grad = planned(layer, 6, as_sparse=as_sparse)
    last = layer.planned(2, np.dtype("float64"), True, as_sparse)
    network.bind(list(walk([last])), grad, prefix="d")
    x = np.random.default_rng(6).standard_normal((6, N_IN))
    u = np.random.default_rng(7).standard_normal((6, layer.n_out))

    def passes(plan, n):
        given = sparse.csr_matrix(x[:n]) if as_sparse else x[:n]
        a = dense(plan.forward(given)).copy()
        dx = plan.backward(u[:n].copy())
        return a, None if dx is None else dx.copy(), grad.copy()

    a, dx, whole = passes(full, 6)
    a_last, dx_last, part = passes(last, 2)
    np.testing.assert_allclose(a_last, a[:2], rtol=1e-12)
    if dx is not None:
        np.testing.assert_allclose(dx_last, dx[:2], rtol=1e-12)
    # The full plan is as it was, and the gradient is over the plan's own rows.
    for before, again in zip((a, dx, whole), passes(full, 6), strict=True):
        np.testing.assert_array_equal(before, again)
    assert len(grad) == 0 or not np.allclose(whole, part)


@cases
@activations
def test_float32_agrees_with_float64(name, activation):
    as_sparse = name.startswith("Sparse")
    x = np.random.default_rng(8).standard_normal((6, N_IN)).astype("float32")
    answers = []
    for dtype in ("float32", "float64"):
        layer = EXAMPLES[name](ACTIVATIONS[activation])
        _, plan, grad = planned(layer, 6, dtype, as_sparse=as_sparse)
        given = x.astype(dtype)
        given = sparse.csr_matrix(given) if as_sparse else given
        a = dense(plan.forward(given)).copy()
        dx = plan.backward(np.ones((6, layer.n_out), dtype))
        answers.append((a, grad, a if dx is None else dx.copy()))
    for single, double in zip(*answers, strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)


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


def test_dense_is_the_textbooks():
    layer = Dense(N_IN, 3, ACTIVATIONS["tanh"])
    _, plan, _ = planned(layer, 5)
    rng = np.random.default_rng(9)
    x, u = rng.standard_normal((5, N_IN)), rng.standard_normal((5, 3))
    a = np.tanh(x @ layer.W + layer.b)
    np.testing.assert_allclose(plan.forward(x), a, rtol=1e-12)
    dx = plan.backward(u.copy())
    delta = u * (1 - a**2)
    np.testing.assert_allclose(plan.dW, x.T @ delta, rtol=1e-12)
    np.testing.assert_allclose(plan.db, delta.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(dx, delta @ layer.W.T, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 1)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n", [1, 5])
def test_dense_of_any_shape_and_order_of_x(shape, order, n):
    layer = Dense(*shape, ACTIVATIONS["identity"])
    _, plan, _ = planned(layer, n)
    rng = np.random.default_rng(10)
    x = np.asarray(rng.standard_normal((n, shape[0])), order=order)
    u = rng.standard_normal((n, shape[1]))
    np.testing.assert_allclose(plan.forward(x), x @ layer.W + layer.b, rtol=1e-12)
    np.testing.assert_allclose(plan.backward(u.copy()), u @ layer.W.T, rtol=1e-12)
    np.testing.assert_allclose(plan.dW, x.T @ u, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(plan.db, u.sum(axis=0), rtol=1e-12, atol=1e-15)


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


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_sparse_dropout_drops_stored_entries_at_its_rate(rate):
    layer = Dropout(50, rate)
    layer.draw(None, np.random.RandomState(0))
    plan = layer.planned(2000, np.dtype("float64"), True, sparse=True)
    rng = np.random.default_rng(0)
    x = sparse.csr_array(rng.random((2000, 50)) * (rng.random((2000, 50)) < 0.9))
    y = plan.forward(x)
    kept = y.data != 0
    # 90,000 draws: three standard errors are below 0.005.
    assert abs(1 - kept.mean() - rate) < 0.005
    np.testing.assert_allclose(y.data[kept], x.data[kept] / (1 - rate))
    np.testing.assert_array_equal(y.indices, x.indices)
    assert not np.shares_memory(y.data, x.data)


def test_dropout_before_the_first_parameters_passes_nothing_back():
    layer = dropout(None)
    plan = layer.planned(3, np.dtype("float64"), False)
    plan.forward(np.ones((3, N_IN)))
    assert plan.backward(None) is None


def test_dropout_inherits_the_generator_of_the_earlier_fit():
    earlier, later = Dropout(N_IN, 0.5), Dropout(N_IN, 0.5)
    earlier.draw(None, np.random.RandomState(0))
    later.inherit(earlier)
    # In step, and apart: a fit that fails must not have used up the earlier one's.
    np.testing.assert_array_equal(
        later.generator.random(9), earlier.generator.random(9)
    )
    assert later.generator is not earlier.generator
    later.inherit(Dense(1, 1, None))
    # In step, and apart: a fit that fails must not have used up the earlier one's.
    np.testing.assert_array_equal(
        later.generator.random(9), earlier.generator.random(9)
    )
    assert later.generator is not earlier.generator


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
