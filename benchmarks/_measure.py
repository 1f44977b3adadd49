"""Timing: interleaved rounds, medians of pairs, and how far to trust them."""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np

#: A short call is repeated in a row until a run takes at least so many seconds.
AT_LEAST = 0.05


def timed(function, *args, **kwargs):
    """Seconds of one call."""
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


@dataclass(frozen=True)
class How:
    """The way to measure.

    Parameters
    ----------
    dtype : type
        numpy.float32 or numpy.float64.
    repeats : int
        Number of rounds.
    quick : bool
        One round of almost nothing: shows that it runs, measures nothing.
    """

    dtype: type
    repeats: int = 7
    quick: bool = False

    def many(self, number, few=1):
        """The number, or a few if it must be quick."""
        return min(number, few) if self.quick else number

    def repeated(self, function, *args, **kwargs):
        """A run of a short call: the mean seconds of as many calls as it takes."""
        loops = 1
        if not self.quick:
            timed(function, *args, **kwargs)  # the first call is slower
            loops = max(1, round(AT_LEAST / timed(function, *args, **kwargs)))

        def calls():
            for _ in range(loops):
                function(*args, **kwargs)

        return lambda: timed(calls) / loops

    def interleaved(self, runs, rounds=None):
        """Let everyone take turns, after one round to warm up.

        Parameters
        ----------
        runs : dict of str to callable
            Each contender's name, and what runs it and returns seconds.
        rounds : int, default=None
            At most so many, without one to warm up: for runs of many seconds.

        Returns
        -------
        dict of str to list of float
            Each contender's seconds, round by round; each round begins with another
            contender.
        """
        names = list(runs)
        times = {name: [] for name in names}
        warm = rounds is None and not self.quick
        most = self.repeats if rounds is None else min(rounds, self.repeats)
        for turn in range(1 if self.quick else warm + most):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                times[name].append(runs[name]())
        return {name: seconds[warm:] for name, seconds in times.items()}


def ratios(times, a, b):
    """a's seconds by b's, round by round: what disturbs a round disturbs both."""
    return [x / y for x, y in zip(times[a], times[b], strict=True)]


def spread(values):
    """Half the interquartile range, relative to the median."""
    low, high = np.quantile(values, (0.25, 0.75))
    return (high - low) / 2 / median(values)
