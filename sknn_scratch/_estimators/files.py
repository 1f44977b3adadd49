"""Input that lies in a file, ``numpy.memmap``: what the door does instead of a copy."""

import numpy as np
from sklearn.utils import assert_all_finite

from sknn_scratch._training.mapped import MappedRows, is_mapped

#: Rows of a file that are predicted at a time take so much once they are converted.
CONVERTED_BYTES = 1 << 23


def mapped_rows(X, dtype):
    """X as rows to be converted batch by batch; None if that is not called for.

    Parameters
    ----------
    X : object
        What fit was given.
    dtype : str, dtype or tuple of types
        What it is to become; of several, the first where X is of none of them.
    """
    if not is_mapped(X) or X.ndim != 2 or X.dtype.kind not in "fiub":
        return None
    choices = dtype if isinstance(dtype, tuple) else (dtype,)
    wanted = X.dtype if X.dtype in choices else np.dtype(choices[0])
    is_ready = X.dtype == wanted and X.flags.c_contiguous and X.flags.aligned
    return None if is_ready else MappedRows(np.asarray(X), wanted)


def check_finite(X, estimator):
    """Raise scikit-learn's error unless all converted rows are finite."""
    if X.array.dtype.kind != "f":
        return
    for rows in X.parts():
        assert_all_finite(rows, estimator_name=type(estimator).__name__, input_name="X")


def rows_to_convert(X, network):
    """Number of rows of a file to convert and predict at a time; None: any number."""
    if X.dtype == network.dtype or not is_mapped(X):
        return None
    most = CONVERTED_BYTES // max(1, X.shape[1] * network.dtype.itemsize)
    return min(network.rows_at_once, max(1, most))
