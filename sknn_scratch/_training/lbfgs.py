"""The full-batch fit: SciPy's L-BFGS on the network's objective."""

import warnings

import numpy as np
from scipy import optimize, sparse

from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.interrupts import keeps_the_training
from sknn_scratch._training.threads import scipy_blas_alone


class _Foreign(Exception):
    """Carries a watcher's StopIteration through SciPy."""


def train_lbfgs(
    problem,
    *,
    alpha,
    max_iter,
    max_fun,
    tol,
    progress,
    watcher,
    fitted,
    say=None,
    plan=None,
):
    """Minimise the objective over all rows with SciPy's L-BFGS-B.

    Liu and Nocedal (1989). ``progress``, ``watcher``, ``fitted`` and ``say`` are those
    of :func:`~sknn_scratch._training.loop.train_minibatch`, an iteration taking the
    place of an epoch. ``plan`` gives the objective; None is the network's plan
    for all rows. Returns SciPy's result, or None after Ctrl-C, which leaves the last
    iterate in the network.
    """
    network, X = problem.network, problem.X
    Y = problem.Y.astype(network.dtype, copy=False)
    if plan is None:
        plan = Plan(network, problem.loss, len(Y), alpha, sparse=sparse.issparse(X))
    iterate = network.theta.copy()

    def objective(theta):
        np.copyto(network.theta, theta)
        value, grad = plan.value_and_grad(X, Y, problem.weight)
        return value, grad.copy()

    def after_iteration(intermediate_result):
        np.copyto(iterate, intermediate_result.x)
        np.copyto(network.theta, iterate)
        progress.epoch_done(plan.reported_objective(intermediate_result.fun))
        if say:
            progress.tell(say)
        try:
            stop = watcher.end(fitted)
        except StopIteration as error:  # SciPy would take it for a wish to stop
            raise _Foreign(error) from error
        if stop:
            progress.stopped = True
            raise StopIteration
        if progress.n_iter < max_iter:
            watcher.begin()
            progress.begin()

    watcher.begin()
    progress.begin()
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
        if not keeps_the_training():
            raise
        progress.stopped = True
        warnings.warn("Training interrupted by user.")
        np.copyto(network.theta, iterate)
        return None
    except _Foreign as error:
        raise error.args[0] from None
    np.copyto(network.theta, result.x)
    progress.loss = plan.reported_objective(result.fun)
    return result
