"""The state of a training: best weights, average, copies."""

import copy

import numpy as np
import pytest

from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.state import TrainingState

PARAMS = {
    "learning_rate_init": 0.1,
    "clip_norm": None,
    "momentum": 0.9,
    "nesterovs_momentum": True,
}


def started(theta, averaging=None):
    optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, PARAMS)
    return TrainingState(optimizer, averaging, theta)


def test_the_best_weights_are_kept_and_restored_once():
    theta = np.zeros(2)
    state = started(theta)
    state.restore_best(theta)  # there are none
    assert not theta.any()
    theta[...] = 1
    state.keep_best(theta)
    theta[...] = 2
    state.keep_best(theta)
    theta[...] = 3
    state.restore_best(theta)
    assert (theta == 2).all()
    assert state.best is None
    theta[...] = 4
    state.restore_best(theta)
    assert (theta == 4).all()


def test_kept_weights_are_a_copy():
    theta = np.zeros(2)
    state = started(theta)
    state.keep_best(theta)
    theta[...] = 1
    assert not state.best.any()


def test_a_copy_is_a_state_of_its_own():
    theta = np.zeros(2)
    state = started(theta, averaging=0.5)
    state.keep_best(theta)
    twin = copy.deepcopy(state)
    twin.n_epochs = 7
    twin.best[...] = 4
    twin.optimizer.learning_rate = 99
    twin.optimizer.state["velocity"][...] = 5
    twin.averaging.other[...] = 6
    assert state.n_epochs == 0
    assert state.optimizer.learning_rate == 0.1
    for vector in (
        state.best,
        state.optimizer.state["velocity"],
        state.averaging.other,
    ):
        assert not vector.any()


@pytest.mark.parametrize("averaging", [None, 0.5])
def test_the_block_shows_the_average_where_there_is_one(averaging):
    theta = np.ones(2)
    state = started(theta, averaging)
    if averaging:
        state.averaging.other[...] = 5
    with state.shown(theta):
        assert (theta == (5 if averaging else 1)).all()
    assert (theta == 1).all()
