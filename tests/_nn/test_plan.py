"""Plans: the objective and its gradient, against differences, textbooks and others."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from _gradients import assert_gradient
from _networks import SOFTMAX, data, network
from scipy import sparse
from scipy.special import log_softmax
from sklearn.neural_network._base import LOSS_FUNCTIONS

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, LOSSES, REGRESSION_LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.plan import Plan

SETTINGS = {"quantile": 0.4, "huber_delta": 1.0, "focal_gamma": 2.0}
#: The pairs that the estimators make.
PAIRS = [(loss, LOSSES[loss].regression_link) for loss in REGRESSION_LOSSES] + list(
    product(CLASSIFICATION_LOSSES, ("logistic", "softmax"))
)


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
    (W1, W2), (b1, b2) = net.named["W"], net.named["b"]
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
    penalty = 0.5 * alpha * (net.theta[: net.layout.n_decaying] ** 2).sum() / total
    mu = net.predict(X, LINKS[link])
    wanted = LOSS_FUNCTIONS[theirs](Y, mu, weight) + penalty
    np.testing.assert_allclose(plan.reported_objective(objective), wanted)
    value, penalty = plan.backprop(X, Y, weight)
    np.testing.assert_allclose(plan.reported(value, penalty), wanted)


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

    views = net.layout.views(net.theta)
    parameters = [torch.tensor(view, requires_grad=True) for view in views]
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


# ---- many nets -------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shared", [False, True], ids=["own rows", "shared rows"])
@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_many_nets_at_once_are_each_net_alone(loss, link, shared, weighted, dtype):
    """Losses, penalties and gradients, to the last bit; each has its own alpha."""
    sizes, n, m = (3, 5, 4, 2), 6, 3
    nets = [network(sizes, "relu", dtype, seed) for seed in range(m)]
    many = Network.stacked(nets)
    X, Y = zip(*(data(n, sizes, link, seed) for seed in range(m)), strict=True)
    X, Y = np.array(X, dtype), np.array(Y, dtype)
    X, Y = (X[0], Y[0]) if shared else (X, Y)
    weight = np.random.default_rng(3).random((m, n)).astype(dtype) if weighted else None
    alpha = np.array([0.0, 0.3, 2.0])
    made = LOSSES[loss](LINKS[link], SETTINGS)
    plan = Plan(many, made, n, alpha, weighted=weighted)
    values, penalties = plan.backprop(X, Y, weight)
    gradients = many.layout.views(plan.grad)
    for j, net in enumerate(nets):
        alone = Plan(net, made, n, float(alpha[j]))
        x, y = (X, Y) if shared else (X[j], Y[j])
        value, penalty = alone.backprop(x, y, None if weight is None else weight[j])
        assert (values[j], penalties[j]) == (value, penalty)
        assert plan.reported(values, penalties)[j] == alone.reported(value, penalty)
        assert plan.totals[j if weighted else ()] == alone.total
        own = net.layout.views(alone.grad)
        for together, wanted in zip(gradients, own, strict=True):
            np.testing.assert_array_equal(together[j], wanted)


def test_one_nets_loss_and_penalty_are_floats():
    net = network((3, 4, 2))
    X, Y = data(6, (3, 4, 2), "softmax")
    value, penalty = Plan(net, LOSSES["log_loss"](SOFTMAX), 6, 0.1).backprop(X, Y)
    assert type(value) is type(penalty) is float
