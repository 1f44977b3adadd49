"""Dask collections that tests share, and what a cluster still has to do."""

import time

import numpy as np
from sklearn.datasets import make_classification, make_regression


def classes(n=600, n_features=6, n_classes=3):
    return make_classification(
        n,
        n_features,
        n_informative=5,
        n_redundant=0,
        n_classes=n_classes,
        random_state=0,
    )


def numbers(n=600, n_features=6, n_targets=1):
    X, y = make_regression(n, n_features, n_targets=n_targets, random_state=0)
    return X, y / y.std()


def collection(array, *rows):
    """The array in partitions of so many rows."""
    import dask.array as da

    array = np.asarray(array)
    return da.from_array(array, chunks=(rows, *((k,) for k in array.shape[1:])))


def is_idle(client, seconds=10.0):
    """Whether the scheduler soon has no tasks, and the workers have none to do."""

    def tasks(dask_scheduler):
        return len(dask_scheduler.tasks)

    until = time.monotonic() + seconds
    while client.run_on_scheduler(tasks):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return not any(client.processing().values())


def weights_of(model):
    return [*model.coefs_, *model.intercepts_]
