"""Rows that the network is not trained on, and its score on them after each epoch."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn_scratch._training.batches import Problem, network_input


@dataclass
class Given:
    """Rows to validate on.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        As the network takes them.
    y : ndarray
        Targets, as they are, for a scorer.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, encoded, for the loss.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    raw : {array-like, DataFrame}, default=None
        The rows as the user gave them, for a scorer; None: they are X.
    """

    X: Any
    y: np.ndarray
    Y: np.ndarray
    weight: np.ndarray | None
    raw: Any = None

    def __post_init__(self):
        if self.raw is None:
            self.raw = self.X


@dataclass
class Validation:
    """Scores a problem's network on rows that it is not trained on.

    Parameters
    ----------
    problem : Problem
        Its network and target are used, not its data.
    given : Given
        The rows.
    scorer : callable or "loss" or None
        ``scorer(X, y, weight)``; or minus the loss; or the target's own score.
    """

    problem: Problem
    given: Given
    scorer: Any = None

    #: Whether a scorer is given rows to predict; and many nets need a call for each.
    scores_rows: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False

    def __post_init__(self):
        problem, given = self.problem, self.given
        dtype = problem.network.dtype
        self.X, self.weight = network_input(given.X, given.weight, dtype)
        self.Y = given.Y.astype(dtype, copy=False)
        n, k = self.Y.shape
        self.loss = problem.loss.planned(n, k, dtype)
        self.total = len(self.Y) if self.weight is None else float(self.weight.sum())
        if not self.total:
            raise ValueError(
                "The rows of the validation set all have weight zero. Increase "
                "'validation_fraction', or give a validation set with other weights."
            )
        self.divisor = self.Y.shape[1] if problem.loss.reports_mean_over_outputs else 1

    def __call__(self):
        """Give the loss and the score of the current weights."""
        problem, given = self.problem, self.given
        # All rows at once, as scikit-learn: the last bits decide which epoch is best.
        mu = problem.network.predict(self.X, problem.target.link, rows=len(self.Y))
        loss = self.loss.value(self.Y, mu, self.weight, self.total) / self.divisor
        if self.scores_rows and self.scorer not in (None, "loss"):
            return loss, self.scorer(given.raw, given.y, given.weight)
        return loss, self.score(mu, loss)

    def score(self, mu, loss):
        """The score of the predictions mu, by the target or from the loss."""
        return float(self.score_of(self.Y, mu, self.weight, loss))

    def score_of(self, Y, mu, weight, loss):
        """Likewise of rows that are given; of many nets, an array."""
        if self.scorer == "loss":
            return -loss
        return self.problem.target.score(Y, mu, weight)
