"""One example of each layer, and a layer on its own with buffers and a gradient."""

import numpy as np
from scipy import sparse

from sknn_scratch._nn.layers import (
    POOLINGS,
    ActivationLayer,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Pad,
    Periodic,
    Pooling,
    ResidualStack,
    Room,
    ScaledDense,
    Unflatten,
)
from sknn_scratch._nn.network import Network, run, run_back

N_IN = 4


class FixedDraws:
    """A generator whose masks are the same at every call: dropout as a fixed map."""

    def random(self, size=None, out=None, dtype=float):
        size = size if out is None else out.shape
        draws = np.random.default_rng(5).random(size).astype(dtype)
        if out is not None:
            out[...] = draws
        return draws


def dropout(activation, n_in=N_IN, columns=False):
    layer = Dropout(n_in, 0.4, columns)
    layer.generators = [FixedDraws()]
    return layer


def image(n):
    """A shape of images of n numbers: two rows of pixels, of one channel or two."""
    return (2, n // 4, 2) if n % 8 == 0 else (2, n // 2, 1)


def pooling(kind):
    return lambda f, n=N_IN: Pooling(image(n), (2, 1), POOLINGS[kind], f)


def pooled(kind):
    """A convolution with its pooling: a maximum is taken before f, if f rises."""

    def made(f, n=N_IN):
        pools = {"pooling": POOLINGS[kind], "pool_size": (1, 2)}
        return Convolution(image(n), 3, (2, 3), f, **pools)

    return made


#: One example of each layer class, made with an activation and a number of inputs.
EXAMPLES = {
    "ActivationLayer": lambda f, n=N_IN: ActivationLayer(n, f),
    "Convolution": lambda f, n=N_IN: Convolution(image(n), 3, (2, 3), f),
    "Convolution, pooled": pooled("max"),
    "Convolution, average": pooled("average"),
    "Dense": lambda f, n=N_IN: Dense(n, 3, f),
    "Dropout": dropout,
    "Dropout, columns": lambda f, n=N_IN: dropout(f, n, columns=True),
    "Flatten": lambda f, n=N_IN: Flatten(image(n)),
    "Pad": lambda f, n=N_IN: Pad(n, n + 2),
    "Periodic": lambda f, n=N_IN: Periodic(n, [0, n - 1], 3),
    "Pooling": pooling("max"),
    "Pooling, average": pooling("average"),
    "ResidualStack": lambda f, n=N_IN: ResidualStack(3, n, 0.4, f),
    "ResidualStack, tied": lambda f, n=N_IN: ResidualStack(3, n, 0.4, f, tied=True),
    "ScaledDense": lambda f, n=N_IN: ScaledDense(n, 3, f, np.linspace(0.3, 1, n)),
    "Unflatten": lambda f, n=N_IN: Unflatten(image(n)),
    # What CSR rows find at the door; made by at_the_door.
    "SparseDense": lambda f, n=N_IN: Dense(n, 3, f),
    "SparseDropout": dropout,
    "Densify": lambda f, n=N_IN: ResidualStack(3, n, 0.4, f),
}
AT_THE_DOOR = {"SparseDense", "SparseDropout", "Densify"}
DENSE = [name for name in EXAMPLES if name not in AT_THE_DOOR]


class Planned:
    """A layer, and the door before it, with buffers for n rows.

    The layer is alone in its network; ``grad`` holds its gradient.
    """

    def __init__(self, network, n, *, needs_dx=True, as_sparse=False, grad=None):
        self.network = network
        self.layers = network.planned(n, sparse=as_sparse, training=True)
        self.layer = self.layers[-1]
        if needs_dx and not as_sparse:  # as if a layer with parameters came before
            room = Room(n, network.dtype, network.nets, training=True, needs_dx=True)
            self.layer = network.layers[0].planned(room)
            self.layers = [self.layer]
        self.grad = np.full_like(network.theta, np.nan) if grad is None else grad
        network.layout.bind([self.layer], self.grad, prefix="d")

    def forward(self, x):
        return run(self.layers, x)

    def backward(self, delta):
        return run_back(self.layers, delta)


def alone(layer, dtype="float64", seed=0):
    """A network of one layer, its parameters drawn."""
    network = Network([layer], np.dtype(dtype))
    rng = np.random.default_rng(seed)
    network.theta[...] = rng.standard_normal(network.theta.shape)
    return network


def planned(layer, n, dtype="float64", seed=0, **kwargs):
    """The layer in a network of its own, with buffers for n rows and a gradient."""
    return Planned(alone(layer, dtype, seed), n, **kwargs)


def dense(a):
    return a.toarray() if sparse.issparse(a) else a
