"""A worker that dies, one that comes, Ctrl-C: what becomes of a fit."""

import _thread
import threading

import numpy as np
import pytest
from _dask_rows import classes, collection, is_idle, weights_of
from dask.distributed import Client, LocalCluster

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.distributed import DaskMLPClassifier
from sknn_scratch.distributed._cluster import Cluster

X, y = classes()
SETTINGS = {
    "hidden_layer_sizes": (5,),
    "alpha": 1.0,
    "solver": "lbfgs",
    "max_iter": 12,
    "random_state": 0,
}
pytestmark = pytest.mark.filterwarnings("ignore:.*failed to converge")


@pytest.fixture
def rows(client):
    return collection(X, 200, 200, 100, 100), collection(y, 200, 200, 100, 100)


@pytest.fixture
def at_call(monkeypatch):
    """Have something done at the n-th call to the workers."""

    def at(n, action):
        calls, genuine = iter(range(1, 1 << 30)), Cluster.call

        def call(self, *args):
            if next(calls) == n:
                action(self)
            return genuine(self, *args)

        monkeypatch.setattr(Cluster, "call", call)

    return at


def kill(client, address):
    psutil = pytest.importorskip("psutil")
    (pid,) = client.run(_pid, workers=[address]).values()
    return psutil.Process(pid).kill


def _pid():
    import os

    return os.getpid()


@pytest.mark.parametrize("delay", [None, 0.003])
def test_a_worker_that_dies_changes_nothing(delay, at_call):
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    killed = []

    def fatal(cluster):
        address = cluster.homes[0]
        killed.append(address)
        end = kill(cluster.client, address)
        if delay is None:
            end()
        else:
            threading.Timer(delay, end).start()

    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        dX, dy = collection(X, 150, 150, 150, 150), collection(y, 150, 150, 150, 150)
        whole = DaskMLPClassifier(**SETTINGS).fit(dX, dy)
        at_call(4, fatal)
        disturbed = DaskMLPClassifier(**SETTINGS).fit(dX, dy)
        assert killed
        assert is_idle(client)
    for ours, theirs in zip(weights_of(disturbed), weights_of(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_worker_that_joins_takes_its_share(at_call):
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "processes": False}
    used = []

    def join(fit):
        cluster.scale(2)
        fit.client.wait_for_workers(2)

    with LocalCluster(n_workers=1, **options) as cluster, Client(cluster) as client:
        dX, dy = collection(X, 150, 150, 150, 150), collection(y, 150, 150, 150, 150)
        alone = DaskMLPClassifier(**SETTINGS).fit(dX, dy)
        at_call(4, join)
        genuine = Cluster._places
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                Cluster, "_places", lambda self: used.append(p := genuine(self)) or p
            )
            joined = DaskMLPClassifier(**SETTINGS).fit(dX, dy)
        assert is_idle(client)
    assert len(used[0]) == 1
    assert [len(shards) for [shards] in used[-1].values()] == [2, 2]
    for ours, theirs in zip(weights_of(joined), weights_of(alone), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.filterwarnings("default:Training interrupted by user")
@pytest.mark.parametrize(
    "settings", [{}, {"solver": "adam"}, {"solver": "adam", "local_epochs": 1}]
)
def test_ctrl_c_keeps_what_there_is(settings, rows, client, at_call):
    at_call(8, lambda cluster: _thread.interrupt_main())
    model = DaskMLPClassifier(**{**SETTINGS, "max_iter": 10_000, "tol": 0, **settings})
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(*rows)
    assert 1 <= model.n_iter_ <= 8
    assert model.predict(X).shape == y.shape
    del rows
    assert is_idle(client)


def test_ctrl_c_before_the_training_leaves_the_estimator_as_it_was(
    rows, client, monkeypatch
):
    model = DaskMLPClassifier(**SETTINGS)
    genuine = Cluster.encode

    def encode(self, *args):
        _thread.interrupt_main()
        genuine(self, *args)

    monkeypatch.setattr(Cluster, "encode", encode)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*rows)
    assert not hasattr(model, "n_features_in_")
    assert is_idle(client)


def test_an_error_on_a_worker_is_the_users(rows, client, at_call):
    """And it is no reason to ask again."""
    calls = []

    def fail(self, *args):
        calls.append(args)
        raise MemoryError("on the worker")

    import sknn_scratch.distributed._cluster as module

    async def failing(*args, dask_worker=None):
        raise MemoryError("on the worker")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "answered", failing)
        with pytest.raises(MemoryError, match="on the worker"):
            DaskMLPClassifier(**SETTINGS).fit(*rows)
    assert is_idle(client)


def test_workers_that_do_not_answer_are_not_asked_forever(rows, client, monkeypatch):
    import sknn_scratch.distributed._cluster as module

    async def silent(*args, dask_worker=None):
        return None

    monkeypatch.setattr(module, "answered", silent)
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    with pytest.raises(RuntimeError, match="did not answer 2 times in a row"):
        DaskMLPClassifier(**SETTINGS).fit(*rows)
    assert is_idle(client)


def test_scattered_rows_that_are_lost_cannot_be_made_again(at_call):
    import dask.array as da

    options = {"threads_per_worker": 1, "dashboard_address": ":0"}

    def fatal(fit):
        for address in list(fit.threads):
            kill(fit.client, address)()

    with LocalCluster(n_workers=1, **options) as cluster, Client(cluster) as client:
        parts = client.scatter([X[:300], X[300:]])
        dX = da.concatenate(
            [da.from_delayed(part, (300, 6), X.dtype) for part in parts]
        )
        at_call(3, fatal)
        with pytest.raises(RuntimeError, match="is lost with its worker"):
            DaskMLPClassifier(**SETTINGS).fit(dX, collection(y, 300, 300))


def test_the_control_without_faults(rows):
    ours = DaskMLPClassifier(**SETTINGS).fit(*rows)
    alone = ScratchMLPClassifier(**SETTINGS).fit(X, y)
    for a, b in zip(weights_of(ours), weights_of(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
