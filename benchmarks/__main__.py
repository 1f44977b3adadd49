"""``python -m benchmarks``: interleaved medians of every case, and their ratios.

A ratio below 1 is in favour of this package. The floor is the time of the matrix
products alone. Numbers from a busy machine vary; the ratios vary less.
"""

import argparse
import os
import platform
import warnings
from functools import partial
from statistics import median

import numpy as np
from sklearn.base import clone

from benchmarks import _floor, _pytorch, _resnet
from benchmarks._cases import (
    FITS,
    OPTIONS,
    REGRESSION_OPTIONS,
    SETTINGS,
    Fit,
    setting,
)
from benchmarks._report import Table, interleaved, ratio, timed


def fits(options, dtype, cases=None, build=_pytorch.perceptron, title="Fits"):
    columns = ("sklearn", "torch", "ours", "floor")
    table = Table(
        f"{title}, {dtype.__name__}: microseconds a step; ours / the others",
        (*columns, "/ sklearn", "/ torch", "/ floor"),
        options.markdown,
    )
    for case in cases or FITS:
        if options.only not in case.name:
            continue
        if options.quick:
            case = Fit(**{**vars(case), "epochs": 1, "rows": 2 * case.batch})
        X, y = case.data(dtype)
        theirs, ours = case.models()
        steps = case.epochs * -(-case.rows // case.batch)
        rng = np.random.default_rng(0)
        runs = [
            partial(timed, theirs.fit, X, y),
            partial(timed, ours.fit, X, y),
            partial(_floor.seconds, case.sizes, case.batch, steps, dtype, rng),
        ]
        if _pytorch.torch:
            training = (case.batch, case.epochs, bool(case.n_classes), build)
            runs.append(partial(_pytorch.seconds, case.sizes, X, y, *training))
        skl, own, floor, *torch = interleaved(runs, options.repeats)
        micro = [f"{median(t) / steps * 1e6:.0f}" for t in (skl, own, floor, *torch)]
        table.row(
            case.name,
            micro[0],
            micro[3] if torch else "-",
            micro[1],
            micro[2],
            f"{ratio(own, skl):.2f}",
            f"{ratio(own, torch[0]):.2f}" if torch else "-",
            f"{ratio(own, floor):.2f}",
        )


def settings(options, dtype):
    table = Table(
        f"Settings of scikit-learn's, {dtype.__name__}: milliseconds a fit",
        ("sklearn", "ours", "/ sklearn"),
        options.markdown,
    )
    for name in SETTINGS:
        if options.only not in name:
            continue
        models, X, y, kwargs = setting(name, dtype)
        if name == "one partial_fit":
            X, y, loops = X[:100], y[:100], 20
            for model in models:
                model.partial_fit(X, y, classes=range(10))
        else:
            loops = 1
        fit = "fit" if loops == 1 else "partial_fit"
        runs = [
            partial(timed, getattr(m, fit), X, y, loops=loops, **kwargs) for m in models
        ]
        skl, own = interleaved(runs, options.repeats)
        cells = (f"{median(t) * 1e3:.2f}" for t in (skl, own))
        table.row(name, *cells, f"{ratio(own, skl):.2f}")


def predictions(options, dtype):
    table = Table(
        f"Predictions, {dtype.__name__}: ours / sklearn by number of rows",
        ("1", "100", "10,000"),
        options.markdown,
    )
    for case in FITS:
        if options.only not in case.name or not case.n_classes:
            continue
        X, y = case.data(dtype)
        models = [model.set_params(max_iter=1).fit(X, y) for model in case.models()]
        many = np.resize(X, (10_000, X.shape[1]))
        for method in ("predict", "predict_proba"):
            cells = []
            for n, loops in ((1, 200), (100, 50), (10_000, 3)):
                rows = many[:n]
                runs = [
                    partial(timed, getattr(m, method), rows, loops=loops)
                    for m in models
                ]
                skl, own = interleaved(runs, options.repeats)
                cells.append(f"{ratio(own, skl):.2f}")
            table.row(f"{case.name}: {method}", *cells)


def extras(options, dtype):
    table = Table(
        f"Options beyond scikit-learn's, {dtype.__name__}: fit with / without",
        ("with / without",),
        options.markdown,
    )
    for base, cases in ((FITS[1], OPTIONS), (FITS[2], REGRESSION_OPTIONS)):
        X, y = base.data(dtype)
        y = y if base.n_classes else abs(y) + 1
        rows = 2 * base.batch if options.quick else len(X)
        X, y = X[:rows], y[:rows]
        for name, parameters in cases.items():
            if options.only not in name:
                continue
            case = Fit("", base.sizes, base.batch, rows, 20, base.n_classes)
            plain = case.models()[1]
            model = clone(plain).set_params(**parameters)
            given = {"X_val": X[:100], "y_val": y[:100]} if "X_val" in name else {}
            runs = [partial(timed, model.fit, X, y, **given)]
            runs.append(partial(timed, plain.fit, X, y))
            table.row(name, f"{ratio(*interleaved(runs, options.repeats)):.2f}")


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--dtype", choices=("float32", "float64"), action="append")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument(
        "--table",
        choices=("fits", "resnets", "settings", "predictions", "extras"),
        action="append",
    )
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    options = parser.parse_args(argv)
    if options.quick:
        options.repeats = 1
    print(
        f"{os.cpu_count()} processors, {platform.machine()}, Python "
        f"{platform.python_version()}, NumPy {np.__version__}; medians of "
        f"{options.repeats} interleaved runs"
    )
    if not _pytorch.torch:
        print("PyTorch is not installed: its column is left out")
    tables = {
        "fits": fits,
        "resnets": _resnet.table,
        "settings": settings,
        "predictions": predictions,
        "extras": extras,
    }
    for dtype in options.dtype or ("float64", "float32"):
        for name, table in tables.items():
            if name in (options.table or tables):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    table(options, getattr(np, dtype))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
