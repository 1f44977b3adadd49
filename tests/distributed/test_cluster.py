"""Where the shards go, and sums over them."""

import numpy as np
import pytest
from _dask_rows import collection, is_idle

from sknn_scratch._training.run import Unwatched
from sknn_scratch.distributed import DaskMLPClassifier
from sknn_scratch.distributed._cluster import Cluster, _shared_out, homes

X = np.arange(24.0).reshape(12, 2) / 24
y = np.arange(12) % 2


def test_shards_stay_where_they_are():
    assert homes([["a"], ["b"], ["a", "b"]], {"a": 1, "b": 1}) == ["a", "b", "a"]


def test_no_worker_has_more_than_its_share():
    found = homes([["a"]] * 7, {"a": 1, "b": 1, "c": 1})
    assert sorted(found.count(each) for each in "abc") == [2, 2, 3]
    found = homes([["a"]] * 8, {"a": 1, "b": 3})
    assert [found.count(each) for each in "ab"] == [2, 6]


def test_shards_of_a_worker_that_has_gone_find_another():
    assert homes([["gone"], ["b"]], {"b": 2}) == ["b", "b"]


def test_threads_share_a_workers_shards():
    assert _shared_out([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3, 4]]
    assert _shared_out([0], 4) == [[0]]


@pytest.fixture
def made(client):
    """A cluster with the shards of a fit, and the parameters at its start."""
    model = DaskMLPClassifier((3,), random_state=0)
    with Cluster(client) as cluster:
        solver = model._on(
            cluster,
            model._checked_params(()),
            Unwatched(),
            collection(X, 4, 0, 3, 5),
            collection(y, 4, 0, 3, 5),
            None,
            (),
        )
        yield cluster, solver.problem.network.theta
    assert is_idle(client)


def test_the_empty_partition_is_no_shard(made):
    cluster, _ = made
    assert len(cluster.shards) == len(cluster.homes) == 3


def test_a_sum_over_all_rows(made):
    cluster, theta = made
    total = cluster.sum("sums", theta)
    assert total.shape == (2 + len(theta),)
    assert total[1] == 12


def test_bits_do_not_depend_on_the_workers(made):
    cluster, theta = made
    before = cluster.sum("sums", theta)
    one = cluster.homes[0]
    every = cluster.client.nthreads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster.client, "nthreads", lambda: {one: every[one]})
        alone = cluster.sum("sums", theta)
        assert set(cluster.homes) == {one}
    np.testing.assert_array_equal(alone, before)


def test_a_worker_without_the_shard_that_it_should_have_is_asked_again(made):
    cluster, theta = made
    before = cluster.sum("sums", theta)
    cluster.homes = cluster.homes[::-1]
    np.testing.assert_array_equal(cluster.sum("sums", theta), before)
