"""Rows that have been seen before: keys, the posterior mean, when it helps."""

import numpy as np
import pytest

from sknn_scratch._estimators.tabular.repeats import STRENGTHS, Repeats, row_keys

rng = np.random.default_rng(0)


def test_equal_rows_have_equal_keys_and_others_have_not():
    rows = rng.integers(3, size=(5000, 6)).astype(np.float32)
    _, expected = np.unique(rows, axis=0, return_inverse=True)
    keys, places = np.unique(row_keys(rows), return_inverse=True)
    assert len(keys) == expected.max() + 1
    pairs = {*zip(expected.ravel().tolist(), places.tolist(), strict=True)}
    assert len(pairs) == len(keys)
    signs = np.array([[0.0, 1.0], [-0.0, 1.0]], np.float32)
    assert len(set(row_keys(signs).tolist())) == 1


def test_rows_that_differ_in_two_columns_only():
    """What a sum of products alone would take for equal."""
    values = np.linspace(-3, 3, 1001, dtype=np.float32)
    rows = np.array([(a, b) for a in values[::50] for b in values])
    assert len(np.unique(row_keys(rows))) == len(rows)


def squared(Y):
    return lambda mu: ((Y - mu) ** 2).sum(axis=1)


def noisy(n_groups, n, spread):
    """Groups of equal rows with a value each that the nets do not know."""
    keys = rng.integers(n_groups, size=n).astype(np.uint64)
    value = rng.normal(size=n_groups)[keys]
    return keys, (value + spread * rng.normal(size=n))[:, None]


@pytest.mark.parametrize("weight", [None, np.array([1.0, 2, 3, 1, 1])])
def test_the_posterior_mean_by_hand(weight):
    keys = np.array([7, 9, 7, 8, 7], np.uint64)
    Y = np.array([[1.0], [5], [2], [0], [4]])
    w = np.ones(5) if weight is None else weight
    repeats = Repeats(keys, Y, weight).for_prediction(3.0)
    mu = repeats.updated(np.array([9, 7, 6], np.uint64), np.array([[1.0], [1], [1]]))
    sevens = keys == 7
    expected = [
        [(3 + w[1] * 5) / (3 + w[1])],
        [(3 + (w[sevens] * Y[sevens, 0]).sum()) / (3 + w[sevens].sum())],
        [1.0],
    ]
    np.testing.assert_allclose(mu, expected)


@pytest.mark.parametrize(("spread", "strength"), [(0.1, 0.1), (1.7, 3.0)])
def test_the_strength_is_the_ratio_of_variances(spread, strength):
    """Of a normal prior: variance within the groups over that between them."""
    keys, Y = noisy(800, 8000, spread)
    found = Repeats(keys, Y, None).strength(
        np.zeros_like(Y), np.arange(len(Y)), squared(Y)
    )
    near = np.argmin(np.abs(np.log(np.array(STRENGTHS) / spread**2)))
    assert found in STRENGTHS[max(near - 1, 0) : near + 2]
    assert found == strength


def test_noise_is_no_reason_to_believe_in_repeats():
    keys = rng.integers(500, size=4000).astype(np.uint64)
    Y = rng.normal(size=(4000, 1))
    found = Repeats(keys, Y, None).strength(
        np.zeros_like(Y), np.arange(4000), squared(Y)
    )
    assert found == np.inf


def test_a_few_repeated_rows_are_no_reason_either():
    """Five pairs of the same label: chance, or not; nobody knows."""
    keys = np.append(np.arange(200), np.arange(5)).astype(np.uint64)
    Y = np.append(rng.normal(size=200), np.zeros(5))[:, None]
    Y[:5] = Y[200:] = rng.normal(size=(5, 1))
    found = Repeats(keys, Y, None).strength(
        np.zeros_like(Y), np.arange(205), squared(Y)
    )
    assert found == np.inf


def test_rows_without_weight_say_nothing():
    keys = np.array([1, 1, 2], np.uint64)
    repeats = Repeats(keys, np.array([[1.0], [3.0], [5.0]]), np.array([1.0, 0, 0]))
    mu = repeats.for_prediction(1.0).updated(keys, np.zeros((3, 1)))
    np.testing.assert_allclose(mu[:, 0], [0.5, 0.5, 0])


def test_a_row_says_nothing_of_itself():
    keys = np.arange(50, dtype=np.uint64)
    Y = rng.normal(size=(50, 1))
    repeats = Repeats(keys, Y, None)
    assert repeats.strength(np.zeros_like(Y), np.arange(50), squared(Y)) == np.inf


def test_probabilities_stay_probabilities():
    keys = rng.integers(5, size=100).astype(np.uint64)
    Y = np.eye(3)[rng.integers(3, size=100)]
    repeats = Repeats(keys, Y, None).for_prediction(1.0)
    mu = rng.dirichlet(np.ones(3), size=20)
    after = repeats.updated(rng.integers(9, size=20).astype(np.uint64), mu)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    assert (after >= 0).all()
