"""Fits that are done before they are asked for.

scikit-learn's searches clone an estimator for each fit, set its parameters, fit it on
some of the rows and score it. Here they are handed clones whose fits have been done
already, many nets at a time, so that ``fit`` only has to recall what came of it. All
else, the scores, the errors and the tables, is scikit-learn's own doing.

What is recalled is compared with what is asked for. Where they differ, and where
nothing was done ahead, the clone is fitted there and then.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import Any
from zlib import adler32

import joblib
import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sknn_scratch._estimators.together import Fit, fit_together, net_of
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch.model_selection import _private

#: So many fits are prepared at a time.
AT_A_TIME = 256
#: Models of so many bytes are kept until they are recalled; the fits that would add to
#: them are done when they are asked for.
KEPT_BYTES = 1 << 30


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
    fingerprint: Any
    estimator: Any
    error: Exception | None


@dataclass
class Kept:
    """An outcome that will be recalled, as bytes if it came from another process."""

    outcome: Any
    n_bytes: int
    seconds: float
    together: bool


def fingerprint(estimator, X, y, params):
    """Texts that tell fits apart; None where that is not possible."""
    kinds = Number, str, tuple, type(None)
    plain = [
        (name, value)
        for name, value in estimator.get_params().items()
        if isinstance(value, kinds)
    ]
    try:
        ends = _private.safe_indexing(X, [0, len(y) - 1])
        return repr(plain), digest(ends), digest(y), *sorted(params)
    except Exception:  # of rows that scikit-learn itself may, or may not, take
        return None


def digest(values):
    """A text or number that tells rows apart."""
    if type(values) is np.ndarray and not values.dtype.hasobject:
        return values.shape, values.dtype.str, adler32(values.tobytes())
    return joblib.hash(values)


class Recall:
    """A ``fit`` that recalls its outcome; of a model that has it as an attribute.

    Parameters
    ----------
    model : estimator
        Is fitted when this is called.
    outcome : Outcome or bytes
        Of its fit; bytes are a pickle.
    """

    def __init__(self, model, outcome):
        self.model, self.outcome = model, outcome

    def __call__(self, X, y=None, **params):
        model, outcome = self.model, _unpacked(self.outcome)
        del model.fit
        known = outcome and outcome.fingerprint
        if not known or known != fingerprint(model, X, y, params):
            return model.fit(*((X,) if y is None else (X, y)), **params)
        if outcome.error is not None:
            raise outcome.error
        vars(model).update(vars(outcome.estimator))
        return model


class Splits:
    """A splitter that remembers what it was asked and what it said.

    Parameters
    ----------
    cv : splitter
        Is asked; all else of it is found here, too.
    """

    def __init__(self, cv):
        self.cv = cv

    def __getattr__(self, name):
        if name == "cv" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self.cv, name)

    def split(self, X, y=None, **params):
        """The splitter's pairs of training and test rows."""
        self.X, self.y = X, y
        self.pairs = list(self.cv.split(X, y, **params))
        return self.pairs


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
    stand_in : estimator
        Like the estimator; a clone's clones are those that are handed out.
    seconds : list of ndarray of shape (n_candidates, n_splits)
        Each fit's share of the time, for each call of :meth:`expect`; 0 for those
        that were not done ahead.
    """

    def __init__(self, estimator, fit_params, n_jobs):
        self.estimator, self.fit_params, self.n_jobs = estimator, fit_params, n_jobs
        self.coming: Iterator = iter(())
        self.seconds: list = []
        self.stand_in = clone(estimator)
        if self.stand_in is estimator:
            raise TypeError("a clone that is the estimator itself cannot stand in")
        self.stand_in.__sklearn_clone__ = self.source

    def __getstate__(self):
        return {}  # it travels with the search to other processes, which don't need it

    def leave(self):
        """Let the stand-in be an estimator like any other."""
        vars(self.stand_in).pop("__sklearn_clone__", None)

    def source(self):
        """An estimator whose clones are handed out by this object."""
        source = clone(self.estimator)
        source.__sklearn_clone__ = self.hand_out
        return source

    def hand_out(self):
        """The next clone."""
        model, kept = clone(self.estimator), next(self.coming, None)
        if kept is not None:
            model.fit = Recall(model, kept.outcome)
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
        self.coming = self._all(candidates, splits)

    def _all(self, candidates, splits):
        """The outcome of each fit, or None if it is still to be done.

        All of them are there before the first one is handed out: joblib asks for others
        in threads of its own, in which nothing can be trained.
        """
        tasks = [
            Task(params, candidate, np.asarray(train), split)
            for candidate, params in enumerate(candidates)
            for split, (train, _) in enumerate(splits.pairs)
        ]
        every = self._done(tasks, splits.X, splits.y)
        seconds = [0.0 if kept is None else kept.seconds for kept in every]
        self.seconds.append(np.reshape(seconds, (len(candidates), len(splits.pairs))))
        self.n_together = sum(kept is not None and kept.together for kept in every)
        yield from every

    def tell(self, results, verbose):
        """Add the shares of the time to a search's results; say how many."""
        shares = np.concatenate(self.seconds)
        mean, std = results["mean_fit_time"], results["std_fit_time"]
        # What is recalled has taken no time but its share.
        squares = std**2 + mean**2 + np.mean(shares**2, axis=1)
        mean += shares.mean(axis=1)
        std[...] = np.sqrt(np.maximum(squares - mean**2, 0))
        if verbose > 0:
            n = self.seconds[-1].size
            print(f"{self.n_together} of {n} fits were trained together.")

    def _done(self, tasks, X, y):
        """The outcomes of some tasks, which the processes share."""
        # Those of a split go through the same batches, those of a shape are a stack.
        order = sorted(
            range(len(tasks)), key=lambda i: (tasks[i].split, shape(tasks[i]))
        )
        n_jobs = effective_n_jobs(self.n_jobs)
        # Two for each process, so that none waits long; of a few, one.
        few = n_jobs == 1 or len(tasks) < 16 * n_jobs
        n_parts = n_jobs if few else 2 * n_jobs
        parts = [part for part in np.array_split(order, n_parts) if len(part)]
        given = _private.check_method_params(X, params=self.fit_params)
        common = self.estimator, X, y, given, KEPT_BYTES // n_parts, n_jobs > 1
        if n_jobs == 1:
            done = [fit_ahead(*common, [tasks[i] for i in part]) for part in parts]
        else:
            with _private.backend_of_its_own():
                done = Parallel(n_jobs=n_jobs)(
                    delayed(fit_ahead)(*common, [tasks[i] for i in part])
                    for part in parts
                )
        every = [kept for part in done for kept in part]
        outcomes = dict(zip(order, every, strict=True))
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


def fit_ahead(estimator, X, y, given, most_bytes, pack, tasks):
    """Do some fits, as far as they can be done together.

    Parameters
    ----------
    estimator : estimator
        Is cloned for each.
    X, y
        All rows and targets.
    given : dict
        What else their fit is given.
    most_bytes : int
        Bytes of models to keep; about.
    pack : bool
        Whether the outcomes are to be bytes.
    tasks : list of Task
        Those of one split side by side.

    Returns
    -------
    list of Kept or None
        None for a fit that is better done when it is asked for.
    """
    every: list = []
    n_bytes = 0
    for start in range(0, len(tasks), AT_A_TIME):
        some = tasks[start : start + AT_A_TIME]
        if n_bytes > most_bytes:
            every += [None] * len(some)
            continue
        with ctrl_c_ends_all():
            done = fit_together(_fits(estimator, X, y, given, some), alone=False)
        kept = [_kept(fit, pack) for fit in done]
        n_bytes += sum(each.n_bytes for each in kept if each is not None)
        every += kept
    return every


def _fits(estimator, X, y, given, tasks):
    """The fits, one after another; those of a split share its rows."""
    of_split = X_train = y_train = None
    params: dict = {}
    for task in tasks:
        model = with_params(estimator, task.params)
        if task.split != of_split:
            of_split, train = task.split, task.train
            X_train, y_train = _private.safe_split(model, X, y, train)
            params = _private.check_method_params(X, params=given, indices=train)
        yield Fit(model, X_train, y_train, params)


def _kept(fit, pack):
    """What is kept of a fit; None if it is to be done again."""
    if not fit.done:
        return None
    known = fingerprint(fit.estimator, fit.X, fit.y, fit.params)
    outcome: Any = Outcome(known, fit.estimator, fit.error)
    n_bytes = 0
    if fit.error is None:  # models that are to predict only
        net = net_of(fit.estimator, "regressor_")
        n_bytes = net.discard_training_state()._network.theta.nbytes
    if pack:
        try:
            outcome = bytes(_private.dumps(outcome))
        except Exception:  # a step that cannot travel
            return None
        n_bytes = len(outcome)
    return Kept(outcome, n_bytes, fit.seconds, fit.together)


def _unpacked(outcome):
    """The outcome; None if the bytes can't be read, as those of some errors can't."""
    if not isinstance(outcome, bytes):
        return outcome
    try:
        return pickle.loads(outcome)
    except Exception:
        return None
