"""What users do with the two estimators."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_multilabel_classification,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.fixes import parse_version

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = scale(X)[:400], y[:400]
Xr, yr = load_diabetes(return_X_y=True)
Xr, yr = scale(Xr), scale(yr)


def small(**parameters):
    return ScratchMLPClassifier((12,), max_iter=15, random_state=0, **parameters)


def test_pipeline_and_grid_search():
    pipeline = make_pipeline(StandardScaler(), ScratchMLPClassifier((20,), max_iter=60))
    grid = {
        "scratchmlpclassifier__alpha": [1e-4, 1.0],
        "scratchmlpclassifier__solver": ["adam", "lbfgs"],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(*load_iris(return_X_y=True))
    assert search.best_score_ > 0.9
    assert cross_val_score(search.best_estimator_, X, y, cv=3).mean() > 0.8


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_seed_decides_whatever_the_number_of_jobs(n_jobs):
    search = GridSearchCV(small(), {"alpha": [1e-4, 1e-2]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    alone = small(alpha=search.best_params_["alpha"]).fit(X, y)
    np.testing.assert_array_equal(search.best_estimator_.coefs_[0], alone.coefs_[0])


def test_clone_forgets_the_fit_and_keeps_the_parameters():
    model = small(alpha=0.5).fit(X, y)
    again = clone(model)
    assert not hasattr(again, "coefs_")
    assert again.get_params() == model.get_params()


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_data_frames(frames):
    library = pytest.importorskip(frames)
    if frames == "polars" and parse_version(sklearn.__version__) < parse_version("1.9"):
        pytest.skip("scikit-learn 1.8 does not see the column names of Polars 2")
    names = [f"pixel {i}" for i in range(X.shape[1])]
    frame = library.DataFrame(dict(zip(names, X.T, strict=True)))
    model = small().fit(frame, library.Series(y))
    np.testing.assert_array_equal(model.feature_names_in_, names)
    np.testing.assert_array_equal(model.predict(frame), small().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[names[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "c", "a"]),
        np.array(["b", "c", "a"], dtype=object),
        np.array([3, -1, 7]),
        np.array([2.0, 1.0, 0.0]),
    ],
)
def test_labels_come_back_as_they_were(labels):
    target = labels[y % 3]
    model = small(learning_rate_init=0.01).fit(X, target)
    np.testing.assert_array_equal(model.classes_, np.sort(labels))
    predicted = model.predict(X)
    theirs = MLPClassifier((2,), max_iter=1).fit(X, target).predict(X)
    assert predicted.dtype == theirs.dtype
    assert (predicted == target).mean() > 0.9
    order = model.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(model.classes_[order], predicted)


def test_booleans():
    model = small(learning_rate_init=0.01).fit(X, y > 4)
    assert model.predict(X).dtype == bool
    assert model.score(X, y > 4) > 0.9


def test_a_column_of_labels_is_flattened_with_a_warning():
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        model = small().fit(X, y[:, None])
    assert model.predict(X).shape == y.shape


def test_no_hidden_layer_is_logistic_regression():
    Xc, yc = load_breast_cancer(return_X_y=True)
    Xc = scale(Xc)
    model = ScratchMLPClassifier(
        (), solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=1000, random_state=0
    )
    model.fit(Xc, yc)
    # Ours: mean loss + alpha |w|^2 / (2 n); scikit-learn's: sum + |w|^2 / (2 C).
    wanted = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(Xc, yc)
    np.testing.assert_allclose(model.coefs_[0].T, wanted.coef_, atol=2e-3)


def test_no_hidden_layer_is_multinomial_regression():
    Xi, yi = load_iris(return_X_y=True)
    model = ScratchMLPClassifier(
        (), solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=1000, random_state=0
    )
    wanted = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(Xi, yi)
    np.testing.assert_allclose(
        model.fit(Xi, yi).predict_proba(Xi), wanted.predict_proba(Xi), atol=1e-3
    )


def test_no_hidden_layer_is_ridge_regression():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=3.0, tol=1e-8, max_iter=1000
    ).fit(Xr, yr)
    wanted = Ridge(alpha=3.0).fit(Xr, yr)
    np.testing.assert_allclose(model.coefs_[0][:, 0], wanted.coef_, atol=1e-3)


def test_joblib_deepcopy_and_pickle(tmp_path):
    model = small().fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (
        joblib.load(tmp_path / "model.joblib"),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        again.coefs_[0][...] = 0  # a view of its own vector, not of ours
        assert not again._network.theta[: again.coefs_[0].size].any()
        assert model.coefs_[0].any()


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_goes_on_after_pickling_with_the_same_bits(solver):
    stream = [(X[i : i + 100], y[i : i + 100]) for i in range(0, 400, 100)]
    models = [small(solver=solver), small(solver=solver)]
    for i, (rows, labels) in enumerate(stream):
        classes = range(10) if i == 0 else None
        models = [model.partial_fit(rows, labels, classes=classes) for model in models]
        models[1] = pickle.loads(pickle.dumps(models[1]))
    for a, b in zip(models[0].coefs_, models[1].coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert models[0].loss_curve_ == models[1].loss_curve_


def test_ten_estimators_fit_in_threads():
    def fit(seed):
        solver = ("lbfgs", "adam", "sgd")[seed % 3]
        model = ScratchMLPClassifier((8,), solver=solver, max_iter=5, random_state=seed)
        return model.fit(X, y).coefs_[0]

    with ThreadPoolExecutor(10) as pool:
        together = list(pool.map(fit, range(10)))
    for seed, coef in enumerate(together):
        np.testing.assert_array_equal(coef, fit(seed))


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_input_is_never_dense(monkeypatch, container, solver):
    def refuse(self, *args, **kwargs):
        raise AssertionError("made dense")

    rows = sparse.random(300, 5000, 0.01, random_state=0)
    rows = container(rows)
    for cls in {type(rows), type(rows.tocsr())}:
        monkeypatch.setattr(cls, "toarray", refuse)
        monkeypatch.setattr(cls, "todense", refuse)
    model = small(solver=solver, early_stopping=solver == "adam")
    model.fit(rows, y[:300])
    assert model.predict(rows).shape == (300,)
    assert len(model.hidden_activations(rows)) == 1


def test_dtypes_follow_x():
    single, double = X.astype(np.float32), X
    model = small().fit(single, y)
    assert model.coefs_[0].dtype == model.intercepts_[1].dtype == np.float32
    assert model.predict_proba(single).dtype == np.float32
    assert model.predict_proba(double).dtype == np.float64
    assert small().fit(double, y).predict_proba(single).dtype == np.float64
    assert small().fit((X * 10).astype(int), y).coefs_[0].dtype == np.float64


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_parameter_decides(dtype):
    for rows in (X, X.astype(np.float32)):
        model = small(dtype=dtype).fit(rows, y)
        assert model.coefs_[0].dtype == dtype
        assert model.predict_proba(rows).dtype == dtype


def test_multilabel():
    rows, labels = make_multilabel_classification(200, random_state=0)
    for given in (labels, sparse.csr_matrix(labels)):
        model = ScratchMLPClassifier((50,), solver="lbfgs", random_state=0)
        model.fit(rows, given)
        assert model.predict(rows).shape == labels.shape
        assert model.predict_proba(rows).shape == labels.shape
        assert model.score(rows, labels) > 0.9


def test_set_params_between_fits():
    model = small().fit(X, y)
    model.set_params(hidden_layer_sizes=(5, 4), solver="lbfgs").fit(X, y)
    assert [W.shape for W in model.coefs_] == [(64, 5), (5, 4), (4, 10)]


def test_one_row_and_one_column():
    model = ScratchMLPRegressor(hidden_layer_sizes=(3,), max_iter=3).fit(Xr[:, :1], yr)
    assert model.predict(Xr[:1, :1]).shape == (1,)
    one = ScratchMLPRegressor(hidden_layer_sizes=(3,), max_iter=3).fit(Xr[:1], yr[:1])
    assert np.isfinite(one.predict(Xr)).all()


def test_x_is_not_changed():
    rows = X.copy()
    for solver in ("adam", "lbfgs"):
        small(solver=solver, dropout=0.0).fit(rows, y).predict_proba(rows)
    np.testing.assert_array_equal(rows, X)
