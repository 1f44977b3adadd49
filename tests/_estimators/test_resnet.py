"""The residual estimators, as their users meet them."""

import pickle
import re
import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknn_scratch import (
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
)
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch.datasets import make_spirals

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_spirals(300, n_arms=3, random_state=0)
Xr, yr = load_diabetes(return_X_y=True)
Xr, yr = scale(Xr), scale(yr)


def small(**parameters):
    return ResNetClassifier(5, random_state=0, max_iter=20, **parameters)


def flow(model, x, f=np.tanh):
    """Y_0 ... Y_K by the notebook's equations, from the fitted attributes."""
    h = 5 / len(model.hidden_coefs_)
    Y = [x]
    for W, b in zip(model.hidden_coefs_, model.hidden_intercepts_, strict=True):
        Y.append(Y[-1] + h * f(Y[-1] @ W + b))
    return np.array(Y)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    "shape",
    [{}, {"width": 4}, {"width": 4, "lift": "pad"}, {"width": 2, "lift": "pad"}],
)
def test_predictions_are_the_notebooks_equations(shape, tied):
    model = small(tie_weights=tied, **shape).fit(X, y)
    x = X
    if hasattr(model, "lift_coef_"):
        x = X @ model.lift_coef_ + model.lift_intercept_
    elif shape:
        x = np.c_[X, np.zeros((len(X), shape["width"] - 2))]
    Y = flow(model, x)
    np.testing.assert_allclose(model.hidden_states(X), Y, rtol=1e-10)
    eta = softmax(Y[-1] @ model.output_coef_ + model.output_intercept_, axis=1)
    np.testing.assert_allclose(model.predict_proba(X), eta, rtol=1e-9)
    width = shape.get("width", 2)
    assert model.hidden_coefs_.shape == (5, width, width)
    assert model.hidden_intercepts_.shape == (5, width)
    assert model.output_coef_.shape == (width, 3)
    assert model.n_layers_ == 5 + 2 + hasattr(model, "lift_coef_")


def test_the_attributes_are_views_of_one_vector():
    model = small(width=4).fit(X, y)
    for name in model._exposed:
        assert np.shares_memory(getattr(model, name), model._network.theta)
    again = pickle.loads(pickle.dumps(model))
    assert np.shares_memory(again.hidden_coefs_, again._network.theta)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_step_size_0_leaves_the_output_layer():
    """h = 0 is the multinomial regression of an MLP without hidden layers."""
    model = small(step_size=0.0, solver="lbfgs", alpha=0.0).fit(X, y)
    flat = ScratchMLPClassifier((), solver="lbfgs", alpha=0.0).fit(X, y)
    np.testing.assert_array_equal(model.hidden_states(X)[-1], X)
    np.testing.assert_allclose(model.predict_proba(X), flat.predict_proba(X), atol=1e-3)


def test_plain_gradient_descent_on_half_the_squared_error_by_hand():
    """The notebook's algorithm: K = 1, one logistic output, one full-batch step."""
    rows, labels = X[:20], (y[:20] > 0).astype(int)
    settings = {"solver": "sgd", "momentum": 0, "alpha": 0.0, "batch_size": 20}
    settings.update(loss="squared_error", step_size=0.7, shuffle=False, random_state=1)
    start = ResNetClassifier(1, max_iter=1, learning_rate_init=1e-300, **settings)
    start.fit(rows, labels)
    W, b = start.hidden_coefs_[0].copy(), start.hidden_intercepts_[0].copy()
    omega, mu = start.output_coef_.copy(), start.output_intercept_.copy()
    a = np.tanh(rows @ W + b)
    Y1 = rows + 0.7 * a
    Z = expit(Y1 @ omega + mu)
    delta = (Z - labels[:, None]) * Z * (1 - Z) / 20
    into_layer = 0.7 * (delta @ omega.T) * (1 - a**2)
    model = ResNetClassifier(1, max_iter=1, learning_rate_init=0.5, **settings)
    model.fit(rows, labels)
    np.testing.assert_allclose(model.output_coef_, omega - 0.5 * Y1.T @ delta)
    np.testing.assert_allclose(model.output_intercept_, mu - 0.5 * delta.sum(axis=0))
    np.testing.assert_allclose(model.hidden_coefs_[0], W - 0.5 * rows.T @ into_layer)
    np.testing.assert_allclose(
        model.hidden_intercepts_[0], b - 0.5 * into_layer.sum(axis=0)
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_layers_train_on_the_spiral_with_the_defaults(seed):
    rows, labels = make_spirals(1000, random_state=seed)
    others, truth = make_spirals(1000, random_state=100 + seed)
    model = ResNetClassifier(n_layers=100, random_state=seed).fit(rows, labels)
    assert model.score(others, truth) >= 0.97


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns(activation):
    model = small(activation=activation, width=6).fit(X, y)
    assert model.loss_ < model.loss_curve_[0]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs", "adamw"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "focal"])
def test_solvers_and_losses(solver, loss):
    model = small(solver=solver, loss=loss, width=6).set_params(max_iter=200)
    assert model.fit(X, y).score(X, y) > (0.5 if solver == "sgd" else 0.85)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
def test_regression(loss):
    model = ResNetRegressor(loss, 5, random_state=0, alpha=1.0).fit(Xr, yr)
    assert model.score(Xr, yr) > 0.5
    two = ResNetRegressor(loss, 5, width=12, random_state=0).fit(Xr, np.c_[yr, -yr])
    assert two.predict(Xr).shape == (442, 2)


def test_multilabel_and_binary():
    labels = np.c_[y == 0, y == 1].astype(int)
    assert small(width=6).fit(X, labels).predict_proba(X).shape == (300, 2)
    assert small().fit(X, y > 0).out_activation_ == "logistic"


def test_options_beyond_scikit_learns():
    model = small(
        width=6,
        dropout=0.1,
        input_dropout=0.1,
        label_smoothing=0.1,
        class_weight="balanced",
        learning_rate="cosine",
        clip_norm=1.0,
        weight_averaging=0.9,
        early_stopping=True,
        scoring="loss",
    ).fit(X, y, X_val=X, y_val=y)
    assert len(model.validation_loss_curve_) == model.n_iter_
    assert len(model.hidden_activations(X)) == 2


@pytest.mark.parametrize("width", [None, 5, 70])
@pytest.mark.parametrize("lift", ["linear", "pad"])
def test_sparse_input(width, lift):
    rows, labels = load_digits(return_X_y=True)
    rows, labels = rows[:200] / 16, labels[:200]
    if width == 5 and lift == "pad":
        pytest.skip("pad cannot narrow")
    parameters = {"width": width, "lift": lift, "random_state": 0, "max_iter": 5}
    dense = ResNetClassifier(3, **parameters).fit(rows, labels)
    given = sparse.csc_matrix(rows)
    model = ResNetClassifier(3, **parameters).fit(given, labels)
    np.testing.assert_allclose(
        model.predict_proba(given), dense.predict_proba(rows), rtol=1e-6
    )
    np.testing.assert_allclose(
        model.hidden_states(given), dense.hidden_states(rows), atol=1e-8
    )


def test_memory_does_not_grow_with_the_rows():
    def peak(n):
        rows, labels = make_spirals(n, random_state=0)
        model = ResNetClassifier(30, width=8, max_iter=2, batch_size=100)
        tracemalloc.start()
        try:
            model.fit(rows, labels)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Y, a and f' of 30 layers for a batch are 0.6 MB; a row's index and target 32 B.
    assert peak(20_000) - peak(2_000) < 18_000 * 100


def test_pickles_hold_the_parameters_once():
    rows = np.random.default_rng(0).standard_normal((50, 60))
    model = ResNetClassifier(20, max_iter=2).fit(rows, rows[:, 0] > 0)
    size = model._network.theta.nbytes
    assert len(pickle.dumps(model)) < 3.1 * size
    assert len(pickle.dumps(model.discard_training_state())) < 1.1 * size


@pytest.mark.parametrize("data", [load_digits, load_breast_cancer])
def test_pipeline_and_grid_search(data):
    rows, labels = data(return_X_y=True)
    rows, labels = rows[:250], labels[:250]
    pipeline = make_pipeline(
        StandardScaler(), ResNetClassifier(width=8, max_iter=30, random_state=0)
    )
    grid = {"resnetclassifier__n_layers": [2, 5], "resnetclassifier__alpha": [1e-4, 1]}
    assert GridSearchCV(pipeline, grid, cv=2).fit(rows, labels).best_score_ > 0.7


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"step_size": -1.0}, "The 'step_size' parameter of ResNetClassifier must be"),
        (
            {"step_size": np.inf},
            "a float in the range [0.0, inf) or a str among",
        ),
        ({"step_size": np.nan}, "'step_size' parameter"),
        ({"n_layers": 0}, "'n_layers' parameter"),
        ({"width": 0}, "'width' parameter"),
        (
            {"width": 1, "lift": "pad"},
            "lift='pad' needs a width of at least the 2 features of X, got width=1. "
            "Use lift='linear', or a larger width.",
        ),
        ({"lift": "magic"}, "'lift' parameter"),
        ({"tie_weights": "yes"}, "'tie_weights' parameter"),
        ({"activation": "magic"}, "'activation' parameter"),
        ({"dropout": [0.1]}, "'dropout' parameter"),
    ],
)
def test_bad_parameters(parameters, message):
    model = small().fit(X, y)
    before = pickle.dumps(model.__getstate__())
    old = model.get_params()
    model.set_params(**parameters)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, y)
    model.set_params(**{name: old[name] for name in parameters})
    assert pickle.dumps(model.__getstate__()) == before


def test_bad_data_leaves_the_model_as_it_was():
    model = small(warm_start=True).fit(X, y)
    before = pickle.dumps(model.__getstate__())
    for rows in (X * np.nan, X[:, :1]):
        with pytest.raises(ValueError, match=r"NaN|X has 1 features"):
            model.fit(rows, y)
        assert pickle.dumps(model.__getstate__()) == before
    with pytest.raises(ValueError, match="is not fitted yet"):
        small().hidden_states(X)


def test_a_refit_without_a_lift_forgets_the_lift():
    model = small(width=4).fit(X, y)
    model.set_params(width=None).fit(X, y)
    assert not hasattr(model, "lift_coef_")
    assert not hasattr(model, "lift_intercept_")


@pytest.mark.parametrize("changed", [{"tie_weights": True}, {"n_layers": 7}])
def test_a_pickle_keeps_what_was_fitted_whatever_is_asked_of_the_next_fit(changed):
    model = ResNetClassifier(3, max_iter=2, random_state=0).fit(X, y)
    tied = clone(model).set_params(tie_weights=True).fit(X, y)
    for fitted in (model, tied):
        wanted = fitted.hidden_coefs_.copy(), fitted.predict_proba(X)
        fitted.set_params(**changed)
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.hidden_coefs_, wanted[0])
        np.testing.assert_array_equal(loaded.predict_proba(X), wanted[1])


@pytest.mark.parametrize(
    ("n_features", "lift", "width", "lifted"),
    [
        (2, "linear", 2, False),
        (64, "linear", 64, False),
        (65, "linear", 64, True),
        (300, "linear", 64, True),
        (64, "pad", 64, False),
    ],
)
def test_the_width_is_that_of_the_data_up_to_a_bound(n_features, lift, width, lifted):
    """Of 300 features 20 layers of full width would have 1.8 million weights."""
    rows = np.random.default_rng(0).standard_normal((40, n_features))
    model = ResNetClassifier(2, lift=lift, max_iter=2).fit(rows, np.arange(40) % 2)
    assert model.hidden_coefs_.shape == (2, width, width)
    assert hasattr(model, "lift_coef_") == lifted
    assert model.predict(rows).shape == (40,)


@pytest.mark.parametrize(
    ("tie_weights", "n_weights"), [(False, "20,000"), (True, "10,000")]
)
def test_padding_many_features_warns_of_the_weights(tie_weights, n_weights):
    rows = np.random.default_rng(0).standard_normal((40, 100))
    model = ResNetClassifier(2, lift="pad", tie_weights=tie_weights, max_iter=2)
    warning = re.escape(
        "lift='pad' with width=None makes the layers as wide as X, which has 100 "
        f"features: {n_weights} weights. Use lift='linear', which brings them to 64, "
        "or set width=100 if you mean it."
    )
    with pytest.warns(UserWarning, match=warning):
        model.fit(rows, np.arange(40) % 2)
    assert model.hidden_coefs_.shape == (2, 100, 100)
    model.set_params(width=100).fit(rows, np.arange(40) % 2)  # no warning
