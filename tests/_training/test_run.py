"""A run: what is judged, and what follows a plateau."""

import numpy as np
import pytest
from _problems import SETTINGS, problem

from sknn_scratch._training.batches import Batches
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.run import Run, Unwatched
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.state import TrainingState


def stalled_run(schedule="constant", **options):
    """A run of which three epochs have not improved anything."""
    case = problem()
    theta = case.network.theta
    optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, SETTINGS)
    plateau = Plateau(tol=0.1, patience=2, best=1.0, count=3)
    state = TrainingState(optimizer, None, theta)
    batches = Batches(case, np.arange(23), 10, False)
    schedule = SCHEDULES[schedule]({**SETTINGS, "warmup_fraction": 0.1}, 3)
    return Run(case, batches, 0.0, state, schedule, plateau, max_iter=9, **options)


def test_what_nobody_asked_for():
    run, other = stalled_run(), stalled_run()
    assert run.shuffle
    assert not run.early_stopping
    assert run.validation is run.say is None
    assert run.fitted() == {}
    assert run.progress is not other.progress
    assert type(run.watcher) is Unwatched


def test_an_unwatched_training_goes_on():
    watcher = Unwatched()
    watcher.begin()
    assert not watcher.end(dict)
    watcher.finish(dict)


@pytest.mark.parametrize(("early_stopping", "judged"), [(False, 0.7), (True, -0.4)])
def test_the_loss_is_judged_or_minus_the_score(early_stopping, judged):
    run = stalled_run(early_stopping=early_stopping)
    run.progress.begin()
    run.progress.epoch_done(0.7)
    run.progress.validated(0.6, 0.4)
    assert run.judged(0.7) == judged


@pytest.mark.parametrize("schedule", sorted(set(SCHEDULES) - {"adaptive"}))
def test_a_plateau_is_the_end(schedule):
    run = stalled_run(schedule)
    assert run.stalled()
    assert run.state.optimizer.learning_rate == 0.5
    assert run.plateau.count == 3


def test_of_an_adaptive_rate_it_is_the_end_when_the_rate_is_small():
    run = stalled_run("adaptive")
    assert not run.stalled()
    assert run.state.optimizer.learning_rate == 0.1
    assert run.plateau.count == 0
    assert run.plateau.best == 1.0
    run.state.optimizer.learning_rate, run.plateau.count = 1e-6, 3
    assert run.stalled()
    assert run.state.optimizer.learning_rate == 1e-6


@pytest.mark.parametrize(
    ("early_stopping", "subject"),
    [(False, "Training loss"), (True, "Validation score")],
)
@pytest.mark.parametrize(
    ("schedule", "what_follows"),
    [("constant", "Stopping."), ("adaptive", "Setting learning rate to 0.100000")],
)
def test_the_user_is_told_if_he_wishes(early_stopping, subject, schedule, what_follows):
    lines = []
    run = stalled_run(schedule, early_stopping=early_stopping, say=lines.append)
    run.stalled()
    assert lines == [
        f"{subject} did not improve more than tol=0.100000 for 2 consecutive epochs. "
        f"{what_follows}"
    ]


def test_else_a_plateau_is_silent(capsys):
    stalled_run().stalled()
    assert capsys.readouterr().out == ""
