"""Dask is there or said to be missing; a client is there and of use, or said not to."""

import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster

from sknn_scratch.distributed._dask import (
    current_client,
    is_array,
    is_collection,
    usable_client,
)


def test_the_main_package_imports_without_dask():
    code = (
        "import sys; sys.modules['dask'] = sys.modules['distributed'] = None\n"
        "import sknn_scratch\n"
        "try:\n"
        "    import sknn_scratch.distributed\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert 'needs Dask: pip install "sknn-scratch[cluster]".' in run.stdout


def test_collections():
    X = da.zeros((4, 2), chunks=2)
    assert is_array(X)
    assert is_collection(X)
    for other in (np.zeros(3), [1.0], None):
        assert not is_array(other)
        assert not is_collection(other)


def test_a_dataframe_is_a_collection():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(pd.DataFrame({"a": [1.0, 2.0]}), npartitions=1)
    assert is_collection(frame)
    assert is_collection(frame["a"])
    assert not is_array(frame)


def test_the_client_given_or_the_current_one(client):
    assert usable_client() is client
    assert usable_client(client) is client


def test_no_client():
    with pytest.raises(ValueError, match=r"There is no Dask client\. Make one first"):
        current_client()


def test_no_client_at_all():
    with pytest.raises(TypeError, match=r"must be a dask\.distributed\.Client or None"):
        usable_client("tcp://127.0.0.1:8786")


def test_a_closed_client(cluster):
    with Client(cluster, set_as_default=False) as closed:
        pass
    with pytest.raises(ValueError, match=r"The Dask client is closed\. Make a new one"):
        usable_client(closed)


def test_an_asynchronous_client(client, monkeypatch):
    monkeypatch.setattr(type(client), "asynchronous", True)
    with pytest.raises(ValueError, match="is asynchronous, and fit is not"):
        usable_client(client)


def test_a_client_without_workers():
    options = {"processes": False, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=0, **options) as cluster,
        Client(cluster) as client,
        pytest.raises(ValueError, match="cluster has no workers"),
    ):
        usable_client(client)
