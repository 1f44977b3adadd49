"""What users get wrong: one clear message, and the estimator is as it was."""

import copy
import pickle
import re
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._nn.activations import Tanh

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(
    60, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
Xr, yr = make_regression(60, 5, random_state=0)
yr = yr / 100
Classifier = partial(ScratchMLPClassifier, (6,), max_iter=5, random_state=0)
Regressor = partial(ScratchMLPRegressor, hidden_layer_sizes=(6,), max_iter=5)


def with_value(array, value):
    array = np.array(array, float)
    array[3] = value
    return array


def state(model):
    """Everything that the model is, weights and optimiser included."""
    return pickle.dumps(copy.deepcopy(model.__getstate__()))


BAD_FITS = {
    "NaN in X": (with_value(X, np.nan), y, {}, "Input X contains NaN"),
    "inf in X": (with_value(X, np.inf), y, {}, "Input X contains infinity"),
    "lengths": (X, y[:-1], {}, "inconsistent numbers of samples"),
    "no rows": (X[:0], y[:0], {}, "Found array with 0 sample"),
    "1-D X": (X[:, 0], y, {}, "Expected 2D array"),
    "numbers for classes": (X, y + 0.5, {}, "Unknown label type: continuous"),
    "weight shape": (X, y, {"sample_weight": np.ones(7)}, "sample_weight.shape"),
    "NaN weight": (
        X,
        y,
        {"sample_weight": with_value(np.ones(60), np.nan)},
        "Input sample_weight contains NaN",
    ),
    "no weight": (X, y, {"sample_weight": np.zeros(60)}, "zero"),
    "y_val alone": (X, y, {"y_val": y}, "X_val and y_val must be given together"),
    "weight_val alone": (
        X,
        y,
        {"sample_weight_val": y},
        "sample_weight_val needs X_val and y_val",
    ),
    "features of X_val": (
        X,
        y,
        {"X_val": X[:, :3], "y_val": y},
        "X has 3 features, but ScratchMLPClassifier is expecting 5",
    ),
    "classes of y_val": (
        X,
        y,
        {"X_val": X, "y_val": y + 1},
        "`y` has classes not in `self.classes_`",
    ),
}


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_data(case, warm_start):
    bad_X, bad_y, kwargs, message = BAD_FITS[case]
    model = Classifier(warm_start=warm_start).fit(X, y)
    before = state(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(bad_X, bad_y, **kwargs)
    assert state(model) == before
    fresh = clone(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        fresh.fit(bad_X, bad_y, **kwargs)
    assert set(vars(fresh)) == set(vars(clone(model)))


BAD_PARTIAL_FITS = {
    "features": (X[:, :3], y, {}, "X has 3 features, but"),
    "new class": (X, y + 1, {}, "`y` has classes not in `self.classes_`"),
    "other classes": (X, y, {"classes": [0, 1]}, "is not the same as on last call"),
    "NaN": (with_value(X, np.nan), y, {}, "Input X contains NaN"),
    "multilabel": (X, np.eye(3, dtype=int)[y], {}, "y is multilabel-indicator, but"),
}


@pytest.mark.parametrize("case", BAD_PARTIAL_FITS)
def test_bad_partial_fits(case):
    bad_X, bad_y, kwargs, message = BAD_PARTIAL_FITS[case]
    model = Classifier().partial_fit(X, y, classes=[0, 1, 2])
    before = state(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(bad_X, bad_y, **kwargs)
    assert state(model) == before


def test_the_first_partial_fit_needs_the_classes():
    model = Classifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    assert not hasattr(model, "classes_")
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(X, y, classes=[0, 1])
    assert not hasattr(model, "classes_")


def test_partial_fit_and_early_stopping():
    model = Classifier(early_stopping=True)
    message = "partial_fit does not support early_stopping=True unless it is given"
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
def test_diverging_weights_leave_the_earlier_model(again, solver):
    model = Regressor(solver=solver, warm_start=True).fit(Xr, yr)
    before, kept = state(model), model.coefs_[0]
    huge = np.finfo(float).max * np.sign(Xr)
    with (
        pytest.raises(ValueError, match="Solver produced non-finite parameter weights"),
        np.errstate(all="ignore"),
    ):
        getattr(model, again)(huge, yr)
    assert state(model) == before
    assert model.coefs_[0] is kept
    assert model.partial_fit(Xr, yr).coefs_[0] is not None


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (0, "hidden_layer_sizes"),
        ((3, 0), r"hidden_layer_sizes must be > 0, got \[3, 0\]"),
        ((3, -1), r"hidden_layer_sizes must be > 0, got \[3, -1\]"),
        ((3.5,), r"hidden_layer_sizes must be integers, got \[3.5\]"),
        (("3",), r"hidden_layer_sizes must be integers, got \['3'\]"),
        (2.5, "hidden_layer_sizes"),
    ],
)
def test_hidden_layer_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        ScratchMLPClassifier(sizes).fit(X, y)


def test_a_validation_set_too_small():
    with pytest.raises(ValueError, match="The validation set is too small"):
        Regressor(early_stopping=True).fit(Xr[:5], yr[:5])


def test_another_architecture_with_warm_start():
    model = Classifier(warm_start=True).fit(X, y)
    before = state(model)
    model.set_params(hidden_layer_sizes=(7,))
    message = re.escape("parameters have the shapes [(5, 6), (6, 3), (6,), (3,)], but")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert state(model.set_params(hidden_layer_sizes=(6,))) == before


def test_another_number_of_outputs():
    model = Regressor(warm_start=True).fit(Xr, yr)
    with pytest.raises(
        ValueError, match="y has 2 outputs, but the earlier targets had 1"
    ):
        model.fit(Xr, np.c_[yr, yr])


def test_assigned_coefficients_of_wrong_shapes():
    model = Classifier().fit(X, y)
    model.coefs_ = [np.ones((5, 6)), np.ones((4, 3))]
    with pytest.raises(ValueError, match="each n_in the n_out before it; got"):
        model.predict(X)


OPTIONS = [
    ({"dropout": 1.0}, "dropout"),
    ({"dropout": [0.1, 0.2]}, "one for each of the 1 hidden layers, got 2"),
    ({"dropout": [1.5]}, r"dropout must be a rate in \[0, 1\), or a list"),
    ({"dropout": ["a"]}, r"for each hidden layer, got \['a'\]"),
    ({"dropout": [[0.1], [0.2, 0.3]]}, r"got \[\[0.1\], \[0.2, 0.3\]\]|hidden layers"),
    ({"input_dropout": -0.1}, "input_dropout"),
    ({"activation": ["relu", "tanh"]}, "one for each of the 1 hidden layers, got 2"),
    ({"activation": ["magic"]}, "activation must be among .* got 'magic'"),
    ({"activation": [["relu"]]}, r"activation must be among .* got \['relu'\]"),
    ({"activation": Tanh}, "'activation' parameter"),
    ({"clip_norm": 0}, "clip_norm"),
    ({"weight_averaging": 1.0}, "weight_averaging"),
    ({"warmup_fraction": 1.0}, "warmup_fraction"),
    ({"init": "magic"}, "'init' parameter"),
    ({"init_scale": 0.0}, "init_scale"),
    ({"coefs_init": [np.ones((2, 2))]}, r"shapes \[.*\], got arrays of \[\(2, 2\)\]"),
    ({"intercepts_init": [np.ones(6)]}, "intercepts_init must be a list of arrays of"),
    ({"coefs_init": np.array(3.0)}, r"real numbers of the shapes .*, got array\(3.\)"),
    ({"coefs_init": [np.ones((5, 6)) * 1j, np.ones((6, 3))]}, "arrays of real numbers"),
    ({"coefs_init": [[[1], [2, 3]]]}, r"shapes .*, got \[\[\[1\], \[2, 3\]\]\]"),
    (
        {"learning_rate": 0.01},
        "0.01 is a number, .* The rate itself is learning_rate",
    ),
    ({"alpha": 10**400}, "alpha is an integer of 401 digits, too large for a float"),
    ({"epsilon": 1e-60, "dtype": "float32"}, "epsilon=1e-60 is 0 in float32: give at"),
    ({"class_weight": [1]}, r"'balanced', a dict, or a list of dicts; got 1 in \[1\]"),
    (
        {"solver": "magic"},
        r"\{'lbfgs', 'sgd', 'adam', 'adamw', 'nadam', 'rmsprop'\}. Got 'magic'",
    ),
    (
        {"intercepts_init": [np.full(6, np.nan), np.ones(3)]},
        "coefs_init and intercepts_init must be finite",
    ),
    ({"dtype": "float16"}, "'dtype' parameter"),
    ({"label_smoothing": 1.0}, "label_smoothing"),
    ({"focal_gamma": -1.0}, "focal_gamma"),
    ({"class_weight": "heavy"}, "'class_weight' parameter"),
    ({"loss": "poisson"}, "'loss' parameter"),
    ({"weight_decay": -0.1}, "weight_decay"),
    ({"early_stopping": True, "scoring": "magic"}, "'magic' is not a valid scoring"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS, ids=lambda o: str(o)[:40])
def test_options(options, message):
    model = Classifier(**options)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_options_that_lbfgs_excludes_are_named_in_one_error():
    model = Classifier(
        solver="lbfgs", dropout=0.5, clip_norm=1.0, learning_rate="cosine"
    )
    message = (
        "solver='lbfgs' works on all rows at once, without epochs, and excludes "
        "dropout=0.5, learning_rate='cosine', clip_norm=1.0. "
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, y)
    with pytest.raises(ValueError, match="excludes a validation set X_val"):
        Classifier(solver="lbfgs").fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "quantile"}, "loss='quantile' needs quantile, a number between"),
        ({"loss": "quantile", "quantile": 1.0}, "'quantile' parameter"),
        ({"huber_delta": 0.0}, "'huber_delta' parameter"),
        ({"loss": "gamma"}, r"loss='gamma' requires y > 0, got a minimum of"),
        ({"loss": "poisson"}, r"loss='poisson' requires y >= 0, got a minimum of"),
        ({"loss": "log_loss"}, "'loss' parameter"),
    ],
)
def test_regression_options(options, message):
    with pytest.raises(ValueError, match=message):
        Regressor(**options).fit(Xr, yr)


def test_balanced_class_weights_and_partial_fit():
    model = Classifier(class_weight="balanced")
    message = "class_weight='balanced' is not supported for partial_fit"
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, y, classes=[0, 1, 2])


def test_another_number_of_columns_of_classes():
    model = Classifier(warm_start=True).fit(X, np.c_[y, y + 1])
    with pytest.raises(ValueError, match=r"y has shape \(60, 3\), but the earlier"):
        model.fit(X, np.c_[y, y, y])


def interrupted_at(epoch):
    """An activation that behaves as if Ctrl-C were pressed in that many calls."""

    class Interrupted(Tanh):
        calls = 0

        def backward(self, a, delta, s=None):
            type(self).calls += 1
            if type(self).calls == epoch:
                raise KeyboardInterrupt
            super().backward(a, delta, s)

    return Interrupted()


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("calls", [1, 8])
def test_ctrl_c_leaves_a_usable_model(solver, early_stopping, calls):
    model = Classifier(
        activation=interrupted_at(calls),
        solver=solver,
        early_stopping=early_stopping,
        max_iter=100,
        batch_size=30,
    )
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        model.fit(X, y)
    whole = Classifier(solver=solver, early_stopping=early_stopping, batch_size=30)
    whole.fit(X, y)
    assert set(vars(whole)) == set(vars(model))
    assert model.n_iter_ < 100
    assert np.isfinite(model.predict_proba(X)).all()
    if early_stopping and model.n_iter_ and solver != "lbfgs":
        assert max(model.validation_scores_) == model.best_validation_score_


def test_predicting_with_an_unfitted_model():
    with pytest.raises(ValueError, match="is not fitted yet"):
        Classifier().predict(X)
    with pytest.raises(ValueError, match="is not fitted yet"):
        Classifier().discard_training_state()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:, :2], "X has 2 features, but ScratchMLPClassifier is expecting 5"),
        (with_value(X, np.nan), "Input X contains NaN"),
        (X[0], "Expected 2D array"),
        (X[:0], "Found array with 0 sample"),
    ],
)
def test_predicting_bad_rows(rows, message):
    with pytest.raises(ValueError, match=message):
        Classifier().fit(X, y).predict(rows)


@pytest.mark.parametrize("make", [Classifier, Regressor])
def test_output_that_overflows(make):
    model = make(activation="identity", random_state=0).fit(X, y)
    before = model.predict(X)
    # The first unit's sum is infinite.
    huge = np.finfo(float).max * np.sign(model.coefs_[0][:, 0])[None]
    message = "The network's output is not finite for these rows"
    for method in ("predict", "predict_proba"):
        if hasattr(model, method):
            with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
                getattr(model, method)(huge)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("make", [Classifier, Regressor])
def test_validation_rows_without_weight(make):
    nothing, only_first = np.zeros(len(y)), np.r_[1.0, np.zeros(len(y) - 1)]
    with pytest.raises(ValueError, match="zero"):
        make(random_state=0).fit(X, y, X_val=X, y_val=y, sample_weight_val=nothing)
    message = "The rows of the validation set all have weight zero"
    with pytest.raises(ValueError, match=message):  # seed 0 does not hold out row 0
        make(early_stopping=True, random_state=0).fit(X, y, only_first)
