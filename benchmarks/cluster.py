"""``python -m benchmarks.cluster``: what large batches and local epochs cost and learn.

Two worker processes with one BLAS thread each, four partitions. For each setting the
seconds of a fit of few epochs, and the accuracy and the log loss of 20,000 other rows,
beside a fit in memory with batches of 200 rows. The rates are those that small batches
would take.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.metrics import log_loss

#: Solver, its rate for batches of 200 rows, hidden layers.
NETS = [
    ("adam", 0.001, (50,)),
    ("adam", 0.005, (50,)),
    ("adam", 0.003, (100, 100, 100)),
    ("sgd", 0.02, (50,)),
    ("sgd", 0.1, (50, 50)),
]
SETTINGS = {
    **{
        f"{batch:,} rows, {rule}": {"batch_size": batch, "learning_rate_scaling": rule}
        for batch in (2_000, 10_000)
        for rule in (None, "sqrt", "linear")
    },
    "local epochs": {"local_epochs": 1},
}


def rows(n, seed):
    """A target that bends in some features, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 50)).astype(np.float32)
    bent = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * X[:, 3:8].sum(axis=1)
    return X, (bent + 0.3 * rng.standard_normal(n) > 0).astype(np.int8)


def compared(client, n, n_epochs):
    """Print a row for each net and setting."""
    import dask.array as da

    from sknn_scratch import ScratchMLPClassifier
    from sknn_scratch.distributed import DaskMLPClassifier

    X, y = rows(n, 0)
    X_test, y_test = rows(min(n, 20_000), 1)
    lazy = [
        da.from_array(each, chunks=(-(-n // 4), *each.shape[1:])).persist()
        for each in (X, y)
    ]
    print("| net | setting | seconds | accuracy | log loss |\n|---|---|---:|---:|---:|")
    for solver, rate, sizes in NETS:
        common = {
            "hidden_layer_sizes": sizes,
            "solver": solver,
            "learning_rate_init": rate,
            "max_iter": n_epochs,
            "random_state": 0,
        }
        fits = {"in memory": (ScratchMLPClassifier(**common), (X, y))}
        for name, setting in SETTINGS.items():
            model = DaskMLPClassifier(**common, **setting, client=client)
            fits[name] = model, lazy
        for name, (model, data) in fits.items():
            start = time.perf_counter()
            model.fit(*data)
            seconds = time.perf_counter() - start
            loss = log_loss(y_test, model.predict_proba(X_test))
            accuracy = model.score(X_test, y_test)
            print(
                f"| {solver}, {rate:g}, {sizes} | {name} | {seconds:.2f} | "
                f"{accuracy:.3f} | {loss:.3f} |",
                flush=True,
            )


def main(argv=None):
    """Print the table."""
    from dask.distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__.split("\n\n", 1)[1]
    )
    parser.add_argument("--rows", type=int, default=100_000, help="default: 100000")
    parser.add_argument("--epochs", type=int, default=5, help="default: 5")
    parser.add_argument("--threads", action="store_true", help="no processes")
    options = parser.parse_args(argv)
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=not options.threads,
            dashboard_address=":0",
        ) as cluster,
        Client(cluster) as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        compared(client, options.rows, options.epochs)


if __name__ == "__main__":
    main()
