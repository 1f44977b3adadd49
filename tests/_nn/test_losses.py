"""Losses with every link: gradients, closed forms, extremes; they walk the tables."""

from itertools import product

import numpy as np
import pytest
from _gradients import assert_gradient
from scipy.special import log_softmax
from sklearn._loss import loss as sklearn_loss
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sknn_scratch._nn.links import LINKS, Softmax
from sknn_scratch._nn.losses import (
    CLASSIFICATION_LOSSES,
    LOSSES,
    REGRESSION_LOSSES,
    Loss,
)

SETTINGS = {"quantile": 0.3, "huber_delta": 0.7, "focal_gamma": 1.5}
N, K = 6, 3

PAIRS = list(product(LOSSES, LINKS))
#: The pairs that the estimators make: these must bear any raw output.
IN_USE = [(loss, LOSSES[loss].regression_link) for loss in REGRESSION_LOSSES] + list(
    product(CLASSIFICATION_LOSSES, ("logistic", "softmax"))
)
BLOCKS = (2, 3)


def made(loss, link, n=N, k=K, dtype="float64"):
    link = LINKS[link] if isinstance(link, str) else link
    return LOSSES[loss](link, SETTINGS).planned(n, k, dtype)


def targets(loss, link, rng, n=N, k=K):
    """Numbers for the losses of numbers; one-hot or Bernoulli rows for the others.

    A loss that is both has numbers where n is odd.
    """
    if loss not in CLASSIFICATION_LOSSES or (loss in REGRESSION_LOSSES and n % 2):
        return rng.gamma(2, size=(n, k))
    if link == "softmax":
        return np.eye(k)[rng.integers(k, size=n)]
    return rng.integers(2, size=(n, k)).astype(float)


def raw_output(link, rng, n=N, k=K):
    """A z for which every loss is defined: 0 < link(z) < 1."""
    if link == "identity":
        return rng.uniform(0.1, 0.9, (n, k))
    if link == "exp":
        return rng.uniform(-2, -0.1, (n, k))
    return rng.standard_normal((n, k))


def value_and_delta(loss, link, z, y, weight=None):
    """Mean loss and its gradient with respect to z."""
    total = len(z) if weight is None else weight.sum()
    delta = z.copy()
    value = made(loss, link, *z.shape, z.dtype).value_and_delta(delta, y, weight, total)
    assert delta.dtype == z.dtype
    return value, delta / total


def test_every_loss_is_for_classes_or_for_numbers():
    assert set(LOSSES) == {*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [6, 5, 1])
@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_delta_is_the_gradient_of_the_value(loss, link, n, weighted):
    rng = np.random.default_rng(0)
    z, y = raw_output(link, rng, n), targets(loss, link, rng, n)
    weight = rng.random(n) if weighted else None

    def value(point):
        return value_and_delta(loss, link, point, y, weight)[0]

    gradient = value_and_delta(loss, link, z, y, weight)[1]
    assert_gradient(value, gradient, z, rng)


@pytest.mark.parametrize(("loss", "link"), IN_USE)
def test_smoothed_labels_have_a_gradient_too(loss, link):
    rng = np.random.default_rng(1)
    z, y = raw_output(link, rng), 0.8 * targets(loss, link, rng) + 0.2 / K

    def value(point):
        return value_and_delta(loss, link, point, y)[0]

    assert_gradient(value, value_and_delta(loss, link, z, y)[1], z, rng)


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
def test_a_softmax_over_blocks_has_a_gradient(loss):
    rng = np.random.default_rng(2)
    z = rng.standard_normal((N, sum(BLOCKS)))
    y = np.hstack([np.eye(k)[rng.integers(k, size=N)] for k in BLOCKS])
    link = Softmax(BLOCKS)

    def value(point):
        return value_and_delta(loss, link, point, y)[0]

    assert_gradient(value, value_and_delta(loss, link, z, y)[1], z, rng)


@pytest.mark.parametrize(
    ("loss", "link"),
    [pair for pair in PAIRS if LOSSES[pair[0]](LINKS[pair[1]], SETTINGS).is_canonical],
)
def test_the_canonical_shortcut_is_the_chain_rule(loss, link):
    rng = np.random.default_rng(3)
    z, y = raw_output(link, rng), targets(loss, link, rng)
    planned = made(loss, link)
    mu = z.copy()
    planned.link.forward(mu)
    through_the_link = planned.slope(y, mu).copy()
    planned.link.backward(mu, through_the_link)
    planned.value_and_delta(z, y, None, N)
    np.testing.assert_allclose(z, through_the_link, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_float32_agrees_with_float64(loss, link):
    rng = np.random.default_rng(1)
    z, y = raw_output(link, rng), targets(loss, link, rng)
    weight = rng.random(N)
    double = value_and_delta(loss, link, z, y, weight)
    single = value_and_delta(
        loss, link, *(array.astype("float32") for array in (z, y, weight))
    )
    # 1e-5 is a hundred units in the last place of float32.
    np.testing.assert_allclose(single[0], double[0], rtol=1e-5)
    np.testing.assert_allclose(single[1], double[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_integer_weights_are_repeated_rows(loss, link):
    rng = np.random.default_rng(4)
    z, y = raw_output(link, rng), targets(loss, link, rng)
    weight = np.array([2.0, 1, 0, 3, 1, 1])
    value, gradient = value_and_delta(loss, link, z, y, weight)
    rows = np.repeat(np.arange(N), weight.astype(int))
    repeated, gradients = value_and_delta(loss, link, z[rows], y[rows])
    np.testing.assert_allclose(value, repeated, rtol=1e-12)
    summed = np.zeros_like(gradient)
    np.add.at(summed, rows, gradients)
    np.testing.assert_allclose(gradient, summed, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("size", [1e3, 1e5])
@pytest.mark.parametrize(("loss", "link"), IN_USE)
def test_raw_outputs_far_beyond_700_are_finite(loss, link, size, dtype):
    # Warnings are errors here, an overflow on the way included.
    rng = np.random.default_rng(5)
    for sign in (-1, 1):
        y = targets(loss, link, rng).astype(dtype)
        z = (sign * size * rng.choice([-1, 0.5, 1], size=(N, K))).astype(dtype)
        value, gradient = value_and_delta(loss, link, z, y)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


def test_a_certain_answer_costs_nothing_if_right_and_36_if_wrong(dtype):
    z = np.array([[1e5, -1e5], [1e5, -1e5]], dtype)
    y = np.array([[1, 0], [0, 1]], dtype)
    dear = -np.log(np.finfo(dtype).eps)  # scikit-learn's bound on the log loss
    for link, wanted in [("softmax", dear / 2), ("logistic", 2 * dear / 2)]:
        value, gradient = value_and_delta("log_loss", link, z, y)
        np.testing.assert_allclose(value, wanted, rtol=1e-5)
        # The gradient is not cut off: p - y.
        np.testing.assert_array_equal(gradient, [[0, 0], [0.5, -0.5]])


def value_at(loss, link, y, mu):
    """The loss at given predictions."""
    return made(loss, link, *mu.shape).value(y, mu.copy(), None, len(mu))


def test_values_are_scikit_learns_metrics():
    rng = np.random.default_rng(3)
    y, mu = rng.gamma(2, size=(2, 40, 1))
    for loss, link, wanted in [
        ("squared_error", "identity", mean_squared_error(y, mu) / 2),
        ("absolute_error", "identity", mean_absolute_error(y, mu)),
        ("quantile", "identity", mean_pinball_loss(y, mu, alpha=0.3)),
        ("poisson", "exp", mean_poisson_deviance(y.ravel(), mu.ravel()) / 2),
        ("gamma", "exp", mean_gamma_deviance(y.ravel(), mu.ravel()) / 2),
    ]:
        np.testing.assert_allclose(value_at(loss, link, y, mu), wanted, rtol=1e-12)


def test_outputs_are_summed_and_reported_as_a_mean_by_the_losses_of_numbers():
    rng = np.random.default_rng(6)
    y, mu = rng.gamma(2, size=(2, 40, K))
    value = value_at("squared_error", "identity", y, mu)
    np.testing.assert_allclose(value, K * mean_squared_error(y, mu) / 2)
    assert made("squared_error", "identity").reports_mean_over_outputs


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("loss", "link", "theirs"),
    [
        ("squared_error", "identity", sklearn_loss.HalfSquaredError()),
        ("absolute_error", "identity", sklearn_loss.AbsoluteError()),
        ("quantile", "identity", sklearn_loss.PinballLoss(quantile=0.3)),
        ("huber", "identity", sklearn_loss.HuberLoss(delta=0.7)),
        ("poisson", "exp", sklearn_loss.HalfPoissonLoss()),
        ("gamma", "exp", sklearn_loss.HalfGammaLoss()),
        ("log_loss", "logistic", sklearn_loss.HalfBinomialLoss()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_value_and_gradient_are_scikit_learns(loss, link, theirs, weighted):
    rng = np.random.default_rng(7)
    z = 3 * rng.standard_normal((50, 1))
    y = rng.gamma(2, size=(50, 1))
    if loss == "log_loss":
        y = (y > 1).astype(float)
    weight = rng.random(50) if weighted else None
    value, gradient = value_and_delta(loss, link, z, y, weight)
    losses, slopes = theirs.loss_gradient(y.ravel(), z.ravel(), weight)
    # scikit-learn leaves out terms in y alone.
    losses += theirs.constant_to_optimal_zero(y.ravel(), weight)
    total = 50 if weight is None else weight.sum()
    np.testing.assert_allclose(value, losses.sum() / total, rtol=1e-10)
    np.testing.assert_allclose(gradient[:, 0], slopes / total, rtol=1e-10, atol=1e-15)


def test_the_cross_entropy_and_its_gradient_are_scikit_learns():
    rng = np.random.default_rng(8)
    z, codes = 3 * rng.standard_normal((50, 4)), rng.integers(4, size=50)
    value, gradient = value_and_delta("log_loss", "softmax", z, np.eye(4)[codes])
    losses, slopes = sklearn_loss.HalfMultinomialLoss(n_classes=4).loss_gradient(
        codes.astype(float), z
    )
    np.testing.assert_allclose(value, losses.mean(), rtol=1e-10)
    np.testing.assert_allclose(gradient, slopes / 50, rtol=1e-10, atol=1e-15)
    closed_form = -log_softmax(z, axis=1)[np.arange(50), codes].mean()
    np.testing.assert_allclose(value, closed_form, rtol=1e-12)


def test_huber_is_squared_inside_and_absolute_outside():
    y = np.array([[0.0], [0.0]])
    mu = np.array([[0.5], [3.0]])
    wanted = (0.5**2 / 2 + 0.7 * (3 - 0.35)) / 2
    np.testing.assert_allclose(value_at("huber", "identity", y, mu), wanted)


def test_log_loss_is_scikit_learns():
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(4), size=30)
    codes = rng.integers(4, size=30)
    wanted = log_loss(codes, p, labels=range(4))
    found = value_at("log_loss", "softmax", np.eye(4)[codes], p)
    np.testing.assert_allclose(found, wanted)
    binary = (codes > 1).astype(float)[:, None]
    np.testing.assert_allclose(
        value_at("log_loss", "logistic", binary, p[:, :1]), log_loss(binary, p[:, 0])
    )


@pytest.mark.parametrize("link", ["logistic", "softmax"])
def test_focal_with_gamma_0_is_the_log_loss(link):
    rng = np.random.default_rng(5)
    z, y = rng.standard_normal((N, K)), targets("focal", link, rng)
    answers = []
    for loss in ("focal", "log_loss"):
        delta = z.copy()
        planned = LOSSES[loss](LINKS[link], {"focal_gamma": 0.0}).planned(N, K, float)
        answers.append((planned.value_and_delta(delta, y, None, N), delta))
    np.testing.assert_allclose(answers[0][0], answers[1][0])
    np.testing.assert_allclose(answers[0][1], answers[1][1], atol=1e-12)


def test_focal_of_a_binary_target_is_lins_formula():
    p = np.array([[0.9], [0.2]])
    y = np.array([[1.0], [0.0]])
    wanted = -(0.1**1.5 * np.log(0.9) + 0.2**1.5 * np.log(0.8)) / 2
    np.testing.assert_allclose(value_at("focal", "logistic", y, p), wanted)


@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_plans_of_one_loss_share_no_buffer(loss, link):
    rng = np.random.default_rng(9)
    z, y = raw_output(link, rng), targets(loss, link, rng)
    shared = LOSSES[loss](LINKS[link], SETTINGS)
    full, last = shared.planned(N, K, "float64"), shared.planned(2, K, "float64")
    before = full.value_and_delta(z.copy(), y, None, N)
    terms = full.t.copy()
    last.value_and_delta(z[3:5].copy(), y[3:5], None, 2)
    np.testing.assert_array_equal(full.t, terms)
    assert full.value_and_delta(z.copy(), y, None, N) == before


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", [-1.0, 2], r"loss='poisson' requires y >= 0, got a minimum of -1"),
        ("gamma", [0.0, 2], r"loss='gamma' requires y > 0, got a minimum of 0"),
    ],
)
def test_targets_outside_the_range(loss, y, message):
    with pytest.raises(ValueError, match=message):
        LOSSES[loss].check_y(np.array(y))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_targets_inside_the_range(loss):
    assert LOSSES[loss].check_y(np.array([0.1, 2, 1e6])) is None


def test_poisson_takes_counts_of_zero(dtype):
    LOSSES["poisson"].check_y(np.array([0.0, 3]))
    z, y = np.full((2, 1), -1, dtype), np.array([[0], [3]], dtype)
    value, gradient = value_and_delta("poisson", "exp", z, y)
    mu = np.exp(-1.0)
    np.testing.assert_allclose(value, (mu + 3 * np.log(3 / mu) - 3 + mu) / 2, rtol=1e-6)
    np.testing.assert_allclose(gradient[:, 0], [mu / 2, (mu - 3) / 2], rtol=1e-6)


def test_the_base_class_says_what_is_missing():
    loss = Loss(LINKS["identity"])
    for formula in (loss.terms, loss.slope):
        with pytest.raises(NotImplementedError):
            formula(None, None)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shared", [False, True], ids=["own targets", "shared targets"])
@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_many_nets_at_once_are_each_net_alone(loss, link, shared, weighted, dtype):
    """Values and gradients, to the last bit; each net has settings of its own."""
    rng, nets = np.random.default_rng(10), 3
    z = np.stack([raw_output(link, rng) for _ in range(nets)]).astype(dtype)
    y = np.stack([targets(loss, link, rng) for _ in range(nets)]).astype(dtype)
    y = y[0] if shared else y
    weight = rng.random((nets, N)).astype(dtype) if weighted else None
    total = weight.sum(axis=1, keepdims=True) if weighted else np.array(N, dtype)
    settings = {
        name: value * np.array([0.5, 1, 1.5]) for name, value in SETTINGS.items()
    }
    together = LOSSES[loss](LINKS[link], settings).planned(N, K, dtype, (nets,))
    delta = z.copy()
    values = together.value_and_delta(delta, y, weight, total)
    assert values.shape == (nets,)
    assert values.dtype == np.float64
    for j in range(nets):
        own = {name: value[j].item() for name, value in settings.items()}
        alone = LOSSES[loss](LINKS[link], own).planned(N, K, dtype)
        mine = z[j].copy()
        value = alone.value_and_delta(
            mine,
            y if shared else y[j],
            weight[j] if weighted else None,
            total[j, 0] if weighted else total,
        )
        assert values[j] == value
        np.testing.assert_array_equal(delta[j], mine)


def test_one_nets_value_is_a_float(dtype):
    y = np.ones((N, K), dtype)
    value = made("squared_error", "identity", dtype=dtype).value(y, 0 * y, None, N)
    assert type(value) is float


@pytest.mark.parametrize("loss", ["huber", "quantile", "focal"])
def test_a_loss_indexes_the_parameters_that_it_reads(loss):
    """No default is repeated here: the estimator's signature has the only one."""
    with pytest.raises(KeyError):
        LOSSES[loss](LINKS["identity"], {})
