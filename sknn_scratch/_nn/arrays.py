"""Small things that several rooms need: products, numbers, rows as BLAS takes them."""

from collections.abc import Callable
from functools import partial

import numpy as np

#: ``column_sums(rows, -2, None, out)``: the sums over the rows, of each net.
column_sums: Callable = np.add.reduce


def fastest_matmul(rows, inner, columns, nets=()):
    """Return the faster of ``matmul`` and ``dot`` for matrices of these shapes.

    They are (rows, inner) and (inner, columns). Both functions write into a third
    argument and give the same bits. ``ndarray.dot`` takes less time to call, but sets
    its output to zero first, which counts in large products; ``matmul`` is slow where
    inner is 1. Only ``matmul`` multiplies many nets' matrices in one call.
    """
    if nets or (inner > 1 and rows * columns >= 1 << 13):
        return np.matmul
    return np.ndarray.dot


def per_net(value, dtype, n_axes):
    """A number as an array of the working dtype, which spares each ufunc call a cast.

    Parameters
    ----------
    value : float or array-like of shape (nets,)
        One number, or one for each net.
    dtype : dtype
        Precision of the network.
    n_axes : int
        Number of axes that follow the nets' in what it is combined with.

    Returns
    -------
    ndarray of shape () or (nets, 1, ...)
    """
    value = np.array(value, dtype)
    return value.reshape(*value.shape, *(1,) * n_axes) if value.ndim else value


def number_type(nets):
    """Give the function that makes sums float64 numbers: floats, of many nets arrays.

    One net's are Python's, which are quicker to add than NumPy's.
    """
    return partial(np.asarray, dtype=np.float64) if nets else float


def for_blas(X):
    """X as BLAS takes it: rows or columns contiguous, or CSR."""
    if isinstance(X, np.ndarray) and X.itemsize not in X.strides[-2:]:
        return np.ascontiguousarray(X)
    return X
