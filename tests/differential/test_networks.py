"""The networks of trial solutions: sizes, and first layers that cover the domain."""

import numpy as np
import pytest

from sknn_scratch.differential._networks import INITIAL, REACH, built, cover, draw


def test_built_is_a_perceptron():
    network = built([2, 5, 4, 3], "tanh")
    assert [layer.n_out for layer in network.layers] == [5, 4, 3]
    assert repr(network.layers[-1].f) == "Identity()"
    assert network.dtype == np.float64


@pytest.mark.parametrize("d", [1, 2])
def test_cover_puts_the_centres_all_over_the_domain(d):
    W, b = cover(np.random.RandomState(0), d, 2000, None, 3.0)
    slopes = np.linalg.norm(W, axis=0)
    assert 2.9 < slopes.max() <= 3
    np.testing.assert_allclose(slopes.mean(), 1.5, atol=0.1)
    distances = -b / slopes  # of the lines z = 0 from the middle
    assert np.abs(distances).max() <= REACH * np.sqrt(d)
    assert np.histogram(distances, 8, (-1, 1))[0].min() > 100


@pytest.mark.parametrize("name", INITIAL)
def test_draw_takes_every_name(name):
    network = built([1, 6, 6, 2], "tanh")
    network.theta[...] = np.nan
    draw(network, name, 3.0, np.random.RandomState(0))
    assert np.isfinite(network.theta).all()
