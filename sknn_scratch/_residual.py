"""The residual layers of a fully connected residual network.

``Y_k = Y_{k-1} + h f(Y_{k-1} W_k + b_k)``, k = 1 ... K: He, Zhang, Ren and Sun (2016),
with a step length h, as the forward Euler method for dY/dt = f(Y W(t) + b(t)); Haber
and Ruthotto (2017). All K layers are one :class:`ResidualStack`, whose parameters are
two blocks, so that a hundred of them cost a hundred turns of a loop and no more.
"""

import numpy as np

from sknn_scratch._layers import Layer, product


class ResidualStack(Layer):
    """Y_k = Y_{k-1} + h f(Y_{k-1} W_k + b_k) for k = 1 ... K

    Parameters
    ----------
    n_layers : int
        K.
    width : int
        Number of inputs, of units in each layer, and of outputs.
    step_size : float
        h.
    activation : Activation
        f.
    tied : bool, default=False
        Whether all layers share one W and one b.
    """

    def __init__(self, n_layers, width, step_size, activation, tied=False):
        self.n_layers, self.n_out, self.step = n_layers, width, step_size
        self.f, self.tied = activation, tied

    def weights(self):
        return {"W": (1 if self.tied else self.n_layers, self.n_out, self.n_out)}

    def biases(self):
        return {"b": (1 if self.tied else self.n_layers, self.n_out)}

    def draw(self, initializer, random_state):
        for k in range(len(self.W)):
            self.W[k], self.b[k] = initializer(
                random_state, self.n_out, self.n_out, self.f
            )

    def for_sparse(self):
        return SparseResidualStack

    def allocate(self, n, dtype, need_dx):
        shape = (n, self.n_out)
        self.training = need_dx is not None
        self.h = np.array(self.step, dtype)
        self.xW = product(n, self.n_out, self.n_out)
        self.xTd = product(self.n_out, n, self.n_out)
        # In prediction the layers follow each other in the same two buffers.
        n_kept = self.n_layers if self.training else 1
        self.a = [np.empty(shape, dtype) for _ in range(n_kept)]
        self.y = [np.empty(shape, dtype) for _ in range(n_kept)]
        if not self.training:
            return
        self.need_dx = need_dx
        self.s = [
            [np.empty(shape, dtype) for _ in range(self.f.n_buffers)]
            for _ in range(self.n_layers)
        ]
        self.d, self.dy = np.empty(shape, dtype), np.empty(shape, dtype)
        if self.tied:
            self.gW = np.empty((self.n_out, self.n_out), dtype)
            self.gb = np.empty(self.n_out, dtype)

    def _parameters(self, k):
        k = 0 if self.tied else k
        return self.W[k], self.b[k]

    def forward(self, x):
        if not self.training:
            *_, y = self.states(x)
            return y
        self.x, h, forward = x, self.h, self.f.forward
        for k, (a, y, s) in enumerate(zip(self.a, self.y, self.s, strict=True)):
            W, b = self._parameters(k)
            self.xW(x, W, a)
            a += b
            forward(a, s)
            np.multiply(a, h, y)
            y += x
            x = y
        return x

    def states(self, x):
        """Yield Y_0 ... Y_K; each lasts until the next one is asked for."""
        (a,), (y,) = self.a[:1], self.y[:1]
        y[...] = x
        yield y
        for k in range(self.n_layers):
            W, b = self._parameters(k)
            self.xW(y, W, a)
            a += b
            self.f.forward(a)
            a *= self.h
            y += a
            yield y

    def backward(self, delta):
        """dL/dY_{k-1} = dL/dY_k + (h dL/dY_k f') W_k', the skip and the branch."""
        h, d, dy, backward = self.h, self.d, self.dy, self.f.backward
        inputs = [self.x, *self.y[:-1]]
        if self.tied:
            self.dW[...], self.db[...] = 0, 0
        for k in range(self.n_layers - 1, -1, -1):
            np.multiply(delta, h, d)
            backward(self.a[k], d, self.s[k])  # h dL/dY_k becomes dL/dz
            self._gradients(k, inputs[k], d)
            if k or self.need_dx:
                self.xW(d, self._parameters(k)[0].T, dy)
                delta += dy
        return delta if self.need_dx else None

    def _gradients(self, k, y, d):
        if self.tied:
            self.dW[0] += self.xTd(y.T, d, self.gW)
            self.db[0] += np.add.reduce(d, 0, None, self.gb)
        else:
            self.xTd(y.T, d, self.dW[k])
            np.add.reduce(d, 0, None, self.db[k])


class SparseResidualStack(ResidualStack):
    """The stack as a first layer for a CSR input: one batch at a time is dense.

    The skip connection adds x to every entry, so Y_1 is dense whatever x is.
    """

    def states(self, x):
        return super().states(x.toarray())

    def forward(self, x):
        return super().forward(x.toarray() if self.training else x)


class Pad(Layer):
    """y = (x, 0): x lifted to more dimensions by zeros.

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of outputs, n_in <= n_out.
    """

    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out

    def for_sparse(self):
        return SparsePad

    def allocate(self, n, dtype, need_dx):
        self.y = np.zeros((n, self.n_out), dtype)
        self.need_dx = need_dx

    def forward(self, x):
        self.y[:, : self.n_in] = x
        return self.y

    def backward(self, delta):
        return delta[:, : self.n_in] if self.need_dx else None


class SparsePad(Pad):
    """The padding of a CSR input: one batch at a time is dense."""

    def forward(self, x):
        return super().forward(x.toarray())
