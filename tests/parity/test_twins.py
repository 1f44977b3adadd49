"""The twin contract: the same data, parameters and seed give the same weights."""

import inspect
import warnings

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from sklearn.utils.fixes import parse_version

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1:UserWarning"),
]

CLASSIFIERS = (MLPClassifier, ScratchMLPClassifier)
REGRESSORS = (MLPRegressor, ScratchMLPRegressor)

X_digits, y_digits = load_digits(return_X_y=True)
X_digits, y_digits = scale(X_digits)[:500], y_digits[:500]
X_cancer, y_cancer = load_breast_cancer(return_X_y=True)
X_cancer = scale(X_cancer)[:300]
y_cancer = y_cancer[:300]
if parse_version(sklearn.__version__) >= parse_version("1.9"):
    # Before, its early stopping asked whether labels that are strings are NaN.
    y_cancer = np.array(["malignant", "benign"])[y_cancer]
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes, y_diabetes = scale(X_diabetes)[:300], scale(y_diabetes)[:300]

TARGETS = {
    "multiclass": (CLASSIFIERS, X_digits, y_digits, {}),
    "binary": (CLASSIFIERS, X_cancer, y_cancer, {}),
    "multilabel": (
        CLASSIFIERS,
        *make_multilabel_classification(n_samples=200, random_state=0),
        {},
    ),
    "regression": (REGRESSORS, X_diabetes, y_diabetes, {}),
    "poisson": (REGRESSORS, X_diabetes, np.exp(y_diabetes), {"loss": "poisson"}),
    "multioutput": (
        REGRESSORS,
        *(
            a / s
            for a, s in zip(
                make_regression(200, 10, n_targets=3, random_state=0),
                (1, 100),
                strict=True,
            )
        ),
        {},
    ),
}

CURVES = (
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)
EXACT = (
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
)


def fitted(estimators, X, y, fit=None, **parameters):
    """scikit-learn's estimator and ours, both fitted."""
    models = []
    for estimator in estimators:
        model = estimator(**{"random_state": 0, "max_iter": 8, **parameters})
        if fit is None:
            model.fit(X, y)
        else:
            fit(model, X, y)
        models.append(model)
    return models


def assert_twins(theirs, ours, X, rtol=1e-9, atol=1e-11):
    """All fitted attributes and predictions agree to rounding."""
    for a, b in zip(
        theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True
    ):
        np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)
    for name in EXACT:
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in CURVES:
        wanted = getattr(theirs, name, "absent")
        if wanted is None or wanted == "absent":
            assert wanted == "absent" or getattr(ours, name) is None, name
        else:
            found = getattr(ours, name)
            assert type(found) is type(wanted) or isinstance(found, float)
            np.testing.assert_allclose(
                found, wanted, rtol=rtol, atol=atol, err_msg=name
            )
    np.testing.assert_allclose(
        *(
            m.predict_proba(X) if hasattr(m, "predict_proba") else m.predict(X)
            for m in (ours, theirs)
        ),
        rtol=rtol,
        atol=atol,
    )
    if hasattr(theirs, "classes_") and X.dtype == np.float64:
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    if hasattr(theirs, "classes_"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)


targets = pytest.mark.parametrize("target", TARGETS)


@targets
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_solvers_and_activations(target, solver, activation):
    estimators, X, y, parameters = TARGETS[target]
    if target == "multioutput" and solver == "lbfgs":
        pytest.skip("scikit-learn's gradient is wrong here: see test_defects.py")
    models = fitted(
        estimators,
        X,
        y,
        solver=solver,
        activation=activation,
        hidden_layer_sizes=(12, 7),
        **parameters,
    )
    assert_twins(*models, X)


@pytest.mark.parametrize("momentum", [0, 0.5, 0.9])
@pytest.mark.parametrize("nesterovs_momentum", [False, True])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_sgd(learning_rate, momentum, nesterovs_momentum):
    models = fitted(
        CLASSIFIERS,
        X_cancer,
        y_cancer,
        solver="sgd",
        learning_rate=learning_rate,
        momentum=momentum,
        nesterovs_momentum=nesterovs_momentum,
        learning_rate_init=0.1,
        tol=1e-3,
        n_iter_no_change=2,
        max_iter=150,
    )
    assert_twins(*models, X_cancer)
    rates = [model._optimizer.learning_rate for model in models]
    assert rates[0] == rates[1]


@targets
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_early_stopping(target, solver):
    estimators, X, y, parameters = TARGETS[target]
    models = fitted(
        estimators, X, y, solver=solver, early_stopping=True, max_iter=30, **parameters
    )
    assert_twins(*models, X)


@targets
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_sample_weights(target, solver, early_stopping):
    estimators, X, y, parameters = TARGETS[target]
    if target == "multioutput" and solver == "lbfgs":
        pytest.skip("scikit-learn's gradient is wrong here: see test_defects.py")
    weight = np.random.default_rng(0).random(len(y)) + 0.1
    models = fitted(
        estimators,
        X,
        y,
        lambda model, X, y: model.fit(X, y, weight),
        solver=solver,
        early_stopping=early_stopping,
        **parameters,
    )
    assert_twins(*models, X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha": 0},
        {"alpha": 1.0},
        {"batch_size": 1, "max_iter": 2},
        {"batch_size": 64},
        {"batch_size": 500},
        {"batch_size": 5000},
        {"shuffle": False},
        {"shuffle": False, "early_stopping": True},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 5},
        {"hidden_layer_sizes": [6, 4]},
        {"hidden_layer_sizes": np.array([6, 4])},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"tol": 10.0, "n_iter_no_change": 1},
        {"n_iter_no_change": np.inf},
        {"solver": "lbfgs", "max_fun": 5},
        {"validation_fraction": 0.4, "early_stopping": True},
    ],
    ids=str,
)
def test_other_parameters(parameters):
    assert_twins(*fitted(CLASSIFIERS, X_digits, y_digits, **parameters), X_digits)


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: X[:, ::-1],
        sparse.csr_matrix,
        sparse.csc_matrix,
        sparse.csr_array,
    ],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_memory_layouts(layout, solver, early_stopping):
    X = layout(X_digits)
    models = fitted(
        CLASSIFIERS, X, y_digits, solver=solver, early_stopping=early_stopping
    )
    # L-BFGS amplifies a difference in rounding by a few orders over its iterations.
    assert_twins(*models, X, rtol=1e-6, atol=1e-9)


def test_read_only_input():
    X = X_digits.copy()
    X.flags.writeable = False
    assert_twins(*fitted(CLASSIFIERS, X, y_digits), X)


@targets
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_float32(target, solver):
    estimators, X, y, parameters = TARGETS[target]
    if target == "multioutput" and solver == "lbfgs":
        pytest.skip("scikit-learn's gradient is wrong here: see test_defects.py")
    X = X.astype(np.float32)
    models = fitted(estimators, X, y, solver=solver, **parameters)
    assert all(a.dtype == np.float32 for a in models[1].coefs_)
    # scikit-learn computes a part of this in float64: rounding of float32, amplified
    # over the epochs.
    assert_twins(*models, X, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("target", ["multiclass", "binary", "regression"])
def test_partial_fit(target, solver, learning_rate):
    estimators, X, y, parameters = TARGETS[target]

    def stream(model, X, y):
        first = {"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}
        for start in range(0, 300, 100):
            rows = slice(start, start + 100)
            model.partial_fit(X[rows], y[rows], **first)
            first = {}

    models = fitted(
        estimators,
        X,
        y,
        stream,
        solver=solver,
        learning_rate=learning_rate,
        **parameters,
    )
    assert_twins(*models, X)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("target", ["multiclass", "regression"])
def test_warm_start(target, solver):
    estimators, X, y, parameters = TARGETS[target]
    models = fitted(
        estimators,
        X,
        y,
        lambda model, X, y: model.fit(X, y).fit(X, y),
        solver=solver,
        warm_start=True,
        **parameters,
    )
    assert_twins(*models, X)


def test_fit_then_partial_fit():
    models = fitted(
        CLASSIFIERS,
        X_digits,
        y_digits,
        lambda model, X, y: model.fit(X, y).partial_fit(X[:50], y[:50]),
    )
    assert_twins(*models, X_digits)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_random_state_is_used_up_alike(early_stopping):
    states = [np.random.RandomState(5), np.random.RandomState(5)]
    models = [
        estimator(random_state=state, max_iter=3, early_stopping=early_stopping)
        for estimator, state in zip(CLASSIFIERS, states, strict=True)
    ]
    for model in models:
        model.fit(X_digits, y_digits)
    assert_twins(*models, X_digits)
    assert states[0].randint(2**31) == states[1].randint(2**31)


def test_the_global_random_state():
    models = []
    for estimator in CLASSIFIERS:
        np.random.seed(3)
        models.append(estimator(max_iter=3).fit(X_digits, y_digits))
    assert_twins(*models, X_digits)


def test_bit_for_bit_where_the_products_are():
    """On one BLAS, float64 and dense, every operation is the same."""
    for parameters in ({}, {"solver": "sgd"}, {"solver": "lbfgs"}):
        theirs, ours = fitted(CLASSIFIERS, X_digits, y_digits, **parameters)
        # Another BLAS may round x.dot(W) and x @ W differently.
        if not np.array_equal(
            X_digits[:200] @ ours.coefs_[0], X_digits[:200].dot(ours.coefs_[0])
        ):
            pytest.skip("this BLAS rounds dot and matmul differently")
        for a, b in zip(theirs.coefs_, ours.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
        assert theirs.loss_ == ours.loss_


@pytest.mark.parametrize("estimators", [CLASSIFIERS, REGRESSORS])
def test_every_parameter_is_there_in_order_with_its_default(estimators):
    theirs, ours = (
        [
            parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in inspect.signature(estimator).parameters.values()
        ]
        for estimator in estimators
    )
    assert ours[: len(theirs)] == theirs
    for extra in ours[len(theirs) :]:
        assert extra.kind == inspect.Parameter.KEYWORD_ONLY


WRONG = {
    "hidden_layer_sizes": [-1, 0, (3, -1), (0,)],
    "alpha": [-1, "x"],
    "batch_size": [0, -1, 1.5, "all"],
    "learning_rate_init": [0, -1],
    "power_t": [-1],
    "max_iter": [0, -1, 1.5],
    "shuffle": ["yes"],
    "random_state": [-1, "seed"],
    "tol": [-1],
    "warm_start": ["yes"],
    "momentum": [-0.1, 2],
    "nesterovs_momentum": ["yes"],
    "early_stopping": ["yes"],
    "validation_fraction": [-0.1, 1, 1.5],
    "beta_1": [1, -0.1],
    "beta_2": [1, -0.1],
    "epsilon": [0, -1],
    "n_iter_no_change": [0, -1],
    "max_fun": [0, -1],
    "verbose": ["loud"],
}


@pytest.mark.parametrize("estimators", [CLASSIFIERS, REGRESSORS])
@pytest.mark.parametrize(
    ("name", "value"), [(name, v) for name, values in WRONG.items() for v in values]
)
def test_wrong_parameters_give_scikit_learns_message(estimators, name, value):
    messages = []
    for estimator in estimators:
        with pytest.raises((ValueError, TypeError)) as error:
            estimator(**{name: value}).fit(X_diabetes, y_digits[:300])
        messages.append(str(error.value).replace("Scratch", ""))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("name", ["activation", "solver", "learning_rate"])
def test_a_wrong_name_is_answered_with_the_names_there_are(name):
    with pytest.raises(
        ValueError, match=f"The '{name}' parameter of Scratch.* 'magic'"
    ):
        ScratchMLPClassifier(**{name: "magic"}).fit(X_cancer, y_cancer)


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "sgd", "max_iter": 3},
        {"max_iter": 300, "tol": 0.5, "n_iter_no_change": 2},
        {"early_stopping": True, "max_iter": 300, "tol": 0.5, "n_iter_no_change": 2},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "max_iter": 100},
    ],
    ids=str,
)
def test_verbose_prints_the_same_lines(capsys, parameters):
    """Ours may go on after a comma: the validation loss, a rate that changes."""
    printed = []
    for estimator in CLASSIFIERS:
        estimator(verbose=True, random_state=0, **parameters).fit(X_cancer, y_cancer)
        printed.append(capsys.readouterr().out.splitlines())
    for theirs, ours in zip(*printed, strict=True):
        assert ours == theirs or ours.startswith(f"{theirs}, ")
    assert "Iteration 1, loss = " in printed[0][0]
    if parameters.keys() <= {"solver", "max_iter", "tol", "n_iter_no_change"}:
        assert printed[0] == printed[1]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "parameters",
    [{"max_iter": 2}, {"max_iter": 2, "solver": "lbfgs"}, {"batch_size": 1000}],
    ids=str,
)
def test_the_same_warnings(parameters):
    found = []
    for estimator in CLASSIFIERS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator(random_state=0, **{"max_iter": 300, **parameters}).fit(
                X_cancer, y_cancer
            )
        found.append([(w.category, str(w.message)) for w in caught])
    assert found[0] == found[1]
    assert found[0]
    assert found[0][0][0] in (ConvergenceWarning, UserWarning)
