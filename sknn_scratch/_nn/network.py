"""Network: a stack of layers over one flat parameter vector.

::

    theta  one contiguous vector: all weights, then all biases; layers hold views of it
    grad   the same layout; backward writes straight into its views

so that an optimiser is a dozen calls on a vector, whatever the architecture, L-BFGS
needs nothing of its own, and the L2 penalty touches one slice.

A :class:`Network` holds parameters and no buffers: it is what a fitted estimator keeps,
and it may predict from many threads at once. Its :class:`~sknn_scratch._nn.plan.Plan`
is the same network, over the same parameters, with buffers for n rows.

Many nets of one architecture may share a network: theta then has a row for each, every
parameter a leading axis of nets, and the same lines of the layers compute all of them
in one call each.
"""

from functools import cached_property

import numpy as np

from sknn_scratch._nn.arrays import for_blas
from sknn_scratch._nn.layers import Layer, Room, at_the_door
from sknn_scratch._nn.parameters import Layout

# Prediction goes over chunks of rows whose widest buffer stays in the cache. Wide
# networks take more rows, so that the products do not repack the weights too often, up
# to a bound on the memory.
CACHED_BYTES, MOST_BYTES, WORTHWHILE_COLUMN_BYTES = 1 << 19, 1 << 22, 1 << 13


def rows_at_once(row_bytes, itemsize):
    """Number of rows to predict at a time, if the widest buffer takes that much a row.

    Examples
    --------
    >>> rows_at_once(row_bytes=50 * 8, itemsize=8)
    1310
    """
    worthwhile = min(WORTHWHILE_COLUMN_BYTES // itemsize, MOST_BYTES // row_bytes)
    return max(1, worthwhile, CACHED_BYTES // row_bytes)


def run(layers, x):
    """Forward through the layers."""
    for layer in layers:
        x = layer.forward(x)
    return x


def run_back(layers, delta):
    """Backward through the layers: dL/dx of the first one, or None."""
    for layer in reversed(layers):
        delta = layer.backward(delta)
    return delta


class Network:
    """Layers, and the flat vector that their parameters are views of.

    Parameters
    ----------
    layers : list of Layer
        In forward order; each layer's ``n_out`` is the next one's ``n_in``.
    theta : ndarray of shape (n_parameters,) or (nets, n_parameters), or dtype
        The parameters, taken over without a copy, or the dtype to allocate them in.
    nets : tuple of int, default=()
        () for one net, (m,) for m at once.

    Attributes
    ----------
    layout : Layout
        The parameters' places in theta.
    named : dict of str to tuple of ndarray
        The parameters of each name, "W" and "b" for example, in the layers' order.
    """

    def __init__(self, layers, theta, nets=()):
        self._settle(layers, Layout(layers, nets), theta)

    def _settle(self, layers, layout, theta):
        if not isinstance(theta, np.ndarray):
            theta = np.empty(layout.shape, theta)
        self.layers, self.layout, self.theta = layers, layout, theta
        self.named = layout.bind(layers, theta)

    def __getstate__(self):
        return {"layers": self.layers, "theta": self.theta, "nets": self.nets}

    def __setstate__(self, state):
        layers, nets = state["layers"], state["nets"]
        self._settle(layers, Layout(layers, nets), state["theta"])

    def with_theta(self, theta):
        """The same architecture over another vector, taken over without a copy."""
        twin = object.__new__(type(self))
        twin._settle([layer.unbound() for layer in self.layers], self.layout, theta)
        return twin

    def astype(self, dtype):
        """This network, or one with the same parameters in another dtype."""
        if self.theta.dtype == dtype:
            return self
        return self.with_theta(self.theta.astype(dtype))

    @property
    def nets(self):
        return self.layout.nets

    @property
    def shapes(self):
        """The parameters' shapes, in theta's order."""
        return [block.parameter.shape for block in self.layout.blocks]

    @property
    def dtype(self):
        return self.theta.dtype

    @cached_property
    def prediction_layers(self):
        """The layers without those of training only."""
        return [layer for layer in self.layers if not layer.training_only]

    @cached_property
    def hidden_layers(self):
        """The hidden layers: those of prediction, the output layer left out."""
        return [layer for layer in self.prediction_layers[:-1] if layer.is_hidden]

    @property
    def n_hidden(self):
        """Number of hidden layers."""
        return len(self.hidden_layers)

    @property
    def n_outputs(self):
        return self.layers[-1].n_out

    # ---- many nets ---------------------------------------------------------------

    @classmethod
    def stacked(cls, networks):
        """One network of many nets, from networks of one architecture; copies."""
        layers = [
            first.stacked([first, *others])
            for first, *others in zip(*(each.layers for each in networks), strict=True)
        ]
        many = cls(layers, networks[0].dtype, (len(networks),))
        np.stack([network.theta for network in networks], out=many.theta)
        return many

    def selected(self, nets):
        """The network of some of many nets, or with an int that of one; copies."""
        layers = [layer.selected(nets) for layer in self.layers]
        shape = () if np.ndim(nets) == 0 else np.shape(nets)
        return Network(layers, self.theta[nets].copy(), shape)

    # ---- initial values, and prediction ------------------------------------------

    def draw(self, initializer, random_state, x=None):
        """Draw the initial parameters, layer by layer.

        Parameters
        ----------
        initializer : callable
            ``initializer(random_state, fan_in, fan_out, activation)``.
        random_state : RandomState
            Source of the draws.
        x : ndarray of shape (n_samples, n_features), default=None
            Rows; each layer then has its own inputs at hand when it draws.
        """
        for layer in self.layers:
            layer.draw(initializer, random_state, x)
            if x is not None and not layer.training_only:
                x = layer.planned(Room(len(x), self.dtype)).forward(x)

    def planned(self, n, *, sparse=False, training=False):
        """The layers with buffers for n rows; those of training only in training."""
        layers = self.layers if training else self.prediction_layers
        planned: list[Layer] = []
        dtype, nets, needs_dx = self.theta.dtype, self.layout.nets, False
        unneeded = 0
        for layer in at_the_door(layers) if sparse else layers:
            room = Room(n, dtype, nets, training, needs_dx, bool(planned), unneeded)
            planned.append(layer.planned(room))
            unneeded = 0 if needs_dx else layer.n_copied
            needs_dx = needs_dx or (training and bool(layer.parameters()))
        return planned

    def predict(self, X, link, *, rows=None):
        """link(network(X)) for dense or CSR rows, in chunks of rows.

        Parameters
        ----------
        X : {ndarray, CSR matrix} of shape (n_samples, n_features)
            Rows; cast to the network's dtype chunk by chunk. With many nets also (nets,
            n_samples, n_features).
        link : Activation
            Applied to the raw output in place.
        rows : int, default=None
            Number of rows at a time; None chooses. The last bits may depend on it.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of many nets (nets, ...)
        """
        n, sparse = X.shape[-2], not isinstance(X, np.ndarray)
        rows = rows or self.rows_at_once
        plan = self.planned(min(rows, n), sparse=sparse)
        if n <= rows:
            z = run(plan, for_blas(X.astype(self.dtype, copy=False)))
            link.forward(z)
            return z
        out = np.empty((*self.nets, n, self.n_outputs), self.dtype)
        for start, x in self._chunks(X, rows):
            if x.shape[-2] < rows:
                plan = self.planned(x.shape[-2], sparse=sparse)
            z = out[..., start : start + rows, :]
            z[...] = run(plan, x)
            link.forward(z)
        return out

    def hidden(self, X):
        """The outputs of the hidden layers, for dense or CSR rows.

        Returns
        -------
        list of ndarray of shape (n_samples, n_units)
        """
        n, sparse = X.shape[0], not isinstance(X, np.ndarray)
        outputs = [
            np.empty((n, layer.n_out), self.dtype) for layer in self.hidden_layers
        ]
        rows = min(self.rows_at_once, n)
        for start, x in self._chunks(X, rows):
            if start == 0 or x.shape[0] < rows:
                *plan, _ = self.planned(x.shape[0], sparse=sparse)
            kept = iter(outputs)
            for layer in plan:
                x = layer.forward(x)
                if layer.is_hidden and not layer.door_only:
                    next(kept)[start : start + rows] = x
        return outputs

    @cached_property
    def rows_at_once(self):
        """Number of rows to predict at a time."""
        itemsize = self.dtype.itemsize
        widest = max(layer.row_bytes(itemsize) for layer in self.layers)
        return rows_at_once(widest, itemsize)

    def _chunks(self, X, rows):
        """(first row, rows in the network's dtype), chunk after chunk."""
        for start in range(0, X.shape[-2], rows):
            chunk = slice(start, start + rows)
            x = X[..., chunk, :] if isinstance(X, np.ndarray) else X[chunk]
            yield start, for_blas(x.astype(self.dtype, copy=False))
