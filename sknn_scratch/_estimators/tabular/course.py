"""The course of a tabular fit: family after family, told of, timed, and interrupted."""

from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from sknn_scratch._estimators.tabular.members import Data, Family, Part, trained
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch._training.run import Unwatched
from sknn_scratch._training.threads import blas_in_one_thread

#: The share of the time that training may take; the rest is for what follows.
OF_THE_TIME = 0.95


@dataclass
class Plan:
    """What the families are trained by."""

    families: list[Family]
    data: Data
    #: Of the members of each family.
    seeds: list[list[int]]
    max_iter: int | None
    #: Seconds that training may take; None: as many as it takes.
    max_time: float | None
    verbose: bool

    def n_epochs(self):
        """Number of epochs of all families."""
        if self.max_iter is not None:
            return self.max_iter * len(self.families)
        n, n_training = len(self.data.folds), self.data.n_training
        return sum(
            family.n_epochs(n, ceil(n_training / family.rows_of_a_batch(n_training)))
            for family in self.families
        )

    def trained(self, n_jobs, watcher, attributes):
        """Train the families.

        Parameters
        ----------
        n_jobs : int or None
            Number of processes; one if somebody watches.
        watcher : Unwatched
            Is told of each epoch.
        attributes : callable
            ``attributes(parts)`` gives the fitted attributes.

        Returns
        -------
        list of Part
            Without those for which there was no time left.
        """
        started = perf_counter()
        n_jobs = effective_n_jobs(n_jobs) if type(watcher) is Unwatched else 1
        n_jobs = min(n_jobs, len(self.families))
        if n_jobs > 1:
            turns = ceil(len(self.families) / n_jobs)
            each = None if self.max_time is None else self.max_time / turns
            with ctrl_c_ends_all():
                return Parallel(n_jobs=n_jobs)(
                    delayed(self._alone)(i, each) for i in range(len(self.families))
                )
        parts: list[Part] = []
        for i in range(len(self.families)):
            left = None
            if self.max_time is not None:
                left = self.max_time - (perf_counter() - started)
                if parts and left <= 0:
                    break
                left /= len(self.families) - i
            epochs = Epochs(self, i, left, watcher, lambda p: attributes([*parts, p]))
            parts.append(self._family(i, epochs))
            if epochs.stopped or any(each.stopped for each in parts[-1].progress):
                break
        return parts

    def _alone(self, i, seconds):
        """Train one of the families, in a process of its own."""
        with ctrl_c_ends_all():
            return self._family(i, Epochs(self, i, seconds, Unwatched(), None))

    def _family(self, i, epochs):
        family, seeds = self.families[i], self.seeds[i]
        with blas_in_one_thread():
            return trained(family, self.data, seeds, self.max_iter, epochs)


class Epochs:
    """Looks at a family's training after each epoch.

    Parameters
    ----------
    plan : Plan
        Which the family is of.
    i : int
        Its place there.
    seconds : float or None
        The time that it has.
    watcher : Unwatched
        Is told.
    attributes : callable
        ``attributes(part)`` gives the fitted attributes, should the watcher ask.
    """

    def __init__(self, plan, i, seconds, watcher, attributes):
        self.plan, self.i, self.seconds = plan, i, seconds
        self.watcher, self.attributes = watcher, attributes
        self.started, self.stopped = perf_counter(), False
        #: How many epochs there would be if time did not matter.
        self.most = 0
        watcher.begin()

    def __call__(self, runs, part):
        """Say, hurry, and tell; whether training is to end."""
        taken = perf_counter() - self.started
        n_iter = runs[0].progress.n_iter
        if self.seconds is not None:
            self.most = self.most or runs[0].max_iter
            self._hurry(runs, taken, n_iter)
        if self.plan.verbose:
            print(self._line(runs, taken))
        self.stopped = self.watcher.end(lambda: self.attributes(part()))
        if not self.stopped and n_iter < runs[0].max_iter:
            self.watcher.begin()
        return self.stopped

    def _hurry(self, runs, taken, n_iter):
        """Go for as many epochs as time suffices for; the schedule ends with them."""
        possible = int(self.seconds / (taken / n_iter))
        for run in runs:
            run.max_iter = max(n_iter, min(possible, self.most))
            run.schedule.total = run.max_iter * run.batches.n_batches

    def _line(self, runs, taken):
        family, first = self.plan.families[self.i], runs[0].progress
        curves = [run.progress.curve("validation_loss") for run in runs]
        now = np.mean([curve[-1] for curve in curves])
        best = np.mean([run.progress.best_iter for run in runs])
        left = taken / first.n_iter * (runs[0].max_iter - first.n_iter)
        return (
            f"View {self.i + 1} of {len(self.plan.families)} ({family.view}), epoch "
            f"{first.n_iter} of {runs[0].max_iter}, validation loss = {now:.6f}, best "
            f"at {best:.1f}, {left:.1f} s left in this view"
        )


def history(parts):
    """A record for each epoch of each view, the means over its nets."""
    records: list[dict[str, Any]] = []
    for part in parts:
        for epoch in zip(*(each.history for each in part.progress), strict=False):
            means = {
                name: float(np.mean([record[name] for record in epoch]))
                for name in epoch[0]
                if name != "epoch"
            }
            view = {"view": part.family.view, "epoch": epoch[0]["epoch"]}
            records.append(view | means)
    return records


def mean_curve(parts, name):
    """The mean over all nets of one column, of those that are still in training."""
    curves = [each.curve(name) for part in parts for each in part.progress]
    table = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    return np.nanmean(table, axis=0).tolist()
