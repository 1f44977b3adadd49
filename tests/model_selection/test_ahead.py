"""Fits done ahead: what went together, what is recalled, and what is left alone."""

import pickle
import threading
import time
import warnings
from collections import Counter

import numpy as np
import pytest
from scipy import sparse
from sklearn import model_selection
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch._estimators import together
from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch.model_selection import GridSearchCV, HalvingGridSearchCV, _ahead
from sknn_scratch.model_selection._ahead import (
    Ahead,
    Outcome,
    Recall,
    Splits,
    fingerprint,
    fit_ahead,
    with_params,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rows = np.random.RandomState(0).permutation(150)[:90]
X, y = (array[rows] for array in load_iris(return_X_y=True))
net = ScratchMLPClassifier((4,), max_iter=4, batch_size=20, random_state=0)
pipeline = Pipeline([("scaler", StandardScaler()), ("net", net)])
alphas = {"alpha": [1e-4, 1e-2, 1.0]}


class Trained:
    """Sizes of the stacks that were trained, and how many fits were prepared."""

    def __init__(self):
        self.stacks, self.prepared = [], 0


@pytest.fixture
def trained(monkeypatch):
    """What is trained during a test, in this process."""
    trained = Trained()
    train, prepare = together.train_together, BaseNeuralEstimator._prepared

    def train_together(runs):
        trained.stacks.append(len(runs))
        return train(runs)

    def prepared(self, *args):
        trained.prepared += 1
        return prepare(self, *args)

    monkeypatch.setattr(together, "train_together", train_together)
    monkeypatch.setattr(BaseNeuralEstimator, "_prepared", prepared)
    return trained


def search(estimator=net, grid=None, X=X, y=y, cls=GridSearchCV, **kwargs):
    grid = alphas if grid is None else grid
    return cls(estimator, grid, **{"cv": 3, "refit": False, **kwargs}).fit(X, y)


def columns(found):
    return {k: v for k, v in found.cv_results_.items() if "time" not in k}


def scikit_learns(*args, **kwargs):
    return columns(search(*args, cls=model_selection.GridSearchCV, **kwargs))


# ---- what goes together ------------------------------------------------------


def test_every_fit_is_trained_once_and_with_others(trained):
    search()
    assert trained.stacks == [9]
    search(pipeline, {"net__alpha": [0.1, 1], "scaler__with_std": [True, False]})
    assert sum(trained.stacks) == trained.prepared == 9 + 12


def test_the_refit_is_one_training_more(trained):
    search(refit=True)
    assert trained.stacks == [9]
    assert trained.prepared == 10


@pytest.mark.parametrize(
    ("grid", "stacks", "fits"),
    [
        ({"hidden_layer_sizes": [(3,), (4,)], "alpha": [0.1, 1]}, [6, 6], 12),
        ({"activation": ["relu", "tanh"]}, [3, 3], 6),
        ({"batch_size": [10, 20]}, [3, 3], 6),
        ({"early_stopping": [False, True]}, [3, 3], 6),
        ({"solver": ["adam", "sgd", "lbfgs"]}, [3, 3], 9),
        ({"solver": ["lbfgs"]}, [], 3),
        ({"warm_start": [True]}, [], 3),
        ({"random_state": [0, 1, 2]}, [9], 9),
    ],
)
def test_each_architecture_is_a_group(trained, grid, stacks, fits):
    search(grid=grid)
    assert sorted(trained.stacks) == stacks
    assert trained.prepared == fits


def test_a_fold_of_another_length_has_its_own_stack(trained):
    search(X=X[:89], y=y[:89], cv=KFold(4))
    assert sorted(trained.stacks) == [3, 9]


def test_what_cannot_wait_is_fitted_once_too(trained):
    search(X=sparse.csr_matrix(X))
    assert trained.stacks == []
    assert trained.prepared == 9


def test_each_round_of_a_halving(trained):
    grid = {"alpha": [0.1, 1.0, 2.0, 3.0]}
    found = search(
        grid=grid, cls=HalvingGridSearchCV, factor=2, min_resources=40, random_state=0
    )
    assert found.n_candidates_ == [4, 2]
    assert sum(trained.stacks) == trained.prepared == 3 * 4 + 3 * 2


@pytest.mark.parametrize("at_a_time", [1, 2, 4, 7, 9])
def test_so_many_at_a_time(trained, monkeypatch, at_a_time):
    monkeypatch.setattr(_ahead, "AT_A_TIME", at_a_time)
    results = columns(search())
    assert all(size <= at_a_time for size in trained.stacks)
    assert trained.prepared == 9
    np.testing.assert_equal(results, scikit_learns())


def test_no_more_is_kept_than_memory_allows(trained, monkeypatch, capsys):
    monkeypatch.setattr(_ahead, "AT_A_TIME", 3)
    monkeypatch.setattr(_ahead, "KEPT_BYTES", 1)
    results = columns(search(verbose=1))
    assert trained.stacks == [3]
    assert trained.prepared == 9
    assert "3 of 9 fits were trained together." in capsys.readouterr().out
    np.testing.assert_equal(results, scikit_learns())


def told(model, X, y):
    theta = model._network.theta
    return theta @ np.cos(np.arange(theta.size))


@pytest.mark.parametrize("n", [2, 8, 12])
def test_early_leavers_change_nothing(trained, n):
    """A stack of ``n`` nets of one fold, of which some end after each epoch."""
    grid = {"max_iter": [1, 2, 3, 6], "alpha": np.logspace(-3, 0, n // 2).tolist()}
    cv = [(np.arange(60), np.arange(60, 90))]
    results = columns(search(grid=grid, cv=cv, scoring=told))
    assert sum(trained.stacks) == len(results["params"])
    wanted = scikit_learns(grid=grid, cv=cv, scoring=told)
    np.testing.assert_allclose(
        results["mean_test_score"], wanted["mean_test_score"], 1e-9
    )


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_nets_that_end_at_their_own_plateaus(seeds):
    model = clone(net).set_params(max_iter=60, n_iter_no_change=2)
    rates = np.logspace(-3, -0.5, 5).tolist()
    grid = {"learning_rate_init": rates, "tol": [1e-3, 3e-2], "random_state": seeds}

    def course(model, X, y):
        curve = np.array(model.loss_curve_)
        return {"ends": model.n_iter_, "curve": curve @ np.cos(np.arange(curve.size))}

    ours = columns(search(model, grid, scoring=course))
    theirs = scikit_learns(model, grid, scoring=course)
    assert len(set(theirs["split0_test_ends"])) > 2
    for name in ("ends", "curve"):
        got, wanted = ours[f"split0_test_{name}"], theirs[f"split0_test_{name}"]
        np.testing.assert_allclose(got, wanted, 1e-7)


# ---- what is recalled --------------------------------------------------------


def outcome_of(model, X=X, y=y, params=None, error=None):
    fitted = clone(model).fit(X, y)
    known = fingerprint(fitted, X, y, params or {})
    return Outcome(known, fitted, error)


@pytest.mark.parametrize("packed", [False, True])
def test_a_recalled_fit_trains_nothing(trained, packed):
    model, outcome = clone(net), outcome_of(net)
    model.fit = Recall(model, pickle.dumps(outcome) if packed else outcome)
    assert model.fit(X, y) is model
    assert trained.prepared == 1
    assert vars(model).keys() == vars(outcome.estimator).keys()
    np.testing.assert_array_equal(model.coefs_[0], outcome.estimator.coefs_[0])
    assert model.fit(X, y) is model  # the second one is its own
    assert trained.prepared == 2


@pytest.mark.parametrize(
    ("params", "data"),
    [
        ({"alpha": 7.0}, (X, y)),
        ({"hidden_layer_sizes": (5,)}, (X, y)),
        ({"activation": "tanh"}, (X, y)),
        ({}, (X + 1, y)),
        ({}, (X[:80], y[:80])),
        ({}, (X, 2 - y)),
    ],
)
def test_another_fit_is_not_recalled(trained, params, data):
    model = clone(net)
    model.fit = Recall(model, outcome_of(net))
    model.set_params(**params).fit(*data)
    assert trained.prepared == 2
    alone = clone(net).set_params(**params).fit(*data)
    np.testing.assert_array_equal(model.coefs_[0], alone.coefs_[0])


@pytest.mark.parametrize("outcome", [None, b"not a pickle"])
def test_nothing_to_recall(trained, outcome):
    model = clone(net)
    model.fit = Recall(model, outcome)
    weight = np.linspace(0, 1, 90)
    model.fit(X, y, sample_weight=weight)
    assert trained.prepared == 1
    assert "fit" not in vars(model)
    alone = clone(net).fit(X, y, weight)
    np.testing.assert_array_equal(model.coefs_[0], alone.coefs_[0])


def test_an_error_is_recalled():
    model = clone(net)
    model.fit = Recall(model, outcome_of(net, error=ZeroDivisionError("as it was")))
    with pytest.raises(ZeroDivisionError, match="as it was"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_splits_are_remembered():
    splits = Splits(KFold(3, shuffle=True))
    pairs = splits.split(X, y)
    assert splits.get_n_splits(X, y) == len(pairs) == 3
    assert splits.pairs is pairs
    assert splits.X is X
    assert splits.y is y


def test_unknown_names_are_told_at_once():
    ahead = Ahead(net, {}, None)
    with pytest.raises(ValueError, match="Invalid parameter 'alhpa'"):
        ahead.expect([{"alpha": 1}, {"alhpa": 1}], Splits(KFold(3)))


def test_candidates_that_are_estimators_are_cloned():
    other = clone(net)
    model = with_params(pipeline, {"net": other, "net__alpha": 3.0})
    assert model[-1] is not other
    assert (model[-1].alpha, other.alpha, net.alpha) == (3.0, 1e-4, 1e-4)


@pytest.mark.parametrize("pack", [False, True])
def test_those_left_alone_have_no_outcome(pack):
    tasks = [
        _ahead.Task({"solver": solver}, i, np.arange(60), 0)
        for i, solver in enumerate(["lbfgs", "adam", "adam"])
    ]
    done = fit_ahead(net, X, y, {}, 10**6, pack, tasks)
    assert done[0] is None
    assert all(kept.together and kept.seconds > 0 for kept in done[1:])
    assert all(isinstance(kept.outcome, bytes) == pack for kept in done[1:])
    assert fit_ahead(LogisticRegression(), X, y, {}, 10**6, pack, []) == []


def test_it_travels_without_what_it_holds():
    ahead = Ahead(net, {"sample_weight": np.ones(10**5)}, None)
    assert len(pickle.dumps(ahead)) < 500


# ---- as often as scikit-learn ------------------------------------------------


class Notes(TransformerMixin, BaseEstimator):
    """A step that warns at each fit, and adds draws of NumPy's own generator."""

    def fit(self, X, y=None):
        warnings.warn("a note", UserWarning, stacklevel=2)
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize(
    ("grid", "rows"),
    [
        ({"net__alpha": [0.1, 1]}, 90),
        ({"net__hidden_layer_sizes": [3, 4]}, 89),  # each on its own
        ({"net__solver": ["adam", "lbfgs"]}, 90),
    ],
)
def test_steps_are_fitted_and_warn_as_often(grid, rows):
    model = Pipeline([("notes", Notes()), ("net", net)])
    counts = []
    for cls in (GridSearchCV, model_selection.GridSearchCV):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search(model, grid, X[:rows], y[:rows], cls, cv=2)
        counts.append(Counter(str(w.message)[:30] for w in caught))
    assert counts[0] == counts[1]
    assert counts[0]["a note"] == 4


def test_a_column_warns_once_for_each_fit():
    counts = []
    for cls in (GridSearchCV, model_selection.GridSearchCV):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search(grid={"hidden_layer_sizes": [3, 4]}, y=y[:, None], cls=cls, cv=2)
        counts.append(Counter(str(w.message)[:30] for w in caught))
    assert counts[0] == counts[1]


def test_foreign_estimators_are_left_alone():
    class Foreign(BaseEstimator):
        def __init__(self, a=1):
            self.a = a

        @property
        def fit(self):
            return lambda X, y: self

        def score(self, X, y):
            return self.a

    results = columns(search(Foreign(), {"a": [1, 2]}))
    assert results["mean_test_score"].tolist() == [1, 2]


# ---- times -------------------------------------------------------------------


@pytest.mark.parametrize("rows", [90, 92])  # folds of one length, and of two
def test_the_shares_of_the_time_add_up(rows):
    model = clone(net).set_params(max_iter=400, tol=0, n_iter_no_change=400)
    start = time.perf_counter()
    data = (np.r_[a, a[:2]][:rows] for a in (X, y))
    found = search(model, {"alpha": [0.1]}, *data, cv=KFold(3))
    passed = time.perf_counter() - start
    times = found.cv_results_["mean_fit_time"]
    assert (times > 0).all()
    assert np.isfinite(found.cv_results_["std_fit_time"]).all()
    assert 0.5 * passed < 3 * times.sum() <= passed


def test_those_of_a_stack_share_its_time():
    model = clone(net).set_params(max_iter=200, tol=0, n_iter_no_change=200)
    grid = {"alpha": np.logspace(-3, 0, 6).tolist()}
    start = time.perf_counter()
    found = search(model, grid)
    passed = time.perf_counter() - start
    times = found.cv_results_["mean_fit_time"]
    assert 0.5 * passed < 3 * times.sum() <= passed
    assert times.max() < 2 * times.min()


# ---- what does not travel ----------------------------------------------------


class TwoReasons(Exception):
    """An error that pickle cannot make again."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class Fails(TransformerMixin, BaseEstimator):
    """A step whose fit fails if it is told so."""

    def __init__(self, fails=False):
        self.fails = fails

    def fit(self, X, y=None):
        if self.fails:
            raise TwoReasons("one", "two")
        return self

    def transform(self, X):
        return X


class Locked(TransformerMixin, BaseEstimator):
    """A step that cannot be pickled once it is fitted."""

    def fit(self, X, y=None):
        self.lock_ = threading.Lock()
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.filterwarnings("ignore")
def test_errors_that_do_not_travel(n_jobs):
    model = Pipeline([("step", Fails()), ("net", net)])
    grid = {"step__fails": [True, False], "net__alpha": [0.1, 1]}
    results = columns(search(model, grid, n_jobs=n_jobs))
    np.testing.assert_equal(results, scikit_learns(model, grid))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.filterwarnings("ignore")
def test_models_that_do_not_travel(n_jobs):
    model = make_pipeline(Locked(), net)
    grid = {"scratchmlpclassifier__alpha": [0.1, 1, 2, 3]}
    results = columns(search(model, grid, n_jobs=n_jobs))
    np.testing.assert_equal(results, scikit_learns(model, grid))


# ---- the way out -------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
def test_a_training_together_that_fails_is_done_one_by_one(monkeypatch, error):
    def fails(runs):
        raise error("of the stack's own")

    monkeypatch.setattr(together, "train_together", fails)
    np.testing.assert_equal(columns(search()), scikit_learns())


def test_ctrl_c_in_a_stack_is_passed_on(monkeypatch):
    def interrupted(runs):
        raise KeyboardInterrupt

    monkeypatch.setattr(together, "train_together", interrupted)
    found = GridSearchCV(net, alphas, cv=3)
    with pytest.raises(KeyboardInterrupt):
        found.fit(X, y)
    assert found.estimator is net
    assert not {"fit", "__sklearn_clone__"} & vars(net).keys()
    theirs = vars(model_selection.GridSearchCV(net, alphas)).keys()
    left = {name for name in vars(found).keys() - theirs if not name.endswith("_")}
    assert left <= {"_checked_cv_orig"}
