"""The loops: best weights, stopping and Ctrl-C, on scripted losses."""

from types import SimpleNamespace

import numpy as np
import pytest
from _problems import SETTINGS, problem

from sknn_scratch._training import loop
from sknn_scratch._training.batches import Batches
from sknn_scratch._training.loop import (
    MOST_PLANS,
    plans_for,
    run_epoch,
    train_minibatch,
)
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.run import Run, Unwatched
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.state import TrainingState


def scripted(
    monkeypatch, losses, *, schedule="constant", settings=None, scores=None, **kwargs
):
    """train_minibatch with the epochs' losses given; epoch k moves theta to k.

    ``scores`` are those of the validation: a list, or a function of theta.
    """
    case = problem()
    theta = case.network.theta
    theta[...] = 0
    script = iter(losses)
    settings = {**SETTINGS, **(settings or {})}

    def run_epoch(plans, batches, step, rates):
        theta[...] += 1
        loss = next(script)
        if isinstance(loss, BaseException):
            raise loss
        return loss

    def validation():
        return 0.25, scores(theta) if callable(scores) else scores.pop(0)

    monkeypatch.setattr(loop, "run_epoch", run_epoch)
    optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, settings)
    lines = []
    options = {
        "validation": None if scores is None else validation,
        "max_iter": len(losses),
        "shuffle": False,
        "say": lines.append,
        **kwargs,
    }
    run = Run(
        case,
        Batches(case, np.arange(23), 10, True),
        0.0,
        TrainingState(optimizer, settings.get("weight_averaging"), theta),
        SCHEDULES[schedule](settings, 3),
        Plateau(tol=0.1, patience=2),
        **options,
    )
    ended = train_minibatch(run)
    return SimpleNamespace(
        ended=ended, progress=run.progress, theta=theta, lines=lines, state=run.state
    )


def test_training_stops_on_a_plateau(monkeypatch):
    run = scripted(monkeypatch, [3, 2, 1, 1, 1, 1, 1, 1])
    assert run.ended
    assert run.progress.n_iter == 6
    assert run.progress.curve("loss") == [3, 2, 1, 1, 1, 1]
    assert run.progress.best_iter == 3
    assert run.progress.t == 6 * 23
    assert run.lines[0] == "Iteration 1, loss = 3.00000000"
    assert run.lines[-1] == (
        "Training loss did not improve more than tol=0.100000 for 2 consecutive "
        "epochs. Stopping."
    )


def test_training_goes_on_to_max_iter_while_it_improves(monkeypatch):
    run = scripted(monkeypatch, [3, 2, 1])
    assert not run.ended
    assert (run.theta == 3).all()


def test_the_best_weights_are_kept_for_the_caller(monkeypatch):
    scores = [0.1, 0.9, 0.3, 0.3, 0.3, 0.3]
    run = scripted(monkeypatch, [1] * 6, scores=scores, early_stopping=True)
    assert run.ended
    assert (run.state.best == 2).all()
    assert run.progress.best_iter == 2
    assert run.progress.n_iter == 5
    assert "Validation score: 0.900000" in run.lines
    assert run.lines[-1].startswith("Validation score did not improve more than tol=")


def test_a_validation_set_without_early_stopping_is_only_watched(monkeypatch):
    scores = [0.9, 0.1, 0.1]
    run = scripted(monkeypatch, [3, 2, 1], scores=scores)
    assert (run.theta == 3).all()
    assert run.state.best is None


def test_the_average_of_the_weights_is_validated_and_kept(monkeypatch):
    seen = []

    def judge(theta):
        seen.append(theta.copy())
        return 0.5

    # The scripted epochs move theta without a step: the average stays at 0.
    run = scripted(
        monkeypatch, [3, 2], settings={"weight_averaging": 0.5}, scores=judge
    )
    assert len(seen) == 2
    assert not np.any(seen)
    assert not run.theta.any()
    assert (run.state.averaging.other == 2).all()


def test_an_error_leaves_the_buffers_and_passes(monkeypatch):
    case_state = []
    detach = TrainingState.detach

    def detached(state, theta):
        case_state.append(state)
        detach(state, theta)

    monkeypatch.setattr(TrainingState, "detach", detached)
    with pytest.raises(RuntimeError, match="out of memory"):
        scripted(monkeypatch, [4, 3, RuntimeError("out of memory")])
    (state,) = case_state
    assert "groups" not in vars(state.optimizer)


def test_adaptive_divides_the_rate_by_5_and_stops_when_it_is_small(monkeypatch):
    run = scripted(monkeypatch, [1.0] * 100, schedule="adaptive")
    # A first epoch, three stalled ones, and then three more at each lower rate.
    assert run.progress.n_iter == 4 + 9 * 3
    falls = [line for line in run.lines if "Setting learning rate" in line]
    # 0.5 / 5^k is above 1e-6 for k = 0 ... 8.
    assert len(falls) == 9
    assert falls[0].endswith("Setting learning rate to 0.100000")
    assert run.lines[-1].endswith("Learning rate too small. Stopping.")
    assert run.state.optimizer.learning_rate == pytest.approx(0.5 / 5**9)


def test_an_improvement_keeps_the_adaptive_rate(monkeypatch):
    run = scripted(monkeypatch, range(50, 0, -1), schedule="adaptive")
    assert not run.ended
    assert run.state.optimizer.learning_rate == 0.5


def test_the_plateau_rule_of_adaptive_is_that_of_the_validation_score(monkeypatch):
    scores = [0.5] * 40
    run = scripted(
        monkeypatch,
        range(40, 0, -1),
        schedule="adaptive",
        scores=scores,
        early_stopping=True,
    )
    assert run.ended
    assert run.lines[-1].endswith("Learning rate too small. Stopping.")
    assert (run.state.best == 1).all()


def test_invscaling_follows_the_samples_seen(monkeypatch):
    run = scripted(monkeypatch, [3, 2, 1], schedule="invscaling")
    assert run.state.optimizer.learning_rate == 0.5 / (3 * 23 + 1) ** 0.5


def test_a_watcher_stops_the_training(monkeypatch):
    class Third(Unwatched):
        epochs = 0

        def end(self, attributes):
            self.epochs += 1
            return self.epochs == 3

    run = scripted(monkeypatch, [5, 4, 3, 2, 1], watcher=Third())
    assert run.ended
    assert run.progress.stopped
    assert run.progress.n_iter == 3
    assert (run.theta == 3).all()


def test_a_watcher_is_told_before_and_after_each_epoch(monkeypatch):
    told = []

    class Scribe(Unwatched):
        def begin(self):
            told.append("begin")

        def end(self, attributes):
            told.append(attributes)

    scripted(
        monkeypatch,
        [3, 2],
        watcher=Scribe(),
        fitted="attributes",
        scores=lambda theta: told.append("score") or 0.5,
    )
    epoch = ["begin", "score", "attributes"]
    assert told == epoch * 2


def test_training_is_silent_unless_asked(monkeypatch, capsys):
    scripted(monkeypatch, [1] * 6, say=None, scores=[0.5] * 9)
    assert capsys.readouterr().out == ""


def test_nan_losses_are_no_plateau(monkeypatch):
    run = scripted(monkeypatch, [np.nan] * 9)
    assert not run.ended
    assert run.progress.n_iter == 9
    assert run.progress.best_iter == 0


def test_ctrl_c_keeps_the_last_weights(monkeypatch):
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        run = scripted(monkeypatch, [3, 2, KeyboardInterrupt()])
    assert run.ended
    assert run.progress.stopped
    assert run.progress.n_iter == 2
    assert run.progress.curve("loss") == [3, 2]
    assert (run.theta == 3).all()  # the interrupted epoch had moved it already


def test_ctrl_c_keeps_the_best_weights_with_early_stopping(monkeypatch):
    scores = [0.9, 0.1]
    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(
            monkeypatch,
            [3, 2, KeyboardInterrupt()],
            scores=scores,
            early_stopping=True,
        )
    assert (run.state.best == 1).all()


def test_ctrl_c_in_the_validation_keeps_the_best_weights(monkeypatch):
    def judge(theta):
        if theta[0] == 3:
            raise KeyboardInterrupt
        return {1: 0.2, 2: 0.9}[int(theta[0])]

    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(monkeypatch, [3, 2, 1], scores=judge, early_stopping=True)
    assert (run.state.best == 2).all()
    assert run.progress.best_iter == 2


def test_ctrl_c_before_the_first_epoch_ends_keeps_the_initial_weights(monkeypatch):
    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(
            monkeypatch,
            [KeyboardInterrupt()],
            scores=[0.5] * 9,
            early_stopping=True,
        )
    assert not run.state.best.any()
    assert run.progress.n_iter == 0


def test_an_epoch_is_the_mean_of_its_batches_and_a_step_after_each():
    """Against the same epoch, written out."""
    case = problem(weight=np.arange(1.0, 24))
    theta, start = case.network.theta, case.network.theta.copy()
    batches = Batches(case, np.random.default_rng(1).permutation(23), 10, False)
    plans = plans_for(case.network, case.loss, batches.sizes, 0.7)
    optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, SETTINGS)
    rates = [0.1, 0.2, 0.3]
    loss = run_epoch(plans, batches, optimizer.attach(plans[10]), iter(rates))

    W, b = start[:6].reshape(3, 2).copy(), start[6:].copy()
    accumulated = 0.0
    for rows, rate in zip(np.split(batches.rows, [10, 20]), rates, strict=True):
        x, y, w = case.X[rows], case.Y[rows], case.weight[rows]
        difference = x @ W + b - y
        squares = np.average(difference**2 / 2, weights=w, axis=0).mean()
        penalty = 0.7 / 2 * (W**2).sum() / w.sum()
        accumulated += len(rows) * (squares + penalty)
        delta = w[:, None] * difference / w.sum()
        W -= rate * (x.T @ delta + 0.7 * W / w.sum())
        b -= rate * delta.sum(axis=0)
    np.testing.assert_allclose(loss, accumulated / 23, rtol=1e-12)
    np.testing.assert_allclose(theta, [*W.ravel(), *b], rtol=1e-12)


def test_plans_share_parameters_and_gradient():
    case = problem()
    plans = plans_for(case.network, case.loss, {10, 3}, 0.1)
    assert {n: plan.n for n, plan in plans.items()} == {10: 10, 3: 3}
    assert len({id(plan.grad) for plan in plans.values()}) == 1
    assert all(plan.theta is case.network.theta for plan in plans.values())


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_rows_are_shuffled_before_each_epoch(monkeypatch, shuffle):
    case, seen = problem(), []
    monkeypatch.setattr(
        loop,
        "run_epoch",
        lambda plans, batches, step, rates: seen.append(batches.rows.tolist()) or 1.0,
    )
    theta = case.network.theta
    optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, SETTINGS)
    run = Run(
        case,
        Batches(case, np.arange(23), 10, not shuffle),
        0.0,
        TrainingState(optimizer, None, theta),
        SCHEDULES["constant"](SETTINGS, 3),
        Plateau(0.0, 10),
        max_iter=3,
        shuffle=shuffle,
    )
    train_minibatch(run)
    rows, rng, wanted = np.arange(23), np.random.RandomState(0), []
    for _ in range(3):
        if shuffle:
            rng.shuffle(rows)
        wanted.append(rows.tolist())
    assert seen == wanted


def test_plans_of_other_sizes_are_made_when_they_come():
    case = problem()
    plans = plans_for(case.network, case.loss, {10}, 0.1)
    for n in (*range(1, 20), 10):
        assert plans[n].n == n
        assert plans[n] is plans[n]
        assert len(plans) <= MOST_PLANS
    assert len({id(plan.grad) for plan in plans.values()}) == 1
