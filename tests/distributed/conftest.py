"""A cluster of two worker processes, shared by the tests of a process."""

import pytest

distributed = pytest.importorskip("dask.distributed")


@pytest.fixture(scope="session")
def cluster():
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=2, processes=True, **options) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    """A client that is Dask's current one; the test must leave nothing behind."""
    with distributed.Client(cluster) as client:
        yield client
