"""Temperatures and mixing weights: against samples of known ones, and a fine grid."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from sknn_scratch._estimators.tabular.mixing import (
    linked,
    mixed_classes,
    mixed_numbers,
    mixing_weights,
    row_losses,
    sharpened,
    sharpening,
    temperature,
)
from sknn_scratch._estimators.tabular.targets import ScaledNumbers
from sknn_scratch._estimators.targets import classification_target

rng = np.random.default_rng(0)


def drawn(n, n_classes, factor):
    """Raw outputs z, and classes drawn with the probabilities link(factor z)."""
    target = classification_target(np.arange(n_classes))
    z = rng.normal(size=(n, target.n_outputs))
    p = linked(target.link, factor * z)
    p = np.column_stack([1 - p, p]) if n_classes == 2 else p
    y = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return target, y, z


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_temperature_of_a_sample_is_found(n_classes, factor):
    target, y, z = drawn(40_000, n_classes, factor)
    found = temperature(target, target.encode(y, np.dtype(float)), z, None)
    np.testing.assert_allclose(found, factor, rtol=0.05)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_loss_is_the_log_loss(n_classes):
    target, y, z = drawn(200, n_classes, 1.0)
    mu = linked(target.link, z)
    losses = row_losses(target, target.encode(y, np.dtype(float)), mu)
    p = target.probabilities(mu)
    np.testing.assert_allclose(losses.mean(), log_loss(y, p), rtol=1e-6)
    weight = rng.uniform(size=200)
    np.testing.assert_allclose(
        np.average(losses, weights=weight),
        log_loss(y, p, sample_weight=weight),
        rtol=1e-6,
    )


def test_rows_that_weigh_nothing_do_not_count():
    target, y, z = drawn(2000, 3, 1.0)
    Y = target.encode(y, np.dtype(float))
    weight = np.r_[np.ones(1000), np.zeros(1000)]
    np.testing.assert_allclose(
        temperature(target, Y, z, weight),
        temperature(target, Y[:1000], z[:1000], None),
        rtol=1e-3,
    )


def test_weights_are_those_of_a_fine_grid():
    """Of three families on the simplex, without the pull towards equal ones."""
    Y = rng.normal(size=(300, 1))
    outputs = [Y + rng.normal(0, s, Y.shape) for s in (0.5, 0.7, 2.0)]

    def loss(w):
        missed = Y - sum(a * z for a, z in zip(w, outputs, strict=True))
        return float(np.mean(missed**2))

    grid = [
        (a, b, 1 - a - b)
        for a in np.linspace(0, 1, 101)
        for b in np.linspace(0, 1 - a, 101)
    ]
    best = min(grid, key=loss)
    found = mixing_weights(loss, 3, towards_equal=0.0)
    np.testing.assert_allclose(found, best, atol=0.02)
    assert loss(found) <= loss(best) + 1e-9


def test_what_is_no_help_gets_no_weight_and_what_is_alike_gets_equal_ones():
    Y = rng.uniform(-1, 1, size=(500, 2))
    target = ScaledNumbers(Y, "squared_error")
    Y = target.encode(Y, float)
    good = Y + rng.normal(0, 0.1, Y.shape)
    weights = mixed_numbers(target, Y, [good, -good], None)
    np.testing.assert_allclose(weights, [1, 0], atol=0.02)
    np.testing.assert_allclose(mixed_numbers(target, Y, [good, good], None), [0.5, 0.5])
    np.testing.assert_array_equal(mixed_numbers(target, Y, [good], None), [1])
    weight = np.r_[np.ones(250), np.zeros(250)]
    half = np.r_[good[:250], -good[250:]]
    weights = mixed_numbers(target, Y, [half, -half], weight)
    np.testing.assert_allclose(weights, [1, 0], atol=0.02)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [1e-4, 1e-2])
def test_weights_are_found_where_errors_are_small(dtype, unit):
    """Noise of 1 and 2: weights are in the ratio 4 to 1."""
    target = ScaledNumbers(rng.normal(size=(4000, 1)), "squared_error")
    Y = target.encode(rng.uniform(-1, 1, (4000, 1)), dtype)
    noises = (unit * s * rng.normal(size=Y.shape) for s in (1, 2))
    outputs = [(Y + noise).astype(dtype) for noise in noises]
    weights = mixed_numbers(target, Y, outputs, None)
    np.testing.assert_allclose(weights, [0.8, 0.2], atol=0.03)


def test_the_loss_of_the_target_decides():
    """A few wild outliers: the mean of squares avoids them, that of sizes does not."""
    Y = rng.uniform(-1, 1, (2000, 1))
    wild = Y.copy()
    wild[::100] = 1.0
    off = Y + 0.15
    weights = {
        loss: mixed_numbers(
            (target := ScaledNumbers(Y, loss)),
            target.encode(Y, float),
            [target.encode(z, float) for z in (wild, off)],
            None,
        )
        for loss in ("squared_error", "absolute_error")
    }
    assert weights["absolute_error"][0] > weights["squared_error"][0]


def test_families_of_classes():
    target, y, z = drawn(20_000, 3, 2.0)
    noise = rng.normal(size=z.shape)
    Y = target.encode(y, np.dtype(float))
    factors, weights, _ = mixed_classes(target, Y, [z, noise], 8, None)
    np.testing.assert_allclose(factors[0], 2.0, rtol=0.1)
    np.testing.assert_allclose(weights, [1, 0], atol=0.05)
    np.testing.assert_allclose(weights.sum(), 1)
    assert (weights >= 0).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_probabilities_to_a_power(n_classes):
    target, _, z = drawn(50, n_classes, 1.0)
    mu = linked(target.link, z)
    p = target.probabilities(mu) ** 1.3
    p /= p.sum(axis=1, keepdims=True)
    sharper = target.probabilities(sharpened(target.link, mu, 1.3))
    np.testing.assert_allclose(sharper, p, rtol=1e-9)
    sure = np.array([[1.0] + [0.0] * (target.n_outputs - 1)])
    assert np.isfinite(sharpened(target.link, sure, 1.3)).all()


def test_the_power_of_a_mixture_that_is_not_sure_enough():
    """Its probabilities are those of the sample to the power 1 / 1.2."""
    target, y, z = drawn(40_000, 3, 1.0)
    Y = target.encode(y, np.dtype(float))
    mu = linked(target.link, z / 1.2)
    equal = np.array([0.5, 0.5])
    found = sharpening(target, Y, mu, equal, 8, None)
    np.testing.assert_allclose(found, 1 + 0.2 * (1 - 1 / 16) / (1 - 1 / 2), rtol=0.05)
    # With one voice out of fold nothing tells what a mean does.
    assert sharpening(target, Y, mu, np.array([1.0, 0.0]), 8, None) == 1
    too_sure = linked(target.link, 1.5 * z)
    np.testing.assert_allclose(
        sharpening(target, Y, too_sure, equal, 8, None), 1, atol=1e-3
    )
