"""Schedules: each is its formula, step by step."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sknn_scratch._training.schedules import PROGRESSIVE, SCHEDULES

SETTINGS = {
    "learning_rate_init": 0.5,
    "power_t": 0.25,
    "max_iter": 10,
    "warmup_fraction": 0.0,
}


def rates(name, epochs=10, n_steps=4, **settings):
    schedule = SCHEDULES[name]({**SETTINGS, **settings}, n_steps)
    return np.array([rate for e in range(epochs) for rate in schedule.rates(0.5, e)])


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_for_each_step(name):
    found = rates(name)
    assert len(found) == 40
    assert (found > 0).all()
    assert found.max() <= 0.5 * (1 + 1e-12)


@pytest.mark.parametrize("name", ["constant", "adaptive"])
def test_constant(name):
    assert (rates(name) == 0.5).all()
    assert SCHEDULES[name](SETTINGS, 4).after_epoch(0.3, 100) == 0.3


def test_invscaling_after_each_epoch():
    assert SCHEDULES["invscaling"](SETTINGS, 4).after_epoch(0.3, 80) == 0.5 / 3


def test_cosine_and_linear_are_functions_of_progress_at_each_step():
    p = np.arange(40) / 40
    np.testing.assert_allclose(rates("cosine"), 0.25 * (1 + np.cos(np.pi * p)))
    np.testing.assert_allclose(rates("linear"), 0.5 * (1 - p))


def test_one_cycle_rises_to_the_peak_and_falls_to_nothing():
    found = rates("one_cycle", n_steps=10)
    np.testing.assert_allclose(found[0], 0.5 / 25)
    assert found.argmax() == 30
    np.testing.assert_allclose(found[30], 0.5)
    assert (np.diff(found[:31]) > 0).all()
    assert (np.diff(found[30:]) < 0).all()
    assert found[-1] < 0.002


def test_one_cycle_is_pytorchs():
    torch = pytest.importorskip("torch")
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.5)
    # PyTorch's peak is at step pct_start * total_steps - 1 and its end one step before
    # total_steps; ours at 0.3 * 40 and at 40.
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=0.5,
        total_steps=41,
        pct_start=(0.3 * 40 + 1) / 41,
        cycle_momentum=False,
    )
    wanted = []
    for _ in range(40):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    np.testing.assert_allclose(rates("one_cycle"), wanted, rtol=1e-10)


@pytest.mark.parametrize("name", ["constant", "invscaling", "adaptive"])
def test_scikit_learns_rates_after_each_epoch(name):
    theirs = SGDOptimizer([np.ones(1)], 0.5, lr_schedule=name, power_t=0.25)
    ours, rate = SCHEDULES[name](SETTINGS, 4), 0.5
    for t in (37, 74, 111):
        theirs.iteration_ends(t)
        rate = ours.after_epoch(rate, t)
        assert rate == theirs.learning_rate
        assert list(ours.rates(rate, 3)) == [rate] * 4


@pytest.mark.parametrize("name", sorted(PROGRESSIVE))
def test_a_progressive_rate_does_not_depend_on_the_one_in_force(name):
    schedule = SCHEDULES[name](SETTINGS, 4)
    assert list(schedule.rates(0.5, 3)) == list(schedule.rates(99.0, 3))
    assert schedule.after_epoch(0.3, 100) == 0.3


@pytest.mark.parametrize("name", sorted(PROGRESSIVE))
@pytest.mark.parametrize("warmup", [0.0, 0.3])
def test_epochs_of_any_length_follow_one_curve(name, warmup):
    """Steps 0 to 39 as 10 epochs of 4 or as 4 epochs of 10."""
    settings = {"warmup_fraction": warmup}
    short = rates(name, 10, 4, **settings, max_iter=10)
    long = rates(name, 4, 10, **settings, max_iter=4)
    np.testing.assert_array_equal(short, long)


@pytest.mark.parametrize("name", sorted(PROGRESSIVE))
def test_warm_up_rises_linearly_to_the_initial_rate(name):
    found = rates(name, warmup_fraction=0.25)
    np.testing.assert_allclose(found[:10], 0.5 * np.arange(1, 11) / 11)
    whole = SCHEDULES[name]({**SETTINGS, "warmup_fraction": 0.25}, 4)
    assert whole.at(10) == 0.5 * whole.factor(0.0)


@pytest.mark.parametrize("name", sorted(PROGRESSIVE))
def test_beyond_the_last_epoch_the_rate_stays_at_the_end(name):
    schedule = SCHEDULES[name](SETTINGS, 4)
    assert schedule.at(400) == schedule.at(40) >= 0


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"adaptive"}))
def test_a_plateau_ends_the_training(name):
    assert SCHEDULES[name](SETTINGS, 4).on_plateau(0.5) == (None, "Stopping.")


def test_a_plateau_lets_adaptive_go_on_at_a_fifth_as_in_scikit_learn():
    theirs = SGDOptimizer([np.ones(1)], 0.5, lr_schedule="adaptive")
    schedule, rate = SCHEDULES["adaptive"](SETTINGS, 4), 0.5
    while True:
        stops = theirs.trigger_stopping("", False)
        rate, message = schedule.on_plateau(rate)
        assert stops == (rate is None)
        if stops:
            break
        assert rate == theirs.learning_rate
        assert message == f"Setting learning rate to {rate:f}"
    assert message == "Learning rate too small. Stopping."
