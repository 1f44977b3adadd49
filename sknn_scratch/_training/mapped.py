"""Rows in a file that is mapped into memory, read a batch at a time."""

import mmap

import numpy as np


def is_mapped(X):
    """Whether an array's numbers lie in a file, as those of a ``numpy.memmap`` do.

    Copies of parts of one are of its class, too, but lie in memory.
    """
    while isinstance(X, np.ndarray):
        X = X.base
    return isinstance(X, mmap.mmap)


class MappedRows:
    """Rows of a file, converted where they are read: what a batch needs, no more.

    A stand-in for the array that a conversion of the whole file would give.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        Of any dtype, order and alignment.
    dtype : dtype
        What the rows are converted to.
    """

    def __init__(self, array, dtype):
        self.array, self.dtype = array, np.dtype(dtype)
        self.shape = array.shape

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        return np.ascontiguousarray(self.array[rows], self.dtype)

    def take(self, rows, axis, out, mode):
        """Gather some rows; the arguments are those of ``ndarray.take``."""
        np.copyto(out, self.array[rows], casting="unsafe")

    def astype(self, dtype, copy=True):
        """The same rows in another dtype."""
        return self if dtype == self.dtype else MappedRows(self.array, dtype)

    def parts(self, entries=1 << 20):
        """All rows, about so many entries at a time."""
        n = max(1, entries // max(1, self.shape[1]))
        for start in range(0, len(self), n):
            yield self[start : start + n]
