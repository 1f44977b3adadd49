"""The data of a training, batch after batch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sknn_scratch._nn.arrays import for_blas
from sknn_scratch._nn.losses import Loss
from sknn_scratch._nn.network import Network


def network_input(X, weight, dtype):
    """X as CSR or dense for BLAS, and the weights, in the network's dtype."""
    X = X.tocsr() if sparse.issparse(X) else X
    weight = None if weight is None else weight.astype(dtype, copy=False)
    return for_blas(X.astype(dtype, copy=False)), weight


@dataclass
class Problem:
    """A network, and the data that it is to learn, in the network's dtype.

    X is dense or CSR; Y is of the network's dtype or boolean (one-hot rows take an
    eighth of the memory so); weight is None or (n_samples,). X, Y and y are None where
    the rows come in chunks.
    """

    network: Network
    target: Any
    loss: Loss
    X: Any
    Y: Any
    weight: np.ndarray | None
    random_state: np.random.RandomState
    #: The targets as they were before they were encoded.
    y: Any
    #: The user's weights: what class weights add is for training alone.
    sample_weight: np.ndarray | None = None

    @classmethod
    def of(cls, network, target, loss, X, Y, weight, random_state, y, sample_weight):
        """Cast the data to what the network computes with."""
        X, weight = network_input(X, weight, network.dtype)
        return cls(network, target, loss, X, Y, weight, random_state, y, sample_weight)


class Buffers(NamedTuple):
    """The arrays that the rows of a batch are gathered in."""

    #: None where X gives the rows without a copy.
    x: np.ndarray | None
    y: np.ndarray
    #: Of Y's dtype; y itself where that is the network's.
    codes: np.ndarray
    weight: np.ndarray


class Batches:
    """The rows of one training, batch after batch.

    Parameters
    ----------
    problem : Problem
        Its X, Y and weight are gone through.
    rows : ndarray of int
        The rows to train on, in the order of the first epoch.
    batch_size : int
        At most ``len(rows)``.
    in_order : bool
        Whether ``rows`` is 0, 1, 2 ... and stays so: dense batches are then slices.

    Attributes
    ----------
    sizes : set of int
        The numbers of rows of a batch: that of a full one, and of a smaller last one.
    """

    def __init__(self, problem, rows, batch_size, in_order):
        self.X, self.Y, self.weight = problem.X, problem.Y, problem.weight
        self.is_dense = not sparse.issparse(self.X)
        if isinstance(self.X, np.ndarray):
            self.X = np.ascontiguousarray(self.X)
        self.rows, self.batch_size, self.in_order = rows, batch_size, in_order
        self.n_rows, self.n_batches = len(rows), -(-len(rows) // batch_size)
        self.sizes = {batch_size, len(rows) % batch_size} - {0}
        self.dtype = problem.network.dtype

    @cached_property
    def buffers(self):
        """The arrays for a batch of each size; made when a training begins."""
        return {n: self._buffers(n) for n in self.sizes}

    def _buffers(self, n):
        dtype = self.dtype
        gathers = self.is_dense and not self.in_order
        x = np.empty((n, self.X.shape[1]), dtype) if gathers else None
        y = np.empty((n, self.Y.shape[1]), dtype)
        codes = y if self.Y.dtype == dtype else np.empty(y.shape, self.Y.dtype)
        return Buffers(x, y, codes, np.empty(n, dtype))

    def shuffle(self, random_state):
        """Reorder the rows for an epoch."""
        random_state.shuffle(self.rows)

    def __iter__(self):
        """Yield (n, x, y, weight) for the batches of one epoch; n is their rows."""
        X, Y, weight, rows = self.X, self.Y, self.weight, self.rows
        is_dense, in_order = self.is_dense, self.in_order
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start : start + self.batch_size]
            n = len(batch)
            x, y, codes, w = self.buffers[n]
            # mode "clip" writes straight into out; "raise" would buffer it.
            if not is_dense:
                x = X[batch]
            elif in_order:
                x = X[start : start + n]
            else:
                X.take(batch, 0, x, "clip")
            Y.take(batch, 0, codes, "clip")
            if codes is not y:
                y[...] = codes
            if weight is None:
                yield n, x, y, None
            elif weight.take(batch, 0, w, "clip").sum():
                yield n, x, y, w
            elif w.any():
                raise ValueError(
                    "The sample weights of a batch add up to 0, so that its mean loss "
                    "is not defined. Use weights that are not negative."
                )
