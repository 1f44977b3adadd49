"""Loss curves: what is drawn is what was computed."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.display import LossCurveDisplay
from sknn_scratch.model_selection import repeated_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
model = ScratchMLPClassifier((4,), max_iter=6, random_state=0)


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
    _, ax = pytest.importorskip("matplotlib.pyplot").subplots()
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
