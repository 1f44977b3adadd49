"""The minibatch loop of one training.

The hot loop, :func:`run_epoch`, asks nothing: which rows, which buffers and which rate
are settled before it. The outer one, :func:`train_minibatch`, decides when to stop,
keeps the best weights and survives Ctrl-C.
"""

import warnings

import numpy as np

from sknn_scratch._nn.parts import plan_for
from sknn_scratch._training.interrupts import keeps_the_training
from sknn_scratch._training.threads import side_by_side

#: So many plans are kept, should batches be of many sizes.
MOST_PLANS = 8


class Plans(dict):
    """The network's plan for each number of rows, with one gradient for all.

    A size that was not foreseen gets its plan when it comes.
    """

    def __init__(self, sizes, plan_of):
        super().__init__((n, plan_of(n)) for n in sorted(sizes))
        self.plan_of = plan_of

    def __missing__(self, n):
        if len(self) >= MOST_PLANS:
            del self[next(iter(self))]
        self[n] = self.plan_of(n)
        return self[n]


def plans_for(network, loss, sizes, alpha, sparse=False, weighted=False):
    """The network's plan for each of these numbers of rows, and for others."""
    grad = np.empty_like(network.theta)

    def plan_of(n):
        return plan_for(network, loss, n, alpha, grad, sparse, weighted)

    return Plans(sizes, plan_of)


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


@side_by_side()
def train_minibatch(run):
    """Train until a plateau, ``max_iter`` epochs, a callback's word or Ctrl-C.

    Parameters
    ----------
    run : Run
        The training.

    Returns
    -------
    bool
        Whether it ended before ``max_iter`` was used up.
    """
    batches, state, progress, watcher = (
        run.batches,
        run.state,
        run.progress,
        run.watcher,
    )
    problem, optimizer = run.problem, run.state.optimizer
    plans = (run.plans or plans_for)(
        problem.network, problem.loss, batches.sizes, run.alpha, not batches.is_dense
    )
    theta = problem.network.theta
    step = state.attach(plans[batches.batch_size])
    if run.early_stopping and state.best is None:
        state.keep_best(theta)
    try:
        while progress.n_iter < run.max_iter:
            watcher.begin()
            progress.begin()
            if run.shuffle:
                batches.shuffle(problem.random_state)
            rate = optimizer.learning_rate
            rates = run.schedule.rates(rate, state.n_epochs)
            rate = run.schedule.first_rate(rate, state.n_epochs)
            progress.epoch_done(run_epoch(plans, batches, step, rates), rate)
            state.n_epochs += 1
            progress.t += batches.n_rows
            with state.shown(theta):
                if run.validation is not None:
                    progress.validated(*run.validation())
                if run.say:
                    progress.tell(run.say, run.schedule.varies)
                if run.plateau.update(run.judged(progress.loss)):
                    progress.best_iter = progress.n_iter
                    if run.early_stopping:
                        state.keep_best(theta)
                stop = watcher.end(run.fitted)
            optimizer.learning_rate = run.schedule.after_epoch(
                optimizer.learning_rate, progress.t
            )
            if stop:
                progress.stopped = True
                return True
            if run.plateau.reached and run.stalled():
                return True
        return False
    except KeyboardInterrupt:
        if not keeps_the_training():
            raise
        progress.stopped = True
        warnings.warn("Training interrupted by user.")
        return True
    finally:
        state.detach(theta)
