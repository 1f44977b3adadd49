"""``python -m benchmarks``: interleaved medians of every case, and their ratios.

Each case is run in turn by everyone, round after round, and the medians are printed. A
ratio below 1 is in favour of the first named. "floor" is the time of a step's matrix
products alone. "torch" is PyTorch on the CPU, eager, with its fused Adam. Numbers from
a busy machine vary; the ratios vary less, and the line under each table says by how
much. All tables take about ten minutes on two cores, the searches a quarter of an hour
for each of their rounds.
"""

import argparse
import os
import platform
import re
import signal
import warnings

import numpy as np
import sklearn
from joblib import cpu_count
from threadpoolctl import threadpool_info

from benchmarks import _pytorch
from benchmarks._cases import TABLES
from benchmarks._measure import How
from sknn_scratch.__main__ import stop

MEDIANS = "Medians of {} interleaved rounds, and of their ratios."


def machine():
    """Describe the machine and the versions that the numbers depend on."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"].get("found") or ["no SIMD"]
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return (
        f"{cpu_count()} processors, {platform.machine()} with {simd[-1]}",
        f"{blas[0]['internal_api']} with {blas[0]['num_threads']} threads",
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__}",
        f"scikit-learn {sklearn.__version__}",
        f"PyTorch {_pytorch.torch.__version__}" if _pytorch.torch else "no PyTorch",
    )


def pattern(text):
    """The compiled regular expression."""
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        message = f"not a regular expression: {text!r}: {error}"
        raise argparse.ArgumentTypeError(message) from error


def parsed(argv):
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__.split("\n\n", 1)[1],
    )
    parser.add_argument(
        "--table",
        choices=TABLES,
        action="append",
        help="this table; may be given again; default: all",
    )
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        default=pattern(""),
        type=pattern,
        help="cases whose name this regular expression is found in",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        action="append",
        help="default: both",
    )
    parser.add_argument("--repeats", type=int, default=7, help="rounds, default: 7")
    parser.add_argument(
        "--markdown", action="store_true", help="print tables for a Markdown page"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round of almost nothing: shows that it runs, measures nothing",
    )
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    return options


def main(argv=None):
    """Print the tables; return the exit code."""
    options = parsed(argv)
    print(", ".join(machine()), end=".\n")
    if hasattr(os, "getloadavg"):
        print(f"Load before the start: {os.getloadavg()[0]:.1f} processors.")
    how = "Times of one round, for show." if options.quick else MEDIANS
    print(how.format(options.repeats))
    if not _pytorch.torch:
        print("PyTorch is not installed: its column is left out.")
    n_cases = 0
    for dtype in options.dtype or ("float64", "float32"):
        for name in options.table or TABLES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # no fit is meant to converge
                how = How(getattr(np, dtype), options.repeats, options.quick)
                n_cases += TABLES[name].print(
                    how, options.only.search, options.markdown
                )
    if not n_cases:
        print(f"no case's name contains {options.only.pattern!r}")
    return 0 if n_cases else 2


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    raise SystemExit(main())
