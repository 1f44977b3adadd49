"""Weights as images, and the flow through a residual network."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier
from sknn_scratch.datasets import make_spirals
from sknn_scratch.display import HiddenStatesDisplay, WeightsDisplay
from sknn_scratch.display._drawing import tiling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
model = ScratchMLPClassifier((4,), max_iter=6, random_state=0)


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
    ("n", "wanted"),
    [(1, (1, 1)), (2, (1, 2)), (5, (2, 3)), (7, (2, 4)), (10, (2, 5)), (16, (4, 4))],
)
def test_small_pictures_leave_few_gaps(n, wanted):
    assert tiling(n) == wanted


def test_a_tiling_has_room_for_all_and_is_not_higher_than_wide():
    for n in range(1, 300):
        rows, columns = tiling(n)
        assert (rows - 1) * columns < n <= rows * columns
        assert rows <= columns
