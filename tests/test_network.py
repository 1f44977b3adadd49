"""Network and Plan: layout, objective, prediction, pickling."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
from _gradients import assert_gradient
from scipy import sparse
from scipy.special import expit, log_softmax
from sklearn.neural_network._base import LOSS_FUNCTIONS

from sknn_scratch import _network
from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._initializers import INITIALIZERS
from sknn_scratch._layers import Dense, Dropout
from sknn_scratch._losses import (
    CLASSIFICATION_LOSSES,
    LINKS,
    LOSSES,
    REGRESSION_LOSSES,
)
from sknn_scratch._network import Network, Plan

DRAW = partial(INITIALIZERS["glorot_uniform"], scale=1.0)
SETTINGS = {"quantile": 0.4}
#: The pairs that the estimators make.
PAIRS = [(loss, LOSSES[loss].regression_link) for loss in REGRESSION_LOSSES] + list(
    product(CLASSIFICATION_LOSSES, ("logistic", "softmax"))
)
SOFTMAX = LINKS["softmax"]


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


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)], ids=str)
@pytest.mark.parametrize(("loss", "link"), PAIRS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_grad(activation, loss, link, hidden):
    sizes = (3, *hidden, 2)
    net = network(sizes, activation)
    X, Y = data(6, sizes, link)
    theta = net.theta.copy()
    rng = np.random.default_rng(2)
    for weight, alpha in product((None, rng.random(6)), (0.0, 0.3)):
        plan = Plan(net, LOSSES[loss](LINKS[link], SETTINGS), 6, alpha)

        def value(point, plan=plan, weight=weight):
            net.theta[...] = point
            return plan.value_and_grad(X, Y, weight)[0]

        net.theta[...] = theta
        grad = plan.value_and_grad(X, Y, weight)[1].copy()
        assert_gradient(value, grad, theta, rng, rtol=1e-5, tries=2)


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
    plan = Plan(net, LOSSES["log_loss"](SOFTMAX), 7, alpha=0.3)
    np.testing.assert_allclose(plan.value_and_grad(X, Y, weight)[0], wanted)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_integer_weights_are_repeated_rows(loss, link, weighted):
    sizes = (3, 4, 2)
    net = network(sizes)
    X, Y = data(6, sizes, link)
    counts = np.array([2, 1, 0, 3, 1, 1])
    rows = np.repeat(np.arange(6), counts)
    loss = LOSSES[loss](LINKS[link], SETTINGS)
    value, grad = Plan(net, loss, 6, 0.3).value_and_grad(X, Y, counts.astype(float))
    # Eight rows, with a weight of two each or with none.
    twos, alpha = (np.full(8, 2.0), 0.6) if weighted else (None, 0.3)
    wanted = Plan(net, loss, 8, alpha).value_and_grad(X[rows], Y[rows], twos)
    np.testing.assert_allclose(value, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(grad, wanted[1], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("loss", "link", "theirs"),
    [
        ("squared_error", "identity", "squared_error"),
        ("poisson", "exp", "poisson"),
        ("log_loss", "softmax", "log_loss"),
        ("log_loss", "logistic", "binary_log_loss"),
    ],
)
def test_what_is_reported_as_loss_is_scikit_learns(loss, link, theirs, weighted):
    """A mean over the outputs of the squared error, a sum of the others."""
    sizes, alpha = (3, 4, 2), 0.3
    net = network(sizes)
    X, Y = data(6, sizes, link)
    weight = np.random.default_rng(2).random(6) if weighted else None
    plan = Plan(net, LOSSES[loss](LINKS[link], SETTINGS), 6, alpha)
    objective, _ = plan.value_and_grad(X, Y, weight)
    total = weight.sum() if weighted else 6
    penalty = 0.5 * alpha * (net.theta[: net.n_weights] ** 2).sum() / total
    mu = net.predict(X, LINKS[link])
    wanted = LOSS_FUNCTIONS[theirs](Y, mu, weight) + penalty
    np.testing.assert_allclose(plan.reported_objective(objective), wanted)
    value, penalty = plan.backprop(X, Y, weight)
    np.testing.assert_allclose(plan.reported(value, penalty), wanted)


def test_theta_is_all_weights_then_all_biases():
    net = network((3, 4, 2))
    assert net.shapes == [(3, 4), (4, 2), (4,), (2,)]
    np.testing.assert_array_equal(
        np.concatenate([view.ravel() for view in net.views]), net.theta
    )
    assert all(np.shares_memory(view, net.theta) for view in net.views)
    assert net.n_weights == 20
    assert net.n_weight_blocks == 2
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


def test_two_plans_share_parameters_and_gradient():
    net = network((3, 4, 2))
    X, Y = data(7, (3, 4, 2), "softmax")
    loss = LOSSES["log_loss"](SOFTMAX)
    grad = np.empty_like(net.theta)
    full, last = (Plan(net, loss, n, 0.1, grad) for n in (7, 3))
    full.value_and_grad(X, Y)
    before = grad.copy()
    last.value_and_grad(X[:3], Y[:3])
    assert not np.array_equal(before, grad)
    alone = Plan(net, loss, 3, 0.1).value_and_grad(X[:3], Y[:3])[1]
    np.testing.assert_array_equal(grad, alone)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_sparse_plan_is_a_dense_one(weighted, dtype):
    net = network((5, 4, 2), dtype=dtype)
    X, Y = (array.astype(dtype) for array in data(7, (5, 4, 2), "softmax"))
    X[X < 0.5] = 0
    weight = np.arange(1, 8).astype(dtype) if weighted else None
    loss = LOSSES["log_loss"](SOFTMAX)
    answers = [
        Plan(net, loss, 7, 0.1, sparse=sparse.issparse(x)).value_and_grad(x, Y, weight)
        for x in (X, sparse.csr_matrix(X))
    ]
    rtol = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(answers[0][0], answers[1][0], rtol=rtol)
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=rtol, atol=rtol)


def test_a_plan_changes_neither_x_nor_y_nor_theta(dtype):
    net = network((5, 4, 2), dtype=dtype)
    X, Y = (array.astype(dtype) for array in data(7, (5, 4, 2), "softmax"))
    weight = np.arange(1, 8).astype(dtype)
    before = [array.tobytes() for array in (X, Y, weight, net.theta)]
    Plan(net, LOSSES["log_loss"](SOFTMAX), 7, 0.1).value_and_grad(X, Y, weight)
    assert [array.tobytes() for array in (X, Y, weight, net.theta)] == before


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
    assert all(np.shares_memory(view, again.theta) for view in again.views)
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
    rows = _network.rows_at_once(width, itemsize)
    assert rows >= 1
    assert rows * width * itemsize <= max(width * itemsize, _network.MOST_BYTES)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_prediction_is_the_forward_pass_of_training(activation):
    net = network((5, 7, 3), activation)
    X, _ = data(9, (5, 7, 3), "softmax")
    mu = _network.run(net.planned(9, training=True), X).copy()
    SOFTMAX.forward(mu)
    np.testing.assert_allclose(net.predict(X, SOFTMAX), mu, rtol=1e-12)


def test_predictions_are_the_equations():
    net = network((5, 7, 1), "relu")
    X, _ = data(9, (5, 7, 1), "logistic")
    (W1, W2), (b1, b2) = net.views[:2], net.views[2:]
    wanted = expit(np.maximum(X @ W1 + b1, 0) @ W2 + b2)
    np.testing.assert_allclose(net.predict(X, LINKS["logistic"]), wanted, rtol=1e-12)
    hidden = net.predict(X, LINKS["identity"], last=1)
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


def pytorch_losses(torch):
    """Ours (loss, link) -> PyTorch's mean over the rows of the sum over the outputs."""
    F = torch.nn.functional
    none = {"reduction": "none"}
    return {
        ("log_loss", "softmax"): lambda z, y: F.cross_entropy(z, y, **none)[:, None],
        ("log_loss", "logistic"): partial(F.binary_cross_entropy_with_logits, **none),
        ("squared_error", "identity"): lambda z, y: F.mse_loss(z, y, **none) / 2,
        ("absolute_error", "identity"): partial(F.l1_loss, **none),
        ("huber", "identity"): partial(F.huber_loss, **none),
        ("poisson", "exp"): lambda z, y: (
            F.poisson_nll_loss(z, y, **none) + torch.xlogy(y, y) - y
        ),
    }


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("loss", "link"),
    [
        ("log_loss", "softmax"),
        ("log_loss", "logistic"),
        ("squared_error", "identity"),
        ("absolute_error", "identity"),
        ("huber", "identity"),
        ("poisson", "exp"),
    ],
)
def test_pytorch_has_the_same_value_and_gradient(loss, link, weighted):
    torch = pytest.importorskip("torch")
    theirs = pytorch_losses(torch)[loss, link]
    sizes, alpha = (3, 5, 4, 2), 0.3
    net = network(sizes)
    X, Y = data(8, sizes, link)
    weight = np.random.default_rng(2).random(8) if weighted else np.ones(8)
    plan = Plan(net, LOSSES[loss](LINKS[link], SETTINGS), 8, alpha)
    value, grad = plan.value_and_grad(X, Y, weight if weighted else None)

    parameters = [torch.tensor(view, requires_grad=True) for view in net.views]
    weights, biases = parameters[:3], parameters[3:]
    a = torch.tensor(X)
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        a = torch.tanh(a @ W + b)
    z = a @ weights[-1] + biases[-1]
    w = torch.tensor(weight)
    objective = (w * theirs(z, torch.tensor(Y)).sum(dim=1)).sum()
    objective = objective + alpha / 2 * sum((W**2).sum() for W in weights)
    objective = objective / w.sum()
    objective.backward()
    np.testing.assert_allclose(value, objective.item(), rtol=1e-10)
    gradients = np.concatenate([p.grad.numpy().ravel() for p in parameters])
    np.testing.assert_allclose(grad, gradients, rtol=1e-8, atol=1e-12)
