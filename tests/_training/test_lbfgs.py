"""L-BFGS: closed forms, limits, callbacks and Ctrl-C."""

import numpy as np
import pytest
from _problems import predicted, problem
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.lbfgs import train_lbfgs
from sknn_scratch._training.progress import Progress
from sknn_scratch._training.run import Unwatched


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
            losses.append(mean_squared_error(case.Y, predicted(case)) / 2)

    result, progress = lbfgs(case, watcher=Scribe(), say=said.append)
    np.testing.assert_allclose(progress.curve("loss"), losses, rtol=1e-10)
    assert progress.loss == progress.curve("loss")[-1]
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
