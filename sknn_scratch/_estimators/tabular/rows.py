"""The rows of an encoded table, and which of them each net holds out."""

from functools import cached_property

import numpy as np

#: A matrix with bins of up to this many bytes is made once and kept.
MOST_BYTES = 1 << 28
#: A net holds out no more rows than this: more say hardly more of it.
MOST_HELD_OUT = 3000


class BinnedRows:
    """An encoded table whose bins are made for the rows that are asked for.

    Sixteen bins of each number take sixteen times the memory of the numbers.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_raw)
        The columns that are no bins.
    bins : Bins
        ``bins.encode(raw, out)`` writes the others.
    """

    def __init__(self, raw, bins):
        self.raw, self.bins, self.dtype = raw, bins, raw.dtype
        self.shape = len(raw), raw.shape[1] + len(bins.column)

    def __len__(self):
        return len(self.raw)

    def __getitem__(self, rows):
        return self.take(np.arange(len(self))[rows])

    def astype(self, dtype, copy=True):
        """Itself: the rows are of the dtype that networks compute in."""
        return self

    def take(self, rows, axis=0, out=None, mode="raise"):
        """The rows (..., n_columns), like an array's."""
        if out is None:
            out = np.empty((*rows.shape, self.shape[1]), self.dtype)
        flat, n_raw = out.reshape(-1, self.shape[1]), self.raw.shape[1]
        flat[:, :n_raw] = self.raw[rows.ravel()]
        self.bins.encode(flat[:, :n_raw], flat[:, n_raw:])
        return out


class Table:
    """An encoded table, without its bins and with them.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_raw)
        The columns that are no bins.
    bins : Bins
        What makes the others of them.
    """

    def __init__(self, raw, bins):
        self.raw, self.bins = raw, bins

    @classmethod
    def of(cls, encoder, X, more=None):
        """The table X, as a fitted encoder sees it, and more raw columns (n, k)."""
        raw = encoder._encode(X, with_bins=False)
        if more is not None and more.size:
            raw = np.hstack([raw, more])
        return cls(raw, encoder._bins)

    def joined(self, other):
        """This table's rows, and those of another one behind them."""
        return Table(np.concatenate([self.raw, other.raw]), self.bins)

    @property
    def numbers(self):
        """Which of the columns are numbers of more than two values."""
        return np.unique(self.bins.column)

    @cached_property
    def full(self):
        """The raw columns, and the bins behind them."""
        return self._with(self.bins)

    @cached_property
    def coarse(self):
        """Likewise with half as many bins, twice as wide."""
        return self._with(self.bins.halved())

    def _with(self, bins):
        rows = BinnedRows(self.raw, bins)
        n_bytes = rows.shape[0] * rows.shape[1] * self.raw.itemsize
        return rows[:] if n_bytes <= MOST_BYTES else rows

    def seen_by(self, view):
        """The columns that a view of the table is made of."""
        return getattr(self, {"raw": "raw", "bins": "full", "cosines": "coarse"}[view])


def deal_folds(strata, n_folds, rng):
    """The fold of each row; rows of like strata are dealt out in turn.

    No fold has more than MOST_HELD_OUT rows: what is left over is in no fold, -1.
    """
    order = np.lexsort((rng.random_sample(len(strata)), strata))
    folds = np.empty(len(strata), int)
    folds[order] = np.arange(len(strata)) % n_folds
    for fold in range(n_folds):
        mine = np.flatnonzero(folds == fold)
        if len(mine) > MOST_HELD_OUT:
            left_over = rng.permutation(len(mine))[MOST_HELD_OUT:]
            folds[mine[left_over]] = -1
    return folds


def one_fold(strata, fraction, rng):
    """A fold 0 of that share of the rows, like strata in like shares; else -1."""
    n = len(strata)
    n_held = min(max(1, round(fraction * n)), n - 1)
    order = np.lexsort((rng.random_sample(n), strata))
    folds = np.full(n, -1)
    # Evenly spaced places in the order of the strata, from a random first one.
    places = (np.arange(n_held) + rng.random_sample()) * (n / n_held)
    folds[order[places.astype(int)]] = 0
    return folds
