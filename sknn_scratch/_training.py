"""Training: the one minibatch loop, and the full-batch L-BFGS fit.

The hot loop, :func:`run_epoch`, asks nothing: which rows, which buffers and which rate
are settled before it. The outer loops, :func:`train_minibatch` and
:func:`train_lbfgs`, decide when to stop, keep the best weights and survive Ctrl-C.
Both report to a :class:`Progress`, from which the estimator takes its attributes.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, sparse

from sknn_scratch._losses import Loss
from sknn_scratch._network import Network, Plan, for_blas
from sknn_scratch._schedules import Adaptive
from sknn_scratch._threads import scipy_blas_alone


class Plateau:
    """Counts the epochs in a row that did not improve the best value by ``tol``.

    Lower is better. ``best`` is the lowest value so far, however small the gain.
    """

    def __init__(self, tol, patience, best=np.inf, count=0):
        self.tol, self.patience = tol, patience
        self.best, self.count = best, count

    def update(self, value):
        """Take an epoch's value; return whether it is the best so far.

        A NaN is never the best, and never counts as a stall.
        """
        self.count = self.count + 1 if value > self.best - self.tol else 0
        improved = value < self.best
        if improved:
            self.best = value
        return improved

    @property
    def reached(self):
        return self.count > self.patience


@dataclass
class Progress:
    """What a training has to tell."""

    n_iter: int = 0
    t: int = 0
    loss: float = np.nan
    loss_curve: list = field(default_factory=list)
    #: The epoch that was judged best.
    best_iter: int = 0
    #: Whether Ctrl-C or a callback ended it.
    stopped: bool = False

    def epoch_done(self, loss, say):
        """Count an epoch, or an iteration, of that loss."""
        self.n_iter += 1
        self.loss = loss
        self.loss_curve.append(loss)
        if say:
            say(f"Iteration {self.n_iter}, loss = {loss:.8f}")


def network_input(X, weight, dtype):
    """X as CSR or dense for BLAS, and the weights, in the network's dtype."""
    X = X.tocsr() if sparse.issparse(X) else X
    weight = None if weight is None else weight.astype(dtype, copy=False)
    return for_blas(X.astype(dtype, copy=False)), weight


@dataclass
class Problem:
    """What is to be learnt: a network, and data in the network's dtype.

    X is dense or CSR; Y is of the network's dtype or boolean (one-hot rows take an
    eighth of the memory so); weight is None or (n_samples,).
    """

    network: Network
    target: object
    loss: Loss
    X: object
    Y: np.ndarray
    weight: np.ndarray | None
    random_state: np.random.RandomState
    #: The targets as they were before they were encoded.
    y: np.ndarray

    @classmethod
    def of(cls, network, target, loss, X, Y, weight, random_state, y):
        """Cast the data to what the network computes with."""
        X, weight = network_input(X, weight, network.dtype)
        return cls(network, target, loss, X, Y, weight, random_state, y)


class Batches:
    """The rows of one training, batch after batch, each in a plan's buffers.

    Parameters
    ----------
    problem : Problem
    rows : ndarray of int
        The rows to train on, in the order of the first epoch.
    batch_size : int
        At most ``len(rows)``.
    in_order : bool
        Whether ``rows`` is 0, 1, 2 ... and stays so: dense batches are then slices.
    alpha : float
        Strength of the L2 penalty.
    """

    def __init__(self, problem, rows, batch_size, in_order, alpha):
        self.X, self.Y, self.weight = problem.X, problem.Y, problem.weight
        self.dense = not sparse.issparse(self.X)
        if self.dense:
            self.X = np.ascontiguousarray(self.X)
        self.rows, self.batch_size, self.in_order = rows, batch_size, in_order
        self.n_batches = -(-len(rows) // batch_size)
        grad = np.empty_like(problem.network.theta)
        # Two sets of buffers: for a full batch, and for a smaller last one.
        self.buffers = {
            n: self._buffers(
                Plan(problem.network, problem.loss, n, alpha, grad, not self.dense)
            )
            for n in {batch_size, len(rows) % batch_size} - {0}
        }

    @property
    def plan(self):
        return self.buffers[self.batch_size][0]

    def _buffers(self, plan):
        n, dtype = plan.n, plan.theta.dtype
        gathers = self.dense and not self.in_order
        x = np.empty((n, self.X.shape[1]), dtype) if gathers else None
        y = np.empty((n, self.Y.shape[1]), dtype)
        codes = y if self.Y.dtype == dtype else np.empty(y.shape, self.Y.dtype)
        return plan, x, y, codes, np.empty(n, dtype)

    def __iter__(self):
        """Yield (plan, x, y, weight) for the batches of one epoch."""
        X, Y, weight, rows = self.X, self.Y, self.weight, self.rows
        dense, in_order = self.dense, self.in_order
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start : start + self.batch_size]
            plan, x, y, codes, w = self.buffers[len(batch)]
            # mode "clip" writes straight into out; "raise" would buffer it.
            if not dense:
                x = X[batch]
            elif in_order:
                x = X[start : start + self.batch_size]
            else:
                X.take(batch, 0, x, "clip")
            Y.take(batch, 0, codes, "clip")
            if codes is not y:
                y[...] = codes
            if weight is None:
                yield plan, x, y, None
            elif weight.take(batch, 0, w, "clip").any():
                yield plan, x, y, w


def run_epoch(batches, step, rates):
    """One pass over the rows; the mean of the batches' losses."""
    accumulated, seen = 0.0, 0
    for (plan, x, y, weight), rate in zip(batches, rates, strict=False):
        value, penalty = plan.backprop(x, y, weight)
        step(rate, plan.total)
        accumulated += plan.reported(value, penalty) * plan.n
        seen += plan.n  # batches without weight are left out
    return accumulated / seen if seen else 0.0


def train_minibatch(
    batches,
    optimizer,
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
    to_be_continued=False,
    say=None,
):
    """Train until a plateau, ``max_iter`` epochs, a callback's word or Ctrl-C.

    Parameters
    ----------
    batches : Batches
    optimizer : Optimizer
    schedule : Schedule
    plateau : Plateau
        Judges each epoch's loss, or minus its validation score.
    max_iter : int
        Epochs at the most.
    progress : Progress
        Filled in as training goes on.
    watcher : object
        ``begin()`` is called before each epoch, ``end(fitted)`` after it; a true answer
        stops the training.
    fitted : callable
        Gives the fitted attributes, should a watcher want them.
    shuffle : callable, default=None
        Reorders ``batches.rows`` in place before each epoch.
    validate : callable, default=None
        Scores the current weights; higher is better.
    early_stopping : bool, default=False
        Whether that score, not the loss, is judged, and the weights with the best one
        are restored at the end.
    to_be_continued : bool, default=False
        Whether more calls follow, as with partial_fit: the best weights then stay
        with the optimiser and are restored on a plateau, not at the end.
    say : callable, default=None
        Receives the lines that ``verbose`` prints.

    Returns
    -------
    bool
        Whether it ended before ``max_iter`` was used up.
    """
    theta = batches.plan.theta
    step = optimizer.attach(batches.plan)
    best = optimizer.state.setdefault("best", theta.copy()) if early_stopping else None
    try:
        while progress.n_iter < max_iter:
            watcher.begin()
            if shuffle is not None:
                shuffle(batches.rows)
            rates = schedule.rates(optimizer.learning_rate, optimizer.n_epochs)
            progress.epoch_done(run_epoch(batches, step, rates), say)
            optimizer.n_epochs += 1
            progress.t += len(batches.rows)
            with optimizer.averaged(theta):
                judged = progress.loss
                if validate is not None:
                    score = validate()
                    if say:
                        say(f"Validation score: {score:f}")
                    judged = -score if early_stopping else judged
                if plateau.update(judged):
                    progress.best_iter = progress.n_iter
                    if early_stopping:
                        np.copyto(best, theta)
                stop = watcher.end(fitted)
            optimizer.learning_rate = schedule.after_epoch(
                optimizer.learning_rate, progress.t
            )
            if stop:
                progress.stopped = True
                return True
            if plateau.reached and _stops(
                plateau, optimizer, schedule, early_stopping, say
            ):
                to_be_continued = False
                return True
        return False
    except KeyboardInterrupt:
        progress.stopped = True
        warnings.warn("Training interrupted by user.")
        return True
    finally:
        optimizer.detach(theta)
        if early_stopping and not to_be_continued:
            np.copyto(theta, optimizer.state.pop("best"))


def _stops(plateau, optimizer, schedule, on_validation, say):
    """What happens on a plateau: stop, or carry on at a fifth of the rate."""
    subject = "Validation score" if on_validation else "Training loss"
    message = (
        f"{subject} did not improve more than tol={plateau.tol:f} "
        f"for {plateau.patience} consecutive epochs."
    )
    stops = not isinstance(schedule, Adaptive)
    if stops:
        message += " Stopping."
    elif optimizer.learning_rate <= 1e-6:
        stops = True
        message += " Learning rate too small. Stopping."
    else:
        optimizer.learning_rate /= 5.0
        plateau.count = 0
        message += f" Setting learning rate to {optimizer.learning_rate:f}"
    if say:
        say(message)
    return stops


def train_lbfgs(
    problem, *, alpha, max_iter, max_fun, tol, progress, watcher, fitted, say=None
):
    """Minimise the objective over all rows with SciPy's L-BFGS-B.

    Liu and Nocedal (1989). ``progress``, ``watcher``, ``fitted`` and ``say`` are those
    of :func:`train_minibatch`, an iteration taking the place of an epoch. Returns
    SciPy's result, or None after Ctrl-C, which leaves the last iterate in the network.
    """
    network, X = problem.network, problem.X
    Y = problem.Y.astype(network.dtype, copy=False)
    plan = Plan(network, problem.loss, len(Y), alpha, sparse=sparse.issparse(X))
    iterate = network.theta.copy()

    def objective(theta):
        np.copyto(network.theta, theta)
        value, grad = plan.value_and_grad(X, Y, problem.weight)
        return value, grad.copy()

    def after_iteration(intermediate_result):
        np.copyto(iterate, intermediate_result.x)
        np.copyto(network.theta, iterate)
        progress.epoch_done(plan.reported_objective(intermediate_result.fun), say)
        if watcher.end(fitted):
            progress.stopped = True
            raise StopIteration
        if progress.n_iter < max_iter:
            watcher.begin()

    watcher.begin()
    try:
        with scipy_blas_alone():
            result = optimize.minimize(
                objective,
                iterate.copy(),
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
            )
    except KeyboardInterrupt:
        progress.stopped = True
        warnings.warn("Training interrupted by user.")
        np.copyto(network.theta, iterate)
        return None
    np.copyto(network.theta, result.x)
    progress.loss = plan.reported_objective(result.fun)
    return result
