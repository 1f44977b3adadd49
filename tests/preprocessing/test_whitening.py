"""Whitening: against closed forms, PCA, chunks, and data of a condition of 1e12."""

import pickle
import re

import numpy as np
import pytest
from scipy import linalg
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.preprocessing import WhiteningTransformer

METHODS = ("pca", "zca", "cholesky")
rng = np.random.default_rng(0)
MIX = rng.standard_normal((4, 4))
X = rng.standard_normal((300, 4)) @ MIX + [1.0, -2, 300, 0]

each = pytest.mark.parametrize("method", METHODS)


def covariance(Z):
    return np.cov(Z, rowvar=False, ddof=0)


def ill_conditioned(condition=1e12):
    """Rows whose singular values spread over the condition, in a random rotation."""
    U = linalg.qr(rng.standard_normal((500, 6)), mode="economic")[0]
    V = linalg.qr(rng.standard_normal((6, 6)))[0]
    U -= U.mean(axis=0)
    return U * np.logspace(0, -np.log10(condition), 6) @ V.T


@each
def test_the_covariance_becomes_the_identity(method):
    Z = WhiteningTransformer(method).fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(covariance(Z), np.eye(4), atol=1e-7)


@each
def test_the_way_back(method):
    whitening = WhiteningTransformer(method).fit(X)
    back = whitening.inverse_transform(whitening.transform(X))
    np.testing.assert_allclose(back, X, rtol=1e-9, atol=1e-9)


def test_pca_is_scikit_learns_up_to_sign_and_normalisation():
    Z = WhiteningTransformer(eps=0).fit_transform(X)
    wanted = PCA(whiten=True, svd_solver="full").fit_transform(X)
    wanted *= np.sqrt(300 / 299)  # theirs divides by n - 1
    signs = np.sign((Z * wanted).sum(axis=0))
    np.testing.assert_allclose(Z, wanted * signs, atol=1e-10)


def test_pca_is_the_lectures_formula():
    centred = X - X.mean(axis=0)
    U, sigma, _ = np.linalg.svd(centred.T @ centred / len(X))
    wanted = centred @ U / (np.sqrt(sigma) + 1e-8)
    Z = WhiteningTransformer().fit_transform(X)
    signs = np.sign((Z * wanted).sum(axis=0))
    np.testing.assert_allclose(Z, wanted * signs, atol=1e-8)


def test_zca_is_the_symmetric_root():
    M = WhiteningTransformer("zca", eps=0).fit(X).whitening_
    np.testing.assert_allclose(M, M.T, atol=1e-10)
    np.testing.assert_allclose(M, linalg.inv(linalg.sqrtm(covariance(X))), rtol=1e-8)


def test_cholesky_is_the_triangular_root():
    M = WhiteningTransformer("cholesky", eps=0).fit(X).whitening_
    wanted = linalg.inv(linalg.cholesky(covariance(X), lower=True))
    np.testing.assert_allclose(M, wanted, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(np.triu(M, 1), 0, atol=1e-12)


@each
@pytest.mark.parametrize("shrinkage", [0.3, 1.0, "auto"])
def test_shrinkage(method, shrinkage):
    whitening = WhiteningTransformer(method, shrinkage=shrinkage, eps=0).fit(X)
    s = ledoit_wolf(X)[1] if shrinkage == "auto" else shrinkage
    C = covariance(X)
    C = (1 - s) * C + s * np.trace(C) / 4 * np.eye(4)
    M = whitening.whitening_
    np.testing.assert_allclose(M @ C @ M.T, np.eye(4), atol=1e-9)
    np.testing.assert_allclose(whitening.shrinkage_, s)


@pytest.mark.parametrize("method", ["pca", "zca"])
@pytest.mark.parametrize("wanted", [2, 0.9])
def test_components(method, wanted):
    whitening = WhiteningTransformer(method, n_components=wanted).fit(X)
    theirs = PCA(n_components=wanted, svd_solver="full").fit(X)
    assert whitening.n_components_ == theirs.n_components_
    k = whitening.n_components_
    np.testing.assert_allclose(
        whitening.explained_variance_ratio_, theirs.explained_variance_ratio_
    )
    Z = whitening.transform(X)
    assert Z.shape == (300, k if method == "pca" else 4)
    assert np.linalg.matrix_rank(Z - Z.mean(axis=0), tol=1e-6) == k


@each
@pytest.mark.parametrize("sizes", [[100, 200], [2, 1, 1, 296], [299, 1]])
def test_chunks_are_the_whole(method, sizes):
    whole = WhiteningTransformer(method).fit(X)
    parts = WhiteningTransformer(method, n_components=None)
    if method == "cholesky" and sizes[0] < 5:
        pytest.skip("four columns cannot be of full rank with two rows")
    for chunk in np.split(X, np.cumsum(sizes)[:-1]):
        parts.partial_fit(chunk)
    assert parts.n_samples_seen_ == 300
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-12)
    np.testing.assert_allclose(parts.whitening_, whole.whitening_, 1e-9, 1e-10)


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_a_condition_of_1e12(method):
    rows = ill_conditioned()
    Z = WhiteningTransformer(method, eps=0).fit_transform(rows)
    # The smallest direction carries 16 - 12 digits.
    np.testing.assert_allclose(covariance(Z), np.eye(6), atol=1e-2)
    by_covariance = np.linalg.eigvalsh(covariance(rows))
    assert by_covariance[0] < 0.9e-26 or by_covariance[0] > 1.1e-26  # C has lost it


def test_chunks_of_ill_conditioned_rows():
    rows = ill_conditioned(1e10)
    parts = WhiteningTransformer(eps=0)
    for chunk in np.array_split(rows, 7):
        parts.partial_fit(chunk)
    whole = WhiteningTransformer(eps=0).fit(rows)
    np.testing.assert_allclose(
        parts.explained_variance_, whole.explained_variance_, rtol=1e-4
    )
    np.testing.assert_allclose(covariance(parts.transform(rows)), np.eye(6), atol=1e-2)


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_directions_that_do_not_vary_become_0(method, dtype):
    rows = np.c_[X, np.full(300, 7.0), X[:, 0] + X[:, 1]].astype(dtype)
    Z = WhiteningTransformer(method).fit_transform(rows)
    assert np.isfinite(Z).all()
    assert np.abs(Z).max() < 20
    variances = np.linalg.eigvalsh(covariance(Z.astype(float)))
    np.testing.assert_allclose(variances, [0, 0, 1, 1, 1, 1], atol=1e-3)


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_fewer_rows_than_columns(method):
    rows = rng.standard_normal((5, 20))
    whitening = WhiteningTransformer(method).fit(rows)
    Z = whitening.transform(rows)
    # Five centred rows span four directions.
    assert np.linalg.matrix_rank(Z, tol=1e-6) == 4
    assert np.abs(Z).max() < 3
    np.testing.assert_allclose(whitening.inverse_transform(Z), rows, atol=1e-6)


def test_constant_data():
    Z = WhiteningTransformer().fit_transform(np.ones((5, 3)))
    np.testing.assert_array_equal(Z, 0)


@each
def test_float32_is_kept(method):
    whitening = WhiteningTransformer(method).fit(X.astype(np.float32))
    Z = whitening.transform(X.astype(np.float32))
    assert Z.dtype == whitening.whitening_.dtype == np.float32
    assert whitening.inverse_transform(Z).dtype == np.float32
    np.testing.assert_allclose(covariance(Z.astype(float)), np.eye(4), atol=1e-3)


@each
@pytest.mark.parametrize("layout", ["F", "strided", "read-only"])
def test_x_is_not_changed(method, layout):
    rows = {"F": np.asfortranarray(X), "strided": np.repeat(X, 2, axis=1)[:, ::2]}.get(
        layout, X.copy()
    )
    rows.flags.writeable = False
    whitening = WhiteningTransformer(method).fit(rows).partial_fit(rows)
    np.testing.assert_array_equal(rows, X)
    once = WhiteningTransformer(method).fit(X)
    np.testing.assert_allclose(whitening.whitening_, once.whitening_, 1e-9, 1e-11)


def test_names():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    zca = WhiteningTransformer("zca").set_output(transform="pandas")
    assert list(zca.fit_transform(frame).columns) == list("abcd")
    pca = WhiteningTransformer(n_components=2).set_output(transform="pandas")
    names = ["whiteningtransformer0", "whiteningtransformer1"]
    assert list(pca.fit_transform(frame).columns) == names


def test_in_a_pipeline_and_a_grid():
    labels = X[:, 0] > X[:, 0].mean()
    pipeline = make_pipeline(
        WhiteningTransformer(), ScratchMLPClassifier((5,), solver="lbfgs")
    )
    grid = {"whiteningtransformer__method": METHODS}
    assert GridSearchCV(pipeline, grid, cv=3).fit(X, labels).best_score_ > 0.9


BAD = [
    ({}, np.where(X > 302, np.nan, X), "Input X contains NaN"),
    ({}, np.where(X > 302, np.inf, X), "Input X contains infinity"),
    ({}, X[:1], "minimum of 2 is required"),
    (
        {"n_components": 9},
        X,
        "n_components=9 must be at most min(",
    ),
    ({"n_components": 0}, X, "'n_components' parameter"),
    ({"n_components": 1.5}, X, "'n_components' parameter"),
    ({"method": "cholesky", "n_components": 2}, X, "n_components must be None, got 2"),
    (
        {"method": "cholesky"},
        np.c_[X, X[:, 0]],
        "full rank, but only 4 of 5",
    ),
    ({"shrinkage": 1.5}, X, "'shrinkage' parameter"),
    ({"shrinkage": -0.1}, X, "'shrinkage' parameter"),
    ({"eps": -1.0}, X, "'eps' parameter"),
    ({"method": "magic"}, X, "'method' parameter"),
]


@pytest.mark.parametrize(("parameters", "rows", "message"), BAD)
def test_bad_input_leaves_the_transformer_as_it_was(parameters, rows, message):
    whitening = WhiteningTransformer().fit(X)
    before = pickle.dumps({k: v for k, v in vars(whitening).items() if k.endswith("_")})
    whitening.set_params(**parameters)
    with pytest.raises(ValueError, match=re.escape(message)):
        whitening.fit(rows)
    after = pickle.dumps({k: v for k, v in vars(whitening).items() if k.endswith("_")})
    assert after == before


def test_automatic_shrinkage_needs_all_rows():
    with pytest.raises(ValueError, match="shrinkage='auto' needs all rows at once"):
        WhiteningTransformer(shrinkage="auto").partial_fit(X)


def test_another_number_of_features_in_a_later_chunk():
    whitening = WhiteningTransformer().partial_fit(X)
    with pytest.raises(ValueError, match="X has 2 features, but WhiteningTransformer"):
        whitening.partial_fit(X[:, :2])
    assert whitening.n_samples_seen_ == 300
