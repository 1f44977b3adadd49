"""A cluster of two worker processes, shared by the tests of a process."""

from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

distributed = pytest.importorskip("dask.distributed")

HERE = Path(__file__).parent
OPEN = ExitStack()


@cache
def started():
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    cluster = distributed.LocalCluster(n_workers=2, processes=True, **options)
    return OPEN.enter_context(cluster)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem):
    """End the cluster with the last test of this folder.

    Its threads allocate at any time, which later tests of the same process that trace
    memory would count. (A package's scope needs an ``__init__.py``, and a package of
    this folder's name would hide Dask's.)
    """
    if nextitem is None or HERE not in nextitem.path.parents:
        OPEN.close()
        started.cache_clear()


@pytest.fixture
def cluster():
    return started()


@pytest.fixture
def client(cluster):
    """A client that is Dask's current one; the test must leave nothing behind."""
    with distributed.Client(cluster) as client:
        yield client
