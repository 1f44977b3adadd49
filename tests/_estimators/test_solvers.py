"""Solvers: parameters become a training, and a training attributes."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import check_random_state

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.solvers import SOLVERS, Lbfgs, Minibatch, hold_out
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.run import Unwatched
from sknn_scratch._training.schedules import PROGRESSIVE, SCHEDULES

X, y = load_iris(return_X_y=True)


def prepared(**parameters):
    """The solver of a fit of iris that is not run yet."""
    estimator = ScratchMLPClassifier((4,), random_state=0, **parameters)
    return estimator._prepared(None, Unwatched(), X, y, None, (), False, None)


def test_every_optimiser_is_a_solver():
    assert set(SOLVERS) == {"lbfgs", *OPTIMIZERS}
    for name in OPTIMIZERS:
        solver = prepared(solver=name)
        assert isinstance(solver, Minibatch)
        assert type(solver.state.optimizer) is OPTIMIZERS[name]
    assert isinstance(prepared(solver="lbfgs"), Lbfgs)


def test_preparing_a_fit_writes_no_attribute_but_what_validation_does():
    solver = prepared()
    assert {name for name in vars(solver.estimator) if name.endswith("_")} == {
        "n_features_in_"
    }


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, []),
        ({"dropout": [0.0, 0.5]}, ["dropout"]),
        ({"input_dropout": 0.1}, ["input_dropout"]),
        ({"learning_rate": "cosine"}, ["learning_rate"]),
        ({"learning_rate": "adaptive"}, []),
        (
            {"clip_norm": 1.0, "weight_averaging": 0.9},
            ["clip_norm", "weight_averaging"],
        ),
    ],
)
def test_a_solver_states_what_it_excludes(parameters, names):
    params = ScratchMLPClassifier(**parameters).get_params()
    assert list(Lbfgs.excluded(params, ())) == names
    assert Minibatch.excluded(params, ()) == {}
    assert list(Lbfgs.excluded(params, (X, y, None)))[-1] == "a validation set X_val"


@pytest.mark.parametrize("target", [y, (y > 0).astype(int)], ids=["3", "2"])
def test_the_held_out_rows_are_scikit_learns(target):
    """Drawn after the initial weights, stratified for a binary target only."""
    model = ScratchMLPClassifier((4,), random_state=5, early_stopping=True)
    solver = model._prepared(None, Unwatched(), X, target, None, (), False, None)
    rows, given = hold_out(solver.problem, 0.1)
    rng = check_random_state(5)
    for shape in ((4, 4), (4, 3 if target.max() > 1 else 1)):
        rng.uniform(size=shape)
        rng.uniform(size=shape[1])
    stratify = target if target.max() == 1 else None
    wanted = train_test_split(
        np.arange(150), random_state=rng, test_size=0.1, stratify=stratify
    )
    np.testing.assert_array_equal(rows, wanted[0])
    np.testing.assert_array_equal(given.X, X[wanted[1]])
    np.testing.assert_array_equal(given.y, target[wanted[1]])
    assert given.weight is None


def test_attributes_extend_those_of_the_fit_before():
    model = ScratchMLPClassifier((4,), random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2], X_val=X, y_val=y)
    assert len(model.loss_curve_) == len(model.validation_scores_) == 3
    assert model.t_ == 450
    assert model.n_iter_ == 1
    assert model.best_iter_ == 3


def test_attributes_before_the_first_epoch():
    attributes = prepared().attributes()
    assert attributes["n_iter_"] == attributes["t_"] == 0
    assert attributes["loss_curve_"] == []


def test_batches_larger_than_the_data_are_clipped_with_scikit_learns_warning():
    message = "larger than sample size. It is going to be clipped"
    for cls in (ScratchMLPClassifier, MLPClassifier):
        model = cls((4,), batch_size=200, max_iter=1000, tol=0.1)
        with pytest.warns(UserWarning, match=message):
            model.fit(X, y)


@pytest.mark.parametrize("learning_rate", SCHEDULES)
def test_only_a_schedule_by_progress_means_to_use_all_of_its_epochs(learning_rate):
    model = ScratchMLPClassifier((4,), learning_rate=learning_rate, max_iter=3)
    if learning_rate in PROGRESSIVE:
        model.fit(X, y)  # without a warning, which would be an error here
    else:
        with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\)"):
            model.fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_only_sgd_follows_the_schedules_that_change_after_epochs(learning_rate):
    common = {"learning_rate": learning_rate, "max_iter": 3, "random_state": 0}
    adam = ScratchMLPClassifier((4,), **common).fit(X, y)
    assert adam._optimizer.learning_rate == 0.001
    sgd = ScratchMLPClassifier((4,), solver="sgd", **common).fit(X, y)
    fell = sgd._optimizer.learning_rate < 0.001
    assert fell == (learning_rate == "invscaling")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_scorer_sees_the_model_in_the_making():
    seen = []

    def scorer(estimator, rows, targets):
        seen.append((estimator.n_iter_, estimator.coefs_[0].copy()))
        return -float(np.mean((estimator.predict(rows) - targets) ** 2))

    model = ScratchMLPRegressor(
        hidden_layer_sizes=(4,), scoring=scorer, max_iter=3, random_state=0
    )
    model.fit(X[:, :3], X[:, 3], X_val=X[:50, :3], y_val=X[:50, 3])
    assert [n for n, _ in seen] == [1, 2, 3]
    assert not np.array_equal(seen[0][1], seen[1][1])
    np.testing.assert_array_equal(seen[-1][1], model.coefs_[0])
