"""Dropout: a layer of training only."""

import copy

import numpy as np

from sknn_scratch._nn.arrays import per_net
from sknn_scratch._nn.layers.base import Layer


class Dropout(Layer):
    """y = x m / (1 - rate), m = 0 with probability rate, else 1; training only.

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), inverted: the
    expectation of y is x, and prediction does nothing.

    Parameters
    ----------
    n : int
        Number of inputs, and of outputs.
    rate : float or ndarray of shape (nets,)
        Probability of dropping an entry. Range [0, 1).
    columns : bool, default=False
        Whether the rows come from images: column after column in memory. Masks then are
        laid out in the same way.
    """

    training_only = True
    #: Whether somebody calls ``draw_masks`` before each forward pass.
    drawn_ahead = False

    def __init__(self, n, rate, columns=False):
        self.n_in = self.n_out = n
        self.rate, self.columns = rate, columns
        #: What each net's masks are drawn from.
        self.generators: list = [None]

    def draw(self, initializer, random_state, x=None):
        seed = random_state.randint(2**32, size=4)
        self.generators = [np.random.default_rng(seed)]

    def inherit(self, earlier, random_state):
        if earlier is None or None in earlier.generators:
            self.draw(None, random_state)
        else:
            # Copies: the earlier fit's stay where they were, should this one fail.
            self.generators = copy.deepcopy(earlier.generators)

    def stacked(self, layers):
        twin = self.unbound()
        twin.rate = np.array([layer.rate for layer in layers])
        twin.generators = [g for layer in layers for g in layer.generators]
        return twin

    def release(self, j):
        # What its stack still draws is not drawn from its own generator.
        self.generators[j] = copy.deepcopy(self.generators[j])

    def selected(self, nets):
        twin = self.unbound()
        twin.rate = self.rate[nets]
        twin.generators = [self.generators[j] for j in np.atleast_1d(nets)]
        return twin

    def allocate(self, room):
        self.mask, self.y = (
            room.columns(self.n_out) if self.columns else room.empty(self.n_out)
            for _ in range(2)
        )
        self.masks = list(self.mask) if room.nets else [self.mask]
        self.threshold = per_net(self.rate, room.dtype, 2)
        self.scale = per_net(1 / (1 - self.rate), room.dtype, 2)

    def draw_masks(self):
        """Draw the masks of a forward pass."""
        for generator, mask in zip(self.generators, self.masks, strict=True):
            generator.random(out=mask, dtype=mask.dtype)
        np.greater_equal(self.mask, self.threshold, self.mask)
        self.mask *= self.scale

    def forward(self, x):
        if not self.drawn_ahead:
            self.draw_masks()
        return np.multiply(x, self.mask, self.y)

    def backward(self, delta):
        if delta is None:  # the first layer with parameters comes after this one
            return None
        delta *= self.mask
        return delta
