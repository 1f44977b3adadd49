"""``python -m benchmarks.comparison``: other packages on the same rows.

Two studies. Without options: seconds to fit a small network, the same architecture,
batches and number of epochs for scikit-learn, skorch and this package. With ``--csv
FOLDER``: test errors and processor seconds of several packages with their defaults, on
tables that are read, split and judged as ``python -m benchmarks.tables`` does; one
thread. What is not installed, or refuses a table, is a dash.
"""

import argparse
import importlib
import time
import warnings
from statistics import median

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks._data import MOST_ROWS, column_encoder, error_of, sets_in, split
from sknn_scratch import ScratchMLPClassifier, TabularMLPClassifier, TabularMLPRegressor

EPOCHS, UNITS = 20, 50


def mlp(is_classes):
    """scikit-learn's network, on columns and targets of similar size."""
    network = (MLPRegressor, MLPClassifier)[is_classes](random_state=0)
    model = make_pipeline(column_encoder(), network)
    if is_classes:
        return model
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def boosting(is_classes):
    """scikit-learn's gradient boosting."""
    model = (HistGradientBoostingRegressor, HistGradientBoostingClassifier)[is_classes]
    return model(random_state=0, categorical_features="from_dtype")


def lightgbm(is_classes):
    """LightGBM."""
    package = importlib.import_module("lightgbm")
    model = (package.LGBMRegressor, package.LGBMClassifier)[is_classes]
    return model(random_state=0, n_jobs=1, verbose=-1)


def realmlp(is_classes):
    """RealMLP with its tuned defaults, from pytabkit."""
    package = importlib.import_module("pytabkit")
    model = (package.RealMLP_TD_Regressor, package.RealMLP_TD_Classifier)[is_classes]
    return model(random_state=0, n_threads=1, device="cpu")


def tabular(is_classes):
    """This package's network for tables."""
    return (TabularMLPRegressor, TabularMLPClassifier)[is_classes](random_state=0)


TABULAR = {
    "MLPClassifier, MLPRegressor": mlp,
    "HistGradientBoosting": boosting,
    "LightGBM": lightgbm,
    "RealMLP of pytabkit": realmlp,
    "TabularMLP of sknn_scratch": tabular,
}


def tables(sets):
    """Print error and processor seconds for each set and package."""
    print("| set | " + " | ".join(TABULAR) + " |")
    print("|---|" + "---:|" * len(TABULAR))
    for name, X, y, is_classes in sets:
        X, y, X_test, y_test = split(X, y, is_classes, MOST_ROWS)
        cells = []
        for made in TABULAR.values():
            try:
                model = made(is_classes)
                start = time.process_time()
                model.fit(X, y)
            except (ImportError, ValueError):
                cells.append("-")
                continue
            seconds = time.process_time() - start
            error = error_of(model.predict(X_test), y_test, is_classes)
            cells.append(f"{error:.4f}, {seconds:.1f} s")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def small_network(make):
    """Seconds of a fit of the digits, and the test accuracy."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    model = make(X.shape[1], len(np.unique(y)))
    start = time.perf_counter()
    model.fit(X[:1200], y[:1200])
    seconds = time.perf_counter() - start
    return seconds, float(np.mean(model.predict(X[1200:]) == y[1200:]))


COMMON = {
    "hidden_layer_sizes": (UNITS,),
    "batch_size": 100,
    "max_iter": EPOCHS,
    "n_iter_no_change": EPOCHS,
    "random_state": 0,
}


def skorch(n_columns, n_classes):
    """The same network in PyTorch, in skorch's wrapper."""
    torch = importlib.import_module("torch")
    package = importlib.import_module("skorch")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return package.NeuralNetClassifier(
        torch.nn.Sequential(
            torch.nn.Linear(n_columns, UNITS),
            torch.nn.ReLU(),
            torch.nn.Linear(UNITS, n_classes),
        ),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__weight_decay=1e-6,  # alpha / batch_size
        lr=0.001,
        batch_size=100,
        max_epochs=EPOCHS,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


SMALL = {
    "MLPClassifier": lambda *_: MLPClassifier(**COMMON),
    "skorch": skorch,
    "ScratchMLPClassifier": lambda *_: ScratchMLPClassifier(**COMMON),
}


def small_networks(repeats):
    """Print the seconds of a fit, medians of interleaved rounds."""
    found: dict[str, list] = {name: [] for name in SMALL}
    for _ in range(repeats + 1):  # the first round warms up
        for name, make in SMALL.items():
            try:
                found[name].append(small_network(make))
            except ImportError:
                continue
    print("| digits, 50 hidden units, 20 epochs | test accuracy | milliseconds |")
    print("|---|---:|---:|")
    for name, each in found.items():
        if each:
            seconds, scores = zip(*each[1:], strict=True)
            print(f"| {name} | {median(scores):.3f} | {median(seconds) * 1e3:.0f} |")


def main(argv=None):
    """Print one of the studies."""
    _, *paragraphs = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.comparison", description="\n".join(paragraphs)
    )
    parser.add_argument("--csv", metavar="FOLDER", help="tables of your own")
    parser.add_argument("--repeats", type=int, default=7, help="of the small network")
    options = parser.parse_args(argv)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if options.csv:
            tables(sets_in(options.csv))
        else:
            small_networks(options.repeats)


if __name__ == "__main__":
    main()
