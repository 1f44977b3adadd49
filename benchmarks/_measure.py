"""Timing: interleaved repeats, medians of pairs, and how far to trust them."""

import time
from statistics import median

import numpy as np

#: A short call is repeated in a row until a run takes at least so many seconds.
AT_LEAST = 0.05


def timed(function, *args, **kwargs):
    """Seconds of one call."""
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def repeated(function, *args, **kwargs):
    """A run of a short call: the mean seconds of as many calls as it takes."""
    timed(function, *args, **kwargs)
    loops = max(1, round(AT_LEAST / timed(function, *args, **kwargs)))

    def calls():
        for _ in range(loops):
            function(*args, **kwargs)

    return lambda: timed(calls) / loops


def interleaved(runs, repeats):
    """Let each run take its turn, ``repeats`` times, after one round to warm up.

    Parameters
    ----------
    runs : dict of str to callable
        Each contender's name, and what runs it and returns seconds.
    repeats : int
        Number of rounds; each begins with another contender.

    Returns
    -------
    dict of str to list of float
        Each contender's seconds, round by round.
    """
    names = list(runs)
    times = {name: [] for name in names}
    for name in names:
        runs[name]()
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(runs[name]())
    return times


def ratios(times, ours, other):
    """Ours by the other, round by round: what else the machine does counts twice."""
    return [a / b for a, b in zip(times[ours], times[other], strict=True)]


def spread(values):
    """Half the interquartile range, relative to the median."""
    low, high = np.quantile(values, (0.25, 0.75))
    return (high - low) / 2 / median(values)
