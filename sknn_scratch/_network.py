"""Network: a stack of layers over one flat parameter vector.

::

    theta  one contiguous vector: all weights, then all biases; layers hold views of it
    grad   the same layout; backward writes straight into its views

so that an optimiser is a dozen calls on a vector, whatever the architecture, L-BFGS
needs nothing of its own, and the L2 penalty touches one slice.

A :class:`Network` holds parameters and no buffers: it is what a fitted estimator keeps,
and it may predict from many threads at once. A :class:`Plan` is the same network, over
the same parameters, with buffers for n rows, a gradient and a loss.
"""

from functools import cached_property
from itertools import chain, pairwise

import numpy as np

# Prediction goes over chunks of rows whose widest buffer stays in the cache. Wide
# networks take more rows, so that the products do not repack the weights too often, up
# to a bound on the memory.
CACHED_BYTES, MOST_BYTES, WORTHWHILE_COLUMN_BYTES = 1 << 19, 1 << 22, 1 << 13


def rows_at_once(width, itemsize):
    """How many rows to predict at a time with layers of that width."""
    row = width * itemsize
    worthwhile = min(WORTHWHILE_COLUMN_BYTES // itemsize, MOST_BYTES // row)
    return max(1, worthwhile, CACHED_BYTES // row)


def walk(layers):
    """Every layer that owns parameters, in forward order."""
    for layer in layers:
        yield from walk(layer.children) if layer.children else (layer,)


def unbound(layer):
    """A copy of a layer, without its parameters."""
    twin = object.__new__(type(layer))
    twin.__dict__.update(layer.__getstate__())
    if layer.children:
        twin.children = tuple(unbound(child) for child in layer.children)
    return twin


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


def for_blas(X):
    """X as BLAS takes it: rows or columns contiguous, or CSR."""
    if isinstance(X, np.ndarray) and X.itemsize not in X.strides:
        return np.ascontiguousarray(X)
    return X


def finish_gradient(weights, weight_grad, grad, alpha, total, spare):
    """Turn the sum over rows into the objective's gradient, in place.

    (sum + alpha w) / total on the weights, sum / total on the biases; ``weights`` is
    None where there is no penalty to add.
    """
    if weights is not None:
        np.multiply(weights, alpha, spare)
        weight_grad += spare
    grad /= total


class Network:
    """Layers, and the flat vector that their parameters are views of.

    Parameters
    ----------
    layers : list of Layer
        In forward order; each layer's ``n_out`` is the next one's ``n_in``.
    theta : ndarray of shape (n_parameters,) or dtype
        The parameters, taken over without a copy, or the dtype to allocate them in.
    """

    def __init__(self, layers, theta):
        self.layers = layers
        leaves = list(walk(layers))
        weights = [(leaf, leaf.weights()) for leaf in leaves]
        biases = [(leaf, leaf.biases()) for leaf in leaves]
        self.blocks = [
            (leaves.index(leaf), name, shape)
            for leaf, names in chain(weights, biases)
            for name, shape in names.items()
        ]
        sizes = [int(np.prod(shape)) for _, _, shape in self.blocks]
        self.ends = np.cumsum(sizes).tolist()
        n_blocks = sum(len(names) for _, names in weights)
        self.n_weights = sum(sizes[:n_blocks])
        self.n_weight_blocks = n_blocks
        if not isinstance(theta, np.ndarray):
            theta = np.empty(sum(sizes), theta)
        self.theta = theta
        #: One view of theta for each parameter: all weights, then all biases.
        self.views = self.bind(leaves, theta)

    def bind(self, leaves, vector, prefix=""):
        """Give the layers their views of a vector, under ``prefix`` + name."""
        views = []
        start = 0
        for (i, name, shape), end in zip(self.blocks, self.ends, strict=True):
            view = vector[start:end].reshape(shape)
            setattr(leaves[i], prefix + name, view)
            views.append(view)
            start = end
        return views

    def __getstate__(self):
        return {"layers": self.layers, "theta": self.theta}

    def __setstate__(self, state):
        self.__init__(**state)

    def astype(self, dtype):
        """This network, or one with the same parameters in another dtype."""
        if self.theta.dtype == dtype:
            return self
        layers = [unbound(layer) for layer in self.layers]
        return Network(layers, self.theta.astype(dtype))

    @property
    def shapes(self):
        """The parameters' shapes: all weights, then all biases."""
        return [shape for _, _, shape in self.blocks]

    @property
    def dtype(self):
        return self.theta.dtype

    @property
    def prediction_layers(self):
        """The layers without those of training only."""
        return [layer for layer in self.layers if not layer.training_only]

    @property
    def n_hidden(self):
        """Number of layers in prediction, the output layer left out."""
        return len(self.prediction_layers) - 1

    @property
    def n_outputs(self):
        return self.layers[-1].n_out

    def draw(self, initializer, random_state):
        """Draw the initial parameters, layer by layer."""
        for layer in walk(self.layers):
            layer.draw(initializer, random_state)

    def planned(self, n, *, sparse=False, training=False):
        """The layers with buffers for n rows; those of training only in training."""
        layers = []
        has_parameters = False
        for layer in self.layers if training else self.prediction_layers:
            need_dx = has_parameters if training else None
            layers.append(layer.planned(n, self.dtype, need_dx, sparse))
            has_parameters = has_parameters or bool(layer.weights())
            sparse = sparse and layer.keeps_sparse
        return layers

    def predict(self, X, link, *, first=0, last=None, rows=None):
        """link(network(X)) for dense or CSR rows, in chunks of rows.

        Parameters
        ----------
        X : {ndarray, CSR matrix} of shape (n_samples, n_features)
            Rows; cast to the network's dtype chunk by chunk.
        link : Activation
            Applied to the raw output in place.
        first, last : int, default=0 and None
            Run the layers[first:last] alone; X is then what the one before gave.
        rows : int, default=None
            How many rows at a time; None chooses. The last bits may depend on it.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        n, sparse = X.shape[0], not isinstance(X, np.ndarray)
        width = max(layer.n_out for layer in self.layers)
        rows = rows or rows_at_once(width, self.dtype.itemsize)
        plan = self.planned(min(rows, n), sparse=sparse)[first:last]
        if n <= rows:
            z = run(plan, for_blas(X.astype(self.dtype, copy=False)))
            link.forward(z)
            return z
        out = np.empty((n, plan[-1].n_out), self.dtype)
        for start in range(0, n, rows):
            x = X[start : start + rows].astype(self.dtype, copy=False)
            if x.shape[0] < rows:
                plan = self.planned(x.shape[0], sparse=sparse)[first:last]
            z = out[start : start + rows]
            z[...] = run(plan, for_blas(x))
            link.forward(z)
        return out


class Plan:
    """A network's buffers for n rows, its gradient and its loss: one training step.

    Parameters
    ----------
    network : Network
        Its parameters are shared, not copied.
    loss : Loss
        What is minimised.
    n : int
        Number of rows.
    alpha : float
        Strength of the L2 penalty, alpha / (2 total weight) |w|^2.
    grad : ndarray of shape (n_parameters,), default=None
        Where gradients go; plans of one training share it. None allocates it.
    sparse : bool, default=False
        Whether the rows come as a CSR matrix.
    """

    def __init__(self, network, loss, n, alpha, grad=None, sparse=False):
        self.n, self.alpha, self.theta = n, alpha, network.theta
        self.total = np.array(n, network.dtype)  # 0-d: cheaper to divide by
        self.layers = network.planned(n, sparse=sparse, training=True)
        self.grad = np.empty_like(network.theta) if grad is None else grad
        network.bind(list(walk(self.layers)), self.grad, prefix="d")
        self.loss = loss.planned(n, network.n_outputs, network.dtype)
        self.divisor = network.n_outputs if loss.reports_mean_over_outputs else 1
        n_weights = network.n_weights
        self.weights, self.weight_grad = self.theta[:n_weights], self.grad[:n_weights]
        # One flat view a weight matrix: |w|^2 adds up in scikit-learn's order.
        starts = [0, *network.ends]
        self.weight_blocks = [
            self.theta[start:end] for start, end in pairwise(starts) if end <= n_weights
        ]

    def backprop(self, x, y, weight=None):
        """All of backpropagation.

        Returns the mean loss over the rows and the penalty. ``grad`` is left holding
        the weighted sum over the rows, which :func:`finish_gradient` finishes, and
        ``total`` the total weight.
        """
        total = self.total
        if weight is not None:
            total[...] = weight.sum()
        z = run(self.layers, x)
        value = self.loss.value_and_delta(z, y, weight, total)  # z now holds dL/dz
        run_back(self.layers, z)
        return value, self.penalty()

    def penalty(self):
        """alpha / 2 |w|^2 / total"""
        if not self.alpha:
            return 0.0
        squares = 0.0
        for w in self.weight_blocks:
            squares += w.dot(w)
        return 0.5 * self.alpha * float(squares) / float(self.total)

    def value_and_grad(self, x, y, weight=None):
        """The objective and its gradient; the gradient is this plan's buffer."""
        value, penalty = self.backprop(x, y, weight)
        weights = self.weights if self.alpha else None
        finish_gradient(
            weights, self.weight_grad, self.grad, self.alpha, self.total, self.spare
        )
        return value + penalty, self.grad

    @cached_property
    def spare(self):
        """A buffer as long as the weights."""
        return np.empty_like(self.weights)

    def reported(self, value, penalty):
        """The loss as ``loss_`` states it."""
        return value / self.divisor + penalty

    def reported_objective(self, objective):
        """The loss as ``loss_`` states it, from the objective at theta."""
        if self.divisor == 1:
            return float(objective)
        penalty = self.penalty()
        return float(self.reported(objective - penalty, penalty))
