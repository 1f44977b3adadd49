"""A partition's rows: validated where they are, and what the client must know of them.

These functions run on the workers.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_X_y

from sknn_scratch._estimators.outcomes import require_numbers
from sknn_scratch._estimators.targets import kind_of


class Rows(NamedTuple):
    """Validated rows of one partition."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None
    names: tuple | None

    def __sizeof__(self):
        parts = (self.X, self.y, self.weight)
        return sum(n_bytes(part) for part in parts if part is not None)


def n_bytes(array):
    """Size in memory; of a sparse matrix what its entries take."""
    if sparse.issparse(array):
        return array.data.nbytes + array.indices.nbytes + array.indptr.nbytes
    return array.nbytes


def validated(index, X, y, weight, dtype, is_classifier):
    """Validate the rows of partition ``index``; there may be none."""
    names = tuple(X.columns) if hasattr(X, "columns") else None
    accepted = (np.float64, np.float32) if dtype is None else dtype
    try:
        if not is_classifier:
            require_numbers(y)
        if not X.shape[0]:
            X = np.empty((0, X.shape[1]), dtype or np.float32)
            y = np.asarray(y)
        else:
            X, y = check_X_y(
                X,
                y,
                accept_sparse="csr",
                dtype=accepted,
                multi_output=True,
                y_numeric=not is_classifier,
            )
        if weight is not None:
            weight = _valid_weight(weight, len(y))
    except ValueError as error:
        raise ValueError(f"Partition {index}: {error}") from error
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    return Rows(X, y, weight, names)


def _valid_weight(weight, n):
    """The weights of n rows; all of them may be zero, which others' are not."""
    weight = check_array(
        np.asarray(weight),
        dtype=(np.float64, np.float32),
        ensure_2d=False,
        ensure_min_samples=0,
        input_name="sample_weight",
    )
    if weight.shape != (n,):
        raise ValueError(
            f"sample_weight has the shape {weight.shape}, but there are {n} rows."
        )
    return weight


@dataclass
class Summary:
    """What the client knows of a partition.

    Parameters
    ----------
    n : int
        Number of rows.
    n_features : int
        Number of columns.
    names : tuple or None
        Their names.
    dtype : dtype
        Of X.
    total : float or None
        Sum of the weights, None without.
    n_outputs : int or None
        Columns of y; None if y is a vector.
    classes, counts : list of ndarray
        Of a classifier: the classes of each column of y, and their rows.
    """

    n: int
    n_features: int
    names: tuple | None
    dtype: np.dtype
    total: float | None
    n_outputs: int | None
    classes: list = field(default_factory=list)
    counts: list = field(default_factory=list)


def summary(index, rows, is_classifier):
    """Summarise the rows of partition ``index``."""
    X, y, weight, names = rows
    told = Summary(
        len(y),
        X.shape[1],
        names,
        X.dtype,
        None if weight is None else float(weight.sum(dtype=np.float64)),
        None if y.ndim == 1 else y.shape[1],
    )
    if is_classifier and len(y):
        try:
            kind_of(y)
            check_classification_targets(y)
        except ValueError as error:
            raise ValueError(f"Partition {index}: {error}") from error
        columns = [y] if y.ndim == 1 else y.T
        pairs = [np.unique(column, return_counts=True) for column in columns]
        told.classes, told.counts = map(list, zip(*pairs, strict=True))
    return told


def scored_rows(X, y, weight):
    """Rows to score, as arrays: X as it came, y and the weights as ndarrays."""
    y = check_array(y, ensure_2d=False, dtype=None, ensure_min_samples=0)
    weight = None if weight is None else np.asarray(weight, np.float64)
    return X, y, weight
