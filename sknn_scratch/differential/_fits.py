"""Fits of the solve_ functions: points, tests between them, wider networks."""

import inspect
import warnings
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch.differential._residuals import relative, units_of
from sknn_scratch.differential._trial import TrialSolution

#: Points for each unit of the hidden layer, of an ordinary equation.
POINTS_A_UNIT = 2
#: Options that the functions set themselves.
OWN = {"residual", "conditions", "parameters", "guess", "solver", "hidden_layer_sizes"}
#: What SciPy's functions call it, and what to use here.
INSTEAD = {
    "rtol": "tol, the largest residual relative to the size of the equation's terms",
    "atol": "tol, the largest residual relative to the size of the equation's terms",
    "max_step": "windows, the number of intervals with a network of their own",
    "first_step": "windows, the number of intervals with a network of their own",
}


def check_options(function, options):
    """Raise TypeError for an option that TrialSolution does not have."""
    known = set(inspect.signature(TrialSolution).parameters) - OWN
    for name in options:
        if name in INSTEAD:
            raise TypeError(f"{function} has no option {name!r}: use {INSTEAD[name]}.")
        if name not in known:
            raise TypeError(
                f"{function} has no option {name!r}; those of TrialSolution are "
                f"{', '.join(sorted(known))}."
            )


def fitted(residual, conditions, X, **params):
    """A TrialSolution, fitted without a warning."""
    model = TrialSolution(residual, conditions, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X)


def largest_between(model, X):
    """The largest relative residual of the model's equation at other points."""
    X, channels, jets = model._jets(X)
    equation = model.residual
    p = (model.parameters_,) if len(model.parameters_) else ()
    by_jets, _ = equation.partials(X, jets, p)
    r = equation.values(X, jets, p)
    return relative(r, by_jets, jets, units_of(channels, model._box))


def points_for(hidden_layer_sizes, n_points):
    """The number of collocation points: as asked, or two for each unit."""
    if n_points is not None:
        if not isinstance(n_points, Integral) or n_points < 2:
            raise ValueError(f"n_points must be an integer above 1, got {n_points!r}.")
        return int(n_points)
    last = np.atleast_1d(hidden_layer_sizes)[-1:]
    if last.dtype.kind not in "iu":
        raise ValueError(
            "hidden_layer_sizes must be positive integers, at least one, got "
            f"{hidden_layer_sizes!r}."
        )
    return max(2, POINTS_A_UNIT * int(last[0]))
