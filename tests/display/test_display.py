"""The displays: what is drawn is what was computed; clear errors."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier
from sknn_scratch.datasets import make_spirals
from sknn_scratch.display import (
    GridSearchDisplay,
    HiddenStatesDisplay,
    LossCurveDisplay,
    WeightsDisplay,
)
from sknn_scratch.display._grid import _tick
from sknn_scratch.model_selection import repeated_fit

plt = pytest.importorskip("matplotlib.pyplot")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
model = ScratchMLPClassifier((4,), max_iter=6, random_state=0)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def search(grid, **kwargs):
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {f"scratchmlpclassifier__{name}": values for name, values in grid.items()}
    return GridSearchCV(pipeline, grid, cv=2, **kwargs).fit(X, y)


def test_a_loss_curve():
    fitted = make_pipeline(StandardScaler(), model).fit(X, y)
    display = LossCurveDisplay.from_estimator(fitted, log=True, color="k", name="mine")
    epochs, losses = display.lines_[0].get_data()
    np.testing.assert_array_equal(epochs, range(1, 7))
    np.testing.assert_array_equal(losses, fitted[-1].loss_curve_)
    assert display.ax_.get_yscale() == "log"
    assert display.lines_[0].get_color() == "k"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "mine"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Epoch", "Loss")


def test_a_validation_curve():
    model.fit(X, y, X_val=X, y_val=y)
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(
        display.lines_[1].get_ydata(), model.validation_loss_curve_
    )
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["training", "validation"]


@pytest.mark.parametrize("kind", ["repeated fit", "list"])
def test_several_runs_have_a_mean_and_a_band(kind):
    runs = repeated_fit(model, X, y, n_repeats=3, random_state=0)
    given = runs if kind == "repeated fit" else runs.estimators
    _, ax = plt.subplots()
    display = LossCurveDisplay.from_estimator(given, ax=ax)
    assert display.ax_ is ax
    curves = np.array(runs.loss_curves)
    np.testing.assert_allclose(display.lines_[0].get_ydata(), curves.mean(axis=0))
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(band.max(), (curves.mean(0) + curves.std(0)).max())


def test_runs_of_different_lengths():
    display = LossCurveDisplay([[3, 2, 1], [5]]).plot()
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [4, 2, 1])


def test_no_loss_curve():
    with pytest.raises(ValueError, match="has no loss curve: fit it"):
        LossCurveDisplay.from_estimator(ScratchMLPClassifier())


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


def test_weights_as_images():
    digits = load_digits(return_X_y=True)
    fitted = ScratchMLPClassifier((7,), max_iter=2).fit(*digits)
    display = WeightsDisplay.from_estimator(fitted)
    assert len(display.axes_) == 7
    image = display.axes_[3].images[0]
    np.testing.assert_array_equal(
        np.asarray(image.get_array()), fitted.coefs_[0][:, 3].reshape(8, 8)
    )
    low, high = image.get_clim()
    assert low == -high == -np.abs(fitted.coefs_[0]).max()
    assert len(WeightsDisplay.from_estimator(fitted, n_units=2).axes_) == 2
    resnet = ResNetClassifier(2, width=5, max_iter=2).fit(*digits)
    assert len(WeightsDisplay.from_estimator(resnet, shape=(4, 16)).axes_) == 5


def test_bad_weights():
    fitted = ScratchMLPClassifier((2,), max_iter=2).fit(np.c_[X, X[:, 0]], y)
    with pytest.raises(ValueError, match="5 features are not a square: give the shape"):
        WeightsDisplay.from_estimator(fitted)
    with pytest.raises(ValueError, match="5 features are not 2 x 2"):
        WeightsDisplay.from_estimator(fitted, shape=(2, 2))
    resnet = ResNetClassifier(2, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="has no weights of a first layer to draw"):
        WeightsDisplay.from_estimator(resnet)
    with pytest.raises(ValueError, match="is not fitted yet"):
        WeightsDisplay.from_estimator(ScratchMLPClassifier())


@pytest.mark.parametrize("width", [None, 4])
def test_the_flow(width):
    rows, labels = make_spirals(60, random_state=0)
    fitted = ResNetClassifier(5, width=width, max_iter=3).fit(rows, labels)
    display = HiddenStatesDisplay.from_estimator(fitted, rows, labels, n_paths=20)
    states = fitted.hidden_states(rows)
    if width is None:
        np.testing.assert_array_equal(display.projected_, states)
    else:
        flat = states.reshape(-1, 4)
        _, _, V = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
        wanted = ((states - flat.mean(axis=0)) @ V[:2].T).reshape(6, 60, 2)
        np.testing.assert_allclose(
            np.abs(display.projected_), np.abs(wanted), atol=1e-8
        )
    assert len(display.ax_.lines) == 20


def test_bad_flows():
    with pytest.raises(ValueError, match="a width of at least 2, got"):
        HiddenStatesDisplay(np.zeros((3, 4, 1)))
    with pytest.raises(TypeError, match="has no hidden_states: take a ResNet"):
        HiddenStatesDisplay.from_estimator(model, X)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: LossCurveDisplay([[1, 2]]).plot(),
        lambda: WeightsDisplay(np.ones((4, 2))).plot(),
        lambda: HiddenStatesDisplay(np.zeros((3, 4, 2))).plot(),
        lambda: GridSearchDisplay(
            [[1.0]], x_name="a", y_name="b", x_values=[1], y_values=[2]
        ).plot(),
    ],
)
def test_without_matplotlib(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"Display\.plot needs matplotlib: install"):
        draw()
