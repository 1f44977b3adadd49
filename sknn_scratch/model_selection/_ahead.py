"""Fits that are done before they are asked for.

scikit-learn's searches clone an estimator for each fit, set its parameters, fit it on
some of the rows and score it. Here they are handed clones whose fits have been done
already, many nets at a time, so that ``fit`` only has to recall what came of it. All
else, the scores, the errors and the tables, is scikit-learn's own doing.

What is recalled is compared with what is asked for. Where they differ, and where
nothing was done ahead, the clone is fitted there and then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import Any

import joblib
import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknn_scratch._estimators.together import Fit, fit_together
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch.model_selection import _private

#: So many fits at a time; each is held until it is recalled.
AHEAD = 256


@dataclass
class Task:
    """One fit that will be asked for."""

    #: The candidate's parameters, and its number.
    params: dict
    candidate: int
    #: The rows to train on, and the number of the split.
    train: np.ndarray
    split: int


@dataclass
class Outcome:
    """What came of a fit."""

    #: Of the estimator with its parameters, and of what its fit was given.
    fingerprint: tuple
    estimator: Any
    error: Exception | None
    seconds: float


def fingerprint(estimator, X, y, params):
    """Texts that tell fits apart."""
    kinds = Number, str, tuple, type(None)
    plain = [
        (name, value)
        for name, value in estimator.get_params().items()
        if isinstance(value, kinds)
    ]
    ends = _private.safe_indexing(X, [0, -1])
    return repr(plain), joblib.hash(ends), joblib.hash(y), *sorted(params)


class Recall:
    """A ``fit`` that recalls its outcome; of a model that has it as an attribute.

    Parameters
    ----------
    model : estimator
        Is fitted when this is called.
    outcome : Outcome or None
        None: its fit is still to be done.
    """

    def __init__(self, model, outcome):
        self.model, self.outcome = model, outcome

    def __call__(self, X, y=None, **params):
        model, outcome = self.model, self.outcome
        del model.fit
        given = (X,) if y is None else (X, y)
        if outcome is None or outcome.fingerprint != fingerprint(model, X, y, params):
            with ctrl_c_ends_all():
                return model.fit(*given, **params)
        if outcome.error is not None:
            raise outcome.error
        vars(model).update(vars(outcome.estimator))
        return model


class Splits:
    """A splitter that remembers what it was asked and what it said.

    Parameters
    ----------
    cv : splitter
        Is asked.
    """

    def __init__(self, cv):
        self.cv = cv

    def split(self, X, y=None, **params):
        """The splitter's pairs of training and test rows."""
        self.X, self.y = X, y
        self.pairs = list(self.cv.split(X, y, **params))
        return self.pairs

    def get_n_splits(self, *args, **params):
        """The splitter's number of them."""
        return self.cv.get_n_splits(*args, **params)


class Ahead:
    """Hands out an estimator's clones, fitted ahead where that is worth it.

    Parameters
    ----------
    estimator : estimator
        Is cloned.
    fit_params : dict
        What each fit is given besides rows and targets.
    n_jobs : int or None
        Number of processes, as in joblib.

    Attributes
    ----------
    seconds : list of ndarray of shape (n_candidates, n_splits)
        Each fit's share of the time, for each call of :meth:`expect`; NaN for those
        that were not done ahead.
    """

    def __init__(self, estimator, fit_params, n_jobs):
        self.estimator, self.fit_params, self.n_jobs = estimator, fit_params, n_jobs
        self.coming: Iterator = iter(())
        self.seconds: list = []

    def __getstate__(self):
        return {}  # it travels with the search to other processes, which don't need it

    def source(self):
        """An estimator whose clones are handed out by this object."""
        source = clone(self.estimator)
        source.__sklearn_clone__ = self.hand_out
        return source

    def hand_out(self):
        """The next clone."""
        model = clone(self.estimator)
        model.fit = Recall(model, next(self.coming, None))
        return model

    def expect(self, candidates, splits):
        """Each candidate's clones will be asked for, one for each split.

        Parameters
        ----------
        candidates : list of dict
            The parameters that will be set.
        splits : Splits
            Will have been asked by then.

        Raises
        ------
        ValueError
            For a parameter that the estimator has not.
        """
        for params in candidates:
            with_params(self.estimator, params)
        self.coming = self._outcomes(candidates, splits)

    def _outcomes(self, candidates, splits):
        """The outcome of each fit, or None if it is still to be done."""
        X, y, pairs = splits.X, splits.y, splits.pairs
        seconds = np.full((len(candidates), len(pairs)), np.nan)
        self.seconds.append(seconds)
        tasks = [
            Task(params, candidate, train, split)
            for candidate, params in enumerate(candidates)
            for split, (train, _) in enumerate(pairs)
        ]
        given = _private.check_method_params(X, params=self.fit_params)
        for start in range(0, len(tasks), AHEAD):
            some = tasks[start : start + AHEAD]
            for task, outcome in zip(some, self._done(some, X, y, given), strict=True):
                if outcome is not None:
                    seconds[task.candidate, task.split] = outcome.seconds
                yield outcome

    def tell(self, results, verbose):
        """Enter the shares of the time in a search's results; say how many."""
        seconds = np.concatenate(self.seconds)
        done = np.isfinite(seconds).all(axis=1)
        results["mean_fit_time"][done] = seconds[done].mean(axis=1)
        results["std_fit_time"][done] = seconds[done].std(axis=1)
        if verbose > 0:
            n = np.isfinite(self.seconds[-1]).sum()
            print(f"{n} of {self.seconds[-1].size} fits were trained together.")

    def _done(self, tasks, X, y, given):
        """The outcomes of some tasks, which the processes share."""
        # Those of a split go through the same batches, those of a shape are a stack.
        order = sorted(
            range(len(tasks)), key=lambda i: (tasks[i].split, shape(tasks[i]))
        )
        n_jobs = effective_n_jobs(self.n_jobs)
        if n_jobs == 1:
            done = fit_ahead(self.estimator, X, y, given, [tasks[i] for i in order])
        else:
            parts = [part for part in np.array_split(order, 2 * n_jobs) if len(part)]
            done = Parallel(n_jobs=self.n_jobs)(
                delayed(fit_ahead)(
                    self.estimator, X, y, given, [tasks[i] for i in part]
                )
                for part in parts
            )
            done = [outcome for outcomes in done for outcome in outcomes]
        outcomes = dict(zip(order, done, strict=True))
        return [outcomes[i] for i in range(len(tasks))]


def with_params(estimator, params):
    """A clone with a candidate's parameters, as scikit-learn makes it."""
    # Parameters may be estimators themselves.
    return clone(estimator).set_params(**clone(params, safe=False))


#: Parameters in which nets of one stack may differ.
NUMBERS = {
    "alpha",
    "beta_1",
    "beta_2",
    "clip_norm",
    "dropout",
    "epsilon",
    "input_dropout",
    "label_smoothing",
    "learning_rate",
    "learning_rate_init",
    "max_iter",
    "momentum",
    "n_iter_no_change",
    "power_t",
    "random_state",
    "tol",
    "weight_decay",
}


def shape(task):
    """What candidates of one architecture have in common, about: a text."""
    return repr(
        [
            (name, value)
            for name, value in sorted(task.params.items())
            if name.rpartition("__")[2] not in NUMBERS
        ]
    )


def fit_ahead(estimator, X, y, given, tasks):
    """Do some fits, as far as they can be done together.

    Parameters
    ----------
    estimator : estimator
        Is cloned for each.
    X, y
        All rows and targets.
    given : dict
        What else their fit is given.
    tasks : list of Task
        Those of one split side by side.

    Returns
    -------
    list of Outcome or None
        None for a fit that is better done alone.
    """
    parts: dict = {}

    def fits():
        for task in tasks:
            model = with_params(estimator, task.params)
            if task.split not in parts:
                parts.clear()
                rows = _private.safe_split(model, X, y, task.train)
                params = _private.check_method_params(
                    X, params=given, indices=task.train
                )
                parts[task.split] = *rows, params
            yield Fit(model, *parts[task.split])

    with ctrl_c_ends_all():
        done = fit_together(fits(), alone=False)
    return [_outcome(fit) if fit.done else None for fit in done]


def _outcome(fit):
    return Outcome(
        fingerprint(fit.estimator, fit.X, fit.y, fit.params),
        fit.estimator,
        fit.error,
        fit.seconds,
    )
