"""Dask: a fit on two worker processes beside one, on the same machine.

One BLAS thread for each worker. The rows are made on the workers. Only calls to the
workers are timed: the fit's own evaluations and steps, after the rows have been read.
"""

import atexit
import math
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from benchmarks._measure import timed
from benchmarks._table import Table
from sknn_scratch._training.progress import Progress
from sknn_scratch._training.run import Unwatched

N_FEATURES, N_UNITS, N_PARTITIONS = 50, 50, 8
WORKERS = {"one worker": 1, "two workers": 2}

_open = ExitStack()
_clients: list = []
atexit.register(_open.close)


def client_of_two(quick):
    """The client of a cluster of two workers, started once."""
    from dask.distributed import Client, LocalCluster

    if not _clients:
        cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=not quick,
            dashboard_address=":0",
        )
        client = Client(_open.enter_context(cluster), set_as_default=False)
        _clients.append(_open.enter_context(client))
    return _clients[0]


def close():
    """End the cluster."""
    _clients.clear()
    _open.close()


def rows(n, dtype, n_partitions=N_PARTITIONS):
    """Normal features, and the sign of a sum of them: made by the workers."""
    import dask.array as da

    chunk = math.ceil(n / n_partitions)
    X = da.random.default_rng(0).standard_normal(
        (n, N_FEATURES), chunks=(chunk, N_FEATURES), dtype=dtype
    )
    return X, (X[:, :5].sum(axis=1) > 0).astype(np.int8)


def fit_in_progress(client, n_workers, X, y, **settings):
    """The solver of a fit whose rows have been read, by so many of the workers."""
    from sknn_scratch.distributed import DaskMLPClassifier
    from sknn_scratch.distributed._cluster import Cluster

    class OnSome(Cluster):
        """The other workers look on."""

        def settle(self):
            every = client.nthreads
            client.nthreads = lambda: dict(sorted(every().items())[:n_workers])
            try:
                super().settle()
            finally:
                client.nthreads = every
            self.threads = every()

    model = DaskMLPClassifier((N_UNITS,), random_state=0, client=client, **settings)
    cluster = _open.enter_context(OnSome(client))
    checked = model._checked_params(())
    return model._on(cluster, checked, Unwatched(), X, y, None, ())


@dataclass(frozen=True)
class Work:
    """Something that a fit does again and again.

    Parameters
    ----------
    name : str
        What is timed.
    n : int
        Rows of all partitions.
    settings : dict
        Parameters of the estimator.
    """

    name: str
    n: int
    settings: dict = field(default_factory=dict)

    def runs(self, how):
        """Seconds with one worker, and with two."""
        client, data = client_of_two(how.quick), rows(how.many(self.n, 400), how.dtype)
        return {
            name: self._run(fit_in_progress(client, n, *data, **self.settings))
            for name, n in WORKERS.items()
        }

    def _run(self, solver):
        raise NotImplementedError


class Evaluation(Work):
    """The objective of L-BFGS and its gradient."""

    def _run(self, solver):
        plan = solver._hooks(dict)["plan"]
        return lambda: min(timed(plan.value_and_grad, None, None) for _ in range(3))


class Epoch(Work):
    """An epoch of a stochastic solver."""

    def _run(self, solver):
        def epoch():
            solver.progress = Progress()
            return timed(solver.run, dict)

        return epoch


class OnClusters(Table):
    """A table whose cases need clusters, which end with it."""

    def print(self, how, wanted, markdown=False):
        try:
            n_cases = super().print(how, wanted, markdown)
            if n_cases and not how.quick:
                print(f"\n{memory(how)}")
            return n_cases
        finally:
            close()


def memory(how):
    """A sentence on the client's peak memory, for few rows and for many."""
    peaks = {n: client_peak(client_of_two(how.quick), n, how) for n in (20_000, ROWS)}
    told = " and ".join(f"{mb:.1f} MB with {n:,} rows" for n, mb in peaks.items())
    return f"Largest amount of memory that the client allocates in a fit: {told}."


def client_peak(client, n, how):
    """MB that Python and NumPy allocate here, the scheduler included."""
    import tracemalloc

    from sknn_scratch.distributed import DaskMLPClassifier

    settings = {"solver": "lbfgs", "max_iter": 3, "random_state": 0}
    model = DaskMLPClassifier((N_UNITS,), client=client, **settings)
    tracemalloc.start()
    try:
        model.fit(*rows(n, how.dtype))
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


ROWS, LBFGS = 2_000_000, {"solver": "lbfgs"}
CLUSTER = [
    Evaluation("L-BFGS evaluation, 2,000,000 rows", ROWS, LBFGS),
    Evaluation("L-BFGS evaluation, 80 rows", 80, LBFGS),
    *(
        Epoch(
            f"Adam, 500,000 rows, batch {batch:,}",
            500_000,
            {"max_iter": 1, "batch_size": batch},
        )
        for batch in (2_000, 10_000, 50_000)
    ),
    Epoch(
        "Adam, 500,000 rows, local epoch", 500_000, {"max_iter": 1, "local_epochs": 1}
    ),
]
CLUSTER_TABLE = OnClusters(
    "Two worker processes beside one, 50-50-1, 8 partitions",
    "milliseconds",
    "an evaluation or an epoch",
    tuple(WORKERS),
    (("one worker", "two workers"),),
    CLUSTER,
    rounds=5,
)
