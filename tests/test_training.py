"""The loops: plateaus, best weights and stopping on scripted losses; the batches."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.neural_network import MLPRegressor
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sknn_scratch import _training
from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._callbacks import Unwatched
from sknn_scratch._layers import Dense
from sknn_scratch._losses import LINKS, LOSSES
from sknn_scratch._network import Network, Plan
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._schedules import SCHEDULES
from sknn_scratch._training import (
    Batches,
    Plateau,
    Problem,
    Progress,
    run_epoch,
    train_lbfgs,
    train_minibatch,
)

SETTINGS = {
    "learning_rate_init": 0.5,
    "power_t": 0.5,
    "momentum": 0.0,
    "nesterovs_momentum": True,
    "max_iter": 100,
}


def problem(n=23, n_in=3, weight=None, as_sparse=False, one_hot=False):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_in))
    Y = rng.standard_normal((n, 2))
    if one_hot:
        Y = Y > 0
    network = Network([Dense(n_in, 2, ACTIVATIONS["identity"])], np.dtype(float))
    network.theta[...] = rng.standard_normal(network.theta.shape)
    return Problem.of(
        network,
        None,
        LOSSES["squared_error"](LINKS["identity"]),
        sparse.csc_matrix(X) if as_sparse else X,
        Y,
        weight,
        np.random.RandomState(0),
        None,
    )


def scripted(
    monkeypatch, losses, *, solver="sgd", schedule="constant", settings=None, **kwargs
):
    """train_minibatch with the epochs' losses given; epoch k moves theta to k."""
    case = problem()
    theta = case.network.theta
    theta[...] = 0
    script = iter(losses)
    settings = {**SETTINGS, **(settings or {})}

    def run_epoch(batches, step, rates):
        theta[...] += 1
        loss = next(script)
        if isinstance(loss, BaseException):
            raise loss
        return loss

    monkeypatch.setattr(_training, "run_epoch", run_epoch)
    optimizer = OPTIMIZERS[solver](len(theta), theta.dtype, settings)
    progress = Progress()
    lines = []
    judge = kwargs.pop("judge", None)
    if judge is not None:
        kwargs["validate"] = lambda: judge(theta)
    plateau = kwargs.pop("plateau", None) or Plateau(tol=0.1, patience=2)
    ended = train_minibatch(
        Batches(case, np.arange(23), 10, True, 0.0),
        optimizer,
        SCHEDULES[schedule](settings, 3),
        plateau,
        **{
            "max_iter": len(losses),
            "progress": progress,
            "watcher": Unwatched(),
            "fitted": dict,
            "say": lines.append,
            **kwargs,
        },
    )
    return SimpleNamespace(
        ended=ended,
        progress=progress,
        theta=theta,
        lines=lines,
        optimizer=optimizer,
        plateau=plateau,
    )


def test_plateau_counts_epochs_without_enough_gain():
    plateau = Plateau(tol=0.1, patience=2)
    improved = [plateau.update(v) for v in (1.0, 0.95, 0.7, 0.65, 0.64, 0.66)]
    assert improved == [True, True, True, True, True, False]
    assert plateau.count == 3
    assert plateau.reached
    assert plateau.best == 0.64


def test_nan_is_neither_best_nor_a_stall():
    plateau = Plateau(tol=0.1, patience=0)
    plateau.update(1.0)
    assert not plateau.update(np.nan)
    assert plateau.count == 0
    assert plateau.best == 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("early_stopping", [False, True])
def test_plateau_counts_as_scikit_learn_does(seed, early_stopping):
    rng = np.random.default_rng(seed)
    curve = np.cumsum(rng.normal(-0.05, 0.1, 40)).round(2)  # ties with tol happen
    curve[7] = np.nan
    theirs = MLPRegressor(tol=0.1)
    theirs.loss_curve_, theirs.validation_scores_ = [], []
    theirs.best_loss_, theirs.best_validation_score_ = np.inf, -np.inf
    theirs._no_improvement_count, theirs.coefs_, theirs.intercepts_ = 0, [], []
    theirs._score = lambda X, y, sample_weight: -theirs.loss_curve_[-1]
    ours = Plateau(tol=0.1, patience=2)
    for value in curve:
        theirs.loss_curve_.append(value)
        theirs._update_no_improvement_count(early_stopping, None, None, None)
        ours.update(value)
        best = -theirs.best_validation_score_ if early_stopping else theirs.best_loss_
        assert (ours.count, ours.best) == (theirs._no_improvement_count, best)
        assert ours.reached == (theirs._no_improvement_count > 2)


def test_training_stops_on_a_plateau(monkeypatch):
    run = scripted(monkeypatch, [3, 2, 1, 1, 1, 1, 1, 1])
    assert run.ended
    assert run.progress.n_iter == 6
    assert run.progress.loss_curve == [3, 2, 1, 1, 1, 1]
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


def test_the_best_weights_are_restored(monkeypatch):
    scores = iter([0.1, 0.9, 0.3, 0.3, 0.3, 0.3])
    run = scripted(
        monkeypatch, [1] * 6, validate=lambda: next(scores), early_stopping=True
    )
    assert run.ended
    assert (run.theta == 2).all()
    assert run.progress.best_iter == 2
    assert run.progress.n_iter == 5
    assert "Validation score: 0.900000" in run.lines
    assert run.lines[-1].startswith("Validation score did not improve more than tol=")
    assert "best" not in run.optimizer.state


def test_a_validation_set_without_early_stopping_is_only_watched(monkeypatch):
    scores = iter([0.9, 0.1, 0.1])
    run = scripted(monkeypatch, [3, 2, 1], validate=lambda: next(scores))
    assert (run.theta == 3).all()


def test_the_average_of_the_weights_is_validated_and_kept(monkeypatch):
    seen = []

    def judge(theta):
        seen.append(theta.copy())
        return 0.5

    # The scripted epochs move theta without a step: the average stays at 0.
    run = scripted(monkeypatch, [3, 2], settings={"weight_averaging": 0.5}, judge=judge)
    assert len(seen) == 2
    assert not np.any(seen)
    assert not run.theta.any()
    assert (run.optimizer.state["average"] == 2).all()


def test_an_error_restores_the_best_weights_too(monkeypatch):
    scores, thetas = iter([0.1, 0.9, 0.5]), []

    def judge(theta):
        thetas.append(theta)
        return next(scores)

    losses = [4, 3, 2, RuntimeError("out of memory")]
    with pytest.raises(RuntimeError, match="out of memory"):
        scripted(monkeypatch, losses, judge=judge, early_stopping=True)
    assert (thetas[-1] == 2).all()


def test_to_be_continued_keeps_the_best_weights_for_the_next_call(monkeypatch):
    run = scripted(
        monkeypatch,
        [1],
        validate=lambda: 0.5,
        early_stopping=True,
        to_be_continued=True,
    )
    assert (run.optimizer.state["best"] == 1).all()


def test_a_plateau_restores_the_best_weights_even_if_more_could_follow(monkeypatch):
    scores = iter([0.9, 0.1, 0.1, 0.1])
    run = scripted(
        monkeypatch,
        [1] * 4,
        validate=lambda: next(scores),
        early_stopping=True,
        to_be_continued=True,
    )
    assert run.ended
    assert (run.theta == 1).all()
    assert "best" not in run.optimizer.state


def test_adaptive_divides_the_rate_by_5_and_stops_when_it_is_small(monkeypatch):
    run = scripted(monkeypatch, [1.0] * 100, schedule="adaptive")
    # A first epoch, three stalled ones, and then three more at each lower rate.
    assert run.progress.n_iter == 4 + 9 * 3
    falls = [line for line in run.lines if "Setting learning rate" in line]
    # 0.5 / 5^k is above 1e-6 for k = 0 ... 8.
    assert len(falls) == 9
    assert falls[0].endswith("Setting learning rate to 0.100000")
    assert run.lines[-1].endswith("Learning rate too small. Stopping.")
    assert run.optimizer.learning_rate == pytest.approx(0.5 / 5**9)


def test_adaptive_falls_as_in_scikit_learn(monkeypatch):
    theirs = SGDOptimizer([np.ones(1)], 0.5, lr_schedule="adaptive")
    wanted, stopped = [], False
    while not stopped:
        stopped = theirs.trigger_stopping("", False)
        wanted.append(theirs.learning_rate)
    rates = []
    schedule = SCHEDULES["adaptive"]
    monkeypatch.setattr(
        schedule,
        "rates",
        lambda self, rate, epoch: rates.append(rate) or [rate],
    )
    scripted(monkeypatch, [1.0] * 100, schedule="adaptive")
    assert sorted(set(rates), reverse=True) == [0.5, *wanted[:-1]]


def test_an_improvement_keeps_the_adaptive_rate(monkeypatch):
    run = scripted(monkeypatch, range(50, 0, -1), schedule="adaptive")
    assert not run.ended
    assert run.optimizer.learning_rate == 0.5


def test_the_plateau_rule_of_adaptive_is_that_of_the_validation_score(monkeypatch):
    scores = iter([0.5] * 40)
    run = scripted(
        monkeypatch,
        range(40, 0, -1),
        schedule="adaptive",
        judge=lambda theta: next(scores),
        early_stopping=True,
    )
    assert run.ended
    assert run.lines[-1].endswith("Learning rate too small. Stopping.")
    assert (run.theta == 1).all()


def test_invscaling_follows_the_samples_seen(monkeypatch):
    run = scripted(monkeypatch, [3, 2, 1], schedule="invscaling")
    assert run.optimizer.learning_rate == 0.5 / (3 * 23 + 1) ** 0.5


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
        shuffle=lambda rows: told.append(rows.tolist()),
        validate=lambda: told.append("score") or 0.5,
    )
    epoch = ["begin", list(range(23)), "score", "attributes"]
    assert told == epoch * 2


def test_training_is_silent_unless_asked(monkeypatch, capsys):
    scripted(monkeypatch, [1] * 6, say=None, validate=lambda: 0.5)
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
    assert run.progress.loss_curve == [3, 2]
    assert (run.theta == 3).all()  # the interrupted epoch had moved it already


def test_ctrl_c_keeps_the_best_weights_with_early_stopping(monkeypatch):
    scores = iter([0.9, 0.1])
    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(
            monkeypatch,
            [3, 2, KeyboardInterrupt()],
            validate=lambda: next(scores),
            early_stopping=True,
        )
    assert (run.theta == 1).all()


def test_ctrl_c_in_the_validation_keeps_the_best_weights(monkeypatch):
    def judge(theta):
        if theta[0] == 3:
            raise KeyboardInterrupt
        return {1: 0.2, 2: 0.9}[int(theta[0])]

    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(monkeypatch, [3, 2, 1], judge=judge, early_stopping=True)
    assert (run.theta == 2).all()
    assert run.progress.best_iter == 2


def test_ctrl_c_before_the_first_epoch_ends_keeps_the_initial_weights(monkeypatch):
    with pytest.warns(UserWarning, match="interrupted"):
        run = scripted(
            monkeypatch,
            [KeyboardInterrupt()],
            validate=lambda: 0.5,
            early_stopping=True,
        )
    assert not run.theta.any()
    assert run.progress.n_iter == 0


def lbfgs(case, **kwargs):
    """train_lbfgs with loose limits; its result and its progress."""
    options = {"alpha": 0.0, "max_iter": 200, "max_fun": 500, "tol": 1e-10}
    progress = Progress()
    hooks = {"progress": progress, "watcher": Unwatched(), "fitted": dict}
    return train_lbfgs(case, **{**options, **hooks, **kwargs}), progress


# SciPy stops when an iteration gains less than 2e-9 of the loss: weights to 1e-5.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_lbfgs_reaches_the_least_squares_solution(as_sparse, weighted):
    weight = np.arange(40.0) if weighted else None
    case = problem(n=40, as_sparse=as_sparse, weight=weight)
    lbfgs(case)
    X = case.X.toarray() if as_sparse else case.X
    root = np.sqrt(weight if weighted else np.ones(40))[:, None]
    A = np.column_stack([X, np.ones(40)])
    wanted = np.linalg.lstsq(root * A, root * case.Y, rcond=None)[0]
    np.testing.assert_allclose(case.network.layers[0].W, wanted[:-1], atol=1e-5)
    np.testing.assert_allclose(case.network.layers[0].b, wanted[-1], atol=1e-5)


def test_lbfgs_reaches_the_ridge_solution():
    case = problem(n=40)
    lbfgs(case, alpha=3.0)
    ridge = Ridge(alpha=3.0).fit(case.X, case.Y)
    np.testing.assert_allclose(case.network.layers[0].W, ridge.coef_.T, atol=1e-5)
    np.testing.assert_allclose(case.network.layers[0].b, ridge.intercept_, atol=1e-5)


def test_lbfgs_records_the_loss_of_each_iterate():
    case = problem(n=40)
    said, losses = [], []

    class Scribe(Unwatched):
        def end(self, attributes):
            z = case.X @ case.network.layers[0].W + case.network.layers[0].b
            losses.append(mean_squared_error(case.Y, z) / 2)

    result, progress = lbfgs(case, watcher=Scribe(), say=said.append)
    np.testing.assert_allclose(progress.loss_curve, losses, rtol=1e-10)
    assert progress.loss == progress.loss_curve[-1]
    assert progress.n_iter == result.nit == len(said)
    assert said[0] == f"Iteration 1, loss = {losses[0]:.8f}"
    assert (np.diff(losses) <= 0).all()


def test_lbfgs_stops_at_its_limits():
    result, progress = lbfgs(problem(n=40), max_iter=2)
    assert result.nit == progress.n_iter == 2
    # SciPy looks at the number of evaluations after each iteration.
    result, _ = lbfgs(problem(n=40), max_fun=3)
    assert 3 <= result.nfev < 3 + 20


def test_a_watcher_stops_lbfgs():
    case = problem(n=40)
    thetas = []

    class Second(Unwatched):
        def end(self, attributes):
            thetas.append(case.network.theta.copy())
            return len(thetas) == 2

    _, progress = lbfgs(case, watcher=Second())
    assert progress.stopped
    assert progress.n_iter == 2
    np.testing.assert_array_equal(case.network.theta, thetas[-1])


def test_lbfgs_survives_ctrl_c_with_its_last_iterate():
    case = problem(n=40)
    kept = []

    class Impatient(Unwatched):
        def end(self, attributes):
            kept.append(case.network.theta.copy())
            if len(kept) == 3:
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        result, progress = lbfgs(case, watcher=Impatient())
    assert result is None
    assert progress.stopped
    np.testing.assert_array_equal(case.network.theta, kept[-1])


@pytest.mark.parametrize("evaluation", [1, 2, 5])
def test_ctrl_c_in_the_line_search_goes_back_to_the_last_iterate(
    monkeypatch, evaluation
):
    case = problem(n=40)
    kept, calls = [case.network.theta.copy()], []
    value_and_grad = Plan.value_and_grad

    def interrupted(plan, *args):
        calls.append(None)
        value_grad = value_and_grad(plan, *args)
        if len(calls) == evaluation:
            raise KeyboardInterrupt
        return value_grad

    class Scribe(Unwatched):
        def end(self, attributes):
            kept.append(case.network.theta.copy())

    monkeypatch.setattr(Plan, "value_and_grad", interrupted)
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        result, progress = lbfgs(case, watcher=Scribe())
    assert result is None
    assert progress.stopped
    np.testing.assert_array_equal(case.network.theta, kept[-1])


def test_an_epoch_is_the_mean_of_its_batches_and_a_step_after_each():
    """Against the same epoch, written out."""
    case = problem(weight=np.arange(1.0, 24))
    theta, start = case.network.theta, case.network.theta.copy()
    batches = Batches(case, np.random.default_rng(1).permutation(23), 10, False, 0.7)
    optimizer = OPTIMIZERS["sgd"](len(theta), theta.dtype, SETTINGS)
    rates = [0.1, 0.2, 0.3]
    loss = run_epoch(batches, optimizer.attach(batches.plan), iter(rates))

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


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("in_order", [False, True])
def test_batches_visit_every_row_once(as_sparse, one_hot, in_order):
    weight = np.arange(1.0, 24)
    case = problem(weight=weight, as_sparse=as_sparse, one_hot=one_hot)
    rows = np.arange(23) if in_order else np.random.default_rng(1).permutation(23)
    batches = Batches(case, rows, 5, in_order, 0.0)
    assert batches.n_batches == 5
    seen = {"X": [], "Y": [], "w": []}
    for plan, x, y, w in batches:
        assert plan.n == len(y) == len(w)
        seen["X"].append(x.toarray() if as_sparse else x.copy())
        seen["Y"].append(y.copy())
        seen["w"].append(w.copy())
    X = case.X.toarray() if as_sparse else case.X
    np.testing.assert_array_equal(np.vstack(seen["X"]), X[rows])
    np.testing.assert_array_equal(np.vstack(seen["Y"]), case.Y[rows].astype(float))
    np.testing.assert_array_equal(np.concatenate(seen["w"]), weight[rows])


def test_a_batch_without_weight_is_skipped():
    weight = np.ones(20)
    weight[5:10] = 0
    case = problem(n=20, weight=weight)
    assert len(list(Batches(case, np.arange(20), 5, True, 0.0))) == 3


@pytest.mark.parametrize("as_sparse", [False, True])
def test_batches_without_weight_change_neither_weights_nor_loss(as_sparse):
    """An epoch over 15 rows and 5 of no weight is an epoch over the 15."""
    weight = np.ones(20)
    weight[5:10] = 0
    ends = []
    for rows in (np.arange(20), np.r_[0:5, 10:20]):
        case = problem(n=20, weight=weight, as_sparse=as_sparse)
        theta = case.network.theta
        batches = Batches(case, rows, 5, False, 0.1)
        optimizer = OPTIMIZERS["sgd"](len(theta), theta.dtype, SETTINGS)
        step = optimizer.attach(batches.plan)
        ends.append((theta, run_epoch(batches, step, [0.1] * 4)))
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    np.testing.assert_allclose(ends[0][1], ends[1][1])


def test_rows_that_are_shuffled_are_seen_in_their_new_order():
    case = problem()
    rows = np.arange(23)
    batches = Batches(case, rows, 10, False, 0.0)
    rows[...] = rows[::-1].copy()
    seen = np.vstack([x.copy() for _, x, _, _ in batches])
    np.testing.assert_array_equal(seen, case.X[::-1])


@pytest.mark.parametrize(("batch_size", "sizes"), [(10, {10, 3}), (23, {23}), (1, {1})])
def test_two_plans_at_the_most(batch_size, sizes):
    batches = Batches(problem(), np.arange(23), batch_size, True, 0.0)
    assert set(batches.buffers) == sizes
    assert batches.plan.n == batch_size
    plans = [plan for plan, *_ in batches]
    assert sum(plan.n for plan in plans) == 23
    assert len({id(plan.grad) for plan in plans}) == 1


def test_sparse_rows_stay_sparse():
    case = problem(as_sparse=True)
    assert sparse.issparse(case.X)
    assert case.X.format == "csr"
    assert all(
        sparse.issparse(x) for _, x, _, _ in Batches(case, np.arange(23), 5, 0, 0)
    )
