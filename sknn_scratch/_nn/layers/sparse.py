"""CSR rows at the network's door: what the first layers do with them.

Whatever takes a CSR matrix itself has a sparse form here; before any other layer a
:class:`Densify` makes one batch at a time dense. Behind the door all rows are dense.
"""

from sknn_scratch._nn.arrays import column_sums
from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.layers.dense import Dense
from sknn_scratch._nn.layers.dropout import Dropout


def csr_matmul(x, W, out):
    """out = x W, for a CSR matrix x that is never made dense."""
    out[...] = x @ W
    return out


class SparseDense(Dense):
    """A Dense first layer for CSR rows."""

    def allocate(self, room):
        super().allocate(room)
        self.matmul_z = csr_matmul

    def backward(self, delta):
        self.f.backward(self.a, delta, self.buffers)
        csr_matmul(self.x.T, delta, self.dW)
        column_sums(delta, -2, None, self.db)


class SparseDropout(Dropout):
    """Dropout of the stored entries of CSR rows; the zeros stay zero anyway."""

    def allocate(self, room):
        self.dtype = room.dtype

    def forward(self, x):
        y = x.copy()
        (generator,) = self.generators
        kept = generator.random(len(y.data), dtype=self.dtype) >= self.rate
        y.data *= kept
        y.data *= 1 / (1 - self.rate)
        return y

    def backward(self, delta):
        return None


class Densify(Layer):
    """y = x, as a dense array"""

    door_only = True

    def __init__(self, n):
        self.n_in = self.n_out = n

    def allocate(self, room):
        self.y = room.empty(self.n_out)

    def forward(self, x):
        return x.toarray(out=self.y)

    def backward(self, delta):
        return delta


def at_the_door(layers):
    """The layers for CSR rows.

    Parameters
    ----------
    layers : list of Layer
        In forward order.

    Returns
    -------
    list of Layer
        The same, the first ones in their sparse forms, or behind a Densify.
    """
    if not layers:
        return []
    first, *rest = layers
    if isinstance(first, Dropout):
        return [_as(SparseDropout, first), *at_the_door(rest)]
    if type(first) is Dense:
        return [_as(SparseDense, first), *rest]
    return [Densify(first.n_in), first, *rest]


def _as(form, layer):
    """The layer in its sparse form, sharing its parameters."""
    twin = object.__new__(form)
    twin.__dict__.update(layer.__dict__)
    return twin
