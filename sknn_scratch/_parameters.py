"""What each parameter may be, and which of them exclude each other."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknn_scratch._activations import ACTIVATIONS, Activation
from sknn_scratch._initializers import INITIALIZERS
from sknn_scratch._losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from sknn_scratch._schedules import PROGRESSIVE, SCHEDULES
from sknn_scratch._solvers import SOLVERS

_RATE = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")

#: The parameters that every estimator has; the first ones are scikit-learn's.
TRAINING_CONSTRAINTS: dict = {
    "activation": [StrOptions(set(ACTIVATIONS)), Activation],
    "solver": [StrOptions(set(SOLVERS))],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _AT_LEAST_1],
    "learning_rate": [StrOptions(set(SCHEDULES))],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_AT_LEAST_1],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_RATE],
    "beta_1": [_RATE],
    "beta_2": [_RATE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_AT_LEAST_1, Options(Real, {np.inf})],
    "max_fun": [_AT_LEAST_1],
    "init": [StrOptions(set(INITIALIZERS))],
    "init_scale": [_POSITIVE],
    "coefs_init": ["array-like", None],
    "intercepts_init": ["array-like", None],
    "dropout": [_RATE, "array-like"],
    "input_dropout": [_RATE],
    "weight_decay": [_NOT_NEGATIVE],
    "warmup_fraction": [_RATE],
    "clip_norm": [_POSITIVE, None],
    "weight_averaging": [Interval(Real, 0, 1, closed="neither"), None],
    "scoring": [str, callable, None],
    "dtype": [StrOptions({"float32", "float64"}), None],
}

CLASSIFIER_CONSTRAINTS: dict = {
    "loss": [StrOptions(set(CLASSIFICATION_LOSSES))],
    "focal_gamma": [_NOT_NEGATIVE],
    "label_smoothing": [_RATE],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}

REGRESSOR_CONSTRAINTS: dict = {
    "loss": [StrOptions(set(REGRESSION_LOSSES))],
    "quantile": [Interval(Real, 0, 1, closed="neither"), None],
    "huber_delta": [_POSITIVE],
}


def check_options(params, incremental, given):
    """Raise one ValueError that names every option that its solver excludes."""
    if incremental and params.early_stopping and not given:
        raise ValueError(
            "partial_fit does not support early_stopping=True "
            "unless it is given a validation set, X_val and y_val"
        )
    if params.loss == "quantile" and params.quantile is None:
        raise ValueError("loss='quantile' needs quantile, a number between 0 and 1.")
    if params.solver != "lbfgs":
        return
    excluded = {
        "dropout": np.any(np.asarray(params.dropout, dtype=object) != 0),
        "input_dropout": params.input_dropout != 0,
        "learning_rate": params.learning_rate in PROGRESSIVE,
        "clip_norm": params.clip_norm is not None,
        "weight_averaging": params.weight_averaging is not None,
        "a validation set X_val": bool(given),
    }
    names = [
        f"{name}={getattr(params, name)!r}" if hasattr(params, name) else name
        for name, is_set in excluded.items()
        if is_set
    ]
    if names:
        raise ValueError(
            "solver='lbfgs' works on all rows at once, without epochs, and excludes "
            f"{', '.join(names)}. Use a stochastic solver, or leave them out."
        )


def store_parameters(estimator, values):
    """Set what ``__init__`` was given, under the same names: scikit-learn's rule."""
    for name, value in values.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
