"""The average of the weights: its formula, and when it takes the weights' place."""

import pickle

import numpy as np
import pytest

from sknn_scratch._training.averaging import Averaging


def started(theta, decay=0.5, length=10):
    """The average, and a step by -gradient that it follows."""
    averaging = Averaging(decay, theta)

    def move(rate, total):
        theta[...] += rate

    return averaging, averaging.following(move, theta, length)


def test_the_average_is_exponential_and_takes_the_weights_place():
    theta = np.zeros(1)
    averaging, step = started(theta)
    step(4.0, 1.0)  # theta 4, average 2
    step(4.0, 1.0)  # theta 8, average 5
    with averaging.shown(theta):
        assert theta == 5
    assert theta == 8
    averaging.show(theta)
    assert theta == 5
    assert averaging.other == 8


@pytest.mark.parametrize("length", [1, 3, 7, 100])
def test_the_size_of_the_chunks_changes_nothing(length, dtype):
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(7).astype(dtype)
    wanted, weights = theta.astype(float), theta.astype(float)
    averaging, step = started(theta, 0.9, length)
    for rate in (0.5, -0.25, 2.0):
        step(rate, 1.0)
        weights = weights + rate
        wanted = 0.9 * wanted + 0.1 * weights
    np.testing.assert_allclose(averaging.other, wanted, rtol=1e-5)
    assert averaging.other.dtype == dtype


def test_the_weights_come_back_from_a_block_that_fails():
    theta = np.zeros(1)
    averaging, step = started(theta)
    step(4.0, 1.0)
    with pytest.raises(KeyboardInterrupt), averaging.shown(theta):
        raise KeyboardInterrupt
    assert theta == 4


def test_showing_what_is_shown_changes_nothing():
    theta = np.zeros(1)
    averaging, step = started(theta)
    step(4.0, 1.0)
    averaging.show(theta, False)
    assert theta == 4
    for _ in range(2):
        averaging.show(theta)
        assert theta == 2


def test_a_pickle_knows_which_of_the_two_theta_is():
    theta = np.zeros(1)
    averaging, step = started(theta)
    step(4.0, 1.0)
    averaging.show(theta)
    averaging, theta = pickle.loads(pickle.dumps((averaging, theta)))
    averaging.show(theta, False)
    assert theta == 4
    assert averaging.other == 2
