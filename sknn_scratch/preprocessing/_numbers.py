"""Numbers for a network: centred, scaled, softly clipped; and cut into bins.

A number x becomes, with the median m and the distance q between the quartiles,

    s = z / sqrt(1 + (z / 3)^2),   z = (x - m) / q,

which is about z where most rows are, and never leaves [-3, 3] (Holzmüller, Grinsztajn
and Steinwart, 2024). Bins with the edges t_0 < ... < t_k add the piecewise-linear
encoding (Gorishniy, Rubachev and Babenko, 2022)

    clip((z - t_j) / (t_j+1 - t_j), 0, 1),   less its mean over the rows of fit.

The clip takes from s what tells large numbers apart; the bins, linear in z, keep it.
They are made of s all the same, by z = s / sqrt(1 - (s / 3)^2), so that a network can
make them for a batch at a time; where s is 3 in single precision z is a thousand.
"""

from math import ceil
from typing import NamedTuple

import numpy as np

#: No z of bins is larger.
LARGEST_Z = 1e3
#: Beyond it s is 3 in any precision; its square is finite.
LARGEST = 1e100
#: Entries of a scratch array: about a megabyte.
BLOCK = 2**17


class Number(NamedTuple):
    """What fit knows of a column of numbers; ``means`` has a value for each bin."""

    center: float
    scale: float
    varies: bool
    has_missing: bool
    edges: np.ndarray
    means: np.ndarray


def learn_number(values, n_bins):
    """Everything about one column; its values, float64, are sorted in place."""
    values.sort()  # NaN comes last
    n_missing = int(np.isnan(values).sum())
    known = values[: len(values) - n_missing]
    first, last = (
        np.searchsorted(known, -np.inf, "right"),
        np.searchsorted(known, np.inf),
    )
    center, scale = robust_scale(known[first:last])
    squash(known, center, scale)
    varies = len(known) > 0 and bool(known[0] < known[-1])
    edges, means = learn_bins(known, n_missing, n_bins)
    has_missing = 0 < n_missing < len(values)
    return Number(center, scale, varies, has_missing, edges, means)


def robust_scale(finite):
    """Median, and the quartiles' distance; where that is 0, half of the range.

    The values are sorted. No values, or a single one: 1.
    """
    if not len(finite):
        return 0.0, 1.0
    lower, center, upper = (quantile(finite, q) for q in (0.25, 0.5, 0.75))
    with np.errstate(over="ignore"):
        scale = min(upper - lower, np.finfo(float).max)
    return center, float(scale or finite[-1] / 2 - finite[0] / 2 or 1.0)


def quantile(values, q):
    """NumPy's default quantile of sorted values, without overflow."""
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    if values[low] == values[high]:
        return float(values[low])
    return float(values[low] * (1 - (at - low)) + values[high] * (at - low))


def squash(x, center, scale, scratch=None):
    """s, in place, of finite, infinite and missing values; missing ones stay NaN."""
    with np.errstate(over="ignore"):
        x -= center
        x /= scale
    np.clip(x, -LARGEST, LARGEST, out=x)
    scratch = np.divide(x, 3, out=scratch)
    scratch *= scratch
    scratch += 1
    np.sqrt(scratch, out=scratch)
    x /= scratch


def learn_bins(s, n_missing, n_bins):
    """Edges and means of the bins of a column; none where two values say it all.

    ``s`` is sorted. The edges are values of z in single precision, the coarser one
    of the two that it may be given in. Missing values count as 0, the median.
    """
    z = stretch(s.astype(np.float32)).astype(np.float32).astype(float)
    edges = cut(z, n_bins) if n_bins and len(z) else z[:0]
    if not len(edges):
        return edges, edges
    starts = np.searchsorted(z, edges[:-1])
    ends = np.append(starts[1:], len(z))
    inside = np.add.reduceat(z, starts) - (ends - starts) * edges[:-1]
    widths = np.diff(edges)
    at_median = np.clip(-edges[:-1] / widths, 0, 1)
    totals = inside / widths + (len(z) - ends) + n_missing * at_median
    return edges, totals / (len(z) + n_missing)


def stretch(s):
    """z = s / sqrt(1 - (s / 3)^2), in double precision, LARGEST_Z at most."""
    s = s.astype(float)
    root = np.square(s / 3)
    np.subtract(1, root, out=root)
    np.sqrt(np.maximum(root, (3 / LARGEST_Z) ** 2, out=root), out=root)
    s /= root
    return s


def cut(z, n_bins):
    """Edges of at most n_bins bins with about as many rows each; z is sorted.

    All distinct values are edges if there are few. A value of so many rows that it
    would take several edges weighs as much as one bin, and is an edge. The other values
    share the bins that this sets free, as far as half of an even bin'z rows go.
    """
    starts = np.flatnonzero(np.append(True, z[1:] != z[:-1]))
    values = z[starts]
    if len(values) <= 2:
        return values[:0]
    if len(values) <= n_bins + 1:
        return values
    weights, n_bins = weigh(np.diff(starts, append=len(z)), n_bins)
    reached = np.cumsum(weights)
    wanted = reached[-1] * np.arange(1, n_bins) / n_bins
    inner = np.searchsorted(reached, wanted)
    return values[np.unique(np.concatenate([[0], inner, [len(values) - 1]]))]


def weigh(counts, n_bins):
    """Counts of rows, none above one bin's share of their sum; the number of bins.

    A share is at least half of an even one: bins of few rows, in columns that are
    nearly always 0, cost more than they bring.
    """
    smallest = counts.sum() / (2 * n_bins)
    rest = counts.sum()
    for n_heavy, count in enumerate(np.sort(counts)[: -n_bins - 1 : -1]):
        share = rest / (n_bins - n_heavy)
        if count <= share:
            break
        rest -= count
    share = max(share, smallest)
    weights = np.minimum(counts, share)
    return weights, min(n_bins, ceil(weights.sum() / share - 1e-9))


class Bins(NamedTuple):
    """The bins of all columns, side by side: each has a column, a left edge, ..."""

    column: np.ndarray
    left: np.ndarray
    width: np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, numbers):
        """The bins of the columns that were learnt."""
        sizes = [len(number.means) for number in numbers]
        return cls(
            np.repeat(np.arange(len(numbers)), sizes),
            np.concatenate([[], *(number.edges[:-1] for number in numbers)]),
            np.concatenate([[], *(np.diff(number.edges) for number in numbers)]),
            np.concatenate([[], *(number.means for number in numbers)]),
        )

    def halved(self):
        """Half as many bins: two neighbours of a column make one."""
        first = np.flatnonzero(np.append(True, self.column[1:] != self.column[:-1]))
        place = np.arange(len(self.column)) - np.repeat(
            first, np.diff(first, append=len(self.column))
        )
        starts = np.flatnonzero(place % 2 == 0)
        width = np.add.reduceat(self.width, starts)
        mean = np.add.reduceat(self.width * self.mean, starts) / width
        return Bins(self.column[starts], self.left[starts], width, mean)

    def encode(self, numbers, out):
        """Write the encoding of scaled numbers, a row for each of theirs."""
        if not out.size:
            return
        left, width, mean = (
            part.astype(out.dtype) for part in (self.left, self.width, self.mean)
        )
        n_rows = max(1, BLOCK // len(self.column))
        scratch = np.empty((min(n_rows, len(out)), len(self.column)), out.dtype)
        for start in range(0, len(out), n_rows):
            rows = numbers[start : start + n_rows, : self.column[-1] + 1]
            rows = stretch(rows).astype(out.dtype)
            piece = scratch[: len(rows)]
            rows.take(self.column, axis=1, out=piece, mode="clip")
            piece -= left
            with np.errstate(over="ignore"):
                piece /= width
            np.clip(piece, 0, 1, out=piece)
            np.subtract(piece, mean, out=out[start : start + n_rows])
