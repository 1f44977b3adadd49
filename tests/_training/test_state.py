"""The state of a training: best weights, average, snapshots."""

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
    optimizer = OPTIMIZERS["sgd"](len(theta), theta.dtype, PARAMS)
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


def test_restore_undoes_all():
    theta = np.zeros(2)
    state = started(theta, averaging=0.5)
    kept = state.snapshot()
    state.n_epochs = 7
    state.keep_best(theta)
    state.optimizer.learning_rate = 99
    state.optimizer.state["velocity"][...] = 5
    state.averaging.other[...] = 6
    state.restore(kept)
    assert state.n_epochs == 0
    assert state.best is None
    assert state.optimizer.learning_rate == 0.1
    assert not state.optimizer.state["velocity"].any()
    assert not state.averaging.other.any()


@pytest.mark.parametrize("averaging", [None, 0.5])
def test_the_block_shows_the_average_where_there_is_one(averaging):
    theta = np.ones(2)
    state = started(theta, averaging)
    if averaging:
        state.averaging.other[...] = 5
    with state.shown(theta):
        assert (theta == (5 if averaging else 1)).all()
    assert (theta == 1).all()
