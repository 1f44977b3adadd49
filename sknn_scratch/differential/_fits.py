"""Fits of the solve_ functions: points, tests between them, wider networks."""

import inspect
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

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
    X, _, jets = model._jets(X)
    equation = model.residual
    p = (model.parameters_,) if len(model.parameters_) else ()
    r = np.abs(equation.values(X, jets, p)).max(axis=1)
    by_jets, _ = equation.partials(X, jets, p)
    size = np.einsum("ecnm,cmn->em", np.abs(by_jets), np.abs(jets)).max(axis=1)
    return float(np.nan_to_num(r / (1 + size), nan=np.inf).max())
