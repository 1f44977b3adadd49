"""A table of cases: rows printed as they come, as text or as Markdown."""

from dataclasses import dataclass
from statistics import median

from benchmarks._measure import ratios, spread

UNITS = {"microseconds": 1e6, "milliseconds": 1e3, "seconds": 1}


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
        Each has a ``name``, and ``runs(how)`` gives for each contender a callable that
        returns seconds.
    rounds : int, default=None
        At most so many rounds, where one takes minutes.
    """

    title: str
    unit: str
    per: str
    columns: tuple
    pairs: tuple
    cases: list
    rounds: int | None = None

    def print(self, how, wanted, markdown=False):
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
        heads = [*self.columns, *(f"{a}/{b}" for a, b in self.pairs)]
        mark = "## " if markdown else ""
        print(f"\n{mark}{self.title}, {how.dtype.__name__}\n")
        print(f"{self.unit.capitalize()} for {self.per}.\n")
        print(row("case", heads))
        if markdown:
            print("|---|" + "---:|" * len(heads))
        spreads = []
        for case in cases:
            times = how.interleaved(case.runs(how), self.rounds)
            print(row(case.name, self._cells(times, spreads)), flush=True)
        if min(how.repeats, self.rounds or how.repeats) > 2 and not how.quick:
            print(
                f"\nHalf of the ratios lie within {median(spreads):.0%} of their "
                f"median; in the noisiest pair within {max(spreads):.0%}."
            )
        return len(cases)

    def _cells(self, times, spreads):
        """Medians of the times and of their ratios; adds the ratios' spreads."""
        for name in self.columns:
            known = name in times
            yield number(median(times[name]) * UNITS[self.unit]) if known else "-"
        for a, b in self.pairs:
            if a in times and b in times:
                both = ratios(times, a, b)
                spreads.append(spread(both))
                yield f"{median(both):.2f}"
            else:
                yield "-"


def number(value):
    """Three digits, or all before the point."""
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def text_row(name, cells):
    return f"{name:<44}" + "".join(f"{cell:>13}" for cell in cells)


def markdown_row(name, cells):
    return "| " + " | ".join([name, *cells]) + " |"
