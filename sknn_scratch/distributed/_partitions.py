"""From collections to pairs of partitions: the rows, their targets, their weights."""

from typing import Any, NamedTuple

import numpy as np

from sknn_scratch.distributed._dask import is_array, is_collection


class Partition(NamedTuple):
    """The parts of X, y and the weights that belong together; delayed."""

    X: Any
    y: Any = None
    weight: Any = None


def partitions(X, y=None, weight=None):
    """Cut the collections along the same rows.

    Parameters
    ----------
    X : dask array of shape (n_samples, n_features), or dask dataframe
        Rows. An array's columns are brought together.
    y : dask array, dataframe or series, default=None
        Targets.
    weight : dask array or series, default=None
        Weights.

    Returns
    -------
    list of Partition

    Raises
    ------
    TypeError
        If one of them is no collection of Dask's.
    ValueError
        If their rows cannot be matched.
    """
    X = _checked(X, "X", (2,))
    others = {"y": _checked(y, "y", (1, 2))}
    others["sample_weight"] = _checked(weight, "sample_weight", (1,))
    parts = [_delayed(X)]
    for name, other in others.items():
        if other is None:
            parts.append([None] * len(parts[0]))
        else:
            parts.append(_delayed(_like(other, name, X)))
    return [Partition(*each) for each in zip(*parts, strict=True)]


def _checked(collection, name, ndims):
    """The collection, its columns in one block."""
    if collection is None and name != "X":
        return None
    if not is_collection(collection):
        raise TypeError(
            f"{name} must be a dask array or dataframe, got "
            f"{type(collection).__name__}. Rows that are in memory are for the "
            "estimator that to_local() gives, or make them a collection with "
            "dask.array.from_array."
        )
    if collection.ndim not in ndims:
        wanted = " or ".join(f"{ndim}" for ndim in ndims)
        raise ValueError(
            f"{name} must have {wanted} dimensions, got {collection.ndim}."
        )
    if is_array(collection) and collection.ndim == 2:
        if np.isnan(collection.shape[1]):
            raise ValueError(
                f"The number of columns of {name} is unknown. Call "
                "compute_chunk_sizes() on it first."
            )
        if len(collection.chunks[1]) > 1:
            return collection.rechunk({1: -1})
    return collection


def _like(other, name, X):
    """``other`` in X's partitions."""
    lengths, wanted = _lengths(other), _lengths(X)
    if lengths is None or wanted is None:
        n, n_wanted = _count(other), _count(X)
        if n != n_wanted:
            raise ValueError(
                f"The rows of X and {name} cannot be matched: X has {n_wanted} "
                f"partitions and {name} has {n}, of unknown sizes. Call "
                "compute_chunk_sizes() on the arrays, or give both the same partitions."
            )
        return other  # each pair's lengths are compared on its worker
    if sum(lengths) != sum(wanted):
        raise ValueError(
            f"X has {sum(wanted)} rows, but {name} has {sum(lengths)}: there must be "
            "one for each row."
        )
    return other if lengths == wanted else other.rechunk({0: wanted})


def _lengths(collection):
    """The rows of each partition; None if they are not known."""
    if not is_array(collection):
        return None
    lengths = collection.chunks[0]
    return None if np.isnan(sum(lengths)) else lengths


def _count(collection):
    return len(collection.chunks[0]) if is_array(collection) else collection.npartitions


def _delayed(collection):
    blocks = collection.to_delayed()
    return blocks.ravel().tolist() if is_array(collection) else list(blocks)
