"""The rows of many trainings at once, batch after batch, and those they validate on.

Trainings of one data set and one seed go through the same batches, which are gathered
once. Others have rows of their own, (nets, n, n_features), gathered from what data they
share.
"""

import copy
from functools import cached_property

import numpy as np

from sknn_scratch._training.batches import Buffers


class ApartError(Exception):
    """These trainings cannot be done together after all."""


def same(arrays):
    """Whether all of them are equal; None is equal to None."""
    first, *others = arrays
    return all(other is first or _equal(first, other) for other in others)


def _equal(a, b):
    if a is None or b is None or a.shape != b.shape:
        return False
    # Of different rows the first ones tell most of the time.
    return np.array_equal(a[:1], b[:1]) and np.array_equal(a, b)


class SharedRows:
    """One order of one data set for all trainings.

    Parameters
    ----------
    runs : list of Run
        Trainings that this class :meth:`serves <serve>`.
    """

    def __init__(self, runs):
        self.runs, self.run = runs, runs[0]
        # Whoever ends first, the others' order goes on.
        self.random_state = copy.deepcopy(self.run.problem.random_state)
        for run in runs[1:]:
            for name in ("X", "Y", "weight"):
                setattr(run.problem, name, getattr(runs[0].problem, name))

    @staticmethod
    def token(run):
        """What trainings have in common that go through the same batches."""
        _, words, *rest = run.problem.random_state.get_state()
        rows = hash(run.batches.rows.tobytes())
        return id(run.problem.X), rows, hash(words.tobytes()), *rest

    @classmethod
    def serve(cls, runs):
        """Whether the trainings have the same data, order and shuffles."""
        generators = {id(run.problem.random_state) for run in runs}
        return (
            len({cls.token(run) for run in runs}) == 1
            # One generator for all of them would give each another order.
            and len(generators) == len(runs)
            and all(
                same([getattr(run.problem, name) for run in runs])
                for name in ("Y", "weight")
            )
        )

    def shuffle(self, alive):
        """Reorder the rows for an epoch."""
        if self.run.shuffle:
            self.random_state.shuffle(self.run.batches.rows)

    def release(self, j):
        """Give a training its order, and its generator, as they would be alone."""
        run = self.runs[j]
        run.problem.random_state.set_state(self.random_state.get_state())
        run.batches.rows[...] = self.run.batches.rows

    def __iter__(self):
        return iter(self.run.batches)


class OwnRows:
    """Each training goes through rows of its own, in an order of its own.

    Parameters
    ----------
    runs : list of Run
        Trainings with as many rows each, in batches of one size.
    """

    def __init__(self, runs):
        self.runs = runs
        problems = [run.problem for run in runs]
        #: Of each kind one array for all, or a list with one for each.
        self.X, self.Y, self.weight = (
            _one_or_each([getattr(problem, name) for problem in problems])
            for name in ("X", "Y", "weight")
        )
        self.batch_size = runs[0].batches.batch_size
        self.order = np.array([run.batches.rows for run in runs])

    @cached_property
    def buffers(self):
        """The arrays for a batch of each size."""
        first, m = self.runs[0], len(self.runs)
        problem, dtype = first.problem, first.problem.network.dtype
        buffers = {}
        for n in first.batches.sizes:
            y = np.empty((m, n, problem.Y.shape[1]), dtype)
            plain = problem.Y.dtype == dtype
            codes = y if plain else np.empty(y.shape, problem.Y.dtype)
            x = np.empty((m, n, problem.X.shape[1]), dtype)
            buffers[n] = Buffers(x, y, codes, np.empty((m, n), dtype))
        return buffers

    def shuffle(self, alive):
        """Reorder the rows of those that have not ended."""
        for j in alive:
            run = self.runs[j]
            if run.shuffle:
                run.problem.random_state.shuffle(run.batches.rows)
            self.order[j] = run.batches.rows

    def release(self, j):
        """A training has its own order already."""

    def __iter__(self):
        """Yield (n, x, y, weight) for the batches of one epoch."""
        for start in range(0, self.order.shape[1], self.batch_size):
            rows = self.order[:, start : start + self.batch_size]
            n = rows.shape[1]
            x, y, codes, w = self.buffers[n]
            _gather(self.X, rows, x)
            _gather(self.Y, rows, codes)
            if codes is not y:
                y[...] = codes
            if self.weight is None:
                yield n, x, y, None
                continue
            _gather(self.weight, rows, w)
            if not w.sum(axis=1).all():
                raise ApartError("a batch of one of the nets weighs nothing")
            yield n, x, y, w


def _one_or_each(arrays):
    return arrays[0] if same(arrays) else arrays


def _gather(source, rows, out):
    """Each net's rows (nets, n) of one array, or of its own, into out."""
    # mode "clip" writes straight into out; "raise" would buffer it.
    if isinstance(source, list):
        for array, own, room in zip(source, rows, out, strict=True):
            array.take(own, 0, room, "clip")
    else:
        source.take(rows, 0, out, "clip")


class StackedValidation:
    """Scores many nets, each on its own rows that it is not trained on.

    Parameters
    ----------
    runs : list of Run
        Trainings with as many validation rows each.
    """

    def __init__(self, runs):
        self.each = [run.validation for run in runs]
        first = self.each[0]
        X, Y, weight = (
            [getattr(validation, name) for validation in self.each]
            for name in ("X", "Y", "weight")
        )
        is_shared = same(X) and same(Y) and same(weight)
        self.is_shared = is_shared
        self.X, self.Y, self.weight = (
            part[0] if is_shared or part[0] is None else np.stack(part)
            for part in (X, Y, weight)
        )
        n, k = first.Y.shape
        self.loss = first.problem.loss.planned(n, k, first.Y.dtype, (len(runs),))
        totals = [validation.total for validation in self.each]
        one = is_shared or self.weight is None
        self.total = totals[0] if one else np.array(totals, first.Y.dtype)[:, None]

    def __call__(self, network):
        """The validation loss and the score of each net, in a list."""
        first = self.each[0]
        n = len(first.Y)
        mu = network.predict(self.X, first.problem.target.link, rows=n)
        losses = self.loss.value(self.Y, mu, self.weight, self.total) / first.divisor
        if first.one_by_one:
            nets = zip(self.each, mu, losses, strict=True)
            scores = [own.score_of(own.Y, m, own.weight, loss) for own, m, loss in nets]
        else:
            scores = first.score_of(self.Y, mu, self.weight, losses).tolist()
        return list(zip(losses.tolist(), scores, strict=True))
