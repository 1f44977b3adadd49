"""
One network on the workers of a cluster
=======================================

A Dask cluster of two processes on this machine stands in for a real one. The rows are
made on the workers and stay there. L-BFGS finds the weights of a fit on one machine.
The throughput of the stochastic steps is drawn against the size of their batches, with
one worker and with two. Seed: 0.
"""

# %%
# A target that bends in two features.

import time
import warnings

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.distributed import DaskMLPClassifier

ROWS = 100_000  # small: 20_000
BATCHES = [500, 2_000, 10_000, 50_000]  # small: [500, 5_000]


def made(dtype, n_partitions=4):
    """Features and labels as lazy collections."""
    chunk = ROWS // n_partitions
    rng = da.random.default_rng(0)
    X = rng.standard_normal((ROWS, 20), chunks=(chunk, 20), dtype=dtype)
    return X, (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int8)


def cluster_of(n_workers):
    """Processes with one thread each; in a notebook or script of your own too."""
    return LocalCluster(
        n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
    )


# %%
# L-BFGS on the cluster and in memory, on a quarter of the rows: the same weights up to
# rounding, which grows from iteration to iteration.


def same_weights():
    settings = {"solver": "lbfgs", "alpha": 10.0, "tol": 1e-3, "max_iter": 500}
    X, y = made(np.float64)
    with cluster_of(2) as cluster, Client(cluster):
        model = DaskMLPClassifier((20,), **settings, random_state=0).fit(X, y)
        accuracy = model.score(X, y)
        rows = X[: ROWS // 4].compute(), y[: ROWS // 4].compute()
        part = DaskMLPClassifier((20,), **settings, random_state=0)
        part.set_params(max_iter=10, tol=0.0)
        alone = ScratchMLPClassifier((20,), **settings, random_state=0)
        alone.set_params(max_iter=10, tol=0.0)
        with warnings.catch_warnings():  # ten iterations of each are compared
            warnings.simplefilter("ignore", ConvergenceWarning)
            part.fit(X[: ROWS // 4], y[: ROWS // 4])
            alone.fit(*rows)
    apart = max(
        np.abs(a - b).max() for a, b in zip(part.coefs_, alone.coefs_, strict=True)
    )
    print(f"L-BFGS: {model.n_iter_} iterations, accuracy {accuracy:.3f}")
    print(f"after ten iterations the weights differ by {apart:.1e} at most")


# %%
# Rows a second, for steps of all partitions together, and for local epochs.


def throughput(n_workers):
    """Rows a second of an epoch, for each batch size and for local epochs."""
    X, y = made(np.float32)
    found = []
    settings = [{"batch_size": batch} for batch in BATCHES] + [{"local_epochs": 1}]
    with cluster_of(n_workers) as cluster, Client(cluster):
        X, y = X.persist(), y.persist()
        for setting in settings:
            model = DaskMLPClassifier((50,), max_iter=2, random_state=0, **setting)
            with warnings.catch_warnings():  # two epochs are enough to be timed
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(X, y)
            found.append(ROWS / model.history_[-1]["seconds"])
    return found


def draw():
    fig, ax = plt.subplots(layout="constrained")
    for n_workers, marker in ((1, "o"), (2, "s")):
        *steps, apart = throughput(n_workers)
        plural = "s" if n_workers > 1 else ""
        (line,) = ax.plot(
            BATCHES, steps, marker=marker, label=f"{n_workers} worker{plural}, steps"
        )
        ax.axhline(
            apart,
            color=line.get_color(),
            linestyle="--",
            label=f"{n_workers} worker{plural}, local epochs",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="rows of a step",
        ylabel="rows a second",
        title=f"Adam, 20-50-1, {ROWS:,} rows",
    )
    ax.legend()
    return fig


# %%
# The guard is for scripts: the worker processes import them.

if __name__ == "__main__":
    start = time.perf_counter()
    same_weights()
    draw()
    print(f"{time.perf_counter() - start:.0f} s")
    plt.show()
