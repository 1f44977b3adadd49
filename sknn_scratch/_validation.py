"""Rows that the network is not trained on, and its score on them after each epoch."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.model_selection import train_test_split

from sknn_scratch._training import network_input


@dataclass
class Given:
    """Rows to validate on: as they are for a scorer, and Y encoded for the loss."""

    X: object
    y: np.ndarray
    Y: np.ndarray
    weight: np.ndarray | None


@dataclass
class Validation:
    """Scores a problem's network on rows that it is not trained on.

    Parameters
    ----------
    problem : Problem
    given : Given
        The rows.
    scorer : callable or "loss" or None
        What scores: ``scorer(X, y, weight)``, minus the loss, or the target's own.
    """

    problem: object
    given: Given
    scorer: object = None
    scores: list = field(default_factory=list)
    losses: list = field(default_factory=list)

    def __post_init__(self):
        problem, given = self.problem, self.given
        dtype = problem.network.dtype
        self.X, self.weight = network_input(given.X, given.weight, dtype)
        self.Y = given.Y.astype(dtype, copy=False)
        self.loss = problem.loss.planned(*self.Y.shape, dtype)
        self.total = len(self.Y) if self.weight is None else float(self.weight.sum())
        if not self.total:
            raise ValueError(
                "The rows of the validation set all have weight zero. Increase "
                "'validation_fraction', or give a validation set with other weights."
            )
        self.divisor = self.Y.shape[1] if problem.loss.reports_mean_over_outputs else 1

    def __call__(self):
        """Score the current weights; record score and loss; return the score."""
        problem = self.problem
        # All rows at once, as scikit-learn: the last bits decide which epoch is best.
        mu = problem.network.predict(self.X, problem.target.link, rows=len(self.Y))
        loss = self.loss.value(self.Y, mu, self.weight, self.total)
        self.losses.append(loss / self.divisor)
        if self.scorer == "loss":
            score = -self.losses[-1]
        elif self.scorer is not None:
            score = self.scorer(self.given.X, self.given.y, self.given.weight)
        else:
            score = problem.target.score(self.Y, mu, self.weight)
        self.scores.append(score)
        return score


def hold_out(problem, fraction):
    """Split the rows as scikit-learn does: rows to train on, and the others."""
    rows, held = train_test_split(
        np.arange(len(problem.Y)),
        random_state=problem.random_state,
        test_size=fraction,
        stratify=problem.target.stratify(problem.Y),
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    weight = None if problem.weight is None else problem.weight[held]
    return rows, Given(problem.X[held], problem.y[held], problem.Y[held], weight)
