"""``python -m sknn_scratch``: the twins beside scikit-learn's own, on real data.

Fits both estimators of this package and both of scikit-learn's, in pipelines with
StandardScaler, on the data sets that come with scikit-learn, and prints the test
scores, the largest difference in predictions, and the fit times with their ratio. The
fits take turns and the medians are printed, so that a busy machine matters less.
"""

import argparse
import os
import signal
import sys
import time
import warnings
from statistics import median

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

CLASSIFIERS = (MLPClassifier, ScratchMLPClassifier)
REGRESSORS = (MLPRegressor, ScratchMLPRegressor)

# name, loader, (scikit-learn's, ours), parameters
CASES = [
    ("digits, 50 units", load_digits, CLASSIFIERS, {"hidden_layer_sizes": (50,)}),
    ("breast cancer", load_breast_cancer, CLASSIFIERS, {}),
    ("wine, L-BFGS", load_wine, CLASSIFIERS, {"solver": "lbfgs"}),
    ("diabetes, early stopping", load_diabetes, REGRESSORS, {"early_stopping": True}),
]

HEADER = f"""\
{"":<26}{"test score":>18}{"largest":>12}{"fit time":>22}{"ratio":>8}
{"data set":<26}{"sklearn":>9}{"ours":>9}{"difference":>12}{"sklearn":>11}{"ours":>11}
{"":-<88}"""


class Progress:
    """Tells how far the job is: a bar on a terminal, else a line for each data set."""

    WIDTH = 30

    def __init__(self, total, out):
        self.done, self.total, self.out = 0, total, out
        self.is_bar = out.isatty()

    def begin(self, name):
        """A data set's turn."""
        self.name = name
        if self.is_bar:
            self._draw()
        else:
            print(f"fitting {name} ...", file=self.out, flush=True)

    def step(self):
        """One round of fits is done."""
        self.done += 1
        if self.is_bar:
            self._draw()

    def end(self):
        """Wipe out the bar, or leave a blank line."""
        print("\r\x1b[K" if self.is_bar else "\n", end="", file=self.out)

    def _draw(self):
        full = self.WIDTH * self.done // self.total
        bar = "#" * full + "." * (self.WIDTH - full)
        line = f"\r[{bar}] {self.done}/{self.total} {self.name:<26}"
        print(line, end="", file=self.out, flush=True)


def build(estimator, parameters):
    """The pipeline of one case; a regressor's target is standardised too."""
    model = estimator(random_state=0, max_iter=100, **parameters)
    if isinstance(model, REGRESSORS):
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return make_pipeline(StandardScaler(), model)


def timed_fit(model, X, y):
    """Seconds that a fit takes; that it has not converged is no news here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        model.fit(X, y)
        return time.perf_counter() - start


def compare(loader, estimators, parameters, repeats, dtype, progress):
    """One case: scores, largest difference in predictions, times, their ratio."""
    X, y = loader(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X.astype(dtype), y, random_state=0
    )
    models = [build(estimator, parameters) for estimator in estimators]
    times: list[list[float]] = [[], []]
    for _ in range(repeats):
        for model, seconds in zip(models, times, strict=True):
            seconds.append(timed_fit(model, X_train, y_train))
        progress.step()
    predict = "predict_proba" if hasattr(models[0], "predict_proba") else "predict"
    theirs, ours = (getattr(model, predict)(X_test) for model in models)
    ratio = median(b / a for a, b in zip(*times, strict=True))
    scores = [model.score(X_test, y_test) for model in models]
    return *scores, np.abs(ours - theirs).max(), *map(median, times), ratio


def table(options, progress):
    """The table's lines."""
    lines = [HEADER]
    for name, loader, estimators, parameters in CASES:
        progress.begin(name)
        score, our_score, difference, seconds, our_seconds, ratio = compare(
            loader, estimators, parameters, options.repeats, options.dtype, progress
        )
        lines.append(
            f"{name:<26}{score:>9.3f}{our_score:>9.3f}{difference:>12.1e}"
            f"{seconds:>9.3f} s{our_seconds:>9.3f} s{ratio:>8.2f}"
        )
    return lines


def main(argv=None):
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sknn_scratch", description=__doc__.split("\n\n")[1]
    )
    parser.add_argument(
        "--repeats", type=int, default=7, help="fits of each model; default: 7"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        default="float64",
        help="of the data, and so of the networks; default: float64",
    )
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")

    progress = Progress(len(CASES) * options.repeats, sys.stdout)
    lines = table(options, progress)
    progress.end()
    print(*lines, sep="\n")
    print(
        f"\nMedians of {options.repeats} interleaved fits, {options.dtype}. The ratio "
        "is ours to sklearn's. The score is\naccuracy, for diabetes R^2; the "
        "difference is that of probabilities, for diabetes of y."
    )
    return 0


def stop(signum, frame):
    """End the job on Ctrl-C: a KeyboardInterrupt would end no more than one fit."""
    print("\nstopped", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(128 + signum)  # an exception could be lost in a callback from C


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    raise SystemExit(main())
