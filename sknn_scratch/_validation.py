"""Rows that the network is not trained on, and its score on them after each epoch."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.model_selection import train_test_split

from sknn_scratch._losses import LINKS


@dataclass
class Validation:
    """A held-out part of the data.

    ``X``, ``Y`` and ``weight`` are encoded like a Problem's. ``score``, if not None, is
    called without arguments and replaces the target's own score.
    """

    problem: object
    X: object
    Y: np.ndarray
    weight: np.ndarray | None
    score: object = None
    scores: list = field(default_factory=list)
    losses: list = field(default_factory=list)

    def __post_init__(self):
        problem = self.problem
        dtype = problem.network.dtype
        self.loss = problem.loss.planned(*self.Y.shape, dtype)
        self.total = len(self.Y) if self.weight is None else float(self.weight.sum())
        self.divisor = self.Y.shape[1] if problem.loss.reports_mean_over_outputs else 1

    def __call__(self):
        """Score the current weights; record score and loss; return the score."""
        problem, Y = self.problem, self.Y
        mu = problem.network.predict(self.X, LINKS[problem.target.link])
        loss = self.loss.value(
            Y.astype(mu.dtype, copy=False), mu, self.weight, self.total
        )
        self.losses.append(loss / self.divisor)
        if self.score == "loss":
            score = -self.losses[-1]
        elif self.score is not None:
            score = float(self.score())
        else:
            score = problem.target.score(Y, mu, self.weight)
        self.scores.append(score)
        return score


def hold_out(problem, fraction):
    """Split the rows as scikit-learn does: rows to train on, rows held out."""
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
    return rows, held
