"""The one minibatch loop.

The hot loop, :func:`run_epoch`, asks nothing: which rows, which buffers and which rate
are settled before it. The outer one, :func:`train_minibatch`, decides when to stop,
keeps the best weights and survives Ctrl-C. It reports to a :class:`Progress`, from
which the estimator takes its attributes, and to a watcher.
"""

import warnings

import numpy as np

from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.schedules import followed


class Unwatched:
    """A watcher that does nothing; what one is told of a training."""

    def begin(self):
        """Before an epoch."""

    def end(self, attributes):
        """After an epoch; whether to stop."""
        return False

    def finish(self, attributes):
        """After the last epoch."""


def plans_for(problem, sizes, alpha, sparse=False):
    """The problem's plan for each number of rows, with one gradient for all."""
    grad = np.empty_like(problem.network.theta)
    return {
        n: Plan(problem.network, problem.loss, n, alpha, grad, sparse) for n in sizes
    }


def run_epoch(plans, batches, step, rates):
    """One pass over the rows; the mean of the batches' losses."""
    accumulated, seen = 0.0, 0
    for (n, x, y, weight), rate in zip(batches, rates, strict=False):
        plan = plans[n]
        value, penalty = plan.backprop(x, y, weight)
        step(rate, plan.total)
        accumulated += plan.reported(value, penalty) * n
        seen += n  # batches without weight are left out
    return accumulated / seen if seen else 0.0


def train_minibatch(
    plans,
    batches,
    state,
    schedule,
    plateau,
    *,
    max_iter,
    progress,
    watcher,
    fitted,
    shuffle=None,
    validate=None,
    early_stopping=False,
    courses=(),
    say=None,
):
    """Train until a plateau, ``max_iter`` epochs, a callback's word or Ctrl-C.

    Parameters
    ----------
    plans : dict of int to Plan
        The plan for each of ``batches.sizes``.
    batches : Batches
        The rows.
    state : TrainingState
        Optimiser and average; keeps the best weights, for the caller to restore.
    schedule : Schedule
        Of the learning rate.
    plateau : Plateau
        Judges each epoch's loss, or minus its validation score.
    max_iter : int
        Maximum number of epochs.
    progress : Progress
        Filled in as training goes on.
    watcher : Unwatched
        ``begin()`` is called before each epoch, ``end(fitted)`` after it; a true answer
        stops the training.
    fitted : callable
        Gives the fitted attributes, should a watcher want them.
    shuffle : callable, default=None
        Reorders ``batches.rows`` in place before each epoch.
    validate : callable, default=None
        Gives the validation loss and the score of the current weights.
    early_stopping : bool, default=False
        Whether that score, not the training loss, is judged, and the best weights are
        kept.
    courses : list of (callable, callable), default=()
        Other numbers with schedules of their own: see ``followed``.
    say : callable, default=None
        Receives the lines that ``verbose`` prints.

    Returns
    -------
    bool
        Whether it ended before ``max_iter`` was used up.
    """
    theta, optimizer = plans[batches.batch_size].theta, state.optimizer
    step = state.attach(plans[batches.batch_size])
    if early_stopping and state.best is None:
        state.keep_best(theta)
    try:
        while progress.n_iter < max_iter:
            watcher.begin()
            progress.begin()
            if shuffle is not None:
                shuffle(batches.rows)
            rates = schedule.rates(optimizer.learning_rate, state.n_epochs)
            if courses:
                first = state.n_epochs * batches.n_batches
                rates = followed(rates, courses, first)
            rate = schedule.first_rate(optimizer.learning_rate, state.n_epochs)
            progress.epoch_done(run_epoch(plans, batches, step, rates), rate)
            state.n_epochs += 1
            progress.t += len(batches.rows)
            with state.shown(theta):
                judged = progress.loss
                if validate is not None:
                    loss, score = validate()
                    progress.validated(loss, score)
                    judged = -score if early_stopping else judged
                if say:
                    progress.tell(say, schedule.varies)
                if plateau.update(judged):
                    progress.best_iter = progress.n_iter
                    if early_stopping:
                        state.keep_best(theta)
                stop = watcher.end(fitted)
            rate = schedule.after_epoch(optimizer.learning_rate, progress.t)
            optimizer.learning_rate = rate
            if stop:
                progress.stopped = True
                return True
            if plateau.reached:
                rate, what_follows = schedule.on_plateau(rate)
                if say:
                    say(_stalled(plateau, early_stopping, what_follows))
                if rate is None:
                    return True
                optimizer.learning_rate, plateau.count = rate, 0
        return False
    except KeyboardInterrupt:
        progress.stopped = True
        warnings.warn("Training interrupted by user.")
        return True
    finally:
        state.detach(theta)


def _stalled(plateau, on_validation, what_follows):
    subject = "Validation score" if on_validation else "Training loss"
    return (
        f"{subject} did not improve more than tol={plateau.tol:f} "
        f"for {plateau.patience} consecutive epochs. {what_follows}"
    )
