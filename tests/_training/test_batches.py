"""Batches: every row once, without copies where none is needed."""

import numpy as np
import pytest
from _problems import SETTINGS, problem
from scipy import sparse

from sknn_scratch._training.batches import Batches, network_input
from sknn_scratch._training.loop import plans_for, run_epoch
from sknn_scratch._training.optimizers import OPTIMIZERS


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("in_order", [False, True])
def test_batches_visit_every_row_once(as_sparse, one_hot, in_order):
    weight = np.arange(1.0, 24)
    case = problem(weight=weight, as_sparse=as_sparse, one_hot=one_hot)
    rows = np.arange(23) if in_order else np.random.default_rng(1).permutation(23)
    batches = Batches(case, rows, 5, in_order)
    assert batches.n_batches == 5
    seen = {"X": [], "Y": [], "w": []}
    for n, x, y, w in batches:
        assert n == len(y) == len(w)
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
    assert len(list(Batches(case, np.arange(20), 5, True))) == 3


@pytest.mark.parametrize("as_sparse", [False, True])
def test_batches_without_weight_change_neither_weights_nor_loss(as_sparse):
    """An epoch over 15 rows and 5 of no weight is an epoch over the 15."""
    weight = np.ones(20)
    weight[5:10] = 0
    ends = []
    for rows in (np.arange(20), np.r_[0:5, 10:20]):
        case = problem(n=20, weight=weight, as_sparse=as_sparse)
        theta = case.network.theta
        batches = Batches(case, rows, 5, False)
        plans = plans_for(case.network, case.loss, batches.sizes, 0.1, as_sparse)
        optimizer = OPTIMIZERS["sgd"](theta.shape, theta.dtype, SETTINGS)
        step = optimizer.attach(plans[5])
        ends.append((theta, run_epoch(plans, batches, step, [0.1] * 4)))
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    np.testing.assert_allclose(ends[0][1], ends[1][1])


def test_rows_that_are_shuffled_are_seen_in_their_new_order():
    case = problem()
    rows = np.arange(23)
    batches = Batches(case, rows, 10, False)
    rows[...] = rows[::-1].copy()
    seen = np.vstack([x.copy() for _, x, _, _ in batches])
    np.testing.assert_array_equal(seen, case.X[::-1])


@pytest.mark.parametrize(("batch_size", "sizes"), [(10, {10, 3}), (23, {23}), (1, {1})])
def test_two_sizes_at_the_most(batch_size, sizes):
    batches = Batches(problem(), np.arange(23), batch_size, True)
    assert batches.sizes == sizes
    assert sum(n for n, *_ in batches) == 23
    assert {n for n, *_ in batches} == sizes


def test_rows_in_order_are_not_copied():
    case = problem()
    for _, x, _, _ in Batches(case, np.arange(23), 5, True):
        assert np.shares_memory(x, case.X)


def test_gathered_rows_share_their_buffers():
    case = problem(one_hot=True)
    full = [(x, y) for n, x, y, _ in Batches(case, np.arange(23), 10, False) if n == 10]
    assert full[0][0] is full[1][0]
    assert full[0][1] is full[1][1]
    assert full[0][1].dtype == float


def test_sparse_rows_stay_sparse():
    case = problem(as_sparse=True)
    assert sparse.issparse(case.X)
    assert case.X.format == "csr"
    batches = Batches(case, np.arange(23), 5, False)
    assert not batches.is_dense
    assert all(sparse.issparse(x) for _, x, _, _ in batches)


def test_the_data_is_cast_to_what_the_network_computes_in(dtype):
    X = np.arange(6.0).reshape(3, 2)
    rows, weight = network_input(X, np.ones(3), np.dtype(dtype))
    assert rows.dtype == weight.dtype == dtype
    rows, weight = network_input(sparse.csc_array(X), None, np.dtype(dtype))
    assert rows.format == "csr"
    assert rows.dtype == dtype
    assert weight is None
