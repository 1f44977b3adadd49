"""Targets: what y is, which loss and link it asks for, and how to read the output.

A target encodes y as the matrix that a network is trained on, decodes the network's
output into predictions, and scores them. The estimators ask it instead of asking what
they are themselves.
"""

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import (
    check_classification_targets,
    type_of_target,
    unique_labels,
)


def classification_target(y):
    """The target for the labels y, from y itself."""
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)
        raise ValueError(
            "Multioutput target data is not supported with label binarization"
        )
    if kind == "multilabel-indicator":
        return Labels(y.shape[1])
    # unique_labels explains mixed types; np.unique is ten times faster on the rest.
    return Classes(unique_labels(y) if y.dtype == object else np.unique(y))


def announced_target(y, classes):
    """The target for the first partial_fit, whose classes the user gave."""
    if type_of_target(y).startswith("multilabel"):
        return Labels(y.shape[1] if hasattr(y, "shape") else len(y[0]))
    return Classes(classes)


class _Labelled:
    """What Classes and Labels share."""

    def check(self, y, all_present):
        """Raise unless y fits this target.

        ``all_present`` asks that every class occurs in y, as ``warm_start`` does.
        """
        if not all_present and self._holds(y):
            return
        kind = type_of_target(y)
        if kind.startswith("multilabel") != isinstance(self, Labels):
            was = "multilabel" if isinstance(self, Labels) else "one class for each row"
            raise ValueError(f"y is {kind}, but the earlier targets were {was}.")
        classes = unique_labels(y)
        if all_present and set(classes) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same "
                "classes as in the previous call to fit. Previously "
                f"got {self.classes}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes}. 'y' has {classes}."
            )

    def _holds(self, y):
        """Whether y fits for certain; the cheap answer to the common case."""
        return False


class Classes(_Labelled):
    """One label of two or more classes for each row.

    Binary targets become one logistic output, others a softmax over the classes.
    """

    def __init__(self, classes):
        self.classes = classes
        self.n_outputs = 1 if len(classes) <= 2 else len(classes)
        self.link = "logistic" if self.n_outputs == 1 else "softmax"

    def loss_name(self, loss):
        return "binary_" + loss if self.n_outputs == 1 else loss

    def encode(self, y, dtype):
        """Codes (n, 1) of the dtype given, or one-hot rows (n, n_classes), boolean."""
        codes = np.searchsorted(self.classes, y)
        if self.n_outputs == 1:
            return codes.astype(dtype)[:, None]
        Y = np.zeros((len(codes), self.n_outputs), bool)
        Y[np.arange(len(codes)), codes] = True
        return Y

    def _holds(self, y):
        if y.ndim != 1 or y.dtype.kind != self.classes.dtype.kind or y.dtype == object:
            return False
        codes = np.searchsorted(self.classes, y)
        return np.array_equal(self.classes.take(codes, mode="clip"), y)

    def stratify(self, Y):
        # As in scikit-learn: only what has one output.
        return Y.astype(bool) if self.n_outputs == 1 else None

    def _codes(self, mu):
        if len(self.classes) == 1:
            return np.zeros(len(mu), int)
        return mu[:, 0] > 0.5 if self.n_outputs == 1 else mu.argmax(axis=1)

    def decode(self, mu):
        """Labels (n,) from the predictions mu (n, n_outputs)."""
        return self.classes.take(self._codes(mu).astype(int, copy=False))

    def probabilities(self, mu):
        """(n, n_classes), columns in the order of ``classes``."""
        if len(self.classes) == 1:
            return np.ones((len(mu), 1), mu.dtype)
        if self.n_outputs > 1:
            return mu
        both = np.empty((len(mu), 2), mu.dtype)
        both[:, 1:] = mu
        np.subtract(1, mu, both[:, :1])
        return both

    def score(self, Y, mu, weight):
        """Accuracy."""
        truth = Y[:, 0] if self.n_outputs == 1 else Y.argmax(axis=1)
        return float(np.average(self._codes(mu) == truth, weights=weight))


class Labels(_Labelled):
    """Any number of labels for each row (multilabel): one logistic output a label."""

    link = "logistic"

    def __init__(self, n_labels):
        self.classes = np.arange(n_labels)
        self.n_outputs = n_labels

    def loss_name(self, loss):
        return "binary_" + loss

    def encode(self, y, dtype):
        return (y.toarray() if hasattr(y, "toarray") else y).astype(bool)

    def stratify(self, Y):
        return Y if self.n_outputs == 1 else None

    def decode(self, mu):
        """Indicator matrix (n, n_labels) of 0 and 1."""
        return (mu > 0.5).astype(int)

    def probabilities(self, mu):
        """(n, n_labels): each label's own probability."""
        return mu

    def score(self, Y, mu, weight):
        """Subset accuracy: all labels of a row right."""
        return float(np.average(((mu > 0.5) == Y).all(axis=1), weights=weight))


class Numbers:
    """One or more numbers for each row."""

    links = {"squared_error": "identity", "poisson": "exp"}

    def __init__(self, n_outputs, loss):
        self.n_outputs = n_outputs
        self.link = self.links[loss]

    def loss_name(self, loss):
        return loss

    def check(self, y):
        """Raise if y is outside the range of the loss."""
        if self.link == "exp" and np.any(y < 0):
            raise ValueError(
                f"loss='poisson' requires y >= 0, got a minimum of {y.min()}."
            )

    def encode(self, y, dtype):
        return np.asarray(y, dtype).reshape(len(y), -1)

    def stratify(self, Y):
        return None

    def decode(self, mu):
        """(n,) for one output, else (n, n_outputs)."""
        return mu.ravel() if mu.shape[1] == 1 else mu

    def score(self, Y, mu, weight):
        """R^2, NaN where a prediction is not finite."""
        if not np.isfinite(mu).all():
            return np.nan
        return float(r2_score(Y, mu, sample_weight=weight))
