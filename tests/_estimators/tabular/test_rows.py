"""The rows of a tabular fit: bins for those that are asked for, folds."""

import numpy as np
import pytest

from sknn_scratch._estimators.tabular import rows as tabular_rows
from sknn_scratch._estimators.tabular.rows import (
    BinnedRows,
    Table,
    deal_folds,
    one_fold,
)
from sknn_scratch.preprocessing import TabularEncoder

rng = np.random.default_rng(0)
rows = rng.normal(size=(60, 3))
rows[::7, 1] = np.nan
encoder = TabularEncoder(n_bins=5, dtype="float32").fit(rows)
whole = encoder.transform(rows)


def test_bins_are_those_of_the_encoder():
    table = Table.of(encoder, rows)
    n_raw = encoder.n_raw_columns_
    np.testing.assert_array_equal(table.full, whole)
    np.testing.assert_array_equal(table.raw, whole[:, :n_raw])
    np.testing.assert_array_equal(table.numbers, [0, 1, 2])
    assert table.seen_by("raw") is table.raw
    assert table.seen_by("bins") is table.full
    assert table.seen_by("cosines") is table.coarse
    # Five bins: two pairs and one that is left.
    assert table.coarse.shape[1] == n_raw + 3 * 3


def test_large_tables_make_them_for_some_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(tabular_rows, "MOST_BYTES", 0)
    table = Table.of(encoder, rows)
    lazy = table.full
    assert isinstance(lazy, BinnedRows)
    assert (lazy.shape, len(lazy), lazy.dtype) == (whole.shape, 60, np.float32)
    chosen = np.array([[5, 3, 5], [0, 59, 1]])
    np.testing.assert_array_equal(lazy.take(chosen), whole[chosen])
    out = np.empty((2, 3, whole.shape[1]), np.float32)
    assert lazy.take(chosen, 0, out, "clip") is out
    np.testing.assert_array_equal(out, whole[chosen])
    np.testing.assert_array_equal(lazy[10:20], whole[10:20])
    np.testing.assert_array_equal(lazy[whole[:, 0] > 0], whole[whole[:, 0] > 0])
    assert lazy.astype(np.float32) is lazy


@pytest.mark.parametrize("most_bytes", [0, 1 << 28])
def test_tables_are_joined(monkeypatch, most_bytes):
    monkeypatch.setattr(tabular_rows, "MOST_BYTES", most_bytes)
    joined = Table.of(encoder, rows[:40]).joined(Table.of(encoder, rows[40:]))
    np.testing.assert_array_equal(joined.full[:], whole)
    np.testing.assert_array_equal(joined.coarse[:], Table.of(encoder, rows).coarse[:])
    np.testing.assert_array_equal(joined.raw, whole[:, : encoder.n_raw_columns_])


def test_folds_are_dealt_out_within_each_stratum():
    strata = rng.integers(3, size=100)
    folds = deal_folds(strata, 4, np.random.RandomState(0))
    assert np.ptp(np.bincount(folds, minlength=4)) <= 1
    for stratum in range(3):
        assert np.ptp(np.bincount(folds[strata == stratum], minlength=4)) <= 1
    other = deal_folds(strata, 4, np.random.RandomState(1))
    assert (folds != other).any()


def test_of_many_rows_only_some_are_held_out(monkeypatch):
    monkeypatch.setattr(tabular_rows, "MOST_HELD_OUT", 20)
    folds = deal_folds(np.zeros(100), 4, np.random.RandomState(0))
    np.testing.assert_array_equal(np.bincount(folds + 1), [20] * 5)


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.3, 0.999])
def test_one_fold_has_its_share_of_each_stratum(fraction):
    strata = np.repeat([0, 1, 2], [100, 50, 10])
    fold = one_fold(strata, fraction, np.random.RandomState(0))
    assert set(fold) == {-1, 0}
    held = fold == 0
    assert held.sum() == np.clip(round(160 * fraction), 1, 159)
    for stratum, n in enumerate([100, 50, 10]):
        assert abs(held[strata == stratum].sum() - fraction * n) <= 2
    assert (one_fold(strata, 0.3, np.random.RandomState(1)) != fold).any()
