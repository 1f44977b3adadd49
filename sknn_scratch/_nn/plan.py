"""Plan: a network's buffers for n rows, its gradient and its loss: a training step."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from sknn_scratch._nn.arrays import number_type
from sknn_scratch._nn.network import run, run_back


def finish_gradient(weights, weight_grad, grad, alpha, total, spare):
    """Turn the sum over rows into the objective's gradient, in place.

    (sum + alpha w) / total on the weights, sum / total on the biases; ``weights`` is
    None where there is no penalty to add.
    """
    if weights is not None:
        np.multiply(weights, alpha, spare)
        weight_grad += spare
    grad /= total


class Plan:
    """A network's buffers for n rows, its gradient and its loss: one training step.

    Parameters
    ----------
    network : Network
        Its parameters are shared, not copied.
    loss : Loss
        The loss to minimise.
    n : int
        Number of rows.
    alpha : float or ndarray of shape (nets,)
        Strength of the L2 penalty, alpha / (2 total weight) |w|^2.
    grad : ndarray of theta's shape, default=None
        Array for the gradients; plans of one training share it. None allocates it.
    sparse : bool, default=False
        Whether the rows come as a CSR matrix.
    weighted : bool, default=False
        Whether many nets' rows have weights, whose sums may differ among the nets.

    Attributes
    ----------
    total : ndarray of shape (), or (nets, 1) if many nets are weighted
        Total weight of the rows of the last batch.
    """

    def __init__(
        self, network, loss, n, alpha, grad=None, sparse=False, weighted=False
    ):
        nets, layout = network.nets, network.layout
        self.n, self.theta, self.layout = n, network.theta, layout
        self.alpha = alpha
        self.has_penalty = bool(np.any(alpha))
        # An array: cheaper to divide by.
        self.total = np.full((*nets, 1) if nets and weighted else (), n, network.dtype)
        self.totals = self.total[:, 0] if self.total.ndim else self.total
        self.grad = np.empty_like(network.theta) if grad is None else grad
        self.allocate(network, loss, sparse)
        self.divisor = network.n_outputs if loss.reports_mean_over_outputs else 1
        self.weights = self.theta[..., : layout.n_decaying]
        self.weight_grad = self.grad[..., : layout.n_decaying]
        # One flat view a weight matrix: |w|^2 adds up in scikit-learn's order.
        self.weight_blocks = layout.decaying(self.theta)
        self.squared_norm: Callable = np.vecdot if nets else np.ndarray.dot
        self.number = number_type(nets)

    def allocate(self, network, loss, sparse):
        """Make the buffers."""
        self.layers = network.planned(self.n, sparse=sparse, training=True)
        own = [layer for layer in self.layers if not layer.door_only]
        self.layout.bind(own, self.grad, prefix="d")
        self.loss = loss.planned(self.n, network.n_outputs, network.dtype, network.nets)

    def backprop(self, x, y, weight=None):
        """All of backpropagation.

        Parameters
        ----------
        x : {ndarray, CSR matrix} of shape (n, n_features)
            Rows; with many nets also (nets, n, n_features).
        y : ndarray of shape (n, n_outputs)
            Targets, likewise.
        weight : ndarray of shape (n,), default=None
            Weights of the rows, likewise; None weighs all rows 1.

        Returns
        -------
        value, penalty : float, or ndarray of shape (nets,)
            The mean loss over the rows, and the L2 penalty. ``grad`` is left holding
            the weighted sum over the rows, which :func:`finish_gradient` finishes, and
            ``total`` the total weight.
        """
        total = self.total
        if weight is not None:
            np.add.reduce(weight, -1, out=total, keepdims=total.ndim > 0)
        return self.forward_and_back(x, y, weight, total), self.penalty()

    def forward_and_back(self, x, y, weight, total):
        """The rows' losses over ``total``; ``grad`` is left holding the sum over them.

        With ``total`` 1 it is what the sums over parts of the rows are made of.
        """
        z = run(self.layers, x)
        value = self.loss.value_and_delta(z, y, weight, total)  # z now holds dL/dz
        run_back(self.layers, z)
        return value

    def penalty(self):
        """alpha / 2 |w|^2 / total"""
        if not self.has_penalty:
            return 0.0
        squares = 0.0
        for w in self.weight_blocks:
            squares += self.squared_norm(w, w)
        return 0.5 * self.alpha * self.number(squares) / self.number(self.totals)

    def value_and_grad(self, x, y, weight=None):
        """The objective and its gradient; the gradient is this plan's buffer."""
        value, penalty = self.backprop(x, y, weight)
        weights = self.weights if self.has_penalty else None
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
