"""scikit-learn's private names: there on each supported version, or done without."""

import numpy as np
import pytest
from sklearn import model_selection
from sklearn.datasets import load_iris

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.model_selection import GridSearchCV, _ahead, _private

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
net = ScratchMLPClassifier((3,), max_iter=3, random_state=0)
grid = {"alpha": [0.1, 1.0]}


def results(cls):
    search = cls(net, grid, cv=2).fit(X, y)
    return {k: v for k, v in search.cv_results_.items() if "time" not in k}


def test_all_of_them_are_there():
    assert _private.AVAILABLE


def test_without_them_the_fits_are_done_one_by_one(monkeypatch):
    def never(*args):
        raise AssertionError("something was done ahead")

    monkeypatch.setattr(_private, "AVAILABLE", False)
    monkeypatch.setattr(_ahead, "fit_ahead", never)
    ours, theirs = results(GridSearchCV), results(model_selection.GridSearchCV)
    assert list(ours) == list(theirs)
    np.testing.assert_equal(ours, theirs)


def test_the_splitter_that_stays_is_the_one_that_was_asked():
    cv = model_selection.StratifiedKFold(2)
    search = GridSearchCV(net, grid, cv=cv).fit(X, y)
    assert search.cv is cv
    assert getattr(search, "_checked_cv_orig", cv) is cv
