"""Several fits of one model from several seeds, at once and in parallel, recorded."""

from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, validate_params
from sklearn.utils.validation import _num_samples

from sknn_scratch._estimators.members import (
    fit_members,
    known_classes,
    mean_prediction,
    mean_probabilities,
    part,
    seeded,
)
from sknn_scratch._pipelines import last_step
from sknn_scratch._types import MatrixLike, RandomState, Scoring, typed

__all__ = ["RepeatedFit", "repeated_fit"]


@dataclass
class RepeatedFit:
    """The record of :func:`repeated_fit`: one entry for each fit, in order.

    Attributes
    ----------
    seeds : list of int
        The seed of each repeat.
    estimators : list of estimator
        The fitted estimators; with ``cv`` n_splits for each repeat, one after another.
    train_scores, test_scores : ndarray of shape (n_repeats,) or (n_repeats, n_splits)
        Scores; ``test_scores`` is None without ``test_size`` and ``cv``.
    loss_curves : list of list of float
        The loss curve of each estimator; empty for one that has none.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import repeated_fit
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier((5,), solver="lbfgs", max_iter=1000)
    >>> runs = repeated_fit(model, X, y, n_repeats=3, random_state=0, test_size=0.3)
    >>> len(runs.seeds), runs.test_scores.shape
    (3, (3,))
    """

    seeds: list
    estimators: list
    train_scores: np.ndarray
    test_scores: np.ndarray | None
    loss_curves: list = field(repr=False)

    @property
    def mean(self) -> float:
        """Mean of the test scores, or of the training scores where there are none."""
        return float(np.mean(self._scores))

    @property
    def spread(self) -> float:
        """Standard deviation (n - 1) of the repeats' mean scores; NaN for only one."""
        means = self._means
        return float(np.std(means, ddof=1)) if len(means) > 1 else np.nan

    @property
    def _scores(self):
        return self.train_scores if self.test_scores is None else self.test_scores

    @property
    def _means(self):
        """Each repeat's mean score."""
        return self._scores.reshape(len(self.seeds), -1).mean(axis=1)

    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict probabilities: the mean over all fitted estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            As the estimators' own; columns in the order of ``classes_``.

        Raises
        ------
        AttributeError
            If the estimators have no ``predict_proba``.
        """
        return mean_probabilities(self.estimators, X)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict with all fitted estimators together.

        Numbers are means. A class is the one of the highest mean probability, a label
        is set where its mean probability exceeds one half.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        Raises
        ------
        AttributeError
            If the estimators are classifiers without ``predict_proba``.
        """
        return mean_prediction(self.estimators, X)

    @property
    def classes_(self) -> Any:
        """The classes that any of the estimators knows; of several outputs a list."""
        return known_classes(self.estimators)

    def to_frame(self) -> Any:
        """A pandas DataFrame with a row for each fit.

        Returns
        -------
        DataFrame
            Columns repeat, seed, split, train_score, test_score (where there is one),
            n_iter and loss (where the estimators have them).

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "RepeatedFit.to_frame needs pandas: install it with 'pip install "
                "pandas', or read the attributes."
            ) from error
        n_repeats = len(self.seeds)
        n_splits = len(self.estimators) // n_repeats
        columns: dict[str, Any] = {
            "repeat": np.repeat(np.arange(n_repeats), n_splits),
            "seed": np.repeat(self.seeds, n_splits),
            "split": np.tile(np.arange(n_splits), n_repeats),
            "train_score": self.train_scores.ravel(),
        }
        if self.test_scores is not None:
            columns["test_score"] = self.test_scores.ravel()
        lasts = [last_step(estimator) for estimator in self.estimators]
        for column, name in (("n_iter", "n_iter_"), ("loss", "loss_")):
            if all(hasattr(estimator, name) for estimator in lasts):
                columns[column] = [getattr(estimator, name) for estimator in lasts]
        return pd.DataFrame(columns)

    def summary(self) -> str:
        """The seeds, their scores, and mean and spread, as text.

        Returns
        -------
        str
            A line for each seed, one for the mean and one for the spread.
        """
        kind = "training" if self.test_scores is None else "test"
        lines = [f"{'seed':>12} {kind + ' score':>16}"]
        means = self._means
        lines += [
            f"{seed:>12} {score:>16.4f}"
            for seed, score in zip(self.seeds, means, strict=True)
        ]
        lines.append(f"{'mean':>12} {self.mean:>16.4f}")
        if len(means) > 1:
            lines.append(f"{'spread':>12} {self.spread:>16.4f}")
        return "\n".join(lines)

    def __str__(self):
        return self.summary()


@typed(
    validate_params(
        {
            "estimator": [object],
            "n_repeats": [Interval(Integral, 1, None, closed="left")],
            "random_state": ["random_state"],
            "n_jobs": [Integral, None],
            "test_size": [
                Interval(Integral, 1, None, closed="left"),
                Interval(RealNotInt, 0, 1, closed="neither"),
                None,
            ],
            "cv": ["cv_object"],
            "scoring": [str, callable, None],
        },
        prefer_skip_nested_validation=True,
    )
)
def repeated_fit(
    estimator: Any,
    X: MatrixLike,
    y: MatrixLike,
    *,
    n_repeats: int = 5,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    test_size: float | None = None,
    cv: Any = None,
    scoring: Scoring = None,
    fit_params: dict[str, Any] | None = None,
) -> RepeatedFit:
    """Fit a model from several seeds and record all of it.

    A network ends in different weights for different initial ones: one score is an
    anecdote. The data is split once and the same for all repeats, so that the spread is
    the initialisation's and not the split's. Nets of this package, bare or at the end
    of a pipeline, are trained together, each with the weights that it gets alone.

    Parameters
    ----------
    estimator : estimator
        Cloned for each fit; every ``random_state`` parameter in it, those of a
        pipeline's steps included, is set to the repeat's seed.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    n_repeats : int, default=5
        Number of seeds. At least 1.
    random_state : int, RandomState instance or None, default=None
        Decides the seeds and the split.
    n_jobs : int or None, default=None
        Number of processes, as in joblib; the results do not depend on it, nor on
        joblib's backend.
    test_size : float, int or None, default=None
        Share or number of rows to hold out (stratified for a classifier) and score.
    cv : int, splitter or None, default=None
        Cross-validation instead: each repeat fits and scores every split.
    scoring : str, callable or None, default=None
        A scorer; None is the estimator's own score.
    fit_params : dict or None, default=None
        Passed to fit; arrays with an entry for each row are split with the rows.

    Returns
    -------
    RepeatedFit
        Seeds, fitted estimators, scores and loss curves.

    Raises
    ------
    ValueError
        If both ``test_size`` and ``cv`` are given, or the estimator has no
        ``random_state``.
    RuntimeError
        If a fit fails; the message names its seed, the cause is chained.
    KeyboardInterrupt
        On Ctrl-C: all fits end at once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> from sknn_scratch.model_selection import repeated_fit
    >>> model = ScratchMLPClassifier((5,), solver="lbfgs", max_iter=1000)
    >>> runs = repeated_fit(model, *load_iris(return_X_y=True), n_repeats=2, cv=3,
    ...                     random_state=0)
    >>> runs.test_scores.shape
    (2, 3)
    """
    if test_size is not None and cv is not None:
        raise ValueError(
            "test_size and cv exclude each other: give one of them, or neither to "
            "score the training rows."
        )
    if not seeded(estimator):
        raise ValueError(
            f"{estimator} has no random_state parameter: all repeats would be equal."
        )
    rng = check_random_state(random_state)
    seeds = rng.randint(2**31 - 1, size=n_repeats).tolist()
    splits = _splits(estimator, X, y, rng, test_size, cv)
    scorer = check_scoring(estimator, scoring)
    # Those of a split are trained on the same rows.
    tasks = [(seed, *split) for split in splits for seed in seeds]
    work = partial(_scored, X, y, scorer)
    by_split = fit_members(estimator, X, y, tasks, fit_params or {}, n_jobs, work)
    runs = [run for i in range(n_repeats) for run in by_split[i::n_repeats]]
    estimators, train, test = zip(*runs, strict=True)
    shape = (n_repeats,) if cv is None else (n_repeats, len(splits))
    has_test = splits[0][1] is not None
    return RepeatedFit(
        seeds,
        list(estimators),
        np.reshape(train, shape),
        np.reshape(test, shape) if has_test else None,
        [list(getattr(last_step(e), "loss_curve_", ())) for e in estimators],
    )


def _splits(estimator, X, y, rng, test_size, cv):
    """Pairs of training and test rows, None for all and none."""
    n = np.shape(y)[0]
    if cv is not None:
        splitter = check_cv(cv, y, classifier=is_classifier(estimator))
        return list(splitter.split(np.zeros(n), y))
    if test_size is None:
        return [(None, None)]
    stratify = y if is_classifier(estimator) and np.ndim(y) == 1 else None
    rows = np.arange(n)
    return [
        tuple(
            train_test_split(
                rows, test_size=test_size, stratify=stratify, random_state=rng
            )
        )
    ]


def _scored(X, y, scorer, fit, task):
    """The fitted model and its scores on the rows for training and for testing."""
    seed, _, test = task
    if fit.error is not None:
        raise RuntimeError(
            f"The fit with seed {seed} failed: {fit.error}"
        ) from fit.error
    train_score = scorer(fit.estimator, fit.X, fit.y)
    if test is None:
        return fit.estimator, train_score, None
    n = _num_samples(X)
    test_score = scorer(fit.estimator, part(X, test, n), part(y, test, n))
    return fit.estimator, train_score, test_score
