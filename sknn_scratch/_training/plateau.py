"""The rule by which a training has stalled."""

import numpy as np


class Plateau:
    """Counts the epochs in a row that did not improve the best value by ``tol``.

    Lower is better. ``best`` is the lowest value so far, however small the gain.
    """

    def __init__(self, tol, patience, best=np.inf, count=0):
        self.tol, self.patience = tol, patience
        self.best, self.count = best, count

    def update(self, value):
        """Take an epoch's value; return whether it is the best so far.

        A NaN is never the best, and never counts as a stall.
        """
        self.count = self.count + 1 if value > self.best - self.tol else 0
        improved = value < self.best
        if improved:
            self.best = value
        return improved

    @property
    def reached(self):
        return self.count > self.patience
