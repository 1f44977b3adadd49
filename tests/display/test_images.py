"""Filters, and feature maps, as images."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_scratch import ConvNetClassifier, ScratchMLPClassifier
from sknn_scratch.display import FeatureMapsDisplay, FiltersDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IMAGES, y = load_digits().images[:100], load_digits().target[:100]
X = IMAGES.reshape(100, 64)
net = ConvNetClassifier((4, 6), (3, 2), pool_size=[2, 1], max_iter=2, random_state=0)


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_the_filters_of_one_channel():
    model = net.fit(X, y)
    display = FiltersDisplay.from_estimator(model)
    assert display.axes_.shape == (4,)
    for k, ax in enumerate(display.axes_):
        np.testing.assert_array_equal(shown(ax), model.coefs_[0][:, :, 0, k])
    low, high = display.ax_.images[0].get_clim()
    assert low == -high == -np.abs(model.coefs_[0]).max()
    assert len(FiltersDisplay.from_estimator(model, n_filters=3).axes_) == 3


def test_the_filters_of_several_channels():
    model = net.fit(X, y)
    display = FiltersDisplay.from_estimator(model, layer=-1, n_channels=3, cmap="gray")
    assert display.axes_.shape == (6, 3)
    np.testing.assert_array_equal(
        shown(display.axes_[5, 2]), model.coefs_[1][:, :, 2, 5]
    )
    assert display.axes_[0, 2].get_title() == "channel 2"
    assert display.ax_.images[0].get_cmap().name == "gray"


@pytest.mark.parametrize(
    "rows", [X, IMAGES, X.tolist()], ids=["rows", "images", "list"]
)
def test_what_an_image_becomes(rows):
    model = net.fit(rows, y)
    display = FeatureMapsDisplay.from_estimator(model, rows, n_maps=5)
    assert display.names == ["image", "convolution 1", "pooled 1", "convolution 2"]
    assert display.axes_.shape == (4, 5)
    np.testing.assert_array_equal(shown(display.ax_), IMAGES[0])
    for row, maps in zip(display.axes_[1:], model.feature_maps(rows), strict=True):
        for k, ax in enumerate(row[: maps.shape[-1]]):
            np.testing.assert_array_equal(shown(ax), maps[0, ..., k])
    label = display.axes_[2, 0].get_ylabel()
    assert label == "pooled 1\n4 x 4 x 4"
    assert not display.axes_[0, 1].images


def test_of_a_pipeline_the_last_step_counts():
    model = make_pipeline(MinMaxScaler(), net).fit(X, y)
    assert len(FiltersDisplay.from_estimator(model).axes_) == 4
    display = FeatureMapsDisplay.from_estimator(model, X)
    np.testing.assert_allclose(
        shown(display.ax_).ravel(), model[0].transform(X)[0], atol=1e-12
    )


def test_stages_of_ones_own():
    display = FeatureMapsDisplay([np.ones((2, 3, 1))]).plot()
    assert display.names == ["stage 0"]
    with pytest.raises(ValueError, match=r"a name for each of the 1 stages, got \['a'"):
        FeatureMapsDisplay([np.ones((2, 3, 1))], ["a", "b"])


def test_what_cannot_be_drawn():
    model = net.fit(X, y)
    message = "layer must be between -2 and 1 for a network with 2 convolutions, got 2."
    with pytest.raises(ValueError, match=re.escape(message)):
        FiltersDisplay.from_estimator(model, layer=2)
    one = ConvNetClassifier(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"a network with 1 convolution, got 1"):
        FiltersDisplay.from_estimator(one, layer=1)
    with pytest.raises(ValueError, match=r"n_channels, n_filters\), got \(3, 3\)"):
        FiltersDisplay(np.ones((3, 3)))
    dense = ScratchMLPClassifier((2,), max_iter=2).fit(X, y)
    for work in (
        lambda: FiltersDisplay.from_estimator(dense),
        lambda: FeatureMapsDisplay.from_estimator(dense, X),
    ):
        with pytest.raises(TypeError, match="has no convolutions: take a ConvNetClass"):
            work()
    with pytest.raises(ValueError, match="is not fitted yet"):
        FiltersDisplay.from_estimator(ConvNetClassifier())
