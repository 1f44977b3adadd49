"""What a training came to: errors for no model, warnings for a poor one."""

import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler, scale

from sknn_scratch import ResNetRegressor, ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.diagnosis import unseen_nan

X, y = load_iris(return_X_y=True)
Xr, yr = load_diabetes(return_X_y=True)
Xr = scale(Xr)


def warned(fit):
    """The messages of all warnings of a fit, as one text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    assert {w.category for w in caught} <= {ConvergenceWarning, UserWarning}
    return " ".join(str(w.message) for w in caught)


def unchanged_after(model, fit, message):
    """The fit fails with the message, and the model is what it was."""
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        fit()
    assert vars(model) == before


# ---- no model -----------------------------------------------------------------------


def test_validation_scores_that_are_all_nan():
    model = ScratchMLPRegressor(early_stopping=True, max_iter=3)
    with pytest.warns(UserWarning, match="not well-defined with less than two"):
        unchanged_after(
            model,
            lambda: model.fit(Xr, yr, X_val=Xr[:1], y_val=yr[:1]),
            "All validation scores are NaN, so that no epoch could be judged. R",
        )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("rows", "target", "weight"),
    [
        (Xr, yr * 1e200, None),
        (Xr.astype("f4"), yr.astype("f4"), np.full(442, 1e60)),
    ],
    ids=["target", "weights"],
)
def test_an_infinite_loss_of_lbfgs(rows, target, weight):
    model = ScratchMLPRegressor(solver="lbfgs", max_iter=3)
    unchanged_after(
        model,
        lambda: model.fit(rows, target, weight),
        "solver='lbfgs' ended with the loss (nan|inf): the features, the target or",
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weights_that_leave_nothing(solver):
    model = ScratchMLPClassifier(solver=solver, class_weight=dict.fromkeys(range(3), 0))
    unchanged_after(
        model,
        lambda: model.fit(X, y),
        "All rows have the weight zero: class_weight, or",
    )


def test_weights_that_are_zero_in_the_dtype_of_the_network():
    model = ScratchMLPClassifier(dtype="float32")
    unchanged_after(
        model,
        lambda: model.fit(X, y, np.full(150, 1e-60)),
        "what sample_weight is in float32, leaves nothing to learn from",
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_that_add_up_to_zero(solver):
    model = ScratchMLPClassifier(solver=solver)
    weight = np.tile([1.0, -1.0], 75)
    unchanged_after(
        model, lambda: model.fit(X, y, weight), "The sample weights add up to 0, so"
    )


def test_weights_of_a_batch_that_add_up_to_zero():
    weight = np.ones(150)
    weight[50] = -1.0
    model = ScratchMLPClassifier(batch_size=2, shuffle=False)
    unchanged_after(
        model, lambda: model.fit(X, y, weight), "sample weights of a batch add up to 0"
    )


def test_nan_that_assume_finite_hides():
    rows = X.copy()
    rows[3] = np.nan
    model = ScratchMLPClassifier((4,), max_iter=2)
    with sklearn.config_context(assume_finite=True):
        with pytest.raises(ValueError, match="X contains NaN or infinity, which ass"):
            model.fit(rows, y)
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y)
        with pytest.raises(ValueError, match="X contains NaN or infinity, which ass"):
            model.predict(rows)


def test_the_sentence_about_nan():
    assert unseen_nan(X) == unseen_nan(sparse.csr_array(X)) == ""
    assert "assume_finite" in unseen_nan(np.array([[np.inf]]))
    assert "assume_finite" in unseen_nan(sparse.csr_array([[np.nan, 0.0]]))


# ---- a poor one ---------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1, 1e200])
def test_a_divergence_is_said(factor):
    """The weights are scikit-learn's all the same."""
    rows, target = X[:100], y[:100].astype(float)
    common = {
        "hidden_layer_sizes": (),
        "solver": "sgd",
        "learning_rate_init": 0.05 * factor,
        "momentum": 0,
        "max_iter": 20,
        "random_state": 0,
    }
    ours = ScratchMLPRegressor(**common)
    if factor > 1:  # past the float range: the weights are not finite either
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite"):
            ours.fit(rows, target)
        return
    text = warned(lambda: ours.fit(rows, target))
    assert "The training diverged: its loss went from " in text
    assert "lower learning_rate_init" in text
    theirs = MLPRegressor(**common)
    warned(lambda: theirs.fit(rows, target))
    np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])


def test_a_loss_that_grows_a_little_has_not_diverged():
    model = ScratchMLPClassifier((4,), solver="sgd", learning_rate_init=0.5)
    assert "diverged" not in warned(lambda: model.fit(X, y))


@pytest.mark.parametrize("cls", [ScratchMLPRegressor, ResNetRegressor])
@pytest.mark.parametrize("factor", [1000, 1e-6])
def test_a_target_of_unusual_scale(cls, factor):
    model = cls(max_iter=20, random_state=0)
    text = warned(lambda: model.fit(Xr, factor * yr))
    assert "is no better than that of predicting the mean of y" in text
    assert "TransformedTargetRegressor(regressor, transformer=StandardScaler())" in text
    wrapped = TransformedTargetRegressor(model, transformer=StandardScaler())
    text = warned(lambda: wrapped.fit(Xr, factor * yr))
    assert "predicting the mean" not in text
    assert wrapped.score(Xr, factor * yr) > 0.2


def test_a_mean_far_above_the_spread():
    model = ScratchMLPRegressor(max_iter=5, random_state=0)
    text = warned(lambda: model.fit(Xr, 1e4 + yr))
    assert "is no better than that of predicting the mean of y" in text


def test_pure_noise_is_no_matter_of_scale():
    noise = np.random.default_rng(0).standard_normal(442)
    model = ScratchMLPRegressor(hidden_layer_sizes=(), alpha=1e4, random_state=0)
    assert "predicting the mean" not in warned(lambda: model.fit(Xr, noise))


def test_a_constant_target_is_none_either():
    model = ScratchMLPRegressor(hidden_layer_sizes=(5,), max_iter=500, random_state=0)
    text = warned(lambda: model.fit(Xr, np.full(442, 50.0)))
    assert "predicting the mean" not in text


def test_partial_fit_says_nothing():
    model = ScratchMLPRegressor(max_iter=5)
    assert warned(lambda: model.partial_fit(Xr, 1000 * yr)) == ""


@pytest.mark.parametrize("parameters", [{"max_iter": 1}, {"batch_size": 1000}], ids=str)
def test_filters_for_scikit_learn_silence_ours_too(parameters):
    for cls in (MLPClassifier, ScratchMLPClassifier):
        model = cls((4,), **{"max_iter": 1000, "tol": 0.1, **parameters})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", module="sklearn")
            model.fit(X, y)
