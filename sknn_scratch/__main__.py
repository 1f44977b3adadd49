"""``python -m sknn_scratch``: the twins beside scikit-learn's own, on real data.

Fits both estimators of this package and both of scikit-learn's, in pipelines with
StandardScaler, on the data sets that come with scikit-learn, and prints the test
scores, the largest difference in predictions, and the fit times with their ratio. Fits
are interleaved and the medians are printed, so that a busy machine matters less.
"""

import argparse
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
    ("digits", load_digits, CLASSIFIERS, {"hidden_layer_sizes": (50,)}),
    ("breast cancer", load_breast_cancer, CLASSIFIERS, {}),
    ("wine", load_wine, CLASSIFIERS, {"solver": "lbfgs"}),
    ("diabetes", load_diabetes, REGRESSORS, {"early_stopping": True}),
]

HEADER = (
    f"{'data set':<14}{'score':>9}{'score':>9}{'largest':>12}"
    f"{'fit time':>11}{'fit time':>11}{'ratio':>8}\n"
    f"{'':<14}{'sklearn':>9}{'ours':>9}{'difference':>12}"
    f"{'sklearn':>11}{'ours':>11}{'':>8}"
)


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


def compare(loader, estimators, parameters, repeats, dtype, tick):
    """One case: scores, largest difference in predictions, times."""
    X, y = loader(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X.astype(dtype), y, random_state=0
    )
    models = [build(estimator, parameters) for estimator in estimators]
    times = [[], []]
    for _ in range(repeats):
        for model, seconds in zip(models, times, strict=True):
            seconds.append(timed_fit(model, X_train, y_train))
        tick()
    predict = "predict_proba" if hasattr(models[0], "predict_proba") else "predict"
    ours, theirs = (getattr(model, predict)(X_test) for model in models[::-1])
    ratio = median(b / a for a, b in zip(*times, strict=True))
    scores = [model.score(X_test, y_test) for model in models]
    return *scores, np.abs(ours - theirs).max(), *map(median, times), ratio


def main(argv=None):
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sknn_scratch", description=__doc__.split("\n\n")[1]
    )
    parser.add_argument("--repeats", type=int, default=5, help="fits of each model")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")

    print(HEADER)
    for name, loader, estimators, parameters in CASES:
        done = 0

        def tick(name=name):
            nonlocal done
            done += 1
            if sys.stdout.isatty():
                print(
                    f"\r{name:<14} fit {done} of {options.repeats}", end="", flush=True
                )

        score, our_score, difference, seconds, our_seconds, ratio = compare(
            loader, estimators, parameters, options.repeats, options.dtype, tick
        )
        if sys.stdout.isatty():
            print("\r", end="")
        print(
            f"{name:<14}{score:>9.3f}{our_score:>9.3f}{difference:>12.1e}"
            f"{seconds:>9.3f} s{our_seconds:>9.3f} s{ratio:>8.2f}",
            flush=True,
        )
    print(
        f"\nMedians of {options.repeats} interleaved fits, {options.dtype}; ratio is "
        "ours / sklearn. The score is accuracy, for diabetes R^2."
    )
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit("\nstopped") from None
