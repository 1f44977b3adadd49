"""The fully connected layer, with its activation in the same buffer."""

from collections.abc import Callable

import numpy as np

from sknn_scratch._nn.arrays import column_sums, fastest_matmul
from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.parameters import Parameter


class Dense(Layer):
    """a = f(z),  z = x W + b

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of units.
    activation : Activation
        f, an entry of ``ACTIVATIONS``.
    drawn_as : Activation, default=None
        The activation that the initial weights are drawn for; None: f.
    rate_factors : tuple of float, default=(1.0, 1.0)
        The learning rates of W and b, as multiples of the network's.
    """

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(self, n_in, n_out, activation, drawn_as=None, rate_factors=(1.0, 1.0)):
        self.n_in, self.n_out, self.f = n_in, n_out, activation
        self.drawn_as = drawn_as or activation
        self.rate_factors = rate_factors

    def parameters(self):
        of_W, of_b = self.rate_factors
        return {
            "W": Parameter((self.n_in, self.n_out), rate_factor=of_W),
            "b": Parameter((self.n_out,), decays=False, rate_factor=of_b),
        }

    def signature(self):
        return *super().signature(), self.f.signature(), self.rate_factors

    def training_entries(self):
        return self.n_in + (1 + self.f.n_buffers) * self.n_out

    def draw(self, initializer, random_state, x=None):
        self.W[...], self.b[...] = initializer(
            random_state, self.n_in, self.n_out, self.drawn_as
        )

    def allocate(self, room):
        n, n_in, n_out = room.n, self.n_in, self.n_out
        self.a = room.empty(n_out)
        self.buffers = None
        self.b_row = self.b[..., None, :]
        self.weights = self.what_x_is_multiplied_by()
        self.matmul_z: Callable = fastest_matmul(n, n_in, n_out, room.nets)
        if not room.training:
            return
        self.buffers = [room.empty(n_out) for _ in range(self.f.n_buffers)]
        needed = n_in - room.unneeded
        self.dx = room.empty(needed) if room.needs_dx else None
        self.weights_T = self.weights[..., room.unneeded :, :].mT
        self.matmul_dW = fastest_matmul(n_in, n, n_out, room.nets)
        self.matmul_dx = fastest_matmul(n, n_out, needed, room.nets)

    def what_x_is_multiplied_by(self):
        """The weights as the products take them."""
        return self.W

    def forward(self, x):
        self.x = x
        a = self.matmul_z(x, self.weights, self.a)  # z = x W
        a += self.b_row
        self.f.forward(a, self.buffers)
        return a

    def backward(self, delta):
        self.f.backward(self.a, delta, self.buffers)  # dL/da becomes dL/dz
        self.matmul_dW(self.x.mT, delta, self.dW)  # dL/dW = x' dL/dz
        column_sums(delta, -2, None, self.db)  # dL/db = column sums
        if self.dx is None:
            return None
        return self.matmul_dx(delta, self.weights_T, self.dx)  # dL/dx = dL/dz W'

    def jets(self, tape):
        tape.affine(self)
        tape.activation(self.f)

    def onnx(self, graph):
        graph.node("MatMul", graph.constant(self.W))
        graph.node("Add", graph.constant(self.b))
        graph.activation(self.f)
