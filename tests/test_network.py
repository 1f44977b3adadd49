"""Network and Plan: layout, objective, prediction, pickling."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from _gradients import assert_gradient
from scipy import sparse
from scipy.special import expit, log_softmax

from sknn_scratch import _network
from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._initializers import INITIALIZERS
from sknn_scratch._layers import Dense, Dropout
from sknn_scratch._losses import LINKS, LOSSES
from sknn_scratch._network import Network, Plan

DRAW = partial(INITIALIZERS["glorot_uniform"], scale=1.0)
SETTINGS = {"quantile": 0.4}
PAIRS = [
    ("squared_error", "identity"),
    ("squared_error", "softmax"),
    ("huber", "identity"),
    ("quantile", "identity"),
    ("poisson", "exp"),
    ("gamma", "exp"),
    ("log_loss", "logistic"),
    ("log_loss", "softmax"),
    ("focal", "softmax"),
]


def network(sizes, activation="tanh", dtype="float64", seed=0):
    layers = [Dense(*shape, ACTIVATIONS[activation]) for shape in pairwise(sizes)]
    layers[-1].f = ACTIVATIONS["identity"]
    made = Network(layers, np.dtype(dtype))
    made.draw(DRAW, np.random.RandomState(seed))
    return made


def data(n, sizes, link, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, sizes[0]))
    if link == "softmax":
        return X, np.eye(sizes[-1])[rng.integers(sizes[-1], size=n)]
    if link == "logistic":
        return X, rng.integers(2, size=(n, sizes[-1])).astype(float)
    return X, rng.gamma(2, size=(n, sizes[-1]))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "link"), PAIRS)
@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_value_and_grad(activation, loss, link, hidden):
    sizes = (3, *hidden, 2)
    net = network(sizes, activation)
    X, Y = data(6, sizes, link)
    weight = np.random.default_rng(2).random(6)
    plan = Plan(net, LOSSES[loss](LINKS[link], SETTINGS), 6, alpha=0.3)

    def value(theta):
        net.theta[...] = theta
        return plan.value_and_grad(X, Y, weight)[0]

    theta = net.theta.copy()
    grad = plan.value_and_grad(X, Y, weight)[1].copy()
    assert_gradient(value, grad, theta, np.random.default_rng(3), rtol=1e-5)


def test_the_objective_is_the_textbooks():
    sizes = (3, 4, 2)
    net = network(sizes)
    X, Y = data(7, sizes, "softmax")
    weight = np.arange(1.0, 8)
    (W1, W2), (b1, b2) = net.views[:2], net.views[2:]
    Z = np.tanh(X @ W1 + b1) @ W2 + b2
    cross_entropy = -(Y * log_softmax(Z, axis=1)).sum(axis=1)
    wanted = np.average(cross_entropy, weights=weight)
    wanted += 0.5 * 0.3 * ((W1**2).sum() + (W2**2).sum()) / weight.sum()
    plan = Plan(net, LOSSES["log_loss"](LINKS["softmax"]), 7, alpha=0.3)
    np.testing.assert_allclose(plan.value_and_grad(X, Y, weight)[0], wanted)


def test_theta_is_all_weights_then_all_biases():
    net = network((3, 4, 2))
    assert net.shapes == [(3, 4), (4, 2), (4,), (2,)]
    np.testing.assert_array_equal(
        np.concatenate([view.ravel() for view in net.views]), net.theta
    )
    assert all(np.shares_memory(view, net.theta) for view in net.views)
    assert net.n_weights == 20
    net.theta[...] = 5
    assert (net.layers[1].W == 5).all()


def test_two_plans_share_parameters_and_gradient():
    net = network((3, 4, 2))
    X, Y = data(7, (3, 4, 2), "softmax")
    loss = LOSSES["log_loss"](LINKS["softmax"])
    grad = np.empty_like(net.theta)
    full, last = (Plan(net, loss, n, 0.1, grad) for n in (7, 3))
    full.value_and_grad(X, Y)
    before = grad.copy()
    last.value_and_grad(X[:3], Y[:3])
    assert not np.array_equal(before, grad)
    alone = Plan(net, loss, 3, 0.1).value_and_grad(X[:3], Y[:3])[1]
    np.testing.assert_array_equal(grad, alone)


def test_a_pickle_holds_the_parameters_once_and_binds_the_views_again():
    net = network((30, 40, 20))
    text = pickle.dumps(net)
    assert len(text) < 1.1 * net.theta.nbytes
    again = pickle.loads(text)
    np.testing.assert_array_equal(again.theta, net.theta)
    again.theta[...] = 0
    assert (again.layers[0].W == 0).all()
    assert net.theta.any()


@pytest.mark.parametrize("as_sparse", [False, True])
def test_chunks_change_nothing(monkeypatch, as_sparse):
    net = network((5, 7, 3))
    X, _ = data(50, (5, 7, 3), "softmax")
    X = sparse.csr_matrix(X) if as_sparse else X
    whole = net.predict(X, LINKS["softmax"])
    monkeypatch.setattr(_network, "PREDICT_ENTRIES", 7 * 8)  # 8 rows, the last 2
    np.testing.assert_allclose(net.predict(X, LINKS["softmax"]), whole, rtol=1e-12)


def test_predictions_are_the_equations():
    net = network((5, 7, 1), "relu")
    X, _ = data(9, (5, 7, 1), "logistic")
    (W1, W2), (b1, b2) = net.views[:2], net.views[2:]
    wanted = expit(np.maximum(X @ W1 + b1, 0) @ W2 + b2)
    np.testing.assert_allclose(net.predict(X, LINKS["logistic"]), wanted, rtol=1e-12)
    hidden = net.predict(X, LINKS["identity"], last=1)
    np.testing.assert_allclose(hidden, np.maximum(X @ W1 + b1, 0), rtol=1e-12)


def test_dropout_is_left_out_of_prediction():
    net = network((5, 4, 2))
    with_dropout = Network(
        [Dropout(5, 0.5), net.layers[0], Dropout(4, 0.5), net.layers[1]], net.theta
    )
    X, _ = data(6, (5, 4, 2), "softmax")
    np.testing.assert_array_equal(
        with_dropout.predict(X, LINKS["softmax"]), net.predict(X, LINKS["softmax"])
    )


def test_many_threads_may_predict_at_once():
    net = network((20, 50, 3))
    Xs = [data(40, (20, 50, 3), "softmax", seed)[0] for seed in range(16)]
    wanted = [net.predict(X, LINKS["softmax"]) for X in Xs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda X: net.predict(X, LINKS["softmax"]), Xs * 5))
    for mu, w in zip(found, wanted * 5, strict=True):
        np.testing.assert_array_equal(mu, w)


def test_astype_leaves_the_original_alone():
    net = network((3, 4, 2))
    single = net.astype(np.dtype("float32"))
    assert single.dtype == "float32"
    assert net.astype(np.dtype("float64")) is net
    single.theta[...] = 0
    assert net.theta.any()
    assert net.layers[0].W.any()


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "gelu", "mish"])
def test_pytorch_has_the_same_gradient(activation):
    torch = pytest.importorskip("torch")
    functions = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "logistic": torch.sigmoid,
        "gelu": torch.nn.functional.gelu,
        "mish": torch.nn.functional.mish,
    }
    sizes = (3, 5, 4, 2)
    net = network(sizes, activation)
    X, Y = data(8, sizes, "softmax")
    plan = Plan(net, LOSSES["log_loss"](LINKS["softmax"]), 8, alpha=0.0)
    value, grad = plan.value_and_grad(X, Y)

    parameters = [torch.tensor(view, requires_grad=True) for view in net.views]
    weights, biases = parameters[:3], parameters[3:]
    a = torch.tensor(X)
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        a = functions[activation](a @ W + b)
    z = a @ weights[-1] + biases[-1]
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(Y))
    loss.backward()
    np.testing.assert_allclose(value, loss.item(), rtol=1e-10)
    theirs = np.concatenate([p.grad.numpy().ravel() for p in parameters])
    np.testing.assert_allclose(grad, theirs, rtol=1e-8, atol=1e-12)
