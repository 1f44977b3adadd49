"""What a training came to: errors for a model that is none, warnings for a poor one.

Warnings that scikit-learn gives too are issued as if from its own module, so that
``warnings.filterwarnings("ignore", module="sklearn")`` silences both.
"""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch._estimators.targets import Numbers

#: A loss that has grown so much since the first epoch has diverged.
GROWTH = 1000.0
#: A target is of unusual scale if its mean or spread is beyond this, or below 1 / it.
SCALE = 10.0

_registry: dict = {}


def warn_as_sklearn(message, category=UserWarning):
    """Warn as from scikit-learn's own multilayer perceptrons."""
    warnings.warn_explicit(
        message,
        category,
        __file__,
        sys._getframe(1).f_lineno,
        module="sklearn.neural_network._multilayer_perceptron",
        registry=_registry,
    )


def check_weights(problem):
    """Raise unless some row weighs something."""
    weight = problem.weight
    if weight is None or float(weight.sum()):
        return
    if weight.any():
        raise ValueError(
            "The sample weights add up to 0, so that their mean loss is not defined. "
            "Use weights that are not negative."
        )
    raise ValueError(
        "All rows have the weight zero: class_weight, or what sample_weight is in "
        f"{weight.dtype}, leaves nothing to learn from."
    )


def check_trained(solver):
    """Raise if what was trained is no model; warn if it is a poor one."""
    problem, progress = solver.problem, solver.progress
    if not np.isfinite(problem.network.theta).all():
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may contain "
            f"large values and need to be preprocessed.{unseen_nan(problem.X)}"
        )
    scores = progress.curve("validation_score")
    if solver.params["early_stopping"] and scores and np.isnan(scores).all():
        raise ValueError(
            "All validation scores are NaN, so that no epoch could be judged. R^2 "
            "needs at least two validation rows; a scorer of your own must return a "
            "number."
        )
    if solver.full_batch and not progress.stopped and not np.isfinite(progress.loss):
        raise ValueError(
            f"solver={solver.params['solver']!r} ended with the loss {progress.loss}: "
            "the features, the target or the sample weights are too large for "
            f"{problem.network.dtype}. Scale them, for example with StandardScaler "
            "and TransformedTargetRegressor."
        )
    if not solver.incremental and not progress.stopped:
        _warn_of_the_end(solver)


def _warn_of_the_end(solver):
    hints = [*_diverged(solver), *_no_better_than_the_mean(solver)]
    if solver.unfinished:
        hints.insert(0, solver.unfinished)
    if hints:
        warn_as_sklearn(" ".join(hints), ConvergenceWarning)


def _diverged(solver):
    losses = [record["loss"] for record in solver.progress.history]
    if not losses:
        return
    first, last = losses[0], losses[-1]
    if last <= GROWTH * max(first, solver.params["tol"]):  # False for a NaN
        return
    yield (
        f"The training diverged: its loss went from {first:.3g} to {last:.3g}. Scale "
        "the features (StandardScaler) and the target (TransformedTargetRegressor), "
        "or lower learning_rate_init."
    )


def _no_better_than_the_mean(solver):
    problem = solver.problem
    Y = problem.Y  # of a fit on batches, or on a cluster, the rows are elsewhere
    if not isinstance(problem.target, Numbers) or Y is None or not len(Y):
        return
    weight = problem.weight
    mean = np.average(Y, axis=0, weights=weight)
    spread = np.sqrt(np.average((Y - mean) ** 2, axis=0, weights=weight))
    size = np.maximum(np.abs(mean), spread).max()
    if not (size > SCALE or (0 < spread.max() < 1 / SCALE)):
        return
    n = len(Y)
    loss = problem.loss.planned(n, Y.shape[1], Y.dtype)
    mu = np.broadcast_to(mean.astype(Y.dtype), Y.shape)
    total = n if weight is None else weight.sum()
    divisor = Y.shape[1] if problem.loss.reports_mean_over_outputs else 1
    of_mean = loss.value(Y, mu, weight, total) / divisor
    loss_ = solver.progress.loss
    # Of a constant target the mean has no error at all.
    if loss_ < of_mean or spread.max() <= 1e-6 * size:
        return
    yield (
        f"The loss, {loss_:.3g}, is no better than that of predicting the mean of y, "
        f"{of_mean:.3g}: y has the mean {mean.flat[0]:.3g} and the standard deviation "
        f"{spread.flat[0]:.3g}. Fit a standardised target: TransformedTargetRegressor("
        "regressor, transformer=StandardScaler())."
    )


def _all_finite(values):
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())


def unseen_nan(X):
    """A sentence for rows that are not finite, where scikit-learn's check was off."""
    values = X.data if hasattr(X, "indptr") else X
    # Of rows that come batch by batch none are at hand.
    if not isinstance(values, np.ndarray) or _all_finite(values):
        return ""
    return " X contains NaN or infinity, which assume_finite=True kept from being seen."
