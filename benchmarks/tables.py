"""``python -m benchmarks.tables``: tables as they are, against gradient boosting.

Errors and times of the tabular estimators beside HistGradientBoosting, all with their
defaults: one split, 70 % for training, of which 8,000 rows at most, one thread. The
error is the share of wrong rows, or the root mean squared error over the standard
deviation of the test targets. The last lines are geometric means of ratios; 0.005 is
added to both errors, so that errors near zero do not decide.

The sets are scikit-learn's own. Others come from a folder: ``--csv FOLDER`` reads every
``NAME.csv`` there; the last column is the target, and a heading "class" makes it one of
classes. Text is a category. ``--rows`` measures time and memory against rows instead.
"""

import argparse
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from benchmarks._data import MOST_ROWS, error_of, sets_in, split
from sknn_scratch import TabularMLPClassifier, TabularMLPRegressor

#: What the recipe is made of, left out or changed one by one.
SETTINGS = {
    "default": {},
    "raw columns only": {"views": ["raw"]},
    "bins only (the fast setting)": {"views": ["bins"]},
    "cosines only": {"views": ["cosines"]},
    "without the cosines": {"views": ["raw", "bins"]},
    "4 members": {"n_members": 4},
    "the same 20 % held out by all": {"validation_fraction": 0.2},
    "no weight decay": {"weight_decay": 0.0},
}
OWN = {
    "diabetes": datasets.load_diabetes,
    "breast cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "digits": datasets.load_digits,
}


def own_sets():
    """Name, rows, targets and whether these are classes, of scikit-learn's sets."""
    for name, load in OWN.items():
        X, y = load(return_X_y=True, as_frame=True)
        yield name, X, y.to_numpy(), name != "diabetes"


def judged(model, X, y, X_test, y_test, is_classes):
    """Error, log loss or None, and seconds of the fit."""
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    if is_classes:
        p = model.predict_proba(X_test)
        error = error_of(model.classes_[p.argmax(axis=1)], y_test, is_classes)
        return error, log_loss(y_test, p, labels=model.classes_), seconds
    return error_of(model.predict(X_test), y_test, is_classes), None, seconds


def compared(sets, settings, seeds):
    """Print a line for each set, then the means for each setting."""
    ratios: dict[tuple, list] = {}
    print("| set | boosting | ours | ratio | log loss, ratio | seconds |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, X, y, is_classes in sets:
        rows = *split(X, y, is_classes, MOST_ROWS), is_classes
        boosting, network = (
            (HistGradientBoostingClassifier, TabularMLPClassifier)
            if is_classes
            else (HistGradientBoostingRegressor, TabularMLPRegressor)
        )
        theirs = judged(
            boosting(random_state=0, categorical_features="from_dtype"), *rows
        )
        for setting, params in settings.items():
            for seed in range(seeds):
                ours = judged(network(**params, random_state=seed), *rows)
                ratio = (ours[0] + 0.005) / (theirs[0] + 0.005)
                of_loss = ours[1] / theirs[1] if is_classes else None
                kind = "classes" if is_classes else "numbers"
                one = ratios.setdefault((setting, kind), [])
                one.append((ratio, of_loss, ours[2], len(rows[0])))
                if setting == next(iter(settings)) and seed == 0:
                    loss = f"{of_loss:.2f}" if is_classes else "-"
                    print(
                        f"| {name} | {theirs[0]:.4f} | {ours[0]:.4f} | {ratio:.2f} | "
                        f"{loss} | {ours[2]:.1f} |",
                        flush=True,
                    )
    print("\n| geometric means | targets | error | log loss | median seconds |")
    print("|---|---|---:|---:|---:|")
    for (setting, kind), each in ratios.items():
        errors, losses, seconds, _ = zip(*each, strict=True)
        loss = f"{_mean(losses):.3f}" if kind == "classes" else "-"
        print(
            f"| {setting} | {kind} | {_mean(errors):.3f} | {loss} | "
            f"{np.median(seconds):.1f} |"
        )


def _mean(values):
    return np.exp(np.mean(np.log(values)))


def against_rows(most):
    """Print seconds and memory of a fit of 50 numbers."""
    print("| rows | table, MB | at most beside it, MB | seconds |")
    print("|---:|---:|---:|---:|")
    n = 10_000
    while n <= most:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, 50), dtype=np.float32)
        y = X[:, 0] * X[:, 1] + X[:, 2]
        with Memory() as memory:
            start = time.perf_counter()
            TabularMLPRegressor(random_state=0).fit(X, y)
            seconds = time.perf_counter() - start
        numbers = f"{n:,}", X.nbytes / 1e6, memory.most / 1e6, seconds
        print("| {} | {:.0f} | {:.0f} | {:.0f} |".format(*numbers), flush=True)
        n *= 10


class Memory:
    """Watches how much memory the process takes beside what it had."""

    def __enter__(self):
        self.most, self.over = 0, threading.Event()
        self.before = self._now()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    @staticmethod
    def _now():
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * 4096

    def _watch(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, self._now() - self.before)


def main(argv=None):
    """Print the tables."""
    _, *paragraphs = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables", description="\n".join(paragraphs)
    )
    parser.add_argument("--csv", metavar="FOLDER", help="sets of your own")
    parser.add_argument(
        "--ablation", action="store_true", help="settings that differ in one part"
    )
    parser.add_argument("--seeds", type=int, default=1, help="default: 1")
    parser.add_argument(
        "--rows", type=int, metavar="N", help="time and memory up to so many rows"
    )
    options = parser.parse_args(argv)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if options.rows:
            against_rows(options.rows)
            return
        sets = sets_in(options.csv) if options.csv else own_sets()
        settings = SETTINGS if options.ablation else {"default": {}}
        compared(sets, settings, options.seeds)


if __name__ == "__main__":
    main()
