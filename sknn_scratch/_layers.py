"""Layers: forward, backward, nothing else.

A layer is its shapes, its parameters and, once planned for n rows, its buffers. The
parameters are views of the network's flat vector ``theta``; the gradients, named with a
leading d, are views of a second vector of the same layout, and ``backward`` writes
straight into them. ``forward`` never changes its input ``x``. ``backward`` receives
``delta = dL/d(output)`` and may spend it, and the layer's own output too: nobody reads
a layer's output once its backward pass has begun.

To add a layer, give it ``blocks`` (the names and shapes of its parameters), ``draw``,
``allocate``, ``forward`` and ``backward``.
"""

import copy

import numpy as np


def product(rows, inner, columns):
    """What multiplies (rows, inner) by (inner, columns) into ``out`` the fastest.

    The bits are the same. ``ndarray.dot`` takes less time to call, but sets ``out`` to
    zero first, which counts in large products; ``matmul`` is slow where inner is 1.
    """
    return np.matmul if inner > 1 and rows * columns >= 1 << 13 else np.ndarray.dot


class Layer:
    """What a layer is to a network."""

    #: The layers inside this one, which own their parameters themselves.
    children: tuple["Layer", ...] = ()
    #: Whether the layer is left out of prediction.
    training_only = False
    #: Whether a CSR input gives a CSR output.
    keeps_sparse = False
    n_out: int

    def weights(self):
        """Names and shapes of the parameters that weight decay applies to."""
        return {}

    def biases(self):
        """Names and shapes of the parameters that weight decay leaves alone."""
        return {}

    def draw(self, initializer, random_state):
        """Draw initial values into the parameters."""

    def inherit(self, earlier):
        """Take over, from the same layer of an earlier fit, what is no parameter."""

    def planned(self, n, dtype, need_dx, sparse=False):
        """The same layer, sharing its parameters, with buffers for n rows."""
        layer = object.__new__(self.for_sparse() if sparse else type(self))
        layer.__dict__.update(self.__dict__)  # copy.copy, several times faster
        layer.allocate(n, dtype, need_dx)
        return layer

    def for_sparse(self):
        """The class of this layer that takes a CSR input."""
        raise NotImplementedError

    def __getstate__(self):
        # The network pickles theta once; views would come back unshared and doubled.
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in self.weights() and name not in self.biases()
        }

    def allocate(self, n, dtype, need_dx):
        """Make the buffers; need_dx None means no backward pass at all."""
        raise NotImplementedError

    def forward(self, x):
        """Return the output for x; a buffer of this layer's."""
        raise NotImplementedError

    def backward(self, delta):
        """Write the parameters' gradients; return dL/dx, or None if not needed."""
        raise NotImplementedError


class Dense(Layer):
    """a = f(x W + b)

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of units.
    activation : Activation
        f, an entry of ``ACTIVATIONS``.
    drawn_as : Activation, default=None
        The activation that the initial weights are drawn for; None: f.
    """

    def __init__(self, n_in, n_out, activation, drawn_as=None):
        self.n_in, self.n_out, self.f = n_in, n_out, activation
        self.drawn_as = drawn_as or activation

    def weights(self):
        return {"W": (self.n_in, self.n_out)}

    def biases(self):
        return {"b": (self.n_out,)}

    def draw(self, initializer, random_state):
        self.W[...], self.b[...] = initializer(
            random_state, self.n_in, self.n_out, self.drawn_as
        )

    def for_sparse(self):
        return SparseDense

    def allocate(self, n, dtype, need_dx):
        self.a = np.empty((n, self.n_out), dtype)
        self.s = None
        self.xW = product(n, self.n_in, self.n_out)
        if need_dx is None:
            return
        self.xTd = product(self.n_in, n, self.n_out)
        self.dWT = product(n, self.n_out, self.n_in)
        self.s = [np.empty_like(self.a) for _ in range(self.f.n_buffers)]
        self.dx = np.empty((n, self.n_in), dtype) if need_dx else None
        self.W_T = self.W.T

    def forward(self, x):
        self.x = x
        a = self.xW(x, self.W, self.a)  # a = x W
        a += self.b
        self.f.forward(a, self.s)
        return a

    def backward(self, delta):
        self.f.backward(self.a, delta, self.s)  # dL/da becomes dL/dz
        self.xTd(self.x.T, delta, self.dW)  # dL/dW = x' dL/dz
        np.add.reduce(delta, 0, None, self.db)  # dL/db = column sums
        if self.dx is not None:
            return self.dWT(delta, self.W_T, self.dx)
        return None


class SparseDense(Dense):
    """A Dense first layer for a CSR input, which is never made dense."""

    def forward(self, x):
        self.x = x
        a = self.a
        a[...] = x @ self.W
        a += self.b
        self.f.forward(a, self.s)
        return a

    def backward(self, delta):
        self.f.backward(self.a, delta, self.s)
        self.dW[...] = self.x.T @ delta
        np.add.reduce(delta, 0, None, self.db)


class Dropout(Layer):
    """y = x m / (1 - rate), m = 0 with probability rate, else 1; training only.

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), inverted: the
    expectation of y is x, and prediction does nothing.

    Parameters
    ----------
    n : int
        Number of inputs, and of outputs.
    rate : float
        Probability of dropping an entry. Range [0, 1).
    """

    training_only = True
    keeps_sparse = True

    def __init__(self, n, rate):
        self.n_out, self.rate = n, rate
        self.generator = None

    def draw(self, initializer, random_state):
        self.generator = np.random.default_rng(random_state.randint(2**32, size=4))

    def inherit(self, earlier):
        if isinstance(earlier, Dropout):
            # A copy: the earlier fit's stays where it was, should this one fail.
            self.generator = copy.deepcopy(earlier.generator)

    def for_sparse(self):
        return SparseDropout

    def allocate(self, n, dtype, need_dx):
        self.mask = np.empty((n, self.n_out), dtype)
        self.y = np.empty((n, self.n_out), dtype)
        self.threshold, self.scale = (
            np.array(value, dtype) for value in (self.rate, 1 / (1 - self.rate))
        )

    def forward(self, x):
        self.generator.random(out=self.mask, dtype=self.mask.dtype)
        np.greater_equal(self.mask, self.threshold, self.mask)
        self.mask *= self.scale
        return np.multiply(x, self.mask, self.y)

    def backward(self, delta):
        if delta is None:  # the first layer with parameters comes after this one
            return None
        delta *= self.mask
        return delta


class SparseDropout(Dropout):
    """Dropout of the stored entries of a CSR input; the zeros stay zero anyway."""

    def allocate(self, n, dtype, need_dx):
        self.dtype = dtype

    def forward(self, x):
        y = x.copy()
        kept = self.generator.random(len(y.data), dtype=self.dtype) >= self.rate
        y.data *= kept
        y.data *= 1 / (1 - self.rate)
        return y

    def backward(self, delta):
        return None
