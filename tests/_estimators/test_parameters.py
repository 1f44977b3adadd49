"""The constraints: every parameter has one, and options that exclude each other."""

import inspect

import pytest

from sknn_scratch import (
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators.parameters import (
    check_options,
    is_stochastic,
    store_parameters,
    validation_set,
)

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
