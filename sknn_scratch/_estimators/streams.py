"""``fit_batches``: a fit whose rows come batch by batch, from a file for example.

The rows are validated as they come and handed to the training loop of ``fit``. What a
fit has to know of all rows before it begins, their classes for example, takes a pass of
its own, which reads the targets only.
"""

from functools import partial
from math import ceil
from numbers import Integral
from sys import maxsize
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.callbacks import watch
from sknn_scratch._estimators.census import Census
from sknn_scratch._estimators.parameters import check_options, warn_of_idle
from sknn_scratch._estimators.solvers import Minibatch
from sknn_scratch._estimators.sources import Source, in_batch
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._training.batches import Problem, network_input
from sknn_scratch._training.schedules import PROGRESSIVE
from sknn_scratch._training.stream import Chunk, Stream

#: Rows that fit_batches shuffles among.
BUFFER_SIZE = 10_000


class Streamed(Minibatch):
    """A solver by minibatches whose rows come from a stream."""

    stream: Stream
    #: Whether the user said how many epochs there are to be.
    is_told = False

    def _rows(self):
        return None

    def _batches(self, rows):
        return self.stream

    def _schedule(self, n_steps):
        return super()._schedule(n_steps or maxsize)

    def finish(self, ended):
        super().finish(ended)
        if self.is_told:
            self.unfinished = ""


class StreamedFits(BaseNeuralEstimator):
    """Base of the estimators that can be fitted batch by batch."""

    batch_size: Any
    learning_rate: str
    shuffle: bool

    def _what_counts_classes(self, classes, earlier):
        """Why all labels have to be seen before the first epoch; or ''."""
        return ""

    def _target_of_batches(self, y, classes, earlier, census):
        """The target; y is that of the first batch, census None or of all."""
        return self._target_for(y, earlier, False, None)

    def _fit_batches(self, batches, n_epochs, classes, buffer_size, rebatch, given):
        params = self._params()
        _check_arguments(n_epochs, buffer_size, rebatch, params, given)
        told = n_epochs is not None
        if told:
            params["max_iter"] = int(n_epochs)
        check_options(params, False, given)
        warn_of_idle(type(self), params, given)
        watcher = watch(self, None, None, None, params["max_iter"])
        network = self._adopted_network() if self.warm_start else None
        earlier = None if network is None else self._adopted_target(network)

        source = Source(batches, self)
        counts = self._what_counts_classes(classes, earlier)
        reason = counts
        if params["learning_rate"] in PROGRESSIVE:
            reason = counts or f"learning_rate={params['learning_rate']!r}"
        source.check_passes(params["max_iter"], reason)
        number, X, y, weight = source.first()
        with in_batch(number):
            X, y = self._validate(X, y, reset=network is None)
        weighted = weight is not None
        census = Census(source, bool(counts)) if reason else None
        target = self._target_of_batches(y, classes, earlier, census)
        problem = self._problem_of(X, target, network, params)
        solver = Streamed(
            self,
            params,
            problem,
            self._before(network),
            watcher,
            False,
            self._validated(given, target, problem.network.dtype),
        )
        solver.is_told = told
        solver.stream = self._stream(
            source, problem, X, weighted, census, buffer_size, rebatch
        )
        del X, y
        solver.run(partial(self._snapshot, solver))
        return self._concluded(solver)

    def _problem_of(self, X, target, network, params):
        """The network, and what it is to learn, without rows."""
        random_state = check_random_state(self.random_state)
        shape = X.shape[1], target.n_outputs
        network = self._network_for(shape, X.dtype, network, random_state)
        loss = LOSSES[params["loss"]](target.link, params)
        return Problem(network, target, loss, None, None, None, random_state, None)

    def _stream(self, source, problem, X, weighted, census, buffer_size, rebatch):
        size = 200 if self.batch_size == "auto" else int(self.batch_size)
        if not rebatch:
            size = X.shape[0]
        counted = None
        if census is not None:
            n = census.n_rows
            size = min(size, n)
            counted = n, ceil(n / size) if rebatch else census.n_batches
        return Stream(
            problem,
            partial(self._chunks, source, problem, _is_dense(X), weighted),
            size,
            _is_dense(X),
            as_they_come=not rebatch,
            buffer_size=int(buffer_size) if self.shuffle else 0,
            counted=counted,
            must_match=self.learning_rate in PROGRESSIVE,
        )

    def _chunks(self, source, problem, is_dense, weighted):
        """The batches of one pass, validated and encoded."""
        dtype, target = problem.network.dtype, problem.target
        for number, X, y, weight in source:
            with in_batch(number):
                if not self._plain_batch(X, y, dtype):
                    X, y = self._validate(X, y, reset=False, dtype=dtype)
                _check_alike(X, weight, is_dense, weighted)
                target.check(y, all_present=False)
                weight = target.weights(y, _checked_weight(weight, X))
                X, weight = network_input(X, weight, dtype)
                Y = target.encode(y, dtype)
            if is_dense:
                X = np.ascontiguousarray(X)
            handed = [Chunk(X, Y, weight)]
            del X, y, Y, weight  # not held while the chunk is trained on
            yield handed.pop()

    def _plain_batch(self, X, y, dtype):
        """Tell if ``_validate`` would return a batch as it is, in a tenth of its time.

        It takes longer than a small net's step.
        """
        return (
            self._takes_rows()
            and self._plainly_valid(X)
            and X.dtype == dtype
            and type(y) is np.ndarray
            and (y.ndim == 1 or (y.ndim == 2 and y.shape[1] > 1))
            and y.dtype.kind in "biuf"
            and len(y) == len(X)
            and bool(np.isfinite(y).all())
        )


def _is_dense(X):
    return isinstance(X, np.ndarray)


def _checked_weight(weight, X):
    """The sample weights (n,) of a batch, which may all be 0."""
    if weight is None or np.any(weight):
        return None if weight is None else _check_sample_weight(weight, X)
    return 0 * _check_sample_weight(np.ones(np.shape(weight)), X)


def _check_alike(X, weight, is_dense, weighted):
    if _is_dense(X) != is_dense:
        was, now = ("dense", "sparse") if is_dense else ("sparse", "dense")
        raise ValueError(f"X is {now}, but the first batch was {was}.")
    if (weight is not None) != weighted:
        was, now = ("a", "no") if weighted else ("no", "a")
        raise ValueError(
            f"There is {now} sample_weight, but the first batch had {was} "
            "sample_weight: give them with each batch, or with none."
        )


def _check_arguments(n_epochs, buffer_size, rebatch, params, given):
    for name, value, least in (
        ("n_epochs", n_epochs, 1),
        ("buffer_size", buffer_size, 0),
    ):
        if value is None and name == "n_epochs":
            continue
        is_integer = isinstance(value, Integral) and not isinstance(value, bool)
        if not is_integer or value < least:
            or_none = " or None" if name == "n_epochs" else ""
            raise ValueError(
                f"{name} must be an integer of at least {least}{or_none}, got "
                f"{value!r}."
            )
    if not isinstance(rebatch, (bool, np.bool_)):
        raise ValueError(f"rebatch must be True or False, got {rebatch!r}.")
    if params["early_stopping"] and not given:
        raise ValueError(
            "fit_batches does not support early_stopping=True unless it is given a "
            "validation set, X_val and y_val"
        )
