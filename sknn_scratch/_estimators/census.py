"""One pass over targets that come in batches: their classes, and the number of rows."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets

from sknn_scratch._estimators.sources import in_batch
from sknn_scratch._estimators.targets import classification_target, kind_of


class Counts:
    """The values of one column, and how often each occurs."""

    def __init__(self):
        self.values: Any = None
        self.counts: Any = None

    def add(self, column):
        """Count some more rows."""
        try:
            self.merge(*np.unique(column, return_counts=True))
        except TypeError as error:
            raise ValueError(
                "y mixes values that cannot be compared, such as strings and numbers: "
                f"{error}. Make y of one type in all batches."
            ) from error

    def merge(self, values, counts):
        """Add what was counted elsewhere: values, each once, and how often they are."""
        if self.values is not None:
            values = _together(self.values, values)
            values, place = np.unique(values, return_inverse=True)
            counts = np.concatenate([self.counts, counts])
            counts = np.bincount(place.ravel(), counts).astype(int)
        self.values, self.counts = values, counts

    def balanced(self):
        """The weight of each value that class_weight='balanced' is, in a dict."""
        n_rows, n_classes = self.counts.sum(), len(self.values)
        weights = n_rows / (n_classes * self.counts.astype(np.float64))
        return dict(zip(self.values.tolist(), weights.tolist(), strict=True))


def _together(a, b):
    """Two arrays as one; numbers do not become text."""
    if (a.dtype.kind in "US") != (b.dtype.kind in "US"):
        a, b = a.astype(object), b.astype(object)
    return np.concatenate([a, b])


def with_every_value(columns):
    """As few rows as have every value of each column, (n, n_columns)."""
    # Shorter columns are filled up with values that they have.
    most = max(map(len, columns))
    return np.column_stack([np.resize(column, most) for column in columns])


class Census:
    """What a fit has to know of all rows before it begins.

    Parameters
    ----------
    source : iterable of (number, X, y, weight)
        The batches.
    of_classes : bool
        Whether to count the classes, or only rows and batches.
    """

    def __init__(self, source, of_classes):
        self.n_rows = self.n_batches = 0
        self.columns: list[Counts] = []
        self.shape: tuple[int, ...] = ()
        self.is_sparse = False
        for number, _, y, _ in source:
            with in_batch(number):
                y = _checked(y)
                if of_classes:
                    self._count(y)
            self.n_rows += y.shape[0]
            self.n_batches += 1

    def _count(self, y):
        if not self.columns:
            self.is_sparse, self.shape = sparse.issparse(y), y.shape[1:]
            if kind_of(y).startswith(("continuous", "unknown")):
                check_classification_targets(y)
            self.columns = [Counts() for _ in range(int(np.prod(self.shape)))]
        if y.shape[1:] != self.shape:
            raise ValueError(
                f"y has the shape {y.shape}, but that of the first batch was "
                f"(n_samples{''.join(f', {n}' for n in self.shape)})."
            )
        y = y.toarray() if sparse.issparse(y) else y
        for counts, column in zip(self.columns, y.reshape(len(y), -1).T, strict=True):
            counts.add(column)

    def target(self):
        """The target for all labels: for a few rows that have each of them."""
        y = with_every_value([counts.values for counts in self.columns])
        y = sparse.csr_matrix(y) if self.is_sparse else y.reshape(len(y), *self.shape)
        return classification_target(y)

    def balanced(self, y, target):
        """The weights that class_weight='balanced' is, output by output.

        Parameters
        ----------
        y : ndarray
            Some labels.
        target : target
            What knows the classes of each output.
        """
        weights = []
        outputs = target._outputs(y)
        for counts, (classes, _) in zip(self.columns, outputs, strict=True):
            known = dict.fromkeys(classes.tolist(), 1.0)  # those without a row
            weights.append({**known, **counts.balanced()})
        return weights


def _checked(y):
    """y as fit takes it, (n,) or (n, n_outputs)."""
    y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name="y")
    return y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
