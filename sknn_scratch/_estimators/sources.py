"""The batches that a user gives, gone through as often as a fit needs them."""

from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from sknn_scratch._estimators.outcomes import require_y


class Source:
    """The user's batches, gone through as often as asked.

    Parameters
    ----------
    batches : iterable or callable
        As the user gave it.
    estimator : estimator
        It is named in errors.
    """

    def __init__(self, batches, estimator):
        self.batches, self.estimator = batches, estimator
        #: What is left of the pass that ``first`` began.
        self.begun: Any = None

    def check_passes(self, n_epochs, reason):
        """Raise if there is one pass where several are needed."""
        if not hasattr(self.batches, "__next__") or n_epochs + bool(reason) == 1:
            return
        needed = f"n_epochs={n_epochs} needs {n_epochs}"
        if reason:
            needed += f", and {reason} one more before them"
        raise ValueError(
            f"batches is a {type(self.batches).__name__}, which gives its batches "
            f"once, but {needed}. Give a function that returns a new one, such as "
            "lambda: read(path), or a list, or an object whose __iter__ begins anew."
        )

    def first(self):
        """The first batch; the pass goes on with it."""
        batches = self._numbered()
        batch = next(batches, None)
        if batch is None:
            raise ValueError("batches gave no rows: there is nothing to learn from.")
        self.begun = chain([batch], batches)
        return batch

    def __iter__(self):
        """Yield (number, X, y, weight); batches without rows are left out."""
        begun, self.begun = self.begun, None
        return iter(begun or self._numbered())

    def _numbered(self):
        batches = self.batches
        if callable(batches) and not hasattr(batches, "__iter__"):
            batches = batches()
        try:
            batches = iter(batches)
        except TypeError:
            raise TypeError(
                "batches must be an iterable of (X, y) or (X, y, sample_weight), or a "
                f"function that returns one, got {type(batches).__name__}."
            ) from None
        number = 0
        for batch in batches:
            parts = [self._parts(number, batch)]
            del batch  # not held while it is trained on
            if _has_rows(parts[0][0]):
                yield number, *parts.pop()
            number += 1  # noqa: SIM113, enumerate would hold the batch

    def _parts(self, number, batch):
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            got = type(batch).__name__
            if isinstance(batch, (tuple, list)):
                got = f"{got} of {len(batch)}"
            raise ValueError(
                "Each batch must be (X, y) or (X, y, sample_weight), but batch "
                f"{number} (counted from 0) is a {got}."
            )
        X, y, *weight = map(_as_array, batch)
        with in_batch(number):
            require_y(self.estimator, y)
        return X, y, weight[0] if weight else None


def _as_array(values):
    """A PyTorch tensor as an array; anything else as it is."""
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    return values


def _has_rows(X):
    if isinstance(X, np.ndarray) and X.ndim:
        return len(X) > 0
    try:
        return _num_samples(X) > 0
    except TypeError:  # what it is will be said when it is validated
        return True


@contextmanager
def in_batch(number):
    """A block whose errors name the batch."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"In batch {number} (counted from 0): {error}") from error
