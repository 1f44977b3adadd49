"""The public module: spaces that a search takes, and that hold the defaults."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import ParameterSampler

from sknn_scratch.model_selection import RandomizedSearchCV
from sknn_scratch.tabular import (
    CLASSIFIER_SEARCH_SPACE,
    SEARCH_SPACE,
    TabularMLPClassifier,
    TabularMLPRegressor,
)

X, y = load_iris(return_X_y=True)
SMALL = {"n_members": 2, "max_iter": 2, "random_state": 0}


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (TabularMLPClassifier(**SMALL), CLASSIFIER_SEARCH_SPACE),
        (TabularMLPRegressor(**SMALL), SEARCH_SPACE),
    ],
)
def test_every_sample_can_be_fitted(estimator, space):
    for params in ParameterSampler(space, 6, random_state=0):
        assert clone(estimator).set_params(**params).fit(X, y).n_iter_ == 2


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (TabularMLPClassifier(), CLASSIFIER_SEARCH_SPACE),
        (TabularMLPRegressor(), SEARCH_SPACE),
    ],
)
def test_the_defaults_lie_inside(estimator, space):
    for name, values in space.items():
        default = getattr(estimator, name)
        if isinstance(values, list):
            assert default in values or default == "auto"
        else:
            assert 0 < values.cdf(default) < 1


def test_the_drop_in_search():
    search = RandomizedSearchCV(
        TabularMLPClassifier(**SMALL),
        CLASSIFIER_SEARCH_SPACE,
        n_iter=3,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert set(search.best_params_) == set(CLASSIFIER_SEARCH_SPACE)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (150,)
