"""The constraints: every parameter has one, and options that exclude each other."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_scratch import (
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators.parameters import (
    as_list,
    check_options,
    is_stochastic,
    store_parameters,
    validation_set,
)
from sknn_scratch._nn.activations import ACTIVATIONS

X, y = load_iris(return_X_y=True)
CLASSES = [
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_has_a_constraint_and_is_stored(cls):
    names = list(inspect.signature(cls).parameters)
    assert set(names) == set(cls._parameter_constraints)
    assert list(vars(cls())) == names


def test_what_init_was_given_is_stored_as_it_is():
    class Thing:
        def __init__(self, a, b=[1]):  # noqa: B006
            store_parameters(self, locals())

    given = [2]
    assert Thing(1, given).b is given
    assert vars(Thing(1)) == {"a": 1, "b": [1]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1, None, None), "X_val and y_val must be given together"),
        ((None, 1, None), "X_val and y_val must be given together"),
        ((None, None, 1), "sample_weight_val needs X_val and y_val"),
    ],
)
def test_half_a_validation_set(given, message):
    with pytest.raises(ValueError, match=message):
        validation_set(*given)


def test_a_whole_validation_set_or_none():
    assert validation_set(None, None, None) == ()
    assert validation_set(1, 2, None) == (1, 2, None)


def test_every_excluded_option_is_named_in_one_error():
    model = ScratchMLPClassifier(
        solver="lbfgs", clip_norm=1.0, dropout=0.5, learning_rate="cosine"
    )
    with pytest.raises(ValueError, match="solver='lbfgs' works on all rows") as error:
        check_options(model.get_params(), False, (1, 2, None))
    for name in ("clip_norm=1.0", "dropout=0.5", "learning_rate='cosine'", "X_val"):
        assert name in str(error.value)


def test_a_quantile_is_needed():
    model = ScratchMLPRegressor("quantile")
    with pytest.raises(ValueError, match="loss='quantile' needs quantile"):
        check_options(model.get_params(), False, ())


def test_partial_fit_and_early_stopping():
    params = ScratchMLPClassifier(early_stopping=True).get_params()
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        check_options(params, True, ())
    check_options(params, True, (1, 2, None))
    check_options(params, False, ())


def test_partial_fit_needs_epochs():
    assert is_stochastic(ScratchMLPClassifier())
    with pytest.raises(AttributeError, match="only available for stochastic"):
        is_stochastic(ScratchMLPClassifier(solver="lbfgs"))
    assert not hasattr(ScratchMLPClassifier(solver="lbfgs"), "partial_fit")


# ---- options that do nothing -------------------------------------------------

IDLE = [
    (
        ScratchMLPClassifier,
        {"weight_decay": 0.1},
        "weight_decay=0.1 needs solver",
    ),
    (
        ScratchMLPClassifier,
        {"warmup_fraction": 0.1},
        "warmup_fraction=0.1 needs learning_rate='cosine' or 'linear' or 'one_cycle'",
    ),
    (
        ScratchMLPClassifier,
        {"scoring": "f1_macro"},
        "needs a validation set",
    ),
    (ScratchMLPClassifier, {"focal_gamma": 1.0}, "focal_gamma=1.0 needs loss='focal'"),
    (ScratchMLPRegressor, {"huber_delta": 2.0}, "huber_delta=2.0 needs loss='huber'"),
    (ScratchMLPRegressor, {"quantile": 0.3}, "quantile=0.3 needs loss='quantile'"),
    (ScratchMLPRegressor, {"init_scale": 0.3}, "init_scale=0.3 needs init='uniform'"),
    (ResNetClassifier, {"weight_decay": 0.1}, "weight_decay=0.1 needs solver"),
]
BUSY = [
    (ScratchMLPClassifier, {"weight_decay": 0.1, "solver": "adamw"}),
    (ScratchMLPClassifier, {"warmup_fraction": 0.1, "learning_rate": "linear"}),
    (ScratchMLPClassifier, {"scoring": "f1_macro", "early_stopping": True}),
    (ScratchMLPClassifier, {"focal_gamma": 1.0, "loss": "focal"}),
    (ScratchMLPRegressor, {"huber_delta": 2.0, "loss": "huber"}),
    (ScratchMLPRegressor, {"init_scale": 0.3, "init": "uniform"}),
    # scikit-learn's own: it says nothing of them either.
    (ScratchMLPClassifier, {"momentum": 0.5, "power_t": 0.1, "max_fun": 9}),
    (ScratchMLPClassifier, {"learning_rate": "adaptive"}),
]


def idle_warnings(cls, parameters):
    model = cls(max_iter=2, **parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(w.message) for w in caught if "does nothing" in str(w.message)]


@pytest.mark.parametrize(("cls", "parameters", "message"), IDLE)
def test_an_option_that_does_nothing_is_said_once(cls, parameters, message):
    (said,) = idle_warnings(cls, parameters)
    assert said.startswith("An option does nothing here: ")
    assert message in said


@pytest.mark.parametrize(("cls", "parameters"), BUSY)
def test_an_option_that_does_something_is_not(cls, parameters):
    assert idle_warnings(cls, parameters) == []


def test_idle_options_share_one_warning():
    both = {"weight_decay": 0.1, "warmup_fraction": 0.2}
    (said,) = idle_warnings(ScratchMLPClassifier, both)
    assert "weight_decay=0.1" in said
    assert "warmup_fraction=0.2" in said


def test_a_validation_set_keeps_the_scorer_busy():
    model = ScratchMLPClassifier(scoring="f1_macro", max_iter=1000, tol=0.1)
    model.fit(X, y, X_val=X, y_val=y)  # warnings are errors


def test_a_list_is_a_list_and_a_value_none():
    assert as_list((1, 2)) == as_list(np.array([1, 2])) == [1, 2]
    for value in (1, "ab", np.array(3), ACTIVATIONS["tanh"]):
        assert as_list(value) is None
