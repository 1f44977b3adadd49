"""The solvers of a distributed fit beside those of one machine."""

import numpy as np
import pytest
from _dask_rows import classes, collection, is_idle, numbers, weights_of

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.state import TrainingState
from sknn_scratch.distributed import DaskMLPClassifier, DaskMLPRegressor
from sknn_scratch.distributed._solvers import RemoteBatches, auto_batch, scaled

pytestmark = pytest.mark.filterwarnings("ignore:.*converge", "ignore:Got `batch_size`")
X, y = classes()
COMMON = {"hidden_layer_sizes": (5,), "random_state": 0}


@pytest.fixture
def rows(client):
    yield collection(X, 200, 300, 100), collection(y, 200, 300, 100)
    assert is_idle(client)


def same_weights(a, b, **tolerances):
    for ours, theirs in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_allclose(ours, theirs, **tolerances)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_lbfgs_is_that_of_one_machine(alpha, rows):
    options = {**COMMON, "solver": "lbfgs", "alpha": alpha, "max_iter": 15}
    ours = DaskMLPClassifier(**options).fit(*rows)
    alone = ScratchMLPClassifier(**options).fit(X, y)
    same_weights(ours, alone, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, alone.loss_curve_, rtol=1e-12)
    assert ours.n_iter_ == alone.n_iter_


def test_lbfgs_to_the_end(rows):
    options = {**COMMON, "solver": "lbfgs", "alpha": 30.0, "max_iter": 500}
    ours = DaskMLPClassifier(**options).fit(*rows)
    alone = ScratchMLPClassifier(**options).fit(X, y)
    same_weights(ours, alone, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ours.loss_, alone.loss_, rtol=1e-6)


def test_lbfgs_in_single_precision(client):
    single = X.astype(np.float32)
    options = {**COMMON, "solver": "lbfgs", "alpha": 1.0, "max_iter": 5}
    ours = DaskMLPClassifier(**options).fit(
        collection(single, 300, 300), collection(y, 300, 300)
    )
    assert ours.coefs_[0].dtype == np.float32
    alone = ScratchMLPClassifier(**options).fit(single, y)
    same_weights(ours, alone, rtol=2e-3, atol=2e-4)


def test_lbfgs_with_weights_and_several_outputs(client):
    X, y = numbers(n_targets=2)
    weight = np.random.default_rng(0).uniform(size=len(y))
    options = {**COMMON, "solver": "lbfgs", "alpha": 1.0, "max_iter": 10}
    ours = DaskMLPRegressor(**options).fit(
        *(collection(array, 250, 350) for array in (X, y, weight))
    )
    alone = ScratchMLPRegressor(**options).fit(X, y, weight)
    same_weights(ours, alone, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.loss_, alone.loss_)


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_full_batches_are_those_of_one_machine(solver, rows):
    """A batch of all rows does not depend on shuffles."""
    options = {**COMMON, "solver": solver, "batch_size": 600, "max_iter": 5}
    apart = {"learning_rate_scaling": None}
    ours = DaskMLPClassifier(**options, **apart, clip_norm=0.5).fit(*rows)
    alone = ScratchMLPClassifier(**options, clip_norm=0.5).fit(X, y)
    same_weights(ours, alone, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert ours.t_ == alone.t_


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_one_partition_alone_is_one_machine(solver, client):
    options = {**COMMON, "solver": solver, "max_iter": 4, "shuffle": False}
    options["weight_averaging"] = None
    ours = DaskMLPClassifier(**options, local_epochs=1).fit(
        collection(X, 600), collection(y, 600)
    )
    alone = ScratchMLPClassifier(**options).fit(X, y)
    same_weights(ours, alone, rtol=1e-10)
    np.testing.assert_allclose(ours.loss_curve_, alone.loss_curve_)
    assert type(ours._training_state) is TrainingState
    ours, alone = ours.to_local().partial_fit(X, y), alone.partial_fit(X, y)
    same_weights(ours, alone, rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 50},
        {"batch_size": 100, "dropout": 0.2, "weight_averaging": 0.9},
        {"local_epochs": 1, "learning_rate": "cosine"},
        {"local_epochs": 2, "weight_averaging": 0.5, "solver": "nadam"},
    ],
)
def test_it_learns_and_the_same_each_time(options, rows):
    options = {**COMMON, "learning_rate_init": 0.02, "max_iter": 20, **options}
    first, second = (DaskMLPClassifier(**options).fit(*rows) for _ in range(2))
    same_weights(first, second, rtol=0)
    assert first.loss_curve_[-1] < 0.8 * first.loss_curve_[0]
    assert first.t_ == 600 * first.n_iter_ * options.get("local_epochs", 1)


def test_the_mean_of_partitions_that_train_apart(client):
    """One round of two partitions is the weighted mean of two fits."""
    options = {**COMMON, "solver": "sgd", "max_iter": 1, "shuffle": False}
    cuts = slice(0, 400), slice(400, 600)
    whole = DaskMLPClassifier(**options, local_epochs=1).fit(
        collection(X, 400, 200), collection(y, 400, 200)
    )
    apart = [ScratchMLPClassifier(**options).fit(X[c], y[c]) for c in cuts]
    for mean, a, b in zip(weights_of(whole), *map(weights_of, apart), strict=True):
        np.testing.assert_allclose(mean, (400 * a + 200 * b) / 600, rtol=1e-10)


def test_early_stopping_with_a_validation_set(rows):
    model = DaskMLPClassifier(
        **COMMON, early_stopping=True, max_iter=60, batch_size=50, n_iter_no_change=3
    ).fit(*rows, X_val=X[:100], y_val=y[:100])
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == model.score(X[:100], y[:100])


def test_steps_share_out_all_rows():
    batches = RemoteBatches(1003, 100)
    for epoch in range(2):
        sizes = [n for n, _, _, _ in batches]
        assert sum(sizes) == 1003
        assert len(sizes) == batches.n_batches == 11
        assert max(sizes) <= 100
        assert batches.epoch == epoch + 1


@pytest.mark.parametrize(("rule", "factor"), [("linear", 4.0), ("sqrt", 2.0)])
def test_the_learning_rate_of_a_large_batch(rule, factor):
    params = DaskMLPClassifier(learning_rate_scaling=rule, batch_size=800).get_params()
    assert scaled(params, 10_000)["learning_rate_init"] == 0.001 * factor
    params["batch_size"] = "auto"
    assert auto_batch(40_000) == 800
    assert scaled(params, 40_000)["learning_rate_init"] == 0.001 * factor
    for other in (
        {"batch_size": 50},
        {"learning_rate_scaling": None},
        {"local_epochs": 1},
        {"solver": "lbfgs"},
    ):
        assert scaled({**params, **other}, 40_000)["learning_rate_init"] == 0.001


def test_weights_that_add_up_to_nothing_in_a_batch(rows):
    weight = np.ones(600)
    weight[::2] = -1
    with pytest.raises(ValueError, match="sample weights"):
        DaskMLPClassifier(**COMMON, batch_size=200, shuffle=False).fit(
            *rows, collection(np.r_[weight[:599], 1.5], 200, 300, 100)
        )
