"""The same seed gives the same bits; threads do not disturb each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sknn_scratch import ConvNetClassifier, ResNetClassifier, ScratchMLPClassifier
from sknn_scratch._nn import parts
from sknn_scratch._training import threads
from sknn_scratch.model_selection import repeated_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X = X / 16

MODELS = [
    ScratchMLPClassifier((50, 20), max_iter=5, random_state=0),
    ScratchMLPClassifier((50,), dropout=0.3, max_iter=5, random_state=0),
    ScratchMLPClassifier((50,), early_stopping=True, max_iter=5, random_state=0),
    ScratchMLPClassifier((30,), solver="lbfgs", max_iter=15, random_state=0),
    ResNetClassifier(5, width=20, max_iter=5, random_state=0),
]
each = pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))


def bits(model):
    return model._network.theta.tobytes()


@pytest.fixture
def _one_blas_thread():
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def blas_threads():
    pools = threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]


@each
def test_two_fits_give_the_same_bits(model):
    first, second = clone(model).fit(X, y), clone(model).fit(X, y)
    assert bits(first) == bits(second)
    again = clone(model).set_params(random_state=np.random.RandomState(0))
    assert bits(again.fit(X, y)) == bits(first)
    assert bits(clone(model).set_params(random_state=1).fit(X, y)) != bits(first)


@each
@pytest.mark.usefixtures("_one_blas_thread")
def test_another_process_gives_the_same_bits(model):
    here = bits(clone(model).fit(X, y))
    with parallel_config("loky", inner_max_num_threads=1):
        there = Parallel(n_jobs=2)(delayed(clone(model).fit)(X, y) for _ in range(2))
    assert [bits(fitted) for fitted in there] == [here, here]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_number_of_threads_changes_nothing_in_batches_of_images(
    monkeypatch, dropout
):
    monkeypatch.setattr(parts, "WORTHWHILE", 1 << 14)
    results = []
    for n_threads in (1, 2, 3):
        monkeypatch.setattr(threads, "blas_threads", lambda n=n_threads: n)
        with threadpool_limits(limits=1, user_api="blas"):
            model = ConvNetClassifier(dropout=dropout, max_iter=3, random_state=0)
            results.append(bits(model.fit(X, y)))
    assert results[0] == results[1] == results[2]


@pytest.mark.usefixtures("_one_blas_thread")
def test_n_jobs_changes_nothing():
    model = clone(MODELS[0])
    runs, searches = [], []
    for n_jobs in (1, 2):
        with parallel_config("loky", inner_max_num_threads=1):
            runs.append(
                repeated_fit(model, X, y, n_repeats=3, random_state=0, n_jobs=n_jobs)
            )
            search = GridSearchCV(model, {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=n_jobs)
            searches.append(search.fit(X, y))
    for one, two in zip(*(run.estimators for run in runs), strict=True):
        assert bits(one) == bits(two)
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)


@pytest.mark.usefixtures("_one_blas_thread")
def test_ten_estimators_fitted_in_ten_threads():
    models = [
        clone(model).set_params(random_state=i) for i in (0, 1) for model in MODELS
    ]
    wanted = [bits(clone(model).fit(X, y)) for model in models]
    with ThreadPoolExecutor(10) as pool:
        fitted = list(pool.map(lambda model: model.fit(X, y), models))
    assert [bits(model) for model in fitted] == wanted


def test_the_threads_of_blas_are_as_before_after_fits_in_threads():
    before = blas_threads()
    models = [clone(MODELS[3]).set_params(random_state=i) for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda model: model.fit(X, y), models))
    assert blas_threads() == before


@each
@pytest.mark.usefixtures("_one_blas_thread")
def test_one_model_predicts_from_many_threads(model):
    fitted = clone(model).fit(X, y)
    parts = [X[start::16] for start in range(16)]
    wanted = [fitted.predict_proba(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fitted.predict_proba, parts * 5))
    for ours, right in zip(found, wanted * 5, strict=True):
        np.testing.assert_array_equal(ours, right)
