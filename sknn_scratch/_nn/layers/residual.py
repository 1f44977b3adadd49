"""The residual layers of a fully connected residual network.

``Y_k = Y_{k-1} + h f(Y_{k-1} W_k + b_k)``, k = 1 ... K: He, Zhang, Ren and Sun (2016),
with a step length h, as the forward Euler method for dY/dt = f(Y W(t) + b(t)); Haber
and Ruthotto (2017). All K layers are one :class:`ResidualStack`, whose parameters are
two blocks, so that a hundred of them cost a hundred turns of a loop and no more.
"""

import numpy as np

from sknn_scratch._nn.arrays import fastest_matmul
from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.parameters import Parameter


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

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(self, n_layers, width, step_size, activation, tied=False):
        self.n_layers, self.step = n_layers, step_size
        self.n_in = self.n_out = width
        self.f, self.tied = activation, tied

    def parameters(self):
        n, width = 1 if self.tied else self.n_layers, self.n_out
        return {
            "W": Parameter((n, width, width)),
            "b": Parameter((n, width), decays=False),
        }

    def signature(self):
        own = self.n_layers, self.step, self.tied, self.f.signature()
        return *super().signature(), *own

    def training_entries(self):
        return (3 + self.f.n_buffers) * self.n_layers * self.n_out

    def draw(self, initializer, random_state, x=None):
        for k in range(len(self.W)):
            self.W[k], self.b[k] = initializer(
                random_state, self.n_out, self.n_out, self.f
            )

    def allocate(self, room):
        nets, n, K, width = room.nets, room.n, self.n_layers, self.n_out
        self.h = np.array(self.step, room.dtype)
        self.training = room.training
        self.matmul = fastest_matmul(n, width, width, nets)
        parameters = [self._parameters(k) for k in range(K)]
        self.layers = [(W, b[..., None, :]) for W, b in parameters]
        if not room.training:  # the layers follow each other in two buffers
            self.y, self.a = room.empty(width), room.empty(width)
            return
        Y = np.empty((*nets, K + 1, n, width), room.dtype)
        A, D, *S = np.empty((2 + self.f.n_buffers, *nets, K, n, width), room.dtype)

        def each(buffer, first=0):
            """Each layer's view, made once: it costs as much as a small product."""
            return [buffer[..., k, :, :] for k in range(first, buffer.shape[-3])]

        s = list(zip(*map(each, S), strict=True)) if S else [()] * K
        self.y_0, self.dy = each(Y)[0], room.empty(width)
        rooms = zip(each(A), each(Y, 1), s, strict=True)
        both = zip(self.layers, rooms, strict=True)
        self.layers_forward = [(*views, *buffers) for views, buffers in both]
        W_T: list = [W.mT for W, _ in parameters]
        if not room.needs_dx:
            W_T[0] = None
        self.layers_back = list(zip(W_T, each(A), each(D), s, strict=True))[::-1]
        # For the gradients: the rows of each layer, or with tied weights all rows.
        rows = (*nets, self.W.shape[-3], -1, width)
        self.Y_T, self.D = Y[..., :-1, :, :].reshape(rows).mT, D.reshape(rows)
        self.ones = np.ones(self.D.shape[-2], room.dtype)

    def _parameters(self, k):
        """W and b of layer k, counted from 0."""
        k = 0 if self.tied else k
        return self.W[..., k, :, :], self.b[..., k, :]

    def forward(self, x):
        if not self.training:
            *_, y = self.states(x)
            return y
        self.y_0[...] = x
        x, h, forward = self.y_0, self.h, self.f.forward
        for W, b, a, y, s in self.layers_forward:
            self.matmul(x, W, a)
            a += b
            forward(a, s)
            np.multiply(a, h, y)
            y += x
            x = y
        return x

    def states(self, x):
        """Yield Y_0 ... Y_K; each lasts until the next one is asked for."""
        y, a, h, forward = self.y, self.a, self.h, self.f.forward
        y[...] = x
        yield y
        for W, b in self.layers:
            self.matmul(y, W, a)
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
                self.matmul(d, W_T, dy)
                delta += dy
        np.matmul(self.Y_T, self.D, self.dW)
        np.matmul(self.ones, self.D, self.db)
        return None if W_T is None else delta

    def jets(self, tape):
        for k in range(self.n_layers):
            tape.begin_branch()
            tape.affine(self, (0 if self.tied else k,))
            tape.activation(self.f)
            tape.end_branch(self.step)

    def onnx(self, graph):
        for k in range(self.n_layers):
            W, b = self._parameters(k)
            y = graph.value
            graph.node("MatMul", graph.constant(W))
            graph.node("Add", graph.constant(b))
            graph.activation(self.f)
            graph.node("Mul", graph.constant(self.step))
            graph.node("Add", y)


class Pad(Layer):
    """y = (x, 0): x lifted to more dimensions by zeros.

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of outputs, n_in <= n_out.
    """

    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out

    def allocate(self, room):
        self.y = room.empty(self.n_out)
        self.y[...] = 0
        self.needs_dx = room.needs_dx

    def forward(self, x):
        self.y[..., : self.n_in] = x
        return self.y

    def backward(self, delta):
        return delta[..., : self.n_in] if self.needs_dx else None

    def jets(self, tape):
        tape.padded(self.n_out)

    def onnx(self, graph):
        graph.node("MatMul", graph.constant(np.eye(self.n_in, self.n_out)))
