"""The tabular estimators' rows: frames, gaps, few of them, many of them, weights."""

import numpy as np
import pytest
from _tables import classifier, regressor, table
from sklearn.datasets import load_iris

from sknn_scratch._estimators.tabular import base as tabular_base
from sknn_scratch._estimators.tabular import rows as tabular_rows

X, y = load_iris(return_X_y=True)
names = np.array(["setosa", "versicolor", "virginica"])[y]
rng = np.random.default_rng(0)


def test_frames_arrays_and_gaps():
    pd = pytest.importorskip("pandas")
    rows, target = table(rng)
    frame = pd.DataFrame(rows, columns=["age", "town"]).convert_dtypes()
    model = regressor().fit(frame, target)
    np.testing.assert_allclose(
        model.predict(frame), regressor().fit(rows, target).predict(rows), rtol=1e-6
    )
    assert list(model.feature_names_in_) == ["age", "town"]
    unseen = pd.DataFrame({"age": [30.0, None], "town": [None, "Lima"]})
    assert np.isfinite(model.predict(unseen)).all()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["town", "age"]])
    model.fit(rows, target)
    assert not hasattr(model, "feature_names_in_")


def test_categories_are_named():
    codes = rng.integers(4, size=(200, 1)).astype(float)
    target = np.array([1.0, -3.0, 2.0, 0.5])[codes[:, 0].astype(int)]
    model = regressor(categorical_features=[0]).fit(codes, target)
    assert list(model.encoder_.column_kinds_) == ["level"] * 4
    assert model.score(codes, target) > 0.9


def test_many_rows_are_predicted_in_pieces(monkeypatch):
    model = classifier().fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr(tabular_base, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        model.predict_proba(X.tolist()), whole, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("given", [{}, {"X_val": X[::5], "y_val": y[::5]}])
def test_bins_that_are_made_for_some_rows_at_a_time_change_nothing(monkeypatch, given):
    """As in large tables; a prediction of very many columns has them so, too."""
    whole = classifier().fit(X, y, **given).predict_proba(X)
    monkeypatch.setattr(tabular_rows, "MOST_BYTES", 0)
    model = classifier().fit(X, y, **given)
    np.testing.assert_array_equal(model.predict_proba(X), whole)


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_a_few_rows(n):
    model = regressor().fit(X[:n], np.arange(n))
    assert np.isfinite(model.predict(X)).all()
    model = classifier().fit(X[:n], np.arange(n) % 2)
    assert np.isfinite(model.predict_proba(X)).all()


def test_rows_that_weigh_nothing_may_as_well_be_missing():
    weight = rng.uniform(0.5, 2, 150)
    weight[::3] = 0
    seen = np.flatnonzero(weight)
    weighted = classifier().fit(X, names, weight)
    without = classifier().fit(X[seen], names[seen], weight[seen])
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


def test_weights_of_rows_and_classes_count():
    few = np.r_[0:50, 50:60, 100:150]
    plain = classifier().fit(X[few], y[few]).predict_proba(X)[:, 1].mean()
    balanced = classifier(class_weight="balanced").fit(X[few], y[few])
    assert balanced.predict_proba(X)[:, 1].mean() > plain
    heavy = classifier().fit(X[few], y[few], np.where(y[few] == 1, 5.0, 1.0))
    assert heavy.predict_proba(X)[:, 1].mean() > plain


def test_a_class_that_weighs_nothing():
    """Its rows may fill a batch."""
    model = classifier(class_weight={0: 0, 1: 1, 2: 1}, batch_size=2).fit(X, y)
    assert (model.predict(X) != 0).mean() > 0.9


def test_a_single_member():
    model = classifier(n_members=1, max_iter=60).fit(X, names)
    assert model.score(X, names) > 0.9
    assert np.isfinite(model.temperatures_).all()


def test_categories_alone_need_one_view():
    rows = rng.choice(["a", "b", "c"], (100, 2))
    model = classifier().fit(rows, rows[:, 0] == "a")
    assert len(model.mixing_weights_) == 1
    assert model.score(rows, rows[:, 0] == "a") == 1


def test_frames_of_polars_are_predicted_in_pieces(monkeypatch):
    pl = pytest.importorskip("polars")
    rows, target = table(rng)
    frame = pl.DataFrame({"age": rows[:, 0].tolist(), "town": rows[:, 1].tolist()})
    model = regressor().fit(frame, target)
    whole = model.predict(frame)
    monkeypatch.setattr(tabular_base, "ROWS_AT_ONCE", 50)
    np.testing.assert_allclose(model.predict(frame), whole, rtol=1e-5)


def test_targets_at_the_end_of_the_range_of_numbers():
    model = regressor().fit(X, y * 1e300)
    assert np.isfinite(model.predict(X)).all()
