"""Derivatives of a network with respect to its inputs, by Taylor propagation.

Each unit carries a jet: its value and its first and second derivatives by the inputs,
as channels of one array (channels, n, units). A product with a matrix acts on each
channel; a function f on a jet z by the chain rule:

    a    = f(z)
    a_i  = f'(z) z_i
    a_ij = f'(z) z_ij + f''(z) z_i z_j

A :class:`Tape` runs a network on jets and remembers what its way back needs: from the
derivatives of a number by the output's channels to those by the parameters, for which
f''' is wanted too. (Griewank and Walther, 2008, chapter 13.)

Each layer says in ``Layer.jets`` which of the tape's steps it is made of.
"""

from functools import partial

import numpy as np


class Channels:
    """The places of value, gradient and second derivatives among a jet's channels.

    Parameters
    ----------
    n_inputs : int
        d, the number of inputs.
    order : int
        0, 1 or 2.

    Attributes
    ----------
    firsts : range
        The channels of the gradient.
    pairs : list of (int, int, int)
        (channel, i, j) of each second derivative, i <= j.
    n : int
        Number of channels.
    """

    def __init__(self, n_inputs, order):
        self.n_inputs, self.order = n_inputs, order
        self.firsts = range(1, 1 + n_inputs if order else 1)
        both = [(i, j) for i in range(n_inputs) for j in range(i, n_inputs)]
        both = both if order == 2 else []
        self.pairs = [(1 + n_inputs + k, i, j) for k, (i, j) in enumerate(both)]
        self.n = 1 + len(self.firsts) + len(self.pairs)

    def seeds(self, X, scale=1.0):
        """The jets of the inputs themselves: (channels, n, d).

        ``scale`` is the derivative of each input by the variable that is meant.
        """
        seeds = np.zeros((self.n, *X.shape), X.dtype)
        seeds[0] = X
        for i, channel in enumerate(self.firsts):
            seeds[channel, :, i] = np.broadcast_to(scale, X.shape[1:])[i]
        return seeds

    def through(self, f, z, with_back=False):
        """The jets of f(z), and the derivatives of f that the way back needs."""
        if self.order < 2 and not with_back:
            value, d1 = f.slope(z[0])
            d2 = d3 = None
        else:
            value, d1, d2, d3 = f.derivatives(z[0])
        a = np.empty_like(z)
        a[0] = value
        np.multiply(z[1:], d1, a[1:])
        for channel, i, j in self.pairs:
            a[channel] += d2 * z[1 + i] * z[1 + j]
        return a, (d1, d2, d3)

    def back_through(self, z, derivatives, delta):
        """From the derivatives by the jets of f(z) to those by the jets of z."""
        d1, d2, d3 = derivatives
        back = delta * d1
        if self.n > 1:
            back[0] += d2 * np.einsum("cnw,cnw->nw", delta[1:], z[1:])
        for channel, i, j in self.pairs:
            bent = delta[channel] * d2
            back[0] += delta[channel] * d3 * z[1 + i] * z[1 + j]
            back[1 + i] += bent * z[1 + j]
            back[1 + j] += bent * z[1 + i]
        return back


class Tape:
    """A network's run on jets, with its way back.

    Parameters
    ----------
    network : Network
        One net; its layers of training only are left out.
    channels : Channels
        Which derivatives to carry.
    with_back : bool, default=False
        Whether a backward pass follows.
    """

    def __init__(self, network, channels, with_back=False):
        self.network, self.channels, self.with_back = network, channels, with_back
        self.blocks = {
            (id(network.layers[block.layer]), block.name): block
            for block in network.layout.blocks
        }

    def run(self, seeds):
        """The jets of the outputs (channels, n, n_outputs) for those of the inputs.

        Also sets ``last``, the jets that the last layer was given.
        """
        self.value, self.way, self.skipped = seeds, [], []
        for layer in self.network.prediction_layers:
            self.last = self.value
            layer.jets(self)
        return self.value

    # ---- the steps that layers are made of ----------------------------------------

    def affine(self, layer, where=()):
        """value <- value W + b, with the layer's parameters of those names.

        ``where`` is their index, if they are those of many layers.
        """
        W, x = layer.W[where], self.value
        self.value = x @ W
        self.value[0] += layer.b[where]
        self.way.append(partial(self._affine_back, layer, where, W, x))

    def _affine_back(self, layer, where, W, x, delta):
        dW, db = self.slot(layer, "W"), self.slot(layer, "b")
        if self.by_row:
            dW[:, *where] += x.transpose(1, 2, 0) @ delta.transpose(1, 0, 2)
            db[:, *where] += delta[0]
        else:
            flat = delta.reshape(-1, delta.shape[-1])
            dW[where] += x.reshape(-1, x.shape[-1]).T @ flat
            db[where] += delta[0].sum(axis=0)
        return delta @ W.T

    def scaled(self, layer, name):
        """value <- value * s, s the layer's parameter of that name."""
        s, x = getattr(layer, name), self.value
        self.value = x * s
        self.way.append(partial(self._scaled_back, layer, name, s, x))

    def _scaled_back(self, layer, name, s, x, delta):
        ds = np.einsum("cnw,cnw->nw", delta, x)
        slot = self.slot(layer, name)
        slot += ds if self.by_row else ds.sum(axis=0)
        return delta * s

    def activation(self, f):
        """value <- f(value)"""
        z = self.value
        self.value, derivatives = self.channels.through(f, z, self.with_back)
        self.way.append(partial(self.channels.back_through, z, derivatives))

    def padded(self, n_out):
        """value <- (value, 0)"""
        n_in = self.value.shape[-1]
        self.value = np.pad(self.value, ((0, 0), (0, 0), (0, n_out - n_in)))
        self.way.append(lambda delta: delta[..., :n_in])

    def begin_branch(self):
        """Remember the value, for ``end_branch``."""
        self.skipped.append(self.value)
        self.way.append(lambda delta: delta + self.skipped.pop())

    def end_branch(self, h):
        """value <- remembered value + h value"""

        def back(delta):
            self.skipped.append(delta)
            return h * delta

        self.value = self.skipped.pop() + h * self.value
        self.way.append(back)

    # ---- the way back ---------------------------------------------------------------

    def gradient(self, delta):
        """dL/d theta, from delta = dL/d(jets of the outputs).

        Returns
        -------
        ndarray of theta's shape
        """
        return self._back(delta, False)

    def jacobian(self, delta):
        """The same row by row: what each row of delta contributes, (n, n_parameters).

        With delta the coefficients of one linear function of a row's jets it is the
        Jacobian of that function, row by row.
        """
        return self._back(delta, True)

    def _back(self, delta, by_row):
        theta, rows = self.network.theta, (delta.shape[1],) if by_row else ()
        self.by_row, self.out = by_row, np.zeros((*rows, theta.size), theta.dtype)
        for step in reversed(self.way):
            delta = step(delta)
        return self.out

    def slot(self, layer, name):
        """Where the derivatives by a layer's parameter belong; a view."""
        block = self.blocks[id(layer), name]
        shape = (*self.out.shape[:-1], *block.parameter.shape)
        return self.out[..., block.entries].reshape(shape)
