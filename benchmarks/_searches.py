"""Searches and repeats: many nets at once beside one after the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from joblib import parallel_config
from sklearn import datasets, model_selection
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from benchmarks._measure import timed
from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch.model_selection import GridSearchCV, repeated_fit


def digits():
    return datasets.load_digits(return_X_y=True)


def breast_cancer():
    return datasets.load_breast_cancer(return_X_y=True)


def moons():
    return datasets.make_moons(300, noise=0.2, random_state=0)


def diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    return X, scale(y)


@dataclass(frozen=True)
class Case:
    """Nets for one set of rows, standardised."""

    name: str
    data: Callable
    width: int
    batch: int
    parameters: dict
    n_jobs: int = 1

    def rows(self, how):
        X, y = self.data()
        return scale(X).astype(how.dtype), y

    def nets(self, how):
        """Scikit-learn's net and ours."""
        pair = (
            (MLPRegressor, ScratchMLPRegressor)
            if self.data is diabetes
            else (MLPClassifier, ScratchMLPClassifier)
        )
        parameters = {"max_iter": 200, **self.parameters}
        parameters["max_iter"] = how.many(parameters["max_iter"], 2)
        common = {"batch_size": self.batch, "random_state": 0, **parameters}
        return [net(hidden_layer_sizes=(self.width,), **common) for net in pair]

    def timed(self, work, *args, **kwargs):
        """Seconds, with one BLAS thread for each worker."""
        with (
            threadpool_limits(1, "blas"),
            parallel_config("loky", inner_max_num_threads=1),
        ):
            return timed(work, *args, **kwargs)


@dataclass(frozen=True)
class Search(Case):
    """A grid of learning rates and penalties."""

    grid: tuple = (7, 7)
    cv: int = 3

    def runs(self, how):
        X, y = self.rows(how)
        theirs, ours = self.nets(how)
        n, m = (how.many(length, 2) for length in self.grid)
        grid = {
            "learning_rate_init": np.logspace(-4, -1, n),
            "alpha": np.logspace(-5, 1, m),
        }

        def search(kind, net):
            found = kind(net, grid, cv=self.cv, n_jobs=self.n_jobs)
            return lambda: self.timed(found.fit, X, y)

        return {
            "sklearn": search(model_selection.GridSearchCV, theirs),
            "one by one": search(model_selection.GridSearchCV, ours),
            "ours": search(GridSearchCV, ours),
        }


@dataclass(frozen=True)
class Repeats(Case):
    """One net from several seeds."""

    n_repeats: int = 32

    def runs(self, how):
        X, y = self.rows(how)
        theirs, ours = self.nets(how)
        seeds = range(how.many(self.n_repeats, 2))

        def one_by_one():
            for seed in seeds:
                ours.set_params(random_state=seed).fit(X, y)

        def repeated(net):
            return lambda: self.timed(
                repeated_fit, net, X, y, n_repeats=len(seeds), random_state=0
            )

        return {
            "sklearn": repeated(theirs),
            "one by one": lambda: self.timed(one_by_one),
            "ours": repeated(ours),
        }


def cases(n_jobs):
    """The searches with so many processes."""
    plural = "process" if n_jobs == 1 else "processes"
    hundred = {"max_iter": 100}

    def search(what, *args, **kwargs):
        name = f"{what}, {n_jobs} {plural}"
        return Search(name, *args, n_jobs=n_jobs, **kwargs)

    return [
        search("digits, 64-50-10, 7 x 7", digits, 50, 100, hundred),
        search(
            "breast cancer, 30-20-2, 6 x 5",
            breast_cancer,
            20,
            50,
            {},
            grid=(6, 5),
            cv=5,
        ),
        search("moons, 2-20-2, 5 x 5", moons, 20, 10, {}, grid=(5, 5)),
        search(
            "diabetes, 10-100-1, early stopping, 5 x 5",
            diabetes,
            100,
            200,
            {"early_stopping": True},
            grid=(5, 5),
            cv=5,
        ),
    ]


SEARCHES = [
    *cases(1),
    *cases(2),
    Repeats(
        "repeated_fit, digits, 64-50-10, 32 seeds", digits, 50, 100, {"max_iter": 100}
    ),
]
