"""Heat maps: each cell is the score of its parameters."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.display import GridSearchDisplay
from sknn_scratch.display._grid import _tick

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
model = ScratchMLPClassifier((4,), max_iter=6, random_state=0)


def search(grid, **kwargs):
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {f"scratchmlpclassifier__{name}": values for name, values in grid.items()}
    return GridSearchCV(pipeline, grid, cv=2, **kwargs).fit(X, y)


def test_a_heat_map_of_a_grid():
    fitted = search({"alpha": [1.0, 1e-4], "learning_rate_init": [0.1, 1e-3, 1e-2]})
    display = GridSearchDisplay.from_estimator(fitted)
    scores = {
        tuple(p.values()): s
        for p, s in zip(
            fitted.cv_results_["params"],
            fitted.cv_results_["mean_test_score"],
            strict=True,
        )
    }
    for row, rate in enumerate([1e-3, 1e-2, 0.1]):
        for column, alpha in enumerate([1e-4, 1.0]):
            assert display.scores[row, column] == scores[alpha, rate]
    assert display.scores[display.best_] == fitted.best_score_
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["$10^{-4}$", "1"]
    assert display.ax_.get_xlabel() == "alpha"
    assert display.ax_.get_ylabel() == "learning_rate_init"
    corner = display.ax_.patches[0].get_xy()
    assert corner == (display.best_[1] - 0.5, display.best_[0] - 0.5)


@pytest.mark.parametrize(("reduce", "function"), [("best", np.max), ("mean", np.mean)])
def test_other_parameters_are_marginalised(reduce, function):
    grid = {
        "alpha": [0.1, 1.0],
        "activation": ["tanh", "relu"],
        "solver": ["adam", "sgd"],
    }
    fitted = search(grid, return_train_score=True)
    display = GridSearchDisplay.from_estimator(
        fitted,
        x="scratchmlpclassifier__solver",
        y="scratchmlpclassifier__activation",
        score="mean_train_score",
        reduce=reduce,
    )
    results = fitted.cv_results_
    for row, activation in enumerate(["tanh", "relu"]):
        for column, solver in enumerate(["adam", "sgd"]):
            cells = [
                score
                for params, score in zip(
                    results["params"], results["mean_train_score"], strict=True
                )
                if params["scratchmlpclassifier__solver"] == solver
                and params["scratchmlpclassifier__activation"] == activation
            ]
            np.testing.assert_allclose(display.scores[row, column], function(cells))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-4, "$10^{-4}$"),
        (1000, "$10^{3}$"),
        (3e-5, r"$3 \cdot 10^{-5}$"),
        (0.5, "0.5"),
        (100, "100"),
        (0, "0"),
        ((10, 5), "(10, 5)"),
        (True, "True"),
        (None, "None"),
    ],
)
def test_ticks(value, text):
    assert _tick(value) == text


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"x": "magic"}, "'magic' is not in the grid"),
        ({"score": "mean_train_score"}, "set return_train_score=True"),
        ({"reduce": "median"}, "reduce must be 'best' or 'mean', got 'median'"),
    ],
)
def test_bad_heat_maps(kwargs, message):
    fitted = search({"alpha": [0.1, 1.0], "activation": ["tanh", "relu"]})
    with pytest.raises(ValueError, match=message):
        GridSearchDisplay.from_estimator(fitted, **kwargs)


def test_a_grid_of_one_parameter():
    with pytest.raises(ValueError, match="a grid with at least two parameters, got"):
        GridSearchDisplay.from_estimator(search({"alpha": [0.1, 1.0]}))


def test_an_unfitted_search():
    with pytest.raises(ValueError, match="is not fitted yet"):
        GridSearchDisplay.from_estimator(GridSearchCV(model, {}))
