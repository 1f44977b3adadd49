"""Sums in the order of a tree, whoever holds the leaves."""

import numpy as np
import pytest

from sknn_scratch.distributed._reduction import gathered, whole

rng = np.random.default_rng(0)


def leaves(values, indices):
    return {(i, i + 1): (lambda i=i: values[i]) for i in indices}


@pytest.mark.parametrize("n", [1, 2, 3, 8, 13])
def test_the_order_does_not_depend_on_who_adds(n):
    values = rng.standard_normal((n, 5)) * 10.0 ** rng.integers(-9, 9, (n, 1))
    (alone,) = gathered(leaves(values, range(n)), 0, n).values()
    for n_workers in (1, 2, 3, 5):
        owner = rng.integers(n_workers, size=n)
        replies = [
            gathered(leaves(values, np.flatnonzero(owner == k).tolist()), 0, n)
            for k in range(n_workers)
        ]
        np.testing.assert_array_equal(whole(replies, n), alone)
    np.testing.assert_allclose(alone, values.sum(axis=0), rtol=1e-10, atol=1e-5)


def test_the_control_other_orders_give_other_bits():
    values = rng.standard_normal(13) * 10.0 ** rng.integers(-9, 9, 13)
    (tree,) = gathered(leaves(values, range(13)), 0, 13).values()
    assert len({tree, sum(values), sum(values[::-1])}) > 1


def test_half_a_tree_is_one_sum():
    pieces = gathered(leaves(np.arange(8.0), [0, 1, 2, 3, 6]), 0, 8)
    assert pieces == {(0, 4): 6.0, (6, 7): 6.0}


def test_few_sums_are_alive_at_a_time():
    """A worker with many partitions keeps about log2 of them."""
    alive, most = [0], [0]

    class Sum:
        def __init__(self):
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __add__(self, other):
            return Sum()

        def __del__(self):
            alive[0] -= 1

    gathered({(i, i + 1): Sum for i in range(64)}, 0, 64)
    assert most[0] <= 9
