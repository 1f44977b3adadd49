"""Scaling and bins: against NumPy's quantiles, scikit-learn's scalers, closed forms."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.preprocessing import KBinsDiscretizer, RobustScaler

from sknn_scratch.preprocessing._numbers import (
    BLOCK,
    Bins,
    cut,
    learn_bins,
    learn_number,
    quantile,
    squash,
    stretch,
    weigh,
)

rng = np.random.default_rng(0)
HUGE = np.finfo(float).max


def squashed(values, number):
    x = np.array(values, float)
    squash(x, number.center, number.scale)
    return x


@pytest.mark.parametrize("n", [1, 2, 5, 1000])
@pytest.mark.parametrize("q", [0.25, 0.5, 0.75])
def test_quantiles_are_numpys(n, q):
    values = np.sort(rng.standard_normal(n))
    np.testing.assert_allclose(quantile(values, q), np.quantile(values, q), rtol=1e-13)


def test_quantiles_do_not_overflow():
    assert quantile(np.array([-HUGE, HUGE]), 0.5) == 0
    assert quantile(np.array([HUGE, HUGE]), 0.25) == HUGE


def test_center_and_scale_are_robust_scalers():
    x = rng.standard_normal(999) ** 3
    theirs = RobustScaler().fit(x[:, None])
    number = learn_number(x.copy(), 0)
    np.testing.assert_allclose([number.center], theirs.center_)
    np.testing.assert_allclose([number.scale], theirs.scale_)
    z = theirs.transform(x[:, None])[:, 0]
    wanted = z / np.sqrt(1 + (z / 3) ** 2)
    np.testing.assert_allclose(squashed(x, number), wanted, rtol=1e-13)


@pytest.mark.parametrize(
    ("values", "center", "scale"),
    [
        ([0] * 8 + [1, 4], 0, 2),  # half of the range
        ([7, 7, 7], 7, 1),
        ([7, np.nan], 7, 1),
        ([np.nan, np.nan], 0, 1),
        ([np.inf, -np.inf], 0, 1),
        ([1, 2, 3, np.inf, np.nan], 2, 1),  # from finite values
        ([0] * 9 + [-HUGE, HUGE], 0, HUGE),
        ([-HUGE, -HUGE, HUGE, HUGE], 0, HUGE),
        ([0, 5e-324, 1e-323, 1.5e-323, 2e-323], 1e-323, 1e-323),
    ],
)
def test_center_and_scale_of_odd_columns(values, center, scale):
    number = learn_number(np.array(values, float), 16)
    assert (number.center, number.scale) == (center, scale)
    s = squashed(values, number)
    np.testing.assert_array_equal(np.isnan(s), np.isnan(values))
    assert (np.abs(s[~np.isnan(s)]) <= 3 + 1e-12).all()


def test_what_varies_and_what_is_missing():
    def learnt(*values):
        number = learn_number(np.array(values, float), 16)
        return number.varies, number.has_missing

    nan = np.nan
    assert learnt(1, 2) == (True, False)
    assert learnt(1, 2, nan) == (True, True)
    assert learnt(1, nan) == (False, True)
    assert learnt(nan, nan) == (False, False)
    assert learnt(1, np.inf) == (True, False)


def test_infinite_and_huge_values_are_at_the_ends():
    number = learn_number(rng.standard_normal(100), 0)
    s = squashed([-np.inf, -HUGE, 0, 1e300, np.inf], number)
    np.testing.assert_allclose(s[[0, 1, 3, 4]], [-3, -3, 3, 3])
    assert abs(s[2]) < 1


def test_edges_without_ties_are_quantiles():
    s = np.sort(rng.standard_normal(1000))
    wanted = np.quantile(s, np.arange(17) / 16, method="inverted_cdf")
    np.testing.assert_array_equal(cut(s, 16), wanted)
    theirs = KBinsDiscretizer(16, strategy="quantile", encode="ordinal")
    if "quantile_method" in theirs.get_params():
        theirs.set_params(quantile_method="inverted_cdf")
        edges = theirs.fit(s[:, None]).bin_edges_[0]
        np.testing.assert_allclose(cut(s, 16), edges)


@pytest.mark.parametrize("n_values", [3, 10, 17])
def test_few_values_are_all_edges(n_values):
    s = np.repeat(np.arange(n_values, dtype=float), 5)
    np.testing.assert_array_equal(cut(s, 16), np.arange(n_values))


@pytest.mark.parametrize("n_values", [1, 2])
def test_two_values_need_no_bins(n_values):
    assert len(cut(np.arange(n_values, dtype=float), 16)) == 0


def test_a_mostly_zero_column_keeps_some_bins():
    """Plain quantiles of it are 15 times 0, and leave two bins."""
    s = np.sort(np.append(np.zeros(9200), rng.exponential(size=800)))
    edges = cut(s, 16)
    assert edges[0] == 0
    rows = np.histogram(s[s > 0], edges)[0]
    assert len(rows) == 3  # at least half of 10000 / 16 rows for most
    assert rows.min() > 200


def test_atoms_in_the_middle_are_edges_and_keep_the_other_bins_even():
    free = rng.standard_normal(2000)
    s = np.sort(np.concatenate([free, np.full(5000, 0.5), np.full(3000, -1.0)]))
    edges = cut(s, 16)
    assert {0.5, -1.0} <= set(edges)
    assert 9 <= len(edges) <= 10
    assert np.histogram(free, edges)[0].max() <= 10_000 / 32


@pytest.mark.parametrize("n_bins", [1, 2, 7, 16])
def test_the_weight_of_a_value_is_at_most_one_bins_share(n_bins):
    for _ in range(50):
        counts = (10 ** rng.uniform(0, 4, 40)).astype(int)
        weights, n_left = weigh(counts, n_bins)
        share = weights.sum() / n_left
        assert 1 <= n_left <= n_bins
        light = counts <= weights.max()
        np.testing.assert_array_equal(weights[light], counts[light])
        np.testing.assert_allclose(weights[~light], weights.max())
        if not light.all():
            assert share <= weights.max() * (1 + 1e-9)  # so that each is an edge
            assert weights.max() >= counts.sum() / (2 * n_bins) * (1 - 1e-9)


@pytest.mark.parametrize("n_missing", [0, 30])
@pytest.mark.parametrize("n_bins", [1, 5, 16])
def test_the_encoding_is_the_papers_less_its_mean(n_missing, n_bins, dtype):
    values = np.sort(np.round(rng.standard_normal(500), 1).clip(-2.9, 2.9))
    edges, means = learn_bins(values, n_missing, n_bins)
    assert len(edges) - 1 == len(means) <= n_bins
    number = learn_number(values.copy(), 0)._replace(edges=edges, means=means)
    x = np.append(values, np.zeros(n_missing)).astype(dtype)
    other = number._replace(edges=edges[:0], means=means[:0])
    out = np.empty((len(x), len(means)), dtype)
    Bins.of([other, number]).encode(np.c_[x, x], out)
    z = x / np.sqrt(1 - (x.astype(float) / 3) ** 2)
    plain = np.transpose(
        [np.interp(z, [left, right], [0, 1]) for left, right in pairwise(edges)]
    )
    np.testing.assert_allclose(out, plain - plain.mean(axis=0), atol=2e-6)
    np.testing.assert_allclose(out.mean(axis=0, dtype=float), 0, atol=1e-6)


def test_the_bins_of_a_row_do_not_depend_on_the_other_rows(dtype):
    numbers = rng.standard_normal((BLOCK // 40, 3)).astype(dtype)
    learnt = [learn_number(np.array(column, float), 16) for column in numbers.T]
    bins = Bins.of(learnt)
    whole = np.empty((len(numbers), 48), dtype)
    bins.encode(numbers, whole)
    part = np.empty((7, 48), dtype)
    bins.encode(numbers[1001:1008], part)
    np.testing.assert_array_equal(part, whole[1001:1008])


def test_halved_bins_are_those_of_every_other_edge(dtype):
    columns = [rng.uniform(-2, 2, 300), rng.integers(4, size=300) - 1.5]
    learnt = [learn_number(column.copy(), 16) for column in columns]
    s = np.transpose(
        [squashed(x, number) for x, number in zip(columns, learnt, strict=True)]
    ).astype(dtype)
    bins = Bins.of(learnt)
    half = bins.halved()
    np.testing.assert_array_equal(half.column, [0] * 8 + [1] * 2)
    out = np.empty((300, 10), dtype)
    half.encode(s, out)
    edges = [*learnt[0].edges[::2], *learnt[1].edges[[0, 2]]]
    np.testing.assert_allclose(
        half.left, [*learnt[0].edges[:-1:2], *learnt[1].edges[:-1:2]]
    )
    np.testing.assert_allclose(half.left[:8] + half.width[:8], edges[1:9])
    np.testing.assert_allclose(out.mean(axis=0, dtype=float), 0, atol=1e-6)
    assert ((out.max(axis=0) - out.min(axis=0)) > 0.99).all()


def test_stretch_is_the_inverse_of_squash():
    z = np.concatenate([-np.logspace(-3, 2.9, 50), [0], np.logspace(-3, 2.9, 50)])
    s = z.copy()
    squash(s, 0.0, 1.0)
    np.testing.assert_allclose(stretch(s), z, rtol=1e-9)
    np.testing.assert_allclose(stretch(s.astype(np.float32)), z, rtol=0.02)
    ends = np.array([-3.0, 3.0, np.nextafter(np.float32(3), np.float32(4))])
    np.testing.assert_allclose(stretch(ends), [-1000, 1000, 1000])


def test_edges_stay_apart_in_single_precision():
    s = np.sort(1 + rng.standard_normal(1000) * 1e-7)
    edges, means = learn_bins(s, 0, 16)
    assert (np.diff(edges.astype(np.float32)) > 0).all()
    assert np.isfinite(means).all()
