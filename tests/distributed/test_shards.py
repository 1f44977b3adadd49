"""One partition's sums and epochs, against the plans of a fit on one machine."""

import pickle
import sys

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch import ScratchMLPRegressor
from sknn_scratch._estimators.targets import Numbers
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch.distributed import _shards
from sknn_scratch.distributed._rows import Rows
from sknn_scratch.distributed._shards import Order, Setup, Shard

rng = np.random.default_rng(0)
X, y = rng.standard_normal((23, 4)), rng.standard_normal(23)
weight = rng.uniform(size=23)
LOSS = LOSSES["squared_error"](Numbers(1, "squared_error").link, {})


def network(**parameters):
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(3,), max_iter=1, random_state=0, **parameters
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        return model.fit(X, y)._network


def shard(X=X, weight=None, index=0, shuffle=True, network=None, **parameters):
    network = network or globals()["network"](**parameters)
    setup = Setup(network, LOSS, Numbers(1, "squared_error"), 7, shuffle)
    return Shard(index, Rows(X, y, weight, None), setup)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(_shards, "BLOCK", 5)


@pytest.mark.parametrize("rows", [X, sparse.csr_matrix(X)], ids=["dense", "sparse"])
@pytest.mark.parametrize("weight", [None, weight], ids=["", "weighted"])
def test_sums_are_those_of_a_plan_over_all_rows(rows, weight, small_blocks):
    net = network()
    plan = Plan(net, LOSS, len(y), 0.0)
    value, _ = plan.backprop(X, y[:, None], weight)
    total = len(y) if weight is None else weight.sum()
    sums = shard(rows, weight).sums(net.theta)
    np.testing.assert_allclose(sums[:2], [value * total, total], rtol=1e-12)
    np.testing.assert_allclose(sums[2:], plan.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_steps_of_an_epoch_go_over_every_row_once(shuffle, small_blocks):
    made = shard(shuffle=shuffle)
    theta = made.network.theta.copy()
    steps = [made.sums(theta, (3, step, 4)) for step in range(4)]
    assert [step[1] for step in steps] == [5, 6, 6, 6]
    np.testing.assert_allclose(sum(steps), made.sums(theta), rtol=1e-10, atol=1e-12)


def test_shuffles_differ_by_epoch_and_partition_and_can_be_done_again():
    made, theta = shard(), network().theta
    first = made.sums(theta, (0, 0, 4))
    assert not np.array_equal(first, made.sums(theta, (1, 0, 4)))
    assert not np.array_equal(first, shard(index=1).sums(theta, (0, 0, 4)))
    np.testing.assert_array_equal(first, made.sums(theta, (0, 0, 4)))
    np.testing.assert_array_equal(first, shard().sums(theta, (0, 0, 4)))


def test_more_steps_than_rows_leave_some_without():
    made = shard()
    sums = [made.sums(network().theta, (0, step, 50)) for step in range(50)]
    assert sum(each[1] for each in sums) == 23
    assert min(each[1] for each in sums) == 0
    assert len(made.plans) <= 9


def test_masks_of_dropout_depend_on_the_step_alone():
    net = network(dropout=0.5)
    made, other = (shard(network=net, index=i) for i in range(2))
    theta = net.theta.copy()
    first = made.sums(theta, (0, 0, 1))
    other.sums(theta, (0, 0, 1))
    assert not np.array_equal(first, made.sums(theta, (1, 0, 1)))
    np.testing.assert_array_equal(first, made.sums(theta, (0, 0, 1)))


def test_a_shard_travels_without_its_plans():
    made, theta = shard(), network().theta
    before = made.sums(theta)
    again = pickle.loads(pickle.dumps(made))
    assert again.plans == {}
    np.testing.assert_array_equal(again.sums(theta), before)
    assert sys.getsizeof(made) >= made.X.nbytes + made.Y.nbytes


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_epochs_of_a_partition_are_those_of_a_fit(solver):
    """With one partition and no shuffling a round is what fit does."""
    options = {"batch_size": 6, "shuffle": False, "learning_rate": "cosine"}
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(3,), solver=solver, random_state=0, max_iter=2, **options
    )
    model.fit(X, y)
    params = model.get_params()
    start = ScratchMLPRegressor(hidden_layer_sizes=(3,), random_state=0)
    theta = start._drawn(
        type(model._network)(start._build_layers(4, 1), np.float64),
        np.random.RandomState(0),
    ).theta
    optimizer = OPTIMIZERS[solver](theta.shape, theta.dtype, params)
    order = Order(
        optimizer, SCHEDULES["cosine"], {**params, "max_iter": 1}, 1e-4, 6, 0, 2
    )
    told, numbers = shard(shuffle=False).epochs(theta, order)
    told /= told[1]
    np.testing.assert_allclose(told[0], model.loss_, rtol=1e-12)
    n = len(theta)
    np.testing.assert_allclose(told[2 : 2 + n], model._network.theta, rtol=1e-10)
    state = model._training_state.optimizer
    assert numbers.t == state.t == 8
    assert numbers.state == {}
    for i, slot in enumerate(optimizer.slots, 1):
        vector = told[2 + i * n : 2 + (i + 1) * n]
        np.testing.assert_allclose(vector, state.state[slot], rtol=1e-10)
    assert optimizer.t == 0  # the client's own is left alone
