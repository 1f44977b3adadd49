"""A table of cases: rows printed as they come, as text or as Markdown."""

from dataclasses import dataclass
from statistics import median

from benchmarks._measure import interleaved, ratios, spread

UNITS = {"microseconds": 1e6, "milliseconds": 1e3}


@dataclass(frozen=True)
class Table:
    """Cases that the same contenders are compared on.

    Parameters
    ----------
    title : str
        What is compared.
    unit : str
        Of the times, a key of ``UNITS`` ...
    per : str
        ... by what: a step, a fit, a call.
    columns : tuple of str
        The contenders; one that a case lacks gives a dash.
    pairs : tuple of (str, str)
        The ratios to print.
    cases : list
        Each has a ``name``, and ``runs(dtype, quick)`` gives for each contender a
        callable that returns seconds.
    """

    title: str
    unit: str
    per: str
    columns: tuple
    pairs: tuple
    cases: list

    def print(self, dtype, wanted, repeats, quick=False, markdown=False):
        """Measure and print the cases whose name ``wanted`` accepts.

        Returns
        -------
        int
            How many there were.
        """
        cases = [case for case in self.cases if wanted(case.name)]
        if not cases:
            return 0
        row = markdown_row if markdown else text_row
        heads = [f"{a}/{b}" for a, b in self.pairs]
        title = f"{self.title}, {dtype.__name__}: {self.unit} for {self.per}"
        print(f"\n{title}; medians and their ratios\n")
        print(row("case", (*self.columns, *heads)))
        if markdown:
            print("|---|" + "---:|" * (len(self.columns) + len(heads)))
        spreads = []
        for case in cases:
            times = interleaved(case.runs(dtype, quick), repeats)
            cells = [
                number(median(times[name]) * UNITS[self.unit]) if name in times else "-"
                for name in self.columns
            ]
            for a, b in self.pairs:
                if a in times and b in times:
                    both = ratios(times, a, b)
                    cells.append(f"{median(both):.2f}")
                    spreads.append(spread(both))
                else:
                    cells.append("-")
            print(row(case.name, cells), flush=True)
        print(
            f"\nHalf of the ratios lie within {median(spreads):.0%} of their median; in "
            f"the noisiest pair within {max(spreads):.0%}."
        )
        return len(cases)


def number(value):
    """Three digits, or all before the point."""
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def text_row(name, cells):
    return f"{name:<40}" + "".join(f"{cell:>14}" for cell in cells)


def markdown_row(name, cells):
    return "| " + " | ".join([name, *cells]) + " |"
