"""Repeated fits: recorded, parallel, the same everywhere."""

import pickle
import sys

import numpy as np
import pytest
from joblib import parallel_backend
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch.model_selection import repeated_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
model = ScratchMLPClassifier((4,), max_iter=5)
pipeline = make_pipeline(StandardScaler(), model)


def run(estimator=model, **kwargs):
    return repeated_fit(
        estimator, X, y, **{"random_state": 0, "n_repeats": 3, **kwargs}
    )


def weights(runs):
    return [estimator.coefs_[0] for estimator in runs.estimators]


def test_each_fit_is_the_clone_with_its_seed():
    runs = run()
    assert len(set(runs.seeds)) == 3
    for seed, estimator, curve in zip(
        runs.seeds, runs.estimators, runs.loss_curves, strict=True
    ):
        alone = clone(model).set_params(random_state=seed).fit(X, y)
        np.testing.assert_array_equal(estimator.coefs_[0], alone.coefs_[0])
        assert curve == alone.loss_curve_
    assert runs.test_scores is None
    assert runs.mean == np.mean([e.score(X, y) for e in runs.estimators])
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_jobs_and_backends_change_nothing(backend, n_jobs):
    with parallel_backend(backend):
        runs = run(n_jobs=n_jobs, test_size=0.3)
    once = run(test_size=0.3)
    assert runs.seeds == once.seeds
    np.testing.assert_array_equal(runs.test_scores, once.test_scores)
    for a, b in zip(weights(runs), weights(once), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_stratified_split_for_all_repeats():
    runs = run(test_size=0.4)
    rng = np.random.RandomState(0)
    rng.randint(2**31 - 1, size=3)
    split = train_test_split(X, y, test_size=0.4, stratify=y, random_state=rng)
    for estimator, score in zip(runs.estimators, runs.test_scores, strict=True):
        assert score == estimator.score(split[1], split[3])
    np.testing.assert_allclose(runs.spread, runs.test_scores.std(ddof=1))


def test_cross_validation():
    cv = StratifiedKFold(4)
    runs = run(cv=cv)
    assert runs.test_scores.shape == runs.train_scores.shape == (3, 4)
    assert len(runs.estimators) == 12
    for seed, scores in zip(runs.seeds, runs.test_scores, strict=True):
        wanted = cross_val_score(
            clone(model).set_params(random_state=seed), X, y, cv=cv
        )
        np.testing.assert_array_equal(scores, wanted)
    np.testing.assert_allclose(runs.spread, runs.test_scores.mean(axis=1).std(ddof=1))


def test_a_pipeline_is_seeded_inside():
    runs = run(pipeline)
    seeds = [estimator[-1].random_state for estimator in runs.estimators]
    assert seeds == runs.seeds
    assert all(len(curve) == 5 for curve in runs.loss_curves)


def test_scoring_and_fit_params():
    weight = np.random.default_rng(0).random(150)
    runs = run(
        scoring="neg_log_loss",
        cv=2,
        fit_params={"sample_weight": weight, "y_val": None},
    )
    assert (runs.test_scores < 0).all()
    train, _ = next(iter(StratifiedKFold(2).split(X, y)))
    alone = clone(model).set_params(random_state=runs.seeds[0])
    alone.fit(X[train], y[train], weight[train])
    np.testing.assert_array_equal(runs.estimators[0].coefs_[0], alone.coefs_[0])


def test_as_a_frame_and_as_text():
    pytest.importorskip("pandas")
    frame = run(cv=2).to_frame()
    assert list(frame.columns) == [
        "repeat",
        "seed",
        "split",
        "train_score",
        "test_score",
        "n_iter",
        "loss",
    ]
    assert frame["repeat"].tolist() == [0, 0, 1, 1, 2, 2]
    runs = run()
    text = str(runs)
    assert all(str(seed) in text for seed in runs.seeds)
    assert f"{runs.mean:.4f}" in text
    assert "spread" in text
    assert "spread" not in run(n_repeats=1).summary()
    assert np.isnan(run(n_repeats=1).spread)


def test_pickling():
    runs = run()
    again = pickle.loads(pickle.dumps(runs))
    np.testing.assert_array_equal(again.train_scores, runs.train_scores)


def test_regressors_and_resnets():
    runs = repeated_fit(
        ScratchMLPRegressor(max_iter=5), X, X[:, 0], n_repeats=2, test_size=0.2
    )
    assert runs.test_scores.shape == (2,)
    assert len(run(ResNetClassifier(3, max_iter=3)).estimators) == 3


def test_without_pandas(monkeypatch):
    runs = run()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"RepeatedFit\.to_frame needs pandas"):
        runs.to_frame()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_repeats": 0}, "The 'n_repeats' parameter of repeated_fit must be"),
        ({"test_size": 0.0}, "'test_size' parameter"),
        ({"test_size": 0.2, "cv": 3}, "test_size and cv exclude each other"),
        ({"estimator": LinearRegression()}, "has no random_state parameter"),
        ({"scoring": "magic"}, "'magic' is not a valid scoring"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        run(**arguments)


def test_a_fit_that_fails_names_its_seed():
    bad = ScratchMLPClassifier((0,))
    with pytest.raises(RuntimeError, match=r"The fit with seed \d+ failed: hidden"):
        run(bad)


@pytest.mark.filterwarnings("ignore")
def test_on_a_cluster():
    distributed = pytest.importorskip("distributed")
    seeded = clone(model).set_params(random_state=0)
    grid = GridSearchCV(seeded, {"alpha": [1e-4, 1.0]}, cv=2)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        parallel_backend("dask"),
    ):
        runs = run(test_size=0.3)
        search = clone(grid).fit(X, y)
    once = run(test_size=0.3)
    np.testing.assert_array_equal(runs.test_scores, once.test_scores)
    for a, b in zip(weights(runs), weights(once), strict=True):
        np.testing.assert_array_equal(a, b)
    wanted = grid.fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], wanted)


# ---- the repeats as an ensemble ----------------------------------------------


@pytest.mark.parametrize("target", [y, np.array(list("abc"))[y], y > 0])
def test_the_mean_probabilities_decide(target):
    runs = repeated_fit(model, X, target, n_repeats=3, random_state=0)
    wanted = np.mean([e.predict_proba(X) for e in runs.estimators], axis=0)
    np.testing.assert_allclose(runs.predict_proba(X), wanted)
    np.testing.assert_array_equal(
        runs.predict(X), np.unique(target)[wanted.argmax(axis=1)]
    )


def test_the_ensemble_is_better_than_its_mean_member():
    weak = ScratchMLPClassifier((4,), learning_rate_init=0.01, max_iter=30)
    runs = run(weak, n_repeats=7, test_size=0.4)
    assert (runs.predict(X) == y).mean() > runs.train_scores.mean()


def test_numbers_are_means():
    network = ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=3)
    for target in (X[:, 3], X[:, 2:]):
        runs = repeated_fit(network, X[:, :2], target, n_repeats=3, random_state=0)
        each = [e.predict(X[:, :2]) for e in runs.estimators]
        np.testing.assert_allclose(runs.predict(X[:, :2]), np.mean(each, axis=0))
    with pytest.raises(AttributeError, match="predict_proba"):
        runs.predict_proba(X)


def test_labels_and_several_outputs():
    labels = np.c_[y > 0, y > 1].astype(int)
    runs = repeated_fit(model, X, labels, n_repeats=3, random_state=0)
    wanted = np.mean([e.predict_proba(X) for e in runs.estimators], axis=0) > 0.5
    np.testing.assert_array_equal(runs.predict(X), wanted)
    runs = repeated_fit(model, X, np.c_[y, y + 5], n_repeats=3, random_state=0)
    first, second = runs.predict_proba(X)
    np.testing.assert_array_equal(runs.predict(X)[:, 0], first.argmax(axis=1))
    np.testing.assert_array_equal(runs.predict(X)[:, 1], second.argmax(axis=1) + 5)


def test_a_class_that_a_split_lacks_counts_as_0_there():
    rare = np.where(np.arange(150) == 0, 9, y)
    runs = repeated_fit(
        model, X, rare, n_repeats=1, cv=[(np.arange(75), np.arange(75, 150))] * 1
    )
    lacking = clone(model).fit(X[75:], rare[75:])
    runs.estimators.append(lacking)
    probabilities = runs.predict_proba(X)
    np.testing.assert_array_equal(runs.classes_, [0, 1, 2, 9])
    first = runs.estimators[0]
    column = first.predict_proba(X)[:, first.classes_.tolist().index(9)] / 2
    np.testing.assert_allclose(probabilities[:, 3], column)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_in_a_pipeline():
    runs = run(pipeline)
    wanted = np.mean([e.predict_proba(X) for e in runs.estimators], axis=0)
    np.testing.assert_allclose(runs.predict_proba(X), wanted)
