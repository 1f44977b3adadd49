"""The public methods, on collections and on rows in memory."""

import inspect

import numpy as np
import pytest
from _dask_rows import classes, collection, is_idle, numbers

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch.distributed import DaskMLPClassifier, DaskMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*converge")
PAIRS = [
    (DaskMLPClassifier, ScratchMLPClassifier),
    (DaskMLPRegressor, ScratchMLPRegressor),
]
OPTIONS = {"solver": "lbfgs", "max_iter": 8, "random_state": 0}
CUTS = 300, 300


@pytest.mark.parametrize(("ours", "local"), PAIRS)
def test_the_parameters_are_those_of_one_machine_and_three_more(ours, local):
    given, wanted = (
        list(inspect.signature(each).parameters.values()) for each in (ours, local)
    )
    assert given[:-3] == wanted
    assert [p.name for p in given[-3:]] == [
        "client",
        "local_epochs",
        "learning_rate_scaling",
    ]
    assert [p.default for p in given[-3:]] == [None, None, "sqrt"]


def test_a_classifier(client):
    X, y = classes()
    rows, labels = collection(X, *CUTS), collection(y, *CUTS)
    weight = np.linspace(0, 1, 600)
    model = DaskMLPClassifier((5,), **OPTIONS).fit(rows, labels)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        found = getattr(model, method)(rows)
        assert hasattr(found, "compute")
        np.testing.assert_allclose(found.compute(), getattr(model, method)(X))
    np.testing.assert_allclose(model.score(rows, labels), model.score(X, y))
    found = model.score(rows, labels, collection(weight, *CUTS))
    np.testing.assert_allclose(found, model.score(X, y, weight))
    assert is_idle(client)


def test_a_regressor(client):
    X, y = numbers()
    rows, targets = collection(X, *CUTS), collection(y, *CUTS)
    model = DaskMLPRegressor(hidden_layer_sizes=(5,), **OPTIONS).fit(rows, targets)
    np.testing.assert_allclose(model.predict(rows).compute(), model.predict(X))
    np.testing.assert_allclose(model.score(rows, targets), model.score(X, y))
    assert is_idle(client)


def test_a_targets_range_is_checked_on_the_workers(client):
    X, y = numbers()
    model = DaskMLPRegressor("poisson", (5,), **OPTIONS)
    with pytest.raises(ValueError, match="poisson"):
        model.fit(collection(X, *CUTS), collection(y, *CUTS))
    assert is_idle(client)
