"""Means of the target for categories of very many levels."""

import pickle

import numpy as np
import pytest
from _tables import classifier, regressor
from sklearn.preprocessing import TargetEncoder

from sknn_scratch._estimators.tabular.levels import STRENGTH, LevelMeans
from sknn_scratch.preprocessing import TabularEncoder

rng = np.random.default_rng(0)
n = 1200
towns = np.array([f"town {i}" for i in rng.integers(150, size=n)], object)
height = dict(zip(np.unique(towns), rng.normal(size=150), strict=False))
X = np.column_stack([towns, rng.choice(["a", "b"], n), rng.normal(size=n)])
X[:40, 0] = None
y = np.array([height.get(town, 0.0) for town in X[:, 0]]) + 0.1 * rng.normal(size=n)
encoder = TabularEncoder().fit(X)


def learnt(Y=y[:, None], weight=None, seed=0):
    means = LevelMeans(encoder, X)
    return means, means.learn(encoder, X, Y, weight, np.random.RandomState(seed))


def test_means_are_target_encoders_up_to_scale():
    """Its m-estimate, with the same number of rows for the mean of all."""
    means, _ = learnt()
    theirs = TargetEncoder(smooth=STRENGTH, target_type="continuous").fit(X[:, :1], y)
    given = np.array([["town 3"], ["town 7"], [None], ["nowhere"]], object)
    rows = np.column_stack([given, ["a"] * 4, np.zeros(4)])
    wanted = theirs.transform(given)
    own = means.columns(encoder, rows) * means.scale + means.center
    np.testing.assert_allclose(own[:2], wanted[:2], rtol=1e-5)
    np.testing.assert_allclose(own[3], y.mean(), rtol=1e-5)  # nobody comes from there


def test_a_row_is_not_told_its_own_target():
    changed = y.copy()
    changed[100] += 1000.0
    before, after = learnt()[1], learnt(changed[:, None])[1]
    others = X[:, 0] != X[100, 0]
    # Scales and the mean of all differ: ranks within the town's row do not.
    assert np.corrcoef(before[others, 0], after[others, 0])[0, 1] > 0.5
    mates = np.flatnonzero(X[:, 0] == X[100, 0])
    highest = mates[after[mates, 0].argmax()]
    assert highest != 100


def test_only_columns_of_very_many_levels_have_means():
    assert learnt()[1].shape == (n, 1)
    few = TabularEncoder().fit(X[:, 1:])
    none = LevelMeans(few, X[:, 1:])
    told = none.learn(few, X[:, 1:], y[:, None], None, np.random.RandomState(0))
    assert told.shape == (n, 0)
    assert none.columns(few, X[:, 1:]) is None


def test_rows_that_weigh_nothing_say_nothing():
    weight = np.where(np.arange(n) % 3 == 0, 0.0, 1.0)
    wild = np.where(weight == 0, 1e6, y)
    first, second = learnt(weight=weight)[0], learnt(wild[:, None], weight)[0]
    np.testing.assert_allclose(first.means[0], second.means[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_they_let_a_model_know_the_towns(seed):
    train, test = np.arange(n) % 2 == 0, np.arange(n) % 2 == 1
    model = regressor(max_iter=40, random_state=seed).fit(X[train], y[train])
    assert model.score(X[test], y[test]) > 0.5
    same = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(same.predict(X), model.predict(X))
    label = np.where(y > 1, "high", np.where(y < -1, "low", "middle"))
    chosen = classifier(max_iter=30, random_state=seed)
    chosen.fit(X[train], label[train], X_val=X[test], y_val=label[test])
    assert chosen.score(X[test], label[test]) > 0.75
    assert np.isfinite(chosen.predict_proba([["nowhere", None, None]])).all()
