"""Timing and tables."""

import time
from statistics import median


def timed(function, *args, loops=1, **kwargs):
    """Seconds of one call, the mean of several in a row."""
    start = time.perf_counter()
    for _ in range(loops):
        function(*args, **kwargs)
    return (time.perf_counter() - start) / loops


def interleaved(functions, repeats):
    """Seconds of each function, repeats times in turn, after one warm-up."""
    times = [[function() for function in functions] for _ in range(repeats + 1)]
    return list(zip(*times[1:], strict=True))


def ratio(a, b):
    """Median of the ratios pair by pair."""
    return median(x / y for x, y in zip(a, b, strict=True))


class Table:
    """Rows of a table, printed as they come, as text or as Markdown."""

    def __init__(self, title, columns, markdown):
        self.markdown = markdown
        print(f"\n{'### ' if markdown else ''}{title}\n")
        self.row("case", *columns)
        if markdown:
            print("|---|" + "---:|" * len(columns))

    def row(self, name, *cells):
        if self.markdown:
            print("| " + " | ".join([name, *cells]) + " |", flush=True)
        else:
            print(f"{name:<36}" + "".join(f"{cell:>13}" for cell in cells), flush=True)
