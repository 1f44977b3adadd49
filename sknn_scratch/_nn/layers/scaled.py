"""The fully connected layer with learned scales of its inputs, for tables."""

import numpy as np

from sknn_scratch._nn.layers.dense import Dense
from sknn_scratch._nn.parameters import Parameter


class ScaledDense(Dense):
    """a = f(z),  z = (x * s) W + b

    s tells how much each input matters, and is learned at a rate of its own:
    Holzmüller, Grinsztajn and Steinwart (2024) put it before the first layer. It is
    computed as x (s W), a product over the weights instead of one over all rows.

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of units.
    activation : Activation
        f, an entry of ``ACTIVATIONS``.
    scales : ndarray of shape (n_in,)
        The initial s.
    rate_factors : tuple of float, default=(1.0, 1.0, 6.0)
        The learning rates of W, b and s, as multiples of the network's.
    """

    s: np.ndarray
    ds: np.ndarray

    def __init__(self, n_in, n_out, activation, scales, rate_factors=(1.0, 1.0, 6.0)):
        *others, self.rate_of_s = rate_factors
        super().__init__(n_in, n_out, activation, rate_factors=tuple(others))
        self.scales = scales

    def parameters(self):
        own = {"s": Parameter((self.n_in,), decays=False, rate_factor=self.rate_of_s)}
        return {**super().parameters(), **own}

    def draw(self, initializer, random_state, x=None):
        super().draw(initializer, random_state, x)
        self.s[...] = self.scales

    def signature(self):
        return *super().signature(), self.rate_of_s

    def allocate(self, room):
        super().allocate(room)
        self.s_column = self.s[..., None]

    def what_x_is_multiplied_by(self):
        return np.empty_like(self.W)  # forward writes s W here

    def forward(self, x):
        np.multiply(self.W, self.s_column, self.weights)
        return super().forward(x)

    def backward(self, delta):
        dx = super().backward(delta)  # dW is now dL/d(s W)
        np.vecdot(self.dW, self.W, out=self.ds)
        self.dW *= self.s_column
        return dx

    def jets(self, tape):
        tape.scaled(self, "s")
        super().jets(tape)

    def onnx(self, graph):
        graph.node("Mul", graph.constant(self.s))
        super().onnx(graph)
