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
        K, width = self.n_layers, self.n_out
        self.h = np.array(self.step, dtype)
        self.training = need_dx is not None
        self.xW = product(n, width, width)
        parameters = [self._parameters(k) for k in range(K)]
        if not self.training:  # the layers follow each other in two buffers
            self.y, self.a = np.empty((2, n, width), dtype)
            self.layers = parameters
            return
        Y = np.empty((K + 1, n, width), dtype)
        A, D, *S = np.empty((2 + self.f.n_buffers, K, n, width), dtype)
        s = [[room[k] for room in S] for k in range(K)]
        self.y_0, self.dy = Y[0], np.empty((n, width), dtype)
        # Each layer's views, made once: they cost as much as a small layer's product.
        W, b = zip(*parameters, strict=True)
        self.layers = list(zip(W, b, A, Y[1:], s, strict=True))
        W_T = [w.T for w in W]
        if not need_dx:
            W_T[0] = None
        self.layers_back = list(zip(W_T, A, D, s, strict=True))[::-1]
        # For the gradients: the rows of each layer, or with tied weights all rows.
        rows = (len(self.W), -1, width)
        self.Y_T, self.D = Y[:-1].reshape(rows).transpose(0, 2, 1), D.reshape(rows)
        self.ones = np.ones(self.D.shape[1], dtype)

    def _parameters(self, k):
        k = 0 if self.tied else k
        return self.W[k], self.b[k]

    def start(self, x, y):
        """Y_0 = x"""
        y[...] = x

    def forward(self, x):
        if not self.training:
            *_, y = self.states(x)
            return y
        self.start(x, self.y_0)
        x, h, forward = self.y_0, self.h, self.f.forward
        for W, b, a, y, s in self.layers:
            self.xW(x, W, a)
            a += b
            forward(a, s)
            np.multiply(a, h, y)
            y += x
            x = y
        return x

    def states(self, x):
        """Yield Y_0 ... Y_K; each lasts until the next one is asked for."""
        y, a, h, forward = self.y, self.a, self.h, self.f.forward
        self.start(x, y)
        yield y
        for W, b in self.layers:
            self.xW(y, W, a)
            a += b
            forward(a)
            a *= h
            y += a
            yield y

    def backward(self, delta):
        """dL/dY_{k-1} = dL/dY_k + D_k W_k', the skip and the branch.

        D_k = h dL/dY_k f' is dL/dz of layer k. dL/dW_k = Y_{k-1}' D_k, and dL/db_k, its
        column sums, follow for all layers at once.
        """
        h, dy, backward = self.h, self.dy, self.f.backward
        for W_T, a, d, s in self.layers_back:
            np.multiply(delta, h, d)
            backward(a, d, s)
            if W_T is not None:  # None: nobody needs dL/dx
                self.xW(d, W_T, dy)
                delta += dy
        np.matmul(self.Y_T, self.D, self.dW)
        np.matmul(self.ones, self.D, self.db)
        return None if W_T is None else delta


class SparseResidualStack(ResidualStack):
    """The stack as a first layer for a CSR input: one batch at a time is dense.

    The skip connection adds x to every entry, so Y_1 is dense whatever x is.
    """

    def start(self, x, y):
        x.toarray(out=y)


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
