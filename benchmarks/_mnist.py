"""``python -m benchmarks._mnist FILE``: accuracy of two networks on all of MNIST.

FILE is an .npz with X, (70000, 28, 28) unsigned bytes in the original order, the last
10,000 of them the test images, and y. No such file comes with the package.
"""

import argparse
import time
import warnings

import numpy as np

from benchmarks._data import mnist
from sknn_scratch import ConvNetClassifier

COMMON = {
    "batch_size": 100,
    "learning_rate": "one_cycle",
    "warmup_fraction": 0.2,
    "tol": 0,
    "n_iter_no_change": np.inf,
}
NETWORKS = {
    "defaults": ConvNetClassifier(max_iter=10, learning_rate_init=0.005, **COMMON),
    "two convolutions": ConvNetClassifier(
        (16, 32),
        5,
        (100,),
        dropout=[0, 0.25, 0.4],
        max_iter=12,
        learning_rate_init=0.003,
        **COMMON,
    ),
}


def main(argv=None):
    """Print the test accuracy and the seconds of each fit."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks._mnist", description=__doc__
    )
    parser.add_argument("file")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--network", choices=NETWORKS, action="append")
    parser.add_argument("--rows", type=int, default=60_000, help="to learn from")
    options = parser.parse_args(argv)
    X, y = mnist(options.file)
    warnings.simplefilter("ignore")  # the number of epochs is given
    for name in options.network or NETWORKS:
        scores = []
        for seed in options.seeds:
            model = NETWORKS[name].set_params(random_state=seed)
            start = time.perf_counter()
            model.fit(X[: options.rows], y[: options.rows])
            seconds = time.perf_counter() - start
            scores.append(model.score(X[-10_000:], y[-10_000:]))
            print(f"{name}, seed {seed}: {scores[-1]:.4f}, {seconds:.0f} s", flush=True)
        print(f"{name}: median {np.median(scores):.4f}")


if __name__ == "__main__":
    main()
