"""The loops: plateaus, best weights and stopping on scripted losses; the batches."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch import _training
from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._callbacks import Unwatched
from sknn_scratch._layers import Dense
from sknn_scratch._losses import LINKS, LOSSES
from sknn_scratch._network import Network
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._schedules import SCHEDULES
from sknn_scratch._training import (
    Batches,
    Plateau,
    Problem,
    Progress,
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


def scripted(monkeypatch, losses, *, solver="sgd", schedule="constant", **kwargs):
    """train_minibatch with the epochs' losses given; epoch k moves theta to k."""
    case = problem()
    theta = case.network.theta
    theta[...] = 0
    script = iter(losses)

    def run_epoch(batches, step, rates):
        theta[...] += 1
        loss = next(script)
        if isinstance(loss, BaseException):
            raise loss
        return loss

    monkeypatch.setattr(_training, "run_epoch", run_epoch)
    optimizer = OPTIMIZERS[solver](len(theta), theta.dtype, SETTINGS)
    progress = Progress()
    lines = []
    plateau = kwargs.pop("plateau", None) or Plateau(tol=0.1, patience=2)
    ended = train_minibatch(
        Batches(case, np.arange(23), 10, True, 0.0),
        optimizer,
        SCHEDULES[schedule](SETTINGS, 3),
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


def test_to_be_continued_keeps_the_best_weights_for_the_next_call(monkeypatch):
    run = scripted(
        monkeypatch,
        [1],
        validate=lambda: 0.5,
        early_stopping=True,
        to_be_continued=True,
    )
    assert (run.optimizer.state["best"] == 1).all()


def test_adaptive_divides_the_rate_by_5_and_stops_when_it_is_small(monkeypatch):
    run = scripted(monkeypatch, [1.0] * 100, schedule="adaptive")
    falls = [line for line in run.lines if "Setting learning rate" in line]
    # 0.5 / 5^k is above 1e-6 for k = 0 ... 8.
    assert len(falls) == 9
    assert falls[0].endswith("Setting learning rate to 0.100000")
    assert run.lines[-1].endswith("Learning rate too small. Stopping.")
    assert run.optimizer.learning_rate == pytest.approx(0.5 / 5**9)


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


def test_ctrl_c_keeps_the_last_weights(monkeypatch):
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        run = scripted(monkeypatch, [3, 2, KeyboardInterrupt()])
    assert run.ended
    assert run.progress.stopped
    assert run.progress.n_iter == 2
    assert np.isfinite(run.theta).all()


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


def test_lbfgs_reaches_the_least_squares_solution():
    case = problem(n=40)
    train_lbfgs(
        case,
        alpha=0.0,
        max_iter=200,
        max_fun=500,
        tol=1e-10,
        progress=Progress(),
        watcher=Unwatched(),
        fitted=dict,
    )
    A = np.column_stack([case.X, np.ones(40)])
    wanted = np.linalg.lstsq(A, case.Y, rcond=None)[0]
    np.testing.assert_allclose(case.network.layers[0].W, wanted[:-1], atol=1e-7)
    np.testing.assert_allclose(case.network.layers[0].b, wanted[-1], atol=1e-7)


def test_lbfgs_survives_ctrl_c_with_its_last_iterate():
    case = problem(n=40)
    kept = []

    class Impatient(Unwatched):
        def end(self, attributes):
            kept.append(case.network.theta.copy())
            if len(kept) == 3:
                raise KeyboardInterrupt

    progress = Progress()
    with pytest.warns(UserWarning, match="interrupted"):
        result = train_lbfgs(
            case,
            alpha=0.0,
            max_iter=200,
            max_fun=500,
            tol=1e-10,
            progress=progress,
            watcher=Impatient(),
            fitted=dict,
        )
    assert result is None
    assert progress.stopped
    np.testing.assert_array_equal(case.network.theta, kept[-1])


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


def test_sparse_rows_stay_sparse():
    case = problem(as_sparse=True)
    assert sparse.issparse(case.X)
    assert case.X.format == "csr"
    assert all(
        sparse.issparse(x) for _, x, _, _ in Batches(case, np.arange(23), 5, 0, 0)
    )
