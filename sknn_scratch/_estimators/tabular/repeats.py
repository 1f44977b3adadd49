"""Rows that have been seen before: the nets' word, and what these rows were.

Tables hold rows more than once, and all of a row's targets say something of the next
one like it. With the nets' prediction mu as the prior, worth ``strength`` rows, and the
targets y_1 ... y_n of n equal rows,

    (strength mu + y_1 + ... + y_n) / (strength + n)

is the posterior mean: of a Dirichlet prior for probabilities, of a normal one for
numbers. The strength is the one that does best on the rows of fit, each predicted
without itself.
"""

import numpy as np

STRENGTHS = 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0
#: For repeated rows to count at all, the loss must fall by this share of itself, and by
#: so many standard errors of the fall: rows that repeat each other are not independent.
LEAST_GAIN, STANDARD_ERRORS = 0.002, 3.0
#: Rows are hashed so many at a time.
ROWS_AT_ONCE = 1 << 14


def row_keys(rows):
    """A 64-bit hash of each row (n, d) of float32: equal rows have equal ones.

    Multiply-add hashing of Dietzfelbinger (1996), modulo 2^64.
    """
    rng = np.random.default_rng(0)
    factors = rng.integers(2**64, size=rows.shape[1], dtype=np.uint64) | np.uint64(1)
    keys = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        piece = rows[start : start + ROWS_AT_ONCE] + np.float32(0)  # -0 is 0
        words = piece.view(np.uint32).astype(np.uint64)
        words ^= words >> np.uint64(15)
        words *= factors
        words ^= words >> np.uint64(29)
        keys[start : start + ROWS_AT_ONCE] = words.sum(axis=1, dtype=np.uint64)
    return keys


class Repeats:
    """What is known of rows that have been seen.

    Parameters
    ----------
    keys : ndarray of uint64 of shape (n_samples,)
        Of the rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Their targets.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    """

    def __init__(self, keys, Y, weight):
        self.keys, self._places = np.unique(keys, return_inverse=True)
        self._Y, self._weight = Y, np.ones(len(Y)) if weight is None else weight
        self.counts = np.bincount(self._places, self._weight)
        columns = [np.bincount(self._places, self._weight * y) for y in Y.T]
        self.sums = np.stack(columns, axis=1)

    def strength(self, mu, rows, losses):
        """The best strength; infinity if the nets' word is to stand alone.

        Parameters
        ----------
        mu : ndarray of shape (n, n_outputs)
            The nets' predictions for some rows, made without these.
        rows : ndarray of int of shape (n,)
            Which rows they are.
        losses : callable
            ``losses(mu)`` of each row (n,) are to be small, by their weights.
        """
        places, weight = self._places[rows], self._weight[rows]
        counts = self.counts[places] - weight
        again = counts > 1e-9 * self.counts[places]
        if not again.any():
            return np.inf
        sums = self.sums[places] - weight[:, None] * self._Y[rows]
        counts, sums = np.where(again, counts, 0), np.where(again[:, None], sums, 0)
        before = weight * losses(mu)
        falls = {
            strength: before - weight * losses(_posterior(mu, sums, counts, strength))
            for strength in STRENGTHS
        }
        best = max(falls, key=lambda strength: falls[strength].sum())
        fall = falls[best]
        least = max(
            LEAST_GAIN * np.abs(before.sum()),
            STANDARD_ERRORS * np.sqrt(np.square(fall).sum()),
        )
        return best if fall.sum() > least else np.inf

    def for_prediction(self, strength):
        """The same, without what only the choice of the strength needed."""
        self.chosen = strength
        del self._places, self._Y, self._weight
        return self

    def updated(self, keys, mu):
        """The predictions mu, and what is known of rows with these keys."""
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        known = self.keys[places] == keys
        counts = np.where(known, self.counts[places], 0)
        sums = np.where(known[:, None], self.sums[places], 0)
        return _posterior(mu, sums, counts, self.chosen)


def _posterior(mu, sums, counts, strength):
    return (strength * mu + sums) / (strength + counts)[:, None]
