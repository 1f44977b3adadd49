"""The searches: scikit-learn's own results and habits, with nets trained at once."""

import copy
import inspect
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from contextlib import redirect_stdout
from functools import partial

import joblib
import numpy as np
import pytest
from scipy import sparse
from scipy.stats import loguniform
from sklearn import config_context, model_selection
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch import model_selection as together
from sknn_scratch._estimators.base import BaseNeuralEstimator

rows = np.random.RandomState(0).permutation(150)
X_all, y_all = (array[rows] for array in load_iris(return_X_y=True))
X, y = X_all[:90], y_all[:90]
X_val, y_val = X_all[90:], y_all[90:]
numbers = tuple(array[:80] for array in load_diabetes(return_X_y=True))
numbers = numbers[0], numbers[1] / 100
names = np.array(["setosa", "versicolor", "virginica"])[y]
labels = np.c_[y > 0, y > 1].astype(int)
weight = np.random.RandomState(1).rand(90)
groups = np.arange(90) % 5

net = ScratchMLPClassifier((4,), max_iter=4, batch_size=20, random_state=0)
regressor = ScratchMLPRegressor(
    hidden_layer_sizes=(4,), max_iter=4, batch_size=20, random_state=0
)
alphas = {"alpha": [1e-4, 1e-2, 1.0]}
SEARCHES = [
    "GridSearchCV",
    "RandomizedSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
]


# ---- the judge ---------------------------------------------------------------


def told(model, X, y):
    """A scorer that tells of the weights and the course of each candidate."""
    inner = model
    while not hasattr(inner, "loss_curve_"):
        inner = inner[-1] if isinstance(inner, Pipeline) else inner.regressor_
    theta = inner._network.theta.astype(float)
    curve = np.array(inner.loss_curve_)
    return {
        "score": model.score(X, y),
        "epochs": inner.n_iter_,
        "weights": theta @ np.cos(np.arange(theta.size)),
        "curve": curve @ np.cos(np.arange(curve.size)),
        "best": inner.best_loss_ or 0.0,
    }


def plain(text):
    """A text without addresses, tracebacks and times."""
    text = re.sub(r"Traceback \(most recent call last\):\n(?:  .*\n)*", "", str(text))
    return re.sub(r"0x[0-9A-Fa-f]+|total time= .*", "", text)


class Run:
    """What a search came to, its error, what it warned of and what it printed."""

    def __init__(self, module, name, estimator, *args, data=(X, y), given=None, **kw):
        np.random.seed(0)  # scikit-learn draws from it where random_state is None
        self.search = getattr(module, name)(estimator, *args, **kw)
        self.error, printed = None, io.StringIO()
        with warnings.catch_warnings(record=True) as caught, redirect_stdout(printed):
            warnings.simplefilter("always")
            try:
                assert self.search.fit(*data, **(given or {})) is self.search
            except Exception as error:
                self.error = error
        self.warned = Counter((w.category, plain(w.message)) for w in caught)
        lines = printed.getvalue().splitlines()
        self.counts = [line for line in lines if "were trained together" in line]
        self.printed = [plain(line) for line in lines if line not in self.counts]


def same_columns(ours, theirs, rtol):
    """cv_results_ of both, column by column."""
    assert list(ours) == list(theirs)
    for name, wanted in theirs.items():
        got = ours[name]
        assert type(got) is type(wanted), name
        if name == "params" or name.startswith("param_"):
            assert [plain(repr(v)) for v in got] == [plain(repr(v)) for v in wanted]
        if name == "params":
            continue
        assert got.dtype == wanted.dtype, name
        if isinstance(wanted, np.ma.MaskedArray):
            np.testing.assert_array_equal(got.mask, wanted.mask, err_msg=name)
        elif name.endswith("_time"):
            assert np.isfinite(got).all(), name
            assert (got >= 0).all(), name
        else:
            np.testing.assert_allclose(got, wanted, rtol, 1e-9, err_msg=name)
    assert (ours["mean_fit_time"] > 0).all()


def nets_in(estimator):
    """The fitted nets of a model."""
    if hasattr(estimator, "_network"):
        return [estimator]
    inner = []
    for value in vars(estimator).values():
        each = value if isinstance(value, list) else [value]
        each = [e[-1] if isinstance(e, tuple) and e else e for e in each]
        inner += [e for e in each if isinstance(e, BaseEstimator)]
    return [n for e in inner for n in nets_in(e)]


def same_search(ours, theirs, rtol=1e-7):
    """Fitted searches with one content."""
    assert vars(ours).keys() == vars(theirs).keys()
    same_columns(ours.cv_results_, theirs.cv_results_, rtol)
    for name in ("best_index_", "best_params_", "n_splits_", "multimetric_"):
        got, wanted = getattr(ours, name, None), getattr(theirs, name, None)
        assert plain(repr(got)) == plain(repr(wanted)), name
    for name in ("n_resources_", "n_candidates_", "n_iterations_", "max_resources_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    score = getattr(theirs, "best_score_", 0)
    np.testing.assert_allclose(getattr(ours, "best_score_", 0), score, rtol)
    if not hasattr(theirs, "best_estimator_"):
        return
    ours, theirs = ours.best_estimator_, theirs.best_estimator_
    assert plain(repr(ours)) == plain(repr(theirs))
    assert vars(ours).keys() == vars(theirs).keys()
    for a, b in zip(nets_in(ours), nets_in(theirs), strict=True):
        assert vars(a).keys() == vars(b).keys()
        np.testing.assert_array_equal(a._network.theta, b._network.theta)


def compare(name, estimator, *args, rtol=1e-7, **kwargs):
    """Run our search and scikit-learn's; they must agree in all they say and do."""
    before, text = set(vars(estimator)), repr(estimator)
    ours = Run(together, name, estimator, *args, **kwargs)
    assert ours.search.estimator is estimator
    assert set(vars(estimator)) == before
    assert repr(estimator) == text
    theirs = Run(model_selection, name, estimator, *args, **kwargs)
    assert type(ours.error) is type(theirs.error), ours.error
    assert plain(ours.error) == plain(theirs.error)
    assert ours.warned == theirs.warned
    assert ours.printed == theirs.printed
    if theirs.error is None:
        same_search(ours.search, theirs.search, rtol)
    return ours


grid_search = partial(compare, "GridSearchCV")


def how_many(run):
    """How many fits went together, and of how many; a pair for each round."""
    found = [re.fullmatch(r"(\d+) of (\d+) fits .*", line) for line in run.counts]
    return [(int(match[1]), int(match[2])) for match in found]


# ---- what is searched --------------------------------------------------------


def sgd(**params):
    return clone(net).set_params(solver="sgd", **params)


STEPS = {"alpha": [1e-3, 0.1]}
#: grids for a bare net, and how many of the fits go together in three folds
GRIDS = {
    "numbers": ({**alphas, "learning_rate_init": [1e-3, 1e-2]}, "all"),
    "architectures": ({"hidden_layer_sizes": [(3,), (4,), (3, 2)], **STEPS}, "all"),
    "shapes of any kind": ({"hidden_layer_sizes": [3, [4], np.array([3])]}, "all"),
    "activations": ({"activation": ["relu", "tanh", "gelu"], **STEPS}, "all"),
    "batches": ({"batch_size": [10, 20, "auto"], **STEPS}, "all"),
    "early stopping": (
        {"early_stopping": [True, False], "validation_fraction": [0.2, 0.3]},
        "all",
    ),
    "dtypes": ({"dtype": ["float64", None], **STEPS}, "all"),
    "seeds": ({"random_state": [0, 1, 2, np.random.RandomState(3)]}, "all"),
    "ends": (
        {"max_iter": [1, 5, 9], "tol": [0.0, 0.2], "n_iter_no_change": [1, 2]},
        "all",
    ),
    "noise": (
        {"dropout": [0, 0.1], "label_smoothing": [0, 0.1], "clip_norm": [None, 1.0]},
        None,
    ),
    "moments": ({"beta_1": [0.8, 0.9], "epsilon": [1e-8, 1e-3]}, "all"),
    "decay": ({"solver": ["adamw"], "weight_decay": [0.0, 0.1]}, None),
    "orders": ({"shuffle": [True, False], **STEPS}, "all"),
    "a list of grids": (
        [alphas, {"random_state": [0, 1]}, {"alpha": [0.1], "tol": [0.1]}],
        "all",
    ),
    "nothing": ({}, "all"),
    "NumPy's numbers": ({"alpha": np.logspace(-3, 0, 3)}, "all"),
    "solvers": ({"solver": ["adam", "lbfgs"], "alpha": [0.1, 1.0]}, 6),
    "starts": ({"warm_start": [False, True], "alpha": [0.1, 1.0]}, 6),
    "own scorings": (
        {"scoring": [None, "accuracy"], "early_stopping": [True], **STEPS},
        6,
    ),
    "classes' weights": ({"class_weight": [None, "balanced"], **STEPS}, None),
    "given weights": (
        {"coefs_init": [None, [np.ones((4, 4)), np.ones((4, 3))]], **STEPS},
        "all",
    ),
}
if "adamw" not in str(ScratchMLPClassifier._parameter_constraints["solver"]):
    del GRIDS["decay"]


@pytest.mark.parametrize("kind", GRIDS)
def test_grids(kind):
    grid, wanted = GRIDS[kind]
    run = grid_search(net, grid, cv=3, scoring=told, refit="score", verbose=1)
    [(n, total)] = how_many(run)
    assert total == 3 * len(run.search.cv_results_["params"])
    if wanted is not None:
        assert n == (total if wanted == "all" else wanted)


@pytest.mark.parametrize(
    "grid",
    [
        {"momentum": [0.0, 0.1, 0.9], "nesterovs_momentum": [True, False]},
        {"learning_rate": ["constant", "invscaling"], "power_t": [0.3, 0.5]},
        {"learning_rate": ["adaptive"], "learning_rate_init": [0.1, 0.5], "tol": [0.1]},
    ],
    ids=["momentum", "schedules", "adaptive"],
)
def test_grids_of_stochastic_gradient_descent(grid):
    run = grid_search(
        sgd(max_iter=20, n_iter_no_change=2),
        grid,
        cv=3,
        scoring=told,
        refit="score",
        verbose=1,
    )
    [(n, total)] = how_many(run)
    assert n == total


def test_float32_is_equal_to_its_rounding():
    data = X.astype(np.float32), y
    run = grid_search(
        net, alphas, cv=3, scoring=told, refit="score", data=data, rtol=1e-4
    )
    assert run.search.best_estimator_._network.dtype == np.float32


class ScalesItself(ScratchMLPClassifier):
    """A subclass whose fit is its own."""

    def fit(self, X, y):
        super().fit(X / 10, y)
        self.divisor_ = 10
        return self


class FewParameters(ScratchMLPClassifier):
    """A subclass with a constructor of its own."""

    def __init__(self, alpha=0.1, random_state=0, max_iter=3):
        super().__init__(
            (3,), alpha=alpha, random_state=random_state, max_iter=max_iter
        )


pipeline = Pipeline([("scaler", StandardScaler()), ("net", net)])
around = TransformedTargetRegressor(regressor, transformer=StandardScaler())
piped = TransformedTargetRegressor(
    make_pipeline(StandardScaler(), regressor), func=np.log1p, inverse_func=np.expm1
)
PIPE_GRID = {"scaler__with_mean": [True, False], "net__alpha": [1e-3, 1.0]}
#: estimator, grid, data, whether its fits go together
ESTIMATORS = {
    "regressor": (regressor, alphas, numbers, True),
    "resnet": (ResNetClassifier(3, max_iter=3, random_state=0), STEPS, (X, y), True),
    "pipeline": (pipeline, PIPE_GRID, (X, y), True),
    "pipeline in a pipeline": (
        Pipeline([("first", MinMaxScaler()), ("rest", pipeline)]),
        {f"rest__{name}": values for name, values in PIPE_GRID.items()},
        (X, y),
        True,
    ),
    "transformed target": (around, {"regressor__alpha": [0.1, 1]}, numbers, True),
    "transformed target of a pipeline": (
        piped,
        {"regressor__scratchmlpregressor__alpha": [0.1, 1]},
        numbers,
        True,
    ),
    "pipeline of a transformed target": (
        Pipeline([("scaler", StandardScaler()), ("target", around)]),
        {"target__regressor__alpha": [0.1, 1], "scaler__with_std": [True, False]},
        numbers,
        True,
    ),
    "fewer parameters": (FewParameters(), {"alpha": [0.1, 1]}, (X, y), True),
    "a fit of its own": (
        ScalesItself((4,), max_iter=3, random_state=0),
        STEPS,
        (X, y),
        False,
    ),
    "sparse inside": (
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), net),
        {"scratchmlpclassifier__alpha": [0.1, 1]},
        (X, y),
        False,
    ),
    "one against the rest": (
        OneVsRestClassifier(net),
        {"estimator__alpha": [0.1, 1]},
        (X, y),
        False,
    ),
    "an output each": (
        MultiOutputRegressor(regressor),
        {"estimator__alpha": [0.1, 1]},
        (numbers[0], np.c_[numbers[1], -numbers[1]]),
        False,
    ),
    "bags": (
        BaggingClassifier(net, n_estimators=2, random_state=0),
        {"estimator__alpha": [0.1, 1]},
        (X, y),
        False,
    ),
    "a search": (
        model_selection.GridSearchCV(net, {"alpha": [0.1, 1]}, cv=2),
        {"estimator__activation": ["tanh", "relu"]},
        (X, y),
        False,
    ),
    "our search": (
        together.GridSearchCV(net, {"alpha": [0.1, 1]}, cv=2),
        {"estimator__activation": ["tanh", "relu"]},
        (X, y),
        False,
    ),
    "logistic regression": (LogisticRegression(), {"C": [1e-3, 1.0]}, (X, y), False),
    "MLPClassifier": (
        MLPClassifier((4,), max_iter=4, random_state=0),
        STEPS,
        (X, y),
        False,
    ),
    "support vectors": (
        make_pipeline(StandardScaler(), SVC()),
        {"svc__C": [0.1, 1]},
        (X, y),
        False,
    ),
    "clusters": (
        KMeans(n_init=1, random_state=0),
        {"n_clusters": [2, 3]},
        (X,),
        False,
    ),
    "no net at the end": (make_pipeline(StandardScaler(), None), {}, (X, y), False),
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_estimators(kind):
    estimator, grid, data, goes = ESTIMATORS[kind]
    scoring = {"scoring": told, "refit": "score"} if goes else {}
    if kind == "no net at the end":
        scoring = {"scoring": lambda *_: 1.0}
    run = grid_search(estimator, grid, cv=3, data=data, verbose=1, **scoring)
    [(n, total)] = how_many(run)
    assert n == (total if goes else 0)


def test_a_pipeline_with_a_memory(tmp_path):
    cached = clone(pipeline).set_params(memory=str(tmp_path))
    run = grid_search(cached, PIPE_GRID, cv=3, verbose=1)
    assert how_many(run) == [(12, 12)]


def test_values_that_are_estimators():
    grid = [
        {"net": [net, LogisticRegression(), clone(net).set_params(alpha=3)]},
        {"scaler": ["passthrough", MinMaxScaler()], "net__alpha": [0.1, 1]},
        {"net": [ScratchMLPClassifier((3,), max_iter=2)], "net__random_state": [0, 1]},
    ]
    run = grid_search(pipeline, grid, cv=3, verbose=1)
    assert how_many(run) == [(24, 27)]
    for candidate in grid[0]["net"]:
        assert not hasattr(candidate, "classes_")


def test_a_last_step_that_is_none():
    grid = {"net": [net, None, "passthrough"]}
    run = grid_search(pipeline, grid, cv=3, error_score=-1, verbose=1)
    assert how_many(run) == [(3, 9)]


def test_a_pipeline_without_steps():
    grid = {"steps": [[("net", net)], []]}
    grid_search(Pipeline([("net", net)]), grid, cv=3)


def test_a_generator_for_a_seed():
    seeded = clone(net).set_params(random_state=np.random.RandomState(4))
    run = grid_search(seeded, alphas, cv=3, scoring=told, refit="score", verbose=1)
    assert how_many(run) == [(9, 9)]


def test_without_a_seed_each_net_is_another():
    # NumPy's global generator is asked in another order than one by one.
    grid = {"tol": [1e-4] * 4}
    unseeded = clone(net).set_params(random_state=None)
    search = partial(Run, together, "GridSearchCV", unseeded, grid)
    each = []
    for _ in range(2):
        run = search(cv=2, scoring=told, refit=False, verbose=1)
        assert how_many(run) == [(8, 8)]
        results = run.search.cv_results_
        each += [*results["split0_test_weights"], *results["split1_test_weights"]]
    assert len(set(each)) == 8
    assert each[:8] == each[8:]


def test_a_fitted_estimator_is_searched_afresh():
    fitted = clone(net).set_params(max_iter=1000, tol=1e-2).fit(X, y)
    theta = fitted._network.theta.copy()
    ours, theirs = (
        module.GridSearchCV(fitted, alphas, cv=3).fit(X, y)
        for module in (together, model_selection)
    )
    same_search(ours, theirs)
    np.testing.assert_array_equal(fitted._network.theta, theta)


def test_a_frozen_estimator_keeps_its_own():
    frozen = FrozenEstimator(LogisticRegression(max_iter=1000).fit(X, y))
    grid_search(frozen, {}, cv=3)
    assert list(vars(frozen)) == ["estimator"]
    scaler = FrozenEstimator(StandardScaler().fit(X))
    grid = {"scratchmlpclassifier__alpha": [0.1, 1]}
    run = grid_search(make_pipeline(scaler, net), grid, cv=3, verbose=1)
    assert how_many(run) == [(6, 6)]
    assert list(vars(scaler)) == ["estimator"]


# ---- the four searches -------------------------------------------------------

DISTRIBUTIONS = {"alpha": loguniform(1e-4, 1), "learning_rate_init": [1e-3, 1e-2]}
VALUES = {**alphas, "learning_rate_init": [1e-3, 1e-2]}


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("estimator", [net, pipeline], ids=["net", "pipeline"])
def test_each_search(name, estimator, resource):
    prefix = "net__" if estimator is pipeline else ""
    kwargs = {"cv": 3, "scoring": "neg_log_loss", "verbose": 1}
    if name.startswith("Halving"):
        kwargs |= {"random_state": 0, "return_train_score": True}
        if resource == "max_iter":
            kwargs |= {"max_resources": 9, "resource": f"{prefix}max_iter"}
            if name == "HalvingRandomSearchCV":
                kwargs |= {"n_candidates": 5, "min_resources": 3}
    elif resource == "max_iter":
        kwargs["scoring"] = ["accuracy", "neg_log_loss"]
        kwargs["refit"] = "neg_log_loss"
    if name == "RandomizedSearchCV":
        kwargs |= {"n_iter": 4, "random_state": 0}
    values = DISTRIBUTIONS if "Random" in name else VALUES
    values = {f"{prefix}{name}": value for name, value in values.items()}
    run = compare(name, estimator, values, **kwargs)
    if name.startswith("Halving"):
        assert len(run.counts) == run.search.n_iterations_ > 1
    for n, total in how_many(run):
        assert n == total
    assert "total" in run.printed[-1]


@pytest.mark.parametrize("name", SEARCHES)
def test_draws_without_a_seed(name):
    values = DISTRIBUTIONS if "Random" in name else VALUES
    kwargs = {"n_iter": 3} if name == "RandomizedSearchCV" else {}
    compare(name, net, values, cv=3, **kwargs)
    generator = {"random_state": np.random.RandomState(5)}
    if name != "GridSearchCV":
        ours = Run(together, name, net, values, cv=3, **kwargs, **generator)
        generator = {"random_state": np.random.RandomState(5)}
        theirs = Run(model_selection, name, net, values, cv=3, **kwargs, **generator)
        same_search(ours.search, theirs.search)


@pytest.mark.parametrize("name", SEARCHES)
def test_constructors_and_methods_are_scikit_learns(name):
    ours, theirs = getattr(together, name), getattr(model_selection, name)
    assert issubclass(ours, theirs)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    public = {name for name in dir(ours) if not name.startswith("_")}
    assert public == {name for name in dir(theirs) if not name.startswith("_")}
    documented = re.findall(r"^(\w+(?:, \w+)*) :", inspect.getdoc(ours), re.M)
    documented = {each for group in documented for each in group.split(", ")}
    assert documented >= set(inspect.signature(ours).parameters)


# ---- options -----------------------------------------------------------------


def scalar(model, X, y):
    return model.score(X, y)


def several(model, X, y):
    return {"accuracy": model.score(X, y), "loss": -model.loss_}


def pairs():
    return [(np.arange(60), np.arange(60, 90)), (np.arange(20, 90), np.arange(20))]


OPTIONS = {
    "the default scoring": {"return_train_score": True},
    "a name": {"scoring": "f1_macro", "return_train_score": True},
    "a callable": {"scoring": scalar},
    "a list": {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"},
    "a tuple": {"scoring": ("accuracy",), "refit": "accuracy"},
    "a dict": {
        "scoring": {"a": "accuracy", "b": make_scorer(f1_score, average="macro")},
        "refit": False,
        "return_train_score": True,
    },
    "a callable of several": {"scoring": several, "refit": "loss"},
    "no refit": {"refit": False},
    "a refit that is a function": {"refit": lambda results: 1},
    "several without a refit": {"scoring": ["accuracy"]},
    "several of a callable without a refit": {"scoring": several},
    "a refit out of range": {"refit": lambda results: 7},
    "a refit of a wrong kind": {"refit": lambda results: "x"},
    "an unknown scoring": {"scoring": "magic"},
    "a scoring of a wrong kind": {"scoring": 3},
    "default folds": {"cv": None},
    "shuffled rows": {"cv": ShuffleSplit(3, random_state=0)},
    "rows shuffled anew": {"cv": ShuffleSplit(3)},
    "folds of a generator": {
        "cv": lambda: KFold(3, shuffle=True, random_state=np.random.RandomState(1))
    },
    "repeated folds": {
        "cv": RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    },
    "many folds": {"cv": KFold(30)},
    "pairs": {"cv": pairs()},
    "an iterator of pairs": {"cv": lambda: iter(pairs())},
    "pairs of lists": {"cv": [tuple(part.tolist() for part in p) for p in pairs()]},
    "pairs of ranges": {"cv": [(range(60), range(60, 90)), (range(80), range(9))]},
    "masks": {"cv": [(np.arange(90) < 60, np.arange(90) >= 60)]},
    "rows from the end": {"cv": [(np.arange(-60, 0), np.arange(30))]},
    "rows that are not there": {"cv": [(np.arange(60, 100), np.arange(60))]},
    "one row": {"cv": [([1], [1, 2])]},
    "no rows": {"cv": [(np.arange(0), np.arange(9)), pairs()[0]]},
    "no pairs": {"cv": []},
    "one fold": {"cv": 1},
    "folds of a wrong kind": {"cv": "x"},
    "jobs of a wrong kind": {"n_jobs": "a"},
    "verbosity of a wrong kind": {"verbose": "x"},
    "an error score of a wrong kind": {"error_score": "nan"},
    "a refit of no name": {"refit": "zzz"},
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_options(kind):
    options = {"cv": 3, **OPTIONS[kind]}
    cv = options.pop("cv")
    if not callable(cv):
        grid_search(net, alphas, cv=cv, **options)
        return
    ours, theirs = (
        Run(module, "GridSearchCV", net, alphas, cv=cv(), **options)
        for module in (together, model_selection)
    )
    same_search(ours.search, theirs.search)


@pytest.mark.parametrize("verbose", [0, 1, 2, 3, 10])
def test_what_is_printed(verbose):
    run = grid_search(net, alphas, cv=2, verbose=verbose)
    assert run.counts == ["6 of 6 fits were trained together."] * (verbose > 0)
    run = grid_search(LogisticRegression(), {"C": [0.1]}, cv=2, verbose=verbose)
    assert run.counts == ["0 of 2 fits were trained together."] * (verbose > 0)


def test_nets_that_print():
    prints = clone(net).set_params(verbose=True)
    ours, theirs = (
        Run(module, "GridSearchCV", prints, STEPS, cv=2)
        for module in (together, model_selection)
    )
    assert Counter(ours.printed) == Counter(theirs.printed)


# ---- fits that fail ----------------------------------------------------------


class Fails(TransformerMixin, BaseEstimator):
    """A step whose fit fails if it is told so."""

    def __init__(self, fails=False):
        self.fails = fails

    def fit(self, X, y=None):
        if self.fails:
            raise ZeroDivisionError("a mistake in a step")
        return self

    def transform(self, X):
        return X


FAILING = {
    "some": (net, {"alpha": [-1, 0.1, 1.0]}, {}),
    "all": (net, {"alpha": [-1, -2]}, {}),
    "several scores": (
        net,
        {"alpha": [1, -2]},
        {"scoring": ["accuracy", "f1_macro"], "refit": "accuracy"},
    ),
    "a callable's scores": (
        net,
        {"alpha": [1, -2]},
        {"scoring": several, "refit": "accuracy"},
    ),
    "architectures": (net, {"hidden_layer_sizes": [(0,), (3,), "a", (3, -1), 3.5]}, {}),
    "types": (net, {"learning_rate_init": ["fast", 0, 0.1, None]}, {}),
    "a step": (
        Pipeline([("step", Fails()), ("net", net)]),
        {"step__fails": [True, False], "net__alpha": [0.1, 1]},
        {},
    ),
    "a step of a target's": (
        TransformedTargetRegressor(Pipeline([("step", Fails()), ("net", regressor)])),
        {"regressor__step__fails": [True, False], "regressor__net__alpha": [0.1, 1]},
        {"data": numbers},
    ),
}


@pytest.mark.parametrize("error_score", [np.nan, -5, "raise"])
@pytest.mark.parametrize("kind", FAILING)
def test_fits_that_fail(kind, error_score):
    estimator, grid, kwargs = FAILING[kind]
    if error_score == "raise":
        # scikit-learn has fitted fewer before it comes to the one that fails
        runs = [
            Run(
                module,
                "GridSearchCV",
                estimator,
                grid,
                cv=3,
                error_score="raise",
                **kwargs,
            )
            for module in (together, model_selection)
        ]
        assert type(runs[0].error) is type(runs[1].error) is not type(None)
        assert str(runs[0].error) == str(runs[1].error)
        return
    grid_search(
        estimator,
        grid,
        cv=3,
        error_score=error_score,
        return_train_score=True,
        **kwargs,
    )


@pytest.mark.parametrize("filters", ["always", "error"])
def test_one_that_diverges_harms_no_other(filters):
    rates = {"learning_rate_init": [1e-3, 1e150, 1e-2]}
    results = []
    for module in (together, model_selection):
        search = module.GridSearchCV(regressor, rates, cv=3, verbose=1)
        printed = io.StringIO()
        with warnings.catch_warnings(record=True), redirect_stdout(printed):
            warnings.simplefilter("always")
            warnings.simplefilter(filters, RuntimeWarning)
            warnings.simplefilter("always", FitFailedWarning)
            search.fit(*numbers)
        results.append(search.cv_results_)
        if module is together and filters == "always":
            assert "9 of 9 fits" in printed.getvalue()
    same_columns(*results, rtol=1e-7)
    assert np.isnan(results[0]["mean_test_score"]).tolist() == [False, True, False]


def test_floating_point_errors_that_are_raised():
    rates = {"learning_rate_init": [1e-3, 1e150, 1e-2]}
    with np.errstate(all="raise"):
        grid_search(regressor, rates, cv=3, data=numbers)


@pytest.fixture
def trainings(monkeypatch):
    """The nets whose training has begun, one by one or together."""
    begun = []
    prepared = BaseNeuralEstimator._prepared

    def spy(self, *args):
        begun.append(self)
        return prepared(self, *args)

    monkeypatch.setattr(BaseNeuralEstimator, "_prepared", spy)
    return begun


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (net, [{"alpha": [1.0]}, {"alhpa": [0.1]}]),
        (net, [{}, {"alpha__x": [1]}]),
        (pipeline, [{"net__alpha": [1.0]}, {"alpha": [1.0]}]),
        (pipeline, [{"net__alpha": [1.0]}, {"net__alhpa": [1.0]}]),
        (pipeline, [{}, {"net": ["passthrough"], "net__alpha": [1.0]}]),
        (around, [{}, {"regressor__a": [1]}]),
    ],
)
def test_an_unknown_name_fails_before_any_training(trainings, estimator, grid):
    data = numbers if estimator is around else (X, y)
    run = Run(together, "GridSearchCV", estimator, grid, cv=3, data=data)
    assert trainings == []
    assert run.search.estimator is estimator
    theirs = Run(model_selection, "GridSearchCV", estimator, grid, cv=3, data=data)
    assert type(run.error) is type(theirs.error)
    assert str(run.error) == str(theirs.error)
    assert trainings != []  # scikit-learn's comes to it later


@pytest.mark.parametrize(
    "grid", [{"alpha": []}, {"activation": "relu"}, {"alpha": 0.1}, {"a": np.eye(2)}, 3]
)
def test_bad_grids(grid):
    run = grid_search(net, grid, cv=3)
    assert run.error is not None


class OnlyFits:
    """No estimator of scikit-learn's."""

    def fit(self, X, y):
        return self


class Changes(BaseEstimator):
    """Cannot be cloned."""

    def __init__(self, a=1):
        self.a = a + 1

    def fit(self, X, y):
        return self


@pytest.mark.parametrize(
    ("estimator", "kwargs"),
    [
        ("abc", {}),
        (None, {}),
        (ScratchMLPClassifier, {}),
        (OnlyFits(), {}),
        (OnlyFits(), {"scoring": "accuracy"}),
        (Changes(), {"scoring": "accuracy"}),
        (Changes(), {"scoring": "accuracy", "n_jobs": "many"}),
        (StandardScaler(), {}),
    ],
)
def test_no_estimators(estimator, kwargs):
    runs = [
        Run(module, "GridSearchCV", estimator, {"a": [1]}, cv=3, **kwargs)
        for module in (together, model_selection)
    ]
    assert runs[0].error is not None
    assert type(runs[0].error) is type(runs[1].error)
    assert plain(runs[0].error) == plain(runs[1].error)


# ---- rows and targets --------------------------------------------------------


def frame():
    return pytest.importorskip("pandas").DataFrame(X, columns=list("abcd"))


def arrow():
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table(dict(zip("abcd", X.T.copy(), strict=True)))


def polars():
    return pytest.importorskip("polars").DataFrame(X, schema=list("abcd"))


#: rows, target, how many of nine fits go together
DATA = {
    "a frame": lambda: (frame(), names),
    "a frame and a series": lambda: (
        frame(),
        pytest.importorskip("pandas").Series(names.astype(object)),
    ),
    "a frame and categories": lambda: (
        frame(),
        pytest.importorskip("pandas").Series(names, dtype="category"),
    ),
    "a polars frame": lambda: (polars(), names),
    "an arrow table": lambda: (arrow(), names),
    "lists": lambda: (X.tolist(), names.tolist()),
    "tuples": lambda: (tuple(map(tuple, X)), tuple(y)),
    "float32": lambda: (X.astype(np.float32), y),
    "float16": lambda: (X.astype(np.float16), y),
    "whole numbers": lambda: ((X * 10).astype(int), y),
    "columns first": lambda: (np.asfortranarray(X), y),
    "read only": lambda: (np.frombuffer(X.tobytes()).reshape(X.shape), y),
    "objects": lambda: (X.astype(object), names.astype(object)),
    "logical": lambda: (X, y > 0),
    "labels": lambda: (X, labels),
    "several outputs": lambda: (X, np.c_[y, 2 - y]),
    "a column": lambda: (X, y[:, None]),
    "a class that some folds lack": lambda: (X, np.where(np.arange(90) == 0, 9, y)),
}
ALONE = {
    "sparse rows": lambda: (sparse.csr_matrix(X), y),
    "sparse columns": lambda: (sparse.csc_array(X), y),
    "sparse coordinates": lambda: (sparse.coo_matrix(X), y),
}
BAD = {
    "no target": lambda: (X, None),
    "too short": lambda: (X, y[:50]),
    "nan": lambda: (np.where(X > 6, np.nan, X), y),
    "nan in all": lambda: (np.full_like(X, np.nan), y),
    "one axis": lambda: (X[:, 0], y),
    "three axes": lambda: (X[:, :, None], y),
    "numbers for classes": lambda: (X, y + 0.5),
    "one class": lambda: (X, y * 0),
    "few rows": lambda: (X[:4], y[:4]),
    "no rows": lambda: (X[:0], y[:0]),
}


@pytest.mark.parametrize("kind", [*DATA, *ALONE])
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_data(kind):
    data = {**DATA, **ALONE}[kind]()
    rtol = 1e-4 if kind == "float32" else 1e-7
    run = grid_search(net, alphas, cv=3, data=data, verbose=1, rtol=rtol)
    [(n, total)] = how_many(run)
    assert total == 9
    if kind in ALONE:
        assert n == 0
    elif kind != "a class that some folds lack":
        assert n == 9


@pytest.mark.parametrize("kind", BAD)
def test_bad_data(kind):
    grid_search(net, alphas, cv=3, data=BAD[kind]())


@pytest.mark.parametrize("width", [1, 2])
def test_targets_of_a_regressor(width):
    data = numbers[0], np.c_[numbers[1], -numbers[1]][:, :width]
    run = grid_search(
        regressor, alphas, cv=3, data=data, scoring=told, refit="score", verbose=1
    )
    assert how_many(run) == [(9, 9)]


# ---- what else fit is given --------------------------------------------------


GIVEN = {
    "weights": {"sample_weight": weight},
    "a list of weights": {"sample_weight": weight.tolist()},
    "no weights": {"sample_weight": None},
    "too few weights": {"sample_weight": weight[:50]},
    "negative weights": {"sample_weight": -weight},
    "rows that weigh nothing": {"sample_weight": np.where(np.arange(90) < 50, 0, 1.0)},
    "groups": {"groups": groups},
    "validation": {"X_val": X_val, "y_val": y_val},
    "validation of as many rows": {"X_val": X[::-1], "y_val": y[::-1]},
    "half a validation": {"X_val": X_val},
    "something unknown": {"magic": weight},
}


@pytest.mark.parametrize("stopping", [False, True])
@pytest.mark.parametrize("kind", GIVEN)
def test_fit_parameters(kind, stopping):
    estimator = clone(net).set_params(
        early_stopping=stopping, max_iter=9, n_iter_no_change=2
    )
    run = grid_search(estimator, alphas, cv=3, given=GIVEN[kind], verbose=1)
    if kind in ("weights", "a list of weights", "validation", "groups"):
        assert how_many(run) == [(9, 9)]


def test_batches_that_weigh_nothing():
    light = np.where(np.arange(90) < 60, 0, 1.0)
    grid = {"random_state": [0, 1, 2], "alpha": [0.1, 1.0]}
    small = clone(net).set_params(batch_size=10)
    grid_search(small, grid, cv=3, given={"sample_weight": light})


def test_weights_in_a_pipeline():
    grid_search(pipeline, PIPE_GRID, cv=3, given={"net__sample_weight": weight})
    run = grid_search(pipeline, PIPE_GRID, cv=3, given={"sample_weight": weight})
    assert run.error is not None


@pytest.mark.parametrize("given", [None, {"groups": groups}])
@pytest.mark.parametrize("name", ["GridSearchCV", "HalvingGridSearchCV"])
def test_groups(name, given):
    run = compare(name, net, alphas, cv=GroupKFold(3), given=given)
    assert (run.error is None) == (given is not None)


@pytest.mark.parametrize("of_score", [True, False, None])
@pytest.mark.parametrize("of_fit", [True, False, None])
def test_metadata_routing(of_fit, of_score):
    with config_context(enable_metadata_routing=True):
        asks = clone(net)
        if of_fit is not None:
            asks.set_fit_request(sample_weight=of_fit)
        if of_score is not None:
            asks.set_score_request(sample_weight=of_score)
        grid_search(asks, alphas, cv=3, given={"sample_weight": weight})
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        grid_search(
            Pipeline([("scaler", scaler), ("net", asks)]),
            PIPE_GRID,
            cv=3,
            given={"sample_weight": weight},
        )


def test_metadata_of_other_kinds():
    with config_context(enable_metadata_routing=True):
        run = grid_search(net, alphas, cv=GroupKFold(3), given={"groups": groups})
        assert run.error is None
        named = clone(net).set_fit_request(sample_weight="ours")
        named.set_score_request(sample_weight="theirs")
        given = {"ours": weight, "theirs": weight[::-1].copy()}
        run = grid_search(named, alphas, cv=3, given=given, verbose=1)
        assert how_many(run) == [(9, 9)]
        judged = clone(net).set_fit_request(X_val=True, y_val=True)
        given = {"X_val": X_val, "y_val": y_val}
        run = grid_search(judged, alphas, cv=3, given=given, verbose=1)
        assert how_many(run) == [(9, 9)]
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        weighted = clone(net).set_fit_request(sample_weight=True)
        run = grid_search(
            weighted, alphas, cv=3, scoring=scorer, given={"sample_weight": weight}
        )
        assert run.error is None
        assert grid_search(net, alphas, cv=3, given={"magic": weight}).error is not None


def test_the_configuration():
    with config_context(skip_parameter_validation=True):
        grid_search(net, {"alpha": [0.1, -1.0]}, cv=3)
    with config_context(transform_output="pandas"):
        run = grid_search(pipeline, PIPE_GRID, cv=3, data=(frame(), y))
    assert run.search.best_estimator_[-1].feature_names_in_.tolist() == list("abcd")


# ---- the search as an estimator ----------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            module.GridSearchCV(pipeline, PIPE_GRID, cv=3).fit(X, names)
            for module in (together, model_selection)
        ]


METHODS = ["predict", "predict_proba", "predict_log_proba", "score"]
NOT_OF_A_NET = ["decision_function", "transform", "inverse_transform", "score_samples"]


def test_predictions(fitted):
    ours, theirs = fitted
    for name in METHODS:
        args = (X, names) if name == "score" else (X,)
        np.testing.assert_array_equal(
            getattr(ours, name)(*args), getattr(theirs, name)(*args)
        )
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.n_features_in_ == theirs.n_features_in_ == 4
    for name in NOT_OF_A_NET:
        assert not hasattr(ours, name)
        assert not hasattr(theirs, name)


@pytest.mark.parametrize("name", [*METHODS, *NOT_OF_A_NET, "classes_"])
def test_before_fit(name):
    errors = []
    for module in (together, model_selection):
        search = module.GridSearchCV(net, alphas)
        with pytest.raises((NotFittedError, AttributeError)) as caught:
            getattr(search, name)(*[X, y][: 1 + (name == "score")])
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert str(errors[0]) == str(errors[1])


def test_without_refit_it_does_not_predict():
    errors = []
    for module in (together, model_selection):
        search = module.GridSearchCV(net, alphas, cv=2, refit=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(X, y)
        with pytest.raises(AttributeError) as caught:
            search.predict(X)
        errors.append([str(caught.value), str(caught.value.__cause__)])
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_of_a_fitted_search(fitted, copied):
    again = copied(fitted[0])
    np.testing.assert_array_equal(again.predict_proba(X), fitted[0].predict_proba(X))
    assert vars(again).keys() == vars(fitted[1]).keys()
    assert repr(again) == repr(fitted[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again.fit(X, names)
    same_search(again, fitted[1])


@pytest.mark.parametrize("scoring", [None, "accuracy"])
@pytest.mark.parametrize("name", SEARCHES)
def test_nothing_stays_behind(name, scoring):
    values = DISTRIBUTIONS if "Random" in name else VALUES
    sizes = []
    for module in (together, model_selection):
        run = Run(module, name, net, values, cv=3, scoring=scoring)
        search, sizes = run.search, [*sizes, len(pickle.dumps(run.search))]
        held = [search.estimator, search.best_estimator_]
        if hasattr(search.scorer_, "_estimator"):
            held.append(search.scorer_._estimator)
            assert held[-1] is net
        for estimator in held:
            assert not {"fit", "__sklearn_clone__"} & vars(estimator).keys()
    # The names of modules are longer.
    assert sizes[0] < sizes[1] + 4 * len("sknn_scratch.model_selection._search")
    assert not {"fit", "__sklearn_clone__"} & vars(net).keys()


def test_clones_and_parameters(fitted):
    for search in (fitted[0], together.GridSearchCV(pipeline, PIPE_GRID, cv=3)):
        cloned = clone(search)
        assert vars(cloned).keys() == vars(fitted[1]).keys() & vars(cloned).keys()
        assert not hasattr(cloned, "cv_results_")
        assert cloned.estimator is not search.estimator
        wanted = clone(fitted[1]).get_params()
        assert cloned.get_params().keys() == wanted.keys()
        assert repr(cloned) == repr(clone(fitted[1]))
    cloned.set_params(estimator__net__alpha=7, cv=2)
    assert cloned.estimator[-1].alpha == 7
    assert net.alpha == 1e-4


@pytest.mark.filterwarnings("ignore")
def test_a_second_fit():
    search = together.GridSearchCV(net, alphas, cv=3).fit(X, y)
    search.set_params(param_grid={"tol": [0.1, 1]}, cv=2)
    wanted = model_selection.GridSearchCV(net, {"tol": [0.1, 1]}, cv=2)
    same_search(search.fit(X[:60], y[:60]), wanted.fit(X[:60], y[:60]))


def test_a_fit_that_fails_leaves_the_search_as_it_was():
    search = together.GridSearchCV(net, {"alhpa": [1]})
    before = dict(vars(search))
    with pytest.raises(ValueError, match="Invalid parameter 'alhpa'"):
        search.fit(X, y)
    theirs = model_selection.GridSearchCV(net, {"alhpa": [1]})
    with pytest.raises(ValueError, match="Invalid parameter 'alhpa'"):
        theirs.fit(X, y)
    assert vars(search).keys() == vars(theirs).keys()
    assert search.estimator is before["estimator"]


def test_in_html():
    # NumPy 2.0 and scikit-learn 1.9 cannot show a number where 'auto' is the default.
    shown = clone(net).set_params(batch_size="auto")
    html = together.GridSearchCV(shown, alphas)._repr_html_()
    assert "sknn_scratch.model_selection.GridSearchCV.html" in html
    assert "ScratchMLPClassifier" in html
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = together.GridSearchCV(shown, alphas, cv=2).fit(X, y)
    assert "best_estimator_" in search._repr_html_()


@pytest.mark.filterwarnings("ignore")
def test_searches_inside_others():
    scores = [
        cross_val_score(module.GridSearchCV(net, alphas, cv=2), X, y, cv=3)
        for module in (together, model_selection)
    ]
    np.testing.assert_array_equal(*scores)
    grid = {"gridsearchcv__estimator__activation": ["tanh", "relu"]}
    found = [
        module.GridSearchCV(
            make_pipeline(StandardScaler(), module.GridSearchCV(net, alphas, cv=2)),
            grid,
            cv=2,
        ).fit(X, y)
        for module in (together, model_selection)
    ]
    same_columns(*(search.cv_results_ for search in found), rtol=1e-7)


@pytest.mark.filterwarnings("ignore")
def test_a_subclass_that_runs_its_own_search():
    class Bold(together.GridSearchCV):
        def _run_search(self, evaluate_candidates):
            results = evaluate_candidates([{"alpha": 1.0}, {"alpha": 2.0}])
            evaluate_candidates([{"alpha": results["params"][0]["alpha"] * 3}])

    search = Bold(net, alphas, cv=3).fit(X, y)
    grid = {"alpha": [1.0, 2.0, 3.0]}
    same_search(search, model_selection.GridSearchCV(net, grid, cv=3).fit(X, y))


# ---- callbacks ---------------------------------------------------------------


class Counts:
    """A callback that counts what it is told."""

    def __init__(self):
        self.told = Counter()

    def setup(self, estimator, context):
        self.told["setup"] += 1

    def teardown(self, estimator, context):
        self.told["teardown"] += 1

    def on_fit_task_begin(self, estimator, context):
        self.told[f"begin {context.task_name}"] += 1

    def on_fit_task_end(self, estimator, context):
        self.told[f"end {context.task_name}"] += 1


class Propagates(Counts):
    """One that the search hands on to its nets."""

    max_propagation_depth = None
    max_estimator_depth = None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("of", ["net", "search"])
def test_callbacks_are_told_of_each_fit(of):
    pytest.importorskip(
        "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
    )
    runs = []
    for module in (together, model_selection):
        counts = Counts() if of == "net" else Propagates()
        estimator = clone(net)
        if of == "net":
            estimator.set_callbacks(counts)
        search = module.GridSearchCV(estimator, alphas, cv=3)
        if of == "search":
            search.set_callbacks(counts)
        runs.append((search.fit(X, y), counts.told))
    same_search(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert runs[0][1]["end epoch"] == 40


# ---- processes ---------------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_jobs_and_backends_change_nothing(backend, by_name):
    wanted = model_selection.GridSearchCV(net, VALUES, cv=3).fit(X, y)
    search = together.GridSearchCV(net, VALUES, cv=3, n_jobs=2, verbose=1)
    printed = io.StringIO()
    context = {"backend": backend, "n_jobs": 2} if by_name else {}
    if not by_name and backend == "threading":
        context = {"prefer": "threads"}
    with joblib.parallel_config(**context), redirect_stdout(printed):
        search.fit(X, y)
    assert "18 of 18 fits were trained together." in printed.getvalue()
    search.set_params(n_jobs=None, verbose=0)
    same_search(search, wanted)


@pytest.mark.filterwarnings("ignore")
def test_more_with_two_jobs():
    for name, estimator, grid, kwargs in (
        ("HalvingGridSearchCV", net, VALUES, {"random_state": 0}),
        ("GridSearchCV", around, {"regressor__alpha": [0.1, 1, -1]}, {"data": numbers}),
        ("GridSearchCV", net, {"solver": ["adam", "lbfgs"], **STEPS}, {}),
        ("GridSearchCV", net, alphas, {"given": {"sample_weight": weight}}),
    ):
        runs = [
            Run(module, name, estimator, grid, cv=3, n_jobs=2, **kwargs)
            for module in (together, model_selection)
        ]
        assert runs[0].error is runs[1].error is None
        same_search(runs[0].search, runs[1].search)
    run = Run(together, "GridSearchCV", net, {"alhpa": [1]}, cv=3, n_jobs=2)
    assert "Invalid parameter 'alhpa'" in str(run.error)
    run = Run(
        together, "GridSearchCV", net, {"alpha": [1, -1]}, n_jobs=2, error_score="raise"
    )
    assert "Got -1 instead" in str(run.error)


MANY = """
import numpy as np
from sklearn.datasets import load_iris
from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.model_selection import GridSearchCV

net = ScratchMLPClassifier((2,), max_iter=1, random_state=0)
grid = {"alpha": np.logspace(-5, 0, 140).tolist()}
search = GridSearchCV(net, grid, cv=2, n_jobs=2, verbose=1, refit=False)
search.fit(*load_iris(return_X_y=True))
search.set_params(pre_dispatch="all", param_grid={"tol": [0.1] * 6})
search.fit(*load_iris(return_X_y=True))
"""


def test_hundreds_of_fits_in_two_processes():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MANY],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "280 of 280 fits were trained together." in done.stdout, done.stderr
    assert "12 of 12 fits were trained together." in done.stdout, done.stderr


ENDLESS = """
import sys
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.model_selection import GridSearchCV

class Tells(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        with open(sys.argv[1], "a") as file:
            file.write("x")
        return self

    def transform(self, X):
        return csr_matrix(X) if sys.argv[3] == "alone" else X

net = ScratchMLPClassifier(
    (5,), max_iter=10**8, tol=0, n_iter_no_change=10**8, random_state=0
)
grid = {"scratchmlpclassifier__alpha": [0.1, 0.2, 0.3, 0.4]}
search = GridSearchCV(make_pipeline(Tells(), net), grid, cv=2, n_jobs=int(sys.argv[2]))
search.fit(*load_iris(return_X_y=True))
"""


def remain(group):
    """Whether a process of a group is still there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX's")
@pytest.mark.parametrize(
    ("n_jobs", "how"), [(1, "together"), (2, "together"), (2, "alone")]
)
def test_ctrl_c_ends_at_once_and_leaves_no_process(tmp_path, n_jobs, how):
    begun = tmp_path / "begun"
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(begun), str(n_jobs), how],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(begun.exists, 60)
        time.sleep(1)  # from the first step to the training
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=20)
        assert process.returncode != 0
        assert "KeyboardInterrupt" in said
        wait_for(lambda: not remain(process.pid), 20)
    finally:
        if remain(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(condition, seconds):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.filterwarnings("ignore")
def test_on_a_cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search = together.GridSearchCV(net, VALUES, cv=StratifiedKFold(3)).fit(X, y)
    wanted = model_selection.GridSearchCV(net, VALUES, cv=3).fit(X, y)
    same_columns(search.cv_results_, wanted.cv_results_, rtol=1e-7)
