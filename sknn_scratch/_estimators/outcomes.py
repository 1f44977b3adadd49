"""What estimators that hold nets ask of targets, and make of their predictions."""

import numpy as np
from sklearn.metrics import accuracy_score


def require_y(estimator, y):
    """Raise ValueError in scikit-learn's words if there is no target."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )


def require_numbers(y):
    """Raise ValueError if the targets of a regressor are text or dates."""
    kind = getattr(np.asarray(y), "dtype", np.dtype(object)).kind
    if kind in "USMm" and not hasattr(y, "toarray"):
        raise ValueError(
            f"y must be real numbers, got the dtype {np.asarray(y).dtype}. Use a "
            "classifier for labels, and numbers of days for dates."
        )


def log_of(probabilities):
    """Logarithms of probabilities, of an array or of a list with one for each output.

    Minus infinity where a probability is 0.
    """
    with np.errstate(divide="ignore"):
        if isinstance(probabilities, list):
            return [np.log(p) for p in probabilities]
        return np.log(probabilities)


def share_right(y, predicted, sample_weight, is_multioutput):
    """The share of rows of which all labels are right; weighted, if asked."""
    if is_multioutput:  # scikit-learn's accuracy_score does not take these
        right = (predicted == np.asarray(y)).all(axis=1)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return float(np.average(right, weights=weights))
    return float(accuracy_score(y, predicted, sample_weight=sample_weight))
