"""The constraints on parameters, alone and together."""

import inspect
import warnings
from functools import cache
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)

from sknn_scratch._estimators.solvers import SOLVERS
from sknn_scratch._nn.activations import ACTIVATIONS, Activation
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, LOSSES, REGRESSION_LOSSES
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES


class Choices(StrOptions):
    """The names of a table; an error lists them in the table's order."""

    def __init__(self, table):
        super().__init__(set(table))
        self.names = list(table)

    def __str__(self):
        return f"a str among {{{', '.join(map(repr, self.names))}}}"


_RATE = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")

#: The parameters that every estimator has and that scikit-learn's have, too.
SKLEARN_CONSTRAINTS: dict = {
    "activation": [Choices(ACTIVATIONS), Activation],
    "solver": [Choices(SOLVERS)],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _AT_LEAST_1],
    "learning_rate": [Choices(SCHEDULES)],
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
}
#: Those that every estimator has and scikit-learn's have not.
OWN_CONSTRAINTS: dict = {
    "init": [Choices(INITIALIZERS)],
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
TRAINING_CONSTRAINTS: dict = {**SKLEARN_CONSTRAINTS, **OWN_CONSTRAINTS}

CLASSIFIER_CONSTRAINTS: dict = {
    "loss": [Choices(CLASSIFICATION_LOSSES)],
    "focal_gamma": [_NOT_NEGATIVE],
    "label_smoothing": [_RATE],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}

REGRESSOR_CONSTRAINTS: dict = {
    "loss": [Choices(REGRESSION_LOSSES)],
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


def takes_batches(estimator):
    """Raise AttributeError unless the solver goes batch by batch; likewise."""
    if estimator.solver not in OPTIMIZERS:
        raise AttributeError(
            f"fit_batches needs a solver that goes batch by batch, among "
            f"{list(OPTIMIZERS)}; solver={estimator.solver!r} needs all rows at once."
        )
    return True


def validation_set(X_val, y_val, sample_weight_val):
    """The three as a tuple, or () if there is no validation set."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val needs X_val and y_val.")
    return () if X_val is None else (X_val, y_val, sample_weight_val)


def check_mistaken(params, constraints):
    """Raise for values whose plain error would not say what was meant."""
    rate = params["learning_rate"]
    if isinstance(rate, Real):
        raise InvalidParameterError(
            f"learning_rate={rate!r} is a number, but learning_rate is the schedule, "
            f"{SKLEARN_CONSTRAINTS['learning_rate'][0]}. The rate itself is "
            "learning_rate_init."
        )
    for name, value in params.items():
        is_real = any(getattr(c, "type", None) is Real for c in constraints[name])
        if is_real and isinstance(value, Integral) and abs(int(value)) > _LARGEST:
            raise InvalidParameterError(
                f"{name} is an integer of {len(str(value))} digits, too large for a "
                "float."
            )


_LARGEST = int(np.finfo(np.float64).max)


def check_options(params, incremental, given):
    """Raise one ValueError that names every option that its solver excludes."""
    if incremental and params["early_stopping"] and not given:
        raise ValueError(
            "partial_fit does not support early_stopping=True "
            "unless it is given a validation set, X_val and y_val"
        )
    if params["loss"] == "quantile" and params["quantile"] is None:
        raise ValueError("loss='quantile' needs quantile, a number between 0 and 1.")
    solver = SOLVERS[params["solver"]]
    excluded = solver.excluded(params, given)
    if excluded:
        names = [
            name if value is None else f"{name}={value!r}"
            for name, value in excluded.items()
        ]
        raise ValueError(
            f"solver={params['solver']!r} {solver.nature}, and excludes "
            f"{', '.join(names)}. Use a stochastic solver, or leave them out."
        )


def warn_of_idle(cls, params, given):
    """Warn of options of this package that the other settings make idle.

    scikit-learn's own parameters are left out: it says nothing of them either.
    """
    reasons = {"scoring": "a validation set: early_stopping=True, or X_val and y_val"}
    if params["early_stopping"] or given:
        del reasons["scoring"]
    for parameter in _TABLES:
        for name, readers in _own_readers(parameter).items():
            if params[parameter] not in readers:
                reasons[name] = f"{parameter}={' or '.join(map(repr, readers))}"
    if params["init"] != "uniform":
        reasons["init_scale"] = "init='uniform'"
    defaults = _defaults(cls)
    idle = {
        name: reason
        for name, reason in reasons.items()
        if name in params
        and name in defaults
        and _differs(params[name], defaults[name])
    }
    if idle:
        parts = [
            f"{name}={params[name]!r} needs {reason}" for name, reason in idle.items()
        ]
        warnings.warn(f"An option does nothing here: {'; '.join(parts)}.", stacklevel=2)


_TABLES = {"loss": LOSSES, "learning_rate": SCHEDULES, "solver": OPTIMIZERS}


@cache
def _own_readers(parameter):
    """Option of this package -> the entries of the parameter's table that read it."""
    readers: dict[str, list[str]] = {}
    for entry, made in _TABLES[parameter].items():
        for name in made.reads:
            if name not in SKLEARN_CONSTRAINTS:
                readers.setdefault(name, []).append(entry)
    return readers


@cache
def _defaults(cls):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
    }


def _differs(value, default):
    return value is not default and not np.array_equal(value, default)


def as_list(value):
    """A sequence as a list; None for a single value."""
    if isinstance(value, (str, Activation)) or not hasattr(value, "__iter__"):
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return None
    return list(value)


def hidden_sizes(value):
    """``hidden_layer_sizes`` as a list of integers."""
    sizes = as_list(value)
    if sizes is None:
        sizes = [np.asarray(value).item()]
    if any(isinstance(n, Real) and n <= 0 for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    if not all(isinstance(n, Integral) for n in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
    return [int(n) for n in sizes]


def for_each_layer(value, name, n_layers, layers="hidden layers"):
    """One value for each of the layers: a sequence as it is, else repeated."""
    values = as_list(value)
    if values is None:
        return [value] * n_layers
    if len(values) != n_layers:
        raise ValueError(
            f"{name} must be one value, or one for each of the {n_layers} {layers}, "
            f"got {len(values)}: {values}."
        )
    for f in values if name == "activation" else ():
        named = isinstance(f, str) and f in ACTIVATIONS
        if not (named or isinstance(f, Activation)):
            raise ValueError(
                f"activation must be among {list(ACTIVATIONS)} or an Activation, "
                f"got {f!r} in {values}."
            )
    return values


def dropout_rates(value, input_rate, n_layers, layers="hidden layers"):
    """The rate of the inputs, and one for each of the layers."""
    rates = [input_rate, *for_each_layer(value, "dropout", n_layers, layers)]
    if not all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates):
        raise ValueError(
            "dropout must be a rate in [0, 1), or a list of them with one for each "
            f"{layers.removesuffix('s')}, got {value!r}."
        )
    return rates


def store_parameters(estimator, values):
    """Set the arguments of ``__init__`` under their own names: scikit-learn's rule."""
    for name, value in values.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
