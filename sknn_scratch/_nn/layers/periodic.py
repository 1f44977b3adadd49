"""Cosines of numbers, for tables: a smooth number becomes waves of several lengths."""

import numpy as np

from sknn_scratch._nn.arrays import column_sums
from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.parameters import Parameter

TWO_PI = 2 * np.pi


class Periodic(Layer):
    """y = [x, cos(2 pi (w_jk x_j + c_jk))],  j = 1 ... J,  k = 1 ... K

    The inputs go through as they are; K cosines of each of J numbers among them follow.
    Gorishniy, Rubachev and Babenko (2022), with a phase as in Holzmüller, Grinsztajn
    and Steinwart (2024). The frequencies w and the phases c are learned.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    columns : ndarray of int of shape (J,)
        Which of the inputs are numbers that cosines are made of.
    n_cosines : int
        K.
    sigma : float, default=0.3
        Standard deviation of the initial frequencies.
    rate_factor : float, default=0.1
        The learning rate of w and c, as a multiple of the network's.
    """

    w: np.ndarray
    c: np.ndarray
    dw: np.ndarray
    dc: np.ndarray

    def __init__(self, n_in, columns, n_cosines, sigma=0.3, rate_factor=0.1):
        self.n_in, self.columns, self.n_cosines = n_in, np.asarray(columns), n_cosines
        self.n_out = n_in + len(self.columns) * n_cosines
        self.sigma, self.rate_factor = sigma, rate_factor
        self.n_copied = n_in

    def parameters(self):
        shape = len(self.columns), self.n_cosines
        own = Parameter(shape, decays=False, rate_factor=self.rate_factor)
        return {"w": own, "c": own}

    def signature(self):
        own = tuple(self.columns.tolist()), self.n_cosines, self.rate_factor
        return *super().signature(), *own

    def training_entries(self):
        return self.n_out + 2 * (self.n_out - self.n_in)

    def draw(self, initializer, random_state, x=None):
        """w ~ N(0, sigma^2), c ~ U[0, 1), whatever the initializer."""
        self.w[...] = random_state.normal(0, self.sigma, self.w.shape)
        self.c[...] = random_state.random_sample(self.c.shape)

    def allocate(self, room):
        numbers, waves = len(self.columns), self.n_cosines
        self.y, self.z = room.empty(self.n_out), room.empty(numbers)
        self.angles = room.empty(numbers, waves)
        # Views and small things that each step would make anew.
        self.y_x, self.y_cos = self.y[..., : self.n_in], self.y[..., self.n_in :]
        self.z_column = self.z[..., None]
        self.angles_flat = self.angles.reshape(*self.y_cos.shape)
        self.of_w, self.of_c = np.empty_like(self.w), np.empty_like(self.c)
        self.of_w_row = self.of_w[..., None, :, :]
        self.of_c_row = self.of_c[..., None, :, :]
        self.needs_dx = room.needs_dx

    def forward(self, x):
        self.y_x[...] = x
        if x.ndim < self.z.ndim:  # all nets share it
            x.take(self.columns, -1, self.z[0], "clip")
            self.z[1:] = self.z[0]
        else:
            x.take(self.columns, -1, self.z, "clip")
        np.multiply(self.w, TWO_PI, self.of_w)
        np.multiply(self.c, TWO_PI, self.of_c)
        np.multiply(self.z_column, self.of_w_row, self.angles)
        self.angles += self.of_c_row
        np.cos(self.angles_flat, self.y_cos)
        return self.y

    def backward(self, delta):
        angles = np.sin(self.angles_flat, self.angles_flat)
        # The layer after may leave out what is for x, which nobody needs.
        angles *= delta[..., -angles.shape[-1] :]  # minus dL/d(angle)
        column_sums(self.angles, -3, None, self.dc)
        self.dc *= -TWO_PI
        dx = self._dx(delta) if self.needs_dx else None
        self.angles *= self.z_column
        column_sums(self.angles, -3, None, self.dw)
        self.dw *= -TWO_PI
        return dx

    def _dx(self, delta):
        dx = delta[..., : self.n_in]
        dx[..., self.columns] -= np.vecdot(self.angles, self.of_w_row)
        return dx

    def onnx(self, graph):
        x = graph.value
        graph.node("Gather", graph.integers(self.columns.tolist()), axis=1)
        graph.node("Unsqueeze", graph.integers([2]))
        graph.node("Mul", graph.constant(TWO_PI * self.w))
        graph.node("Add", graph.constant(TWO_PI * self.c))
        graph.node("Cos")
        graph.node("Reshape", graph.integers([-1, self.n_out - self.n_in]))
        waves, graph.value = graph.value, x
        graph.node("Concat", waves, axis=1)
