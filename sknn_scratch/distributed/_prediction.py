"""Predictions and scores of collections: partition by partition, on the workers."""

import warnings
from functools import reduce
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sknn_scratch.distributed._dask import is_array, usable_client
from sknn_scratch.distributed._partitions import partitions
from sknn_scratch.distributed._rows import scored_rows


def lazily(model, X, method):
    """``model.method`` of a collection, nothing being computed yet.

    Parameters
    ----------
    model : estimator
        For rows in memory.
    X : dask array or dataframe
        Rows.
    method : str
        The name of the prediction.

    Returns
    -------
    dask array, or list of them where the method gives a list
    """
    from dask import delayed

    # One row of no meaning tells the shape and the dtype, and finds wrong columns.
    sample = getattr(model, method)(_one_row(X))
    model = delayed(model, pure=False)
    if isinstance(sample, list):
        return [_mapped(X, model, method, each, j) for j, each in enumerate(sample)]
    return _mapped(X, model, method, sample)


def _one_row(X):
    if is_array(X):
        return np.zeros((1, X.shape[1]), X.dtype)
    return X._meta_nonempty.iloc[:1]


def _mapped(X, model, method, sample, j=None):
    import dask.array as da
    from dask import delayed

    tail = sample.shape[1:]
    meta = np.empty((0, *tail), sample.dtype)
    if is_array(X):
        return da.map_blocks(
            predicted,
            X.rechunk({1: -1}) if len(X.chunks[1]) > 1 else X,
            model,
            method,
            meta,
            j,
            dtype=sample.dtype,
            chunks=(X.chunks[0], *((size,) for size in tail)),
            drop_axis=None if tail else 1,
            meta=meta,
        )
    task = delayed(predicted, pure=False)
    return da.concatenate(
        [
            da.from_delayed(
                task(part, model, method, meta, j), (np.nan, *tail), meta=meta
            )
            for part in X.to_delayed()
        ]
    )


def predicted(X, model, method, empty, j=None):
    """The prediction of one partition; ``empty`` is what it is of no rows."""
    if not X.shape[0]:
        return empty
    given = getattr(model, method)(X)
    return given if j is None else given[j]


# ---- scores ----------------------------------------------------------------------


def score(model, client, X, y, sample_weight, part_of, total_of):
    """The score of a collection.

    Parameters
    ----------
    model : estimator
        For rows in memory.
    client : Client or None
        Whose workers compute it.
    X, y, sample_weight : collections
        Rows, targets and weights.
    part_of : callable
        ``part_of(model, X, y, weight)``: of one partition that has rows.
    total_of : callable
        ``total_of(parts)``: the score.
    """
    from dask import delayed

    client = usable_client(client)
    model, task = delayed(model, pure=False), delayed(_part, pure=False)
    parts = client.compute(
        [
            task(part_of, model, *each)
            for each in partitions(X, _given(y), sample_weight)
        ]
    )
    return total_of([part for part in client.gather(parts) if part is not None])


def _given(y):
    if y is None:
        raise ValueError("score needs y, a collection of Dask's like X; got None.")
    return y


def _part(part_of, model, X, y, weight):
    X, y, weight = scored_rows(X, y, weight)
    return part_of(model, X, y, weight) if len(y) else None


def right_part(model, X, y, weight):
    """The weight of the rows that are right, and of all."""
    total = len(y) if weight is None else weight.sum()
    if not total:
        return 0.0, 0.0
    return model.score(X, y, weight) * total, total


def share_right(parts):
    """Accuracy."""
    right, total = np.sum(parts, axis=0) if parts else (0.0, 0.0)
    return float(right / total) if total else float("nan")


class Moments(NamedTuple):
    """Of some rows: how many; weight, mean and scatter of y, and squared error."""

    n: int
    weight: float
    mean: np.ndarray
    scatter: np.ndarray
    missed: np.ndarray


def moments(model, X, y, weight):
    """What R^2 needs to know of a partition."""
    missed = np.square(y - model.predict(X)).reshape(len(y), -1)
    y = np.asarray(y, np.float64).reshape(len(y), -1)
    w = np.ones(len(y)) if weight is None else weight
    total = float(w.sum())
    if not total:
        return Moments(0, 0.0, *(np.zeros(y.shape[1]) for _ in range(3)))
    mean = w @ y / total
    return Moments(len(y), total, mean, w @ np.square(y - mean), w @ missed)


def _together(a, b):
    """Chan, Golub and LeVeque (1983): the moments of two sets of rows."""
    weight = a.weight + b.weight
    if not weight:
        return a
    apart = b.mean - a.mean
    return Moments(
        a.n + b.n,
        weight,
        a.mean + apart * (b.weight / weight),
        a.scatter + b.scatter + np.square(apart) * (a.weight * b.weight / weight),
        a.missed + b.missed,
    )


def r_squared(parts):
    """R^2, the mean over the outputs; that of scikit-learn's ``r2_score``."""
    of_all = reduce(_together, parts) if parts else None
    if of_all is None or of_all.n < 2:
        message = "R^2 score is not well-defined with less than two samples."
        warnings.warn(message, UndefinedMetricWarning)
        return float("nan")
    varied, missed = of_all.scatter, of_all.missed
    constant = np.where(missed == 0, 1.0, 0.0)
    share = np.divide(missed, varied, out=1 - constant, where=varied != 0)
    return float(np.mean(1 - share))
