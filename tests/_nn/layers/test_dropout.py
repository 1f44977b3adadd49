"""Dropout: its rate, its draws, its generators; test_base has the gradients."""

import numpy as np
import pytest
from _layers import N_IN, dropout

from sknn_scratch._nn.layers import Dropout, Room


def started(n, n_in, rate, dtype="float64", nets=(), seed=0):
    layer = Dropout(n_in, rate)
    layer.draw(None, np.random.RandomState(seed))
    return layer.planned(Room(n, np.dtype(dtype), nets, training=True))


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_it_keeps_the_expectation_and_drops_at_its_rate(rate):
    plan = started(2000, 50, rate)
    x = np.ones((2000, 50))
    y = plan.forward(x)
    # 100,000 draws: three standard errors are below 0.005.
    assert abs((y == 0).mean() - rate) < 0.005
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate))
    np.testing.assert_array_equal(plan.backward(x.copy()), y)


def test_it_draws_anew_at_each_step_and_in_a_seeded_order():
    def masks():
        plan = started(4, 10, 0.5, "float32", seed=3)
        return [plan.forward(np.ones((4, 10), np.float32)).copy() for _ in range(2)]

    first, again = masks(), masks()
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, again)


def test_before_the_first_parameters_it_passes_nothing_back():
    plan = dropout(None).planned(Room(3, np.dtype(float), training=True))
    plan.forward(np.ones((3, N_IN)))
    assert plan.backward(None) is None


def test_it_inherits_the_generator_of_the_earlier_fit():
    earlier, later = Dropout(N_IN, 0.5), Dropout(N_IN, 0.5)
    earlier.draw(None, np.random.RandomState(0))
    later.inherit(earlier, None)
    (mine,), (theirs,) = later.generators, earlier.generators
    # In step, and apart: a fit that fails must not have used up the earlier one's.
    np.testing.assert_array_equal(mine.random(9), theirs.random(9))
    assert mine is not theirs


def test_many_nets_have_rates_and_masks_of_their_own():
    layers = []
    for seed, rate in ((0, 0.2), (1, 0.7)):
        layer = Dropout(50, rate)
        layer.draw(None, np.random.RandomState(seed))
        layers.append(layer)
    many = layers[0].stacked(layers)
    plan = many.planned(Room(400, np.dtype(float), (2,), training=True))
    y = plan.forward(np.ones((400, 50)))
    assert y.shape == (2, 400, 50)
    # 20,000 draws each: three standard errors are below 0.01.
    np.testing.assert_allclose((y == 0).mean(axis=(1, 2)), [0.2, 0.7], atol=0.01)
    for j, seed in enumerate((0, 1)):
        alone = started(400, 50, (0.2, 0.7)[j], seed=seed)
        np.testing.assert_array_equal(y[j], alone.forward(np.ones((400, 50))))


@pytest.mark.parametrize("earlier", [None, Dropout(N_IN, 0.5)], ids=["none", "undrawn"])
def test_without_an_earlier_generator_it_draws_one(earlier):
    later = Dropout(N_IN, 0.5)
    later.inherit(earlier, np.random.RandomState(0))
    wanted = Dropout(N_IN, 0.5)
    wanted.draw(None, np.random.RandomState(0))
    np.testing.assert_array_equal(
        later.generators[0].random(9), wanted.generators[0].random(9)
    )
