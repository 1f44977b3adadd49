"""Members: their seeds and rows, and the mean where they know other classes."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.members import (
    all_probabilities,
    fit_members,
    fit_param,
    known_classes,
    mean_prediction,
    mean_probabilities,
    part,
    seeded,
)

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 3))
y = np.arange(40) % 3
net = ScratchMLPClassifier((3,), max_iter=3, tol=np.inf, n_iter_no_change=1)


def test_every_seed_is_found():
    inside = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), net))
    assert seeded(net) == ["random_state"]
    assert seeded(inside) == ["pipeline__scratchmlpclassifier__random_state"]
    assert seeded(StandardScaler()) == []


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (net, "w"),
        (make_pipeline(StandardScaler(), net), "scratchmlpclassifier__w"),
        (
            make_pipeline(StandardScaler(), make_pipeline(net)),
            "pipeline__scratchmlpclassifier__w",
        ),
        (TransformedTargetRegressor(ScratchMLPRegressor()), "w"),
        (
            TransformedTargetRegressor(make_pipeline(ScratchMLPRegressor())),
            "scratchmlpregressor__w",
        ),
        (TransformedTargetRegressor(), "w"),
        (LogisticRegression(), "w"),
    ],
)
def test_names_inside_pipelines(estimator, name):
    assert fit_param(estimator, "w") == name


def test_only_what_has_an_entry_for_each_row_is_split():
    rows = np.array([3, 5])
    np.testing.assert_array_equal(part(y, rows, 40), y[rows])
    assert part([*range(40)], rows, 40) == [3, 5]
    assert part(y, None, 40) is y
    other = np.zeros(7)
    assert part(other, rows, 40) is other
    assert part(0.5, rows, 40) == 0.5
    assert part(None, rows, 40) is None


def test_the_work_is_done_in_the_order_of_the_tasks():
    half = np.arange(20)
    tasks = [(4, None, "a"), (5, None, "b"), (6, half, "c")]
    given = {"sample_weight": np.ones(40)}
    done = fit_members(net, X, y, tasks, given, 2, lambda fit, task: (fit, task))
    assert [task[2] for _, task in done] == ["a", "b", "c"]
    for fit, (seed, rows, _) in done:
        assert fit.estimator.random_state == seed
        n = 40 if rows is None else 20
        assert len(fit.X) == len(fit.y) == len(fit.params["sample_weight"]) == n


def test_members_that_know_other_classes():
    """A class that a member has not seen has probability 0 there."""
    a = LogisticRegression().fit(X[y < 2], y[y < 2])
    b = LogisticRegression().fit(X[y > 0], y[y > 0])
    np.testing.assert_array_equal(known_classes([a, b]), [0, 1, 2])
    each = all_probabilities([a, b], X)
    np.testing.assert_array_equal(each[0][:, :2], a.predict_proba(X))
    np.testing.assert_array_equal(each[1][:, 1:], b.predict_proba(X))
    assert not each[0][:, 2].any()
    assert not each[1][:, 0].any()
    mean = mean_probabilities([a, b], X)
    np.testing.assert_allclose(mean.sum(axis=1), 1)
    np.testing.assert_array_equal(mean_prediction([a, b], X), mean.argmax(axis=1))
