"""Predictions and scores of collections, beside those of rows in memory."""

import dask.array as da
import numpy as np
import pytest
from _dask_rows import classes, collection, numbers
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch.distributed._prediction import (
    lazily,
    moments,
    r_squared,
    right_part,
    score,
    share_right,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*converge")
X, y = classes(120)
weight = np.random.default_rng(0).uniform(size=120)
CLASSIFIER = ScratchMLPClassifier((4,), max_iter=3, random_state=0)
REGRESSOR = ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0)


@pytest.mark.parametrize("labels", [y, np.array(["a", "bc", "d"])[y]])
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_arrays(method, labels, dtype):
    rows = X.astype(dtype)
    model = CLASSIFIER.fit(rows, labels)
    lazy = lazily(model, da.from_array(rows, chunks=(50, 4)), method)
    wanted = getattr(model, method)(rows)
    assert lazy.shape == wanted.shape
    assert lazy.dtype == wanted.dtype
    assert lazy.chunks[0] == (50, 50, 20)
    found = lazy.compute(scheduler="sync")
    np.testing.assert_array_equal(
        found, wanted
    ) if method == "predict" else np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_several_outputs_give_a_list():
    both = np.stack([y, y % 2], axis=1)
    model = CLASSIFIER.fit(X, both)
    lazy = lazily(model, collection(X, 60, 60), "predict_proba")
    for found, wanted in zip(lazy, model.predict_proba(X), strict=True):
        np.testing.assert_allclose(found.compute(scheduler="sync"), wanted)
    labels = lazily(model, collection(X, 60, 60), "predict")
    np.testing.assert_array_equal(labels.compute(scheduler="sync"), model.predict(X))


def test_partitions_without_rows():
    model = CLASSIFIER.fit(X, y)
    rows = da.concatenate([collection(X, 120), collection(X[:0], 0)])
    assert lazily(model, rows, "predict").compute(scheduler="sync").shape == (120,)


def test_data_frames():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = CLASSIFIER.fit(frame, y)
    lazy = lazily(model, dd.from_pandas(frame, npartitions=2), "predict_proba")
    assert lazy.shape[1] == 3
    np.testing.assert_allclose(
        lazy.compute(scheduler="sync"), model.predict_proba(frame)
    )


def test_wrong_columns_are_found_before_anything_is_computed():
    model = CLASSIFIER.fit(X, y)
    with pytest.raises(ValueError, match="X has 5 features, but ScratchMLPClassifier"):
        lazily(model, collection(X[:, :5], 120), "predict")


# ---- scores ----------------------------------------------------------------------

CUTS = [slice(0, 50), slice(50, 51), slice(51, 120)]


@pytest.mark.parametrize("weight", [None, weight], ids=["", "weighted"])
def test_accuracy(weight):
    model = CLASSIFIER.fit(X, y)
    parts = [
        right_part(model, X[c], y[c], None if weight is None else weight[c])
        for c in CUTS
    ]
    np.testing.assert_allclose(share_right(parts), model.score(X, y, weight))
    assert right_part(model, X, y, np.zeros(120)) == (0.0, 0.0)
    assert np.isnan(share_right([]))


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize("weight", [None, weight], ids=["", "weighted"])
def test_r_squared(weight, shift):
    rows, targets = numbers(120, n_targets=2)
    model = REGRESSOR.fit(rows, targets)
    targets = targets + shift

    class Shifted:
        def predict(self, X):
            return model.predict(X) + shift

    parts = [
        moments(Shifted(), rows[c], targets[c], None if weight is None else weight[c])
        for c in CUTS
    ]
    wanted = r2_score(targets, model.predict(rows) + shift, sample_weight=weight)
    np.testing.assert_allclose(r_squared(parts), wanted, rtol=1e-7)


def test_r_squared_of_nothing():
    nothing = moments(REGRESSOR.fit(X, y), X, y, np.zeros(120))
    for parts in ([], [nothing, nothing]):
        with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
            assert np.isnan(r_squared(parts))


def test_r_squared_of_a_constant_is_scikit_learns():
    class Ones:
        def predict(self, X):
            return np.ones(len(X))

    for value in (1.0, 2.0):
        y = np.full(120, value)
        assert r_squared([moments(Ones(), X, y, None)]) == r2_score(y, np.ones(120))


def test_a_score_needs_targets(client):
    with pytest.raises(ValueError, match="score needs y, a collection"):
        score(CLASSIFIER, client, collection(X, 120), None, None, right_part, max)
