"""Networks: parameters, copies, prediction, many nets; initial values."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from _networks import DRAW, SOFTMAX, data, network
from scipy import sparse
from scipy.special import expit

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, Dropout, ResidualStack
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.network import MOST_BYTES, Network, rows_at_once, run

plan = Network.planned


def test_theta_is_all_weights_then_all_biases():
    net = network((3, 4, 2))
    views = [*net.named["W"], *net.named["b"]]
    assert net.shapes == [view.shape for view in views] == [(3, 4), (4, 2), (4,), (2,)]
    np.testing.assert_array_equal(
        np.concatenate([view.ravel() for view in views]), net.theta
    )
    assert all(np.shares_memory(view, net.theta) for view in views)
    assert net.n_outputs == 2
    net.theta[...] = 5
    assert (net.layers[1].W == 5).all()
    net.layers[1].b[0] = 7
    assert net.theta[24] == 7


def test_a_given_theta_is_taken_over_without_a_copy():
    net = network((3, 4, 2))
    other = Network([Dense(3, 2, ACTIVATIONS["tanh"])], net.theta[:8])
    assert other.theta.base is net.theta
    other.layers[0].W[...] = 3
    assert (net.theta[:6] == 3).all()


@pytest.mark.parametrize(
    "twin_of",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_holds_the_parameters_once_and_binds_the_views_again(twin_of):
    net = network((30, 40, 20))
    X, _ = data(5, (30, 40, 20), "softmax")
    wanted = net.predict(X, SOFTMAX)
    again = net
    for _ in range(3):  # a copy of a copy does not grow
        again = twin_of(again)
        assert len(pickle.dumps(again)) < 1.1 * net.theta.nbytes
    np.testing.assert_array_equal(again.theta, net.theta)
    np.testing.assert_array_equal(again.predict(X, SOFTMAX), wanted)
    assert all(np.shares_memory(W, again.theta) for W in again.named["W"])
    again.theta[...] = 0
    assert (again.layers[0].W == 0).all()
    assert (again.layers[1].b == 0).all()
    assert net.theta.any()
    np.testing.assert_array_equal(net.predict(X, SOFTMAX), wanted)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("rows", [1, 8, 25])
def test_chunks_change_nothing(as_sparse, rows):
    net = network((5, 7, 3))
    X, _ = data(50, (5, 7, 3), "softmax")
    whole = net.predict(X, SOFTMAX)
    X = sparse.csr_matrix(X) if as_sparse else X
    np.testing.assert_allclose(net.predict(X, SOFTMAX, rows=rows), whole, rtol=1e-12)


@pytest.mark.parametrize("itemsize", [4, 8])
@pytest.mark.parametrize("width", [1, 50, 512, 10_000, 10_000_000])
def test_chunks_of_a_prediction_are_of_bounded_size(width, itemsize):
    row_bytes = width * itemsize
    rows = rows_at_once(row_bytes, itemsize)
    assert rows >= 1
    assert rows * row_bytes <= max(row_bytes, MOST_BYTES)


def test_the_widest_buffer_of_any_layer_decides_the_chunks(monkeypatch):
    """A layer that needs more than its output says so."""
    net = network((5, 7, 3))
    planned = []
    monkeypatch.setattr(
        type(net), "planned", lambda *a, **k: planned.append(a[1]) or plan(*a, **k)
    )
    monkeypatch.setattr(net.layers[0], "row_bytes", lambda size: MOST_BYTES // 5, False)
    net.predict(np.zeros((12, 5)), SOFTMAX)
    assert planned == [5, 2]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_prediction_is_the_forward_pass_of_training(activation):
    net = network((5, 7, 3), activation)
    X, _ = data(9, (5, 7, 3), "softmax")
    mu = run(net.planned(9, training=True), X).copy()
    SOFTMAX.forward(mu)
    np.testing.assert_allclose(net.predict(X, SOFTMAX), mu, rtol=1e-12)


def test_predictions_are_the_equations():
    net = network((5, 7, 1), "relu")
    X, _ = data(9, (5, 7, 1), "logistic")
    (W1, W2), (b1, b2) = net.named["W"], net.named["b"]
    wanted = expit(np.maximum(X @ W1 + b1, 0) @ W2 + b2)
    np.testing.assert_allclose(net.predict(X, LINKS["logistic"]), wanted, rtol=1e-12)
    (hidden,) = net.hidden(X)
    np.testing.assert_allclose(hidden, np.maximum(X @ W1 + b1, 0), rtol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("hidden", [(), (7,)], ids=str)
def test_prediction_leaves_x_alone_and_owns_its_answer(order, hidden, dtype):
    net = network((5, *hidden, 3), dtype=dtype)
    X = np.asarray(data(9, (5, 3), "softmax")[0], dtype, order=order)
    before = X.tobytes()
    first = net.predict(X, LINKS["identity"])
    kept = first.copy()
    net.predict(2 * X, LINKS["identity"])
    assert X.tobytes() == before
    assert first.dtype == dtype
    np.testing.assert_array_equal(first, kept)


def test_dropout_is_left_out_of_prediction():
    net = network((5, 4, 2))
    with_dropout = Network(
        [Dropout(5, 0.5), net.layers[0], Dropout(4, 0.5), net.layers[1]], net.theta
    )
    X, _ = data(6, (5, 4, 2), "softmax")
    np.testing.assert_array_equal(
        with_dropout.predict(X, SOFTMAX), net.predict(X, SOFTMAX)
    )


@pytest.mark.parametrize("as_sparse", [False, True])
def test_many_threads_may_predict_at_once(as_sparse):
    net = network((20, 50, 3))
    Xs = [data(40, (20, 50, 3), "softmax", seed)[0] for seed in range(16)]
    Xs = [sparse.csr_matrix(X) for X in Xs] if as_sparse else Xs
    wanted = [net.predict(X, SOFTMAX) for X in Xs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda X: net.predict(X, SOFTMAX), Xs * 5))
    for mu, w in zip(found, wanted * 5, strict=True):
        np.testing.assert_array_equal(mu, w)


def test_astype_leaves_the_original_alone():
    net = network((3, 4, 2))
    X, _ = data(6, (3, 4, 2), "softmax")
    wanted, theta = net.predict(X, SOFTMAX), net.theta.copy()
    single = net.astype(np.dtype("float32"))
    assert single.dtype == "float32"
    assert net.astype(np.dtype("float64")) is net
    found = single.predict(X, SOFTMAX)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    single.theta[...] = 0
    assert (single.layers[1].W == 0).all()
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.predict(X, SOFTMAX), wanted)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("n", [1, 9, 1500])
def test_hidden_outputs_are_those_of_the_layers_run_alone(as_sparse, n):
    layers = [
        Dropout(5, 0.5),
        ResidualStack(2, 5, 0.3, ACTIVATIONS["tanh"]),
        Dense(5, 70, ACTIVATIONS["relu"]),
        Dense(70, 3, ACTIVATIONS["identity"]),
    ]
    net = Network(layers, np.dtype(float))
    net.draw(DRAW, np.random.RandomState(0))
    X, _ = data(n, (5, 3), "softmax")
    hidden = net.hidden(sparse.csr_matrix(X) if as_sparse else X)
    x, wanted = X, []
    for layer in net.prediction_layers[:-1]:
        alone = Network([layer.unbound()], np.dtype(float))
        for name, view in zip(
            alone.named, alone.layout.views(alone.theta), strict=True
        ):
            view[...] = getattr(layer, name)
        x = alone.predict(x, LINKS["identity"])
        wanted.append(x)
    assert [a.shape for a in hidden] == [(n, 5), (n, 70)]
    for a, b in zip(hidden, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_another_vector_for_the_same_architecture():
    net = network((3, 4, 2))
    theta = net.theta + 1
    twin = net.with_theta(theta)
    assert twin.theta is theta
    assert np.shares_memory(twin.layers[0].W, theta)
    assert np.shares_memory(net.layers[0].W, net.theta)
    np.testing.assert_array_equal(twin.layers[1].b, net.layers[1].b + 1)
    assert twin.layout is net.layout


# ---- initial values --------------------------------------------------------------


def test_layers_draw_in_order():
    net = network((3, 4, 2), seed=5)
    rng = np.random.RandomState(5)
    for layer in net.layers:
        W, b = DRAW(rng, layer.n_in, layer.n_out, layer.drawn_as)
        np.testing.assert_array_equal(layer.W, W)
        np.testing.assert_array_equal(layer.b, b)


def test_a_layer_may_draw_with_its_own_inputs_at_hand():
    """Biases that centre each layer's outputs on the rows given."""

    class Centred(Dense):
        def draw(self, initializer, random_state, x=None):
            super().draw(initializer, random_state)
            self.b[...] = -(x @ self.W).mean(axis=0)

    identity = ACTIVATIONS["identity"]
    layers = [
        Centred(3, 4, ACTIVATIONS["tanh"]),
        Dropout(4, 0.5),
        Centred(4, 2, identity),
    ]
    net = Network(layers, np.dtype(float))
    X, _ = data(50, (3, 2), "softmax")
    net.draw(DRAW, np.random.RandomState(0), X)
    first, _, last = net.layers
    hidden = np.tanh(X @ first.W + first.b)
    np.testing.assert_allclose((X @ first.W + first.b).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((hidden @ last.W + last.b).mean(axis=0), 0, atol=1e-12)
    assert net.layers[1].generators[0] is not None


# ---- many nets -------------------------------------------------------------------


def stack(m=3, sizes=(5, 7, 2), **kwargs):
    nets = [network(sizes, seed=seed, **kwargs) for seed in range(m)]
    return nets, Network.stacked(nets)


def test_each_of_many_nets_is_a_row_of_theta():
    nets, many = stack()
    assert many.nets == (3,)
    assert [view.shape for view in many.named["W"]] == [(3, 5, 7), (3, 7, 2)]
    for views in many.named.values():
        assert all(np.shares_memory(view, many.theta) for view in views)
    for j, net in enumerate(nets):
        np.testing.assert_array_equal(many.theta[j], net.theta)
        np.testing.assert_array_equal(many.layers[1].W[j], net.layers[1].W)
    assert not any(np.shares_memory(many.theta, net.theta) for net in nets)


@pytest.mark.parametrize("rows", [None, 4])
@pytest.mark.parametrize("shared", [False, True])
def test_predictions_of_many_nets_are_those_of_each(shared, rows, dtype):
    nets, many = stack(dtype=dtype)
    X = np.stack([data(9, (5, 2), "softmax", s)[0] for s in range(3)]).astype(dtype)
    X = X[0] if shared else X
    mu = many.predict(X, SOFTMAX, rows=rows)
    assert mu.shape == (3, 9, 2)
    for j, net in enumerate(nets):
        own = X if shared else X[j]
        np.testing.assert_array_equal(mu[j], net.predict(own, SOFTMAX, rows=rows))


def test_a_net_taken_out_and_many_copied_are_what_they_were():
    nets, many = stack()
    X, _ = data(9, (5, 2), "softmax")
    whole = many.predict(X, SOFTMAX)
    np.testing.assert_array_equal(many.selected(1).theta, nets[1].theta)
    for twin in (
        pickle.loads(pickle.dumps(many)),
        copy.deepcopy(many),
        many.with_theta(many.theta.copy()),
        many.selected(np.arange(3)),
    ):
        assert twin.nets == (3,)
        np.testing.assert_array_equal(twin.predict(X, SOFTMAX), whole)
