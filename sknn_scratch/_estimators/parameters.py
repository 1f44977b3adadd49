"""The constraints on parameters, alone and together."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknn_scratch._estimators.solvers import SOLVERS
from sknn_scratch._nn.activations import ACTIVATIONS, Activation
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES

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


def is_stochastic(estimator):
    """Raise AttributeError unless the solver has epochs; for ``available_if``."""
    if estimator.solver not in OPTIMIZERS:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def validation_set(X_val, y_val, sample_weight_val):
    """The three as a tuple, or () if there is no validation set."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val needs X_val and y_val.")
    return () if X_val is None else (X_val, y_val, sample_weight_val)


def check_options(params, incremental, given):
    """Raise one ValueError that names every option that its solver excludes."""
    if incremental and params["early_stopping"] and not given:
        raise ValueError(
            "partial_fit does not support early_stopping=True "
            "unless it is given a validation set, X_val and y_val"
        )
    if params["loss"] == "quantile" and params["quantile"] is None:
        raise ValueError("loss='quantile' needs quantile, a number between 0 and 1.")
    excluded = SOLVERS[params["solver"]].excluded(params, given)
    if excluded:
        names = [
            name if value is None else f"{name}={value!r}"
            for name, value in excluded.items()
        ]
        raise ValueError(
            f"solver={params['solver']!r} {SOLVERS[params['solver']].nature}, and "
            f"excludes {', '.join(names)}. Use a stochastic solver, or leave them out."
        )


def store_parameters(estimator, values):
    """Set the arguments of ``__init__`` under their own names: scikit-learn's rule."""
    for name, value in values.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
