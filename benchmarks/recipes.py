"""``python -m benchmarks.recipes``: accuracy and time of a few settings of an MLP.

Scikit-learn's defaults, the same fit here, and shorter ones with a one-cycle learning
rate, in float32. Each set is fitted by every setting in turn, seed after seed; medians
are printed. Errors are the share of wrong rows, or the root mean squared error over
the standard deviation of the test targets.

Without options: scikit-learn's digits. ``--mnist`` downloads MNIST by scikit-learn's
fetch_openml, ``--mnist FILE`` reads an .npz with X, (70000, 28, 28) unsigned bytes in
the original order, and y. ``--csv FOLDER`` reads tables as ``python -m
benchmarks.tables`` does; 30 % of the rows are the test.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks._data import column_encoder, error_of, mnist, sets_in, split
from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

THEIRS = MLPClassifier, MLPRegressor
OURS = ScratchMLPClassifier, ScratchMLPRegressor


def fast(epochs, units):
    """A training of so many epochs whose learning rate rises once and falls to 0."""
    return {
        "hidden_layer_sizes": (units,),
        "learning_rate": "one_cycle",
        "learning_rate_init": 0.005,
        "batch_size": 100,
        "max_iter": epochs,
        "n_iter_no_change": np.inf,
    }


RECIPES = {
    "scikit-learn, defaults": (THEIRS, {}),
    "defaults": (OURS, {}),
    "one cycle, 4 epochs, 100 units": (OURS, fast(4, 100)),
    "one cycle, 4 epochs, 256 units": (OURS, fast(4, 256)),
    "one cycle, 6 epochs, 256 units": (OURS, fast(6, 256)),
    "one cycle, 20 epochs, 256 units": (OURS, fast(20, 256)),
}


def encoded(X, y, is_classes):
    """A matrix of scaled columns, and scaled targets, for training and for the test."""
    X, y, X_test, y_test = split(X, y, is_classes)
    encoder = column_encoder().fit(X)
    X, X_test = (encoder.transform(some).astype(np.float32) for some in (X, X_test))
    if not is_classes:
        y, y_test = ((some - y.mean()) / y.std() for some in (y, y_test))
    return X, y, X_test, y_test


def sets(options):
    """Name, rows and targets, and whether these are classes."""
    if options.mnist is not None:
        X, y = mnist(options.mnist)
        X = X.reshape(len(X), -1)
        rows = slice(options.rows), slice(-10_000, None)
        yield "MNIST", [part[some] for some in rows for part in (X, y)], True
    elif options.csv:
        for name, X, y, is_classes in sets_in(options.csv):
            yield name, encoded(X, y, is_classes), is_classes
    else:
        X, y = load_digits(return_X_y=True, as_frame=True)
        yield "digits", encoded(X, y.to_numpy(), True), True


def compared(data, is_classes, recipes, seeds):
    """Print a line for each recipe: median error, its range, and seconds."""
    X, y, X_test, y_test = data
    found: dict[str, list] = {name: [] for name in recipes}
    for seed in seeds:
        for name, (classes, params) in recipes.items():
            model = classes[0 if is_classes else 1](**params, random_state=seed)
            start = time.perf_counter()
            model.fit(X, y)
            seconds = time.perf_counter() - start
            error = error_of(model.predict(X_test), y_test, is_classes)
            found[name].append((error, seconds))
    for name, each in found.items():
        errors, seconds = zip(*each, strict=True)
        print(
            f"| {name} | {np.median(errors):.4f} | {min(errors):.4f} to "
            f"{max(errors):.4f} | {np.median(seconds):.2f} |",
            flush=True,
        )


def main(argv=None):
    """Print a table for each set."""
    _, *paragraphs = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recipes", description="\n".join(paragraphs)
    )
    parser.add_argument("--mnist", metavar="FILE", nargs="?", const="")
    parser.add_argument("--csv", metavar="FOLDER", help="sets of your own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=60_000, help="of MNIST")
    parser.add_argument("--only", nargs="+", metavar="RECIPE", default=RECIPES)
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")  # the number of epochs is given
    for name, data, is_classes in sets(options):
        n_rows, n_columns = data[0].shape
        print(f"\n## {name}: {n_rows:,} rows, {n_columns} columns\n")
        print("| setting | test error | range | seconds |")
        print("|---|---:|---:|---:|")
        recipes = {recipe: RECIPES[recipe] for recipe in options.only}
        compared(data, is_classes, recipes, options.seeds)


if __name__ == "__main__":
    main()
