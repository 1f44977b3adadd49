"""Many trainings at once: the calls are shared, and the products are large.

A small net's step is sixty NumPy calls that compute almost nothing. Nets of one
architecture trained together share the calls: their parameters lie in one
:class:`~sknn_scratch._nn.network.Network` with a leading axis of nets. Each has its own
rows, shuffles, rates, plateau, best weights and end; it gets the weights that it would
get alone. A net that has ended leaves the stack, and the others go on faster.
"""

import warnings
from itertools import repeat
from typing import Any

import numpy as np
from scipy import sparse

from sknn_scratch._nn.network import Network
from sknn_scratch._training.averaging import Averaging
from sknn_scratch._training.interrupts import keeps_the_training
from sknn_scratch._training.loop import plans_for, run_epoch
from sknn_scratch._training.optimizers import CHUNK
from sknn_scratch._training.schedules import Schedule
from sknn_scratch._training.stacked_rows import OwnRows, SharedRows, StackedValidation
from sknn_scratch._training.threads import side_by_side

#: A stack is made anew without those who have ended once they are so large a part.
GONE = 1 / 8
#: Bytes that a step of all nets works on: they stay in the cache.
CACHED_BYTES = 1 << 23
MOST_NETS = 64


def key(run):
    """What trainings must have in common to be done together; None: it can't be.

    They may differ in all that is a number of their own: rates, penalties, schedules,
    moments' decays, dropout rates, limits, seeds, rows, targets, weights.
    """
    problem, batches, state = run.problem, run.batches, run.state
    optimizer, validation = state.optimizer, run.validation
    if not isinstance(problem.X, np.ndarray) or state.n_epochs or optimizer.t:
        return None
    judged = None
    if validation is not None:
        if validation.scorer not in (None, "loss") or sparse.issparse(validation.X):
            return None
        judged = (
            validation.scorer,
            validation.Y.shape,
            validation.weight is None,
            len(getattr(problem.target, "classes", ())),
        )
    decay = None if state.averaging is None else state.averaging.decay
    return (
        tuple(layer.signature() for layer in problem.network.layers),
        problem.network.dtype,
        problem.loss.signature(),
        (problem.X.shape[1], problem.Y.dtype, problem.weight is None),
        (len(batches.rows), batches.batch_size, batches.in_order, run.shuffle),
        optimizer.signature(),
        (decay, run.early_stopping, judged),
    )


def nets_at_once(run):
    """Number of nets whose step stays in the cache."""
    network, n = run.problem.network, run.batches.batch_size
    layers = sum(layer.training_entries() for layer in network.layers)
    vectors = 2 + len(run.state.optimizer.slots)
    layers += network.layers[0].n_in + 4 * network.n_outputs
    entries = vectors * len(network.theta) + n * layers
    most = CACHED_BYTES // (entries * network.dtype.itemsize)
    return int(min(max(most, 1), MOST_NETS))


class Stack:
    """Trainings in progress, as one network.

    Parameters
    ----------
    runs : list of Run
        With the same :func:`key`.
    """

    def __init__(self, runs):
        first = runs[0]
        self.runs = runs
        #: The indices of those that have not ended.
        self.alive = list(range(len(runs)))
        self.network = Network.stacked([run.problem.network for run in runs])
        is_shared = SharedRows.serve(runs)
        self.batches = SharedRows(runs) if is_shared else OwnRows(runs)
        weighted = not is_shared and first.problem.weight is not None
        self.rates_may_differ = not _one_schedule(runs)
        params = _stacked([run.state.optimizer.params for run in runs])
        alpha = _one_or_all([run.alpha for run in runs])
        theta, cls = self.network.theta, type(first.state.optimizer)
        self.optimizer = cls(theta.shape, theta.dtype, params, self.rates_may_differ)
        self.plans = plans_for(
            self.network,
            first.problem.loss,
            first.batches.sizes,
            alpha,
            weighted=weighted,
        )
        averaging = first.state.averaging
        self.averaging = averaging and Averaging(averaging.decay, theta)
        self.best: Any = theta.copy() if first.early_stopping else None
        self.validation = first.validation and StackedValidation(runs)

    def without_the_ended(self):
        """The stack of those that have not ended."""
        kept = self.alive
        for j in kept:
            self.batches.release(j)
        smaller = Stack([self.runs[j] for j in kept])
        smaller.network.theta[...] = self.network.theta[kept]
        smaller.optimizer.inherit(self.optimizer, kept)
        if self.averaging is not None:
            smaller.averaging.other[...] = self.averaging.other[kept]
        if self.best is not None:
            smaller.best[...] = self.best[kept]
        return smaller

    def attached(self):
        """Prepare for steps; return the step."""
        full = self.runs[0].batches.batch_size
        step = self.optimizer.attach(self.plans[full])
        if self.averaging is None:
            return step
        return self.averaging.following(step, self.network.theta, CHUNK)

    def epoch(self, step):
        """One pass over everybody's rows, and what it came to."""
        runs = [self.runs[j] for j in self.alive]
        for run in runs:
            run.progress.begin()
        self.batches.shuffle(self.alive)
        rates = self._rates_of_epoch()
        losses = run_epoch(self.plans, self.batches, step, rates)
        for j, run in zip(self.alive, runs, strict=True):
            state, progress = run.state, run.progress
            rate = state.optimizer.learning_rate
            rate = run.schedule.first_rate(rate, state.n_epochs)
            progress.epoch_done(float(losses[j]), rate)
            state.n_epochs += 1
            progress.t += len(run.batches.rows)
        if self.averaging is None:
            self._judge()
        else:
            with self.averaging.shown(self.network.theta):
                self._judge()

    def _judge(self):
        """Validate, and keep the best weights."""
        if self.validation is not None:
            results = self.validation(self.network)
            for j in self.alive:
                self.runs[j].progress.validated(*results[j])
        improved = []
        for j in self.alive:
            run = self.runs[j]
            if run.say:
                run.progress.tell(run.say, run.schedule.varies)
            if run.plateau.update(run.judged(run.progress.loss)):
                run.progress.best_iter = run.progress.n_iter
                improved.append(j)
        if self.best is not None and improved:
            self.best[improved] = self.network.theta[improved]

    def end_some(self):
        """End those whose time has come: run -> whether before ``max_iter``."""
        ended = {}
        for j in list(self.alive):
            run = self.runs[j]
            optimizer = run.state.optimizer
            optimizer.learning_rate = run.schedule.after_epoch(
                optimizer.learning_rate, run.progress.t
            )
            early = run.plateau.reached and run.stalled()
            if early or run.progress.n_iter >= run.max_iter:
                self.alive.remove(j)
                self._release(j)
                ended[id(run)] = early
        return ended

    def end_all(self):
        """End those that are left: run -> whether before ``max_iter``, which is so."""
        ended = {}
        for j in list(self.alive):
            self.alive.remove(j)
            self._release(j)
            self.runs[j].progress.stopped = True
            ended[id(self.runs[j])] = True
        return ended

    def best_so_far(self):
        """run -> the parameters that it would end with now, of those in training."""
        theta = self.network.theta if self.best is None else self.best
        return {id(self.runs[j]): theta[j] for j in self.alive}

    def _release(self, j):
        """Give net j its weights and the state of its training."""
        run = self.runs[j]
        self.batches.release(j)
        for layer in self.network.layers:
            layer.release(j)
        theta = run.problem.network.theta
        theta[...] = self.network.theta[j]
        run.state.optimizer.inherit(self.optimizer, j)
        if self.averaging is not None:
            run.state.averaging.other[...] = self.averaging.other[j]
            run.state.averaging.show(theta)
        if self.best is not None:
            run.state.best = self.best[j].copy()

    def _rates_of_epoch(self):
        """The rate of each step: one for all, or a column with one for each net."""

        def rates(run):
            state = run.state
            return run.schedule.rates(state.optimizer.learning_rate, state.n_epochs)

        if not self.rates_may_differ:
            return rates(self.runs[self.alive[0]])
        # Those that have ended stay where they are, whatever their gradient.
        alive = set(self.alive)
        each = [
            rates(run) if j in alive else repeat(0.0, run.batches.n_batches)
            for j, run in enumerate(self.runs)
        ]
        return (np.array(step)[:, None] for step in zip(*each, strict=True))


@side_by_side()
def train_together(runs, watch=None):
    """Train until each has come to its own end.

    Parameters
    ----------
    runs : list of Run
        Trainings with the same :func:`key`. Their watchers are not told.
    watch : callable, default=None
        ``watch(best_so_far)`` is called after each epoch; a true answer ends all
        trainings with their best weights, and so does Ctrl-C, except in a block of
        ``ctrl_c_ends_all``. ``best_so_far()`` gives parameters by the ids of the runs.

    Returns
    -------
    list of bool
        For each whether it ended before its ``max_iter`` was used up.

    Raises
    ------
    ApartError
        If they need trainings of their own after all; the runs are then spoilt.
    KeyboardInterrupt
        On Ctrl-C, if nobody watches.
    """
    ended = {}
    stack = Stack(list(runs))
    try:
        step = stack.attached()
        while stack.alive:
            stack.epoch(step)
            if watch is not None and watch(stack.best_so_far):
                ended.update(stack.end_all())
            ended.update(stack.end_some())
            n, n_alive = len(stack.runs), len(stack.alive)
            if n_alive and n - n_alive >= GONE * n:
                stack = stack.without_the_ended()
                step = stack.attached()
    except KeyboardInterrupt:
        if watch is None or not keeps_the_training():
            raise
        ended.update(stack.end_all())
        warnings.warn("Training interrupted by user.")
    return [ended[id(run)] for run in runs]


def _one_schedule(runs):
    """Whether all have the same learning rate at every step."""
    schedules = [run.schedule for run in runs]
    first = schedules[0]
    if type(first).on_plateau is not Schedule.on_plateau:
        return False  # each at its own time
    return all(
        type(each) is type(first) and vars(each) == vars(first) for each in schedules
    )


def _one_or_all(values):
    """The value that all share, or an array of them."""
    return values[0] if all(v == values[0] for v in values) else np.array(values)


def _stacked(params):
    """The parameters of all: numbers where all are the same, else arrays."""
    return {name: _one_or_all([p[name] for p in params]) for name in params[0]}
