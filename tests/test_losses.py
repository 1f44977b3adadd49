"""Losses with every link: gradients, closed forms, extremes; walks the tables."""

import numpy as np
import pytest
from _gradients import assert_gradient
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sknn_scratch._losses import (
    CLASSIFICATION_LOSSES,
    LINKS,
    LOSSES,
    REGRESSION_LOSSES,
    Softmax,
)

SETTINGS = {"quantile": 0.3, "huber_delta": 0.7, "focal_gamma": 1.5}
N, K = 6, 3

PAIRS = [
    (loss, link)
    for loss, links in {
        **dict.fromkeys(REGRESSION_LOSSES, ("identity", "exp")),
        **dict.fromkeys(CLASSIFICATION_LOSSES, ("logistic", "softmax")),
        "poisson": ("exp",),
        "gamma": ("exp",),
    }.items()
    for link in links
] + [("squared_error", link) for link in LINKS]


def made(loss, link, n=N, k=K, dtype="float64"):
    return LOSSES[loss](LINKS[link], SETTINGS).planned(n, k, dtype)


def targets(loss, link, rng, n=N, k=K):
    if link == "softmax":
        return np.eye(k)[rng.integers(k, size=n)]
    if loss in CLASSIFICATION_LOSSES and link == "logistic":
        return rng.integers(2, size=(n, k)).astype(float)
    return rng.gamma(2, size=(n, k))


def test_every_loss_is_for_classes_or_for_numbers():
    assert set(LOSSES) == {*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_delta_is_the_gradient_of_the_value(loss, link, weighted):
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal((N, K)), targets(loss, link, rng)
    weight = rng.random(N) if weighted else None
    total = N if weight is None else weight.sum()
    planned = made(loss, link)

    def value(point):
        return planned.value_and_delta(point.copy(), y, weight, total)

    delta = z.copy()
    planned.value_and_delta(delta, y, weight, total)
    assert_gradient(value, delta / total, z, rng)


@pytest.mark.parametrize(("loss", "link"), PAIRS)
def test_float32_agrees_with_float64(loss, link):
    rng = np.random.default_rng(1)
    z, y = rng.standard_normal((N, K)), targets(loss, link, rng)
    answers = {}
    for dtype in ("float64", "float32"):
        delta = z.astype(dtype)
        value = made(loss, link, dtype=dtype).value_and_delta(
            delta, y.astype(dtype), None, N
        )
        assert delta.dtype == dtype
        answers[dtype] = value, delta
    # 1e-5 is a hundred units in the last place of float32.
    np.testing.assert_allclose(answers["float32"][0], answers["float64"][0], rtol=1e-5)
    np.testing.assert_allclose(
        answers["float32"][1], answers["float64"][1], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("size", [1e3, 1e5])
@pytest.mark.parametrize(
    ("loss", "link"),
    # (e^690)^2 is beyond any float: the squared error does not go with exp.
    [
        (loss, link)
        for loss, link in PAIRS
        if link != "identity"
        and (loss, link) not in {("squared_error", "exp"), ("huber", "exp")}
    ],
)
def test_logits_far_beyond_700_are_finite(loss, link, size, dtype):
    rng = np.random.default_rng(2)
    y = targets(loss, link, rng).astype(dtype)
    for sign in (-1, 1):
        z = (sign * size * rng.choice([-1, 0.5, 1], size=(N, K))).astype(dtype)
        delta = z.copy()
        with np.errstate(all="ignore"):
            value = made(loss, link, dtype=dtype).value_and_delta(delta, y, None, N)
        assert np.isfinite(value)
        assert np.isfinite(delta).all()


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


def test_softmax_over_blocks_is_a_softmax_of_each():
    rng = np.random.default_rng(6)
    z = rng.standard_normal((5, 5))
    whole = z.copy()
    Softmax((2, 3)).forward(whole)
    for columns in (slice(0, 2), slice(2, 5)):
        part = z[:, columns].copy()
        Softmax().forward(part)
        np.testing.assert_array_equal(whole[:, columns], part)
        np.testing.assert_allclose(part.sum(axis=1), 1)


def test_softmax_of_many_rows_is_that_of_few():
    z = np.random.default_rng(7).standard_normal((400, 3)) * 50
    many, few = z.copy(), z.copy()
    Softmax().forward(many)
    for row in few:
        Softmax().forward(row[None])
    np.testing.assert_array_equal(many, few)


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
