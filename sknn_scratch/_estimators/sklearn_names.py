"""scikit-learn's own attribute names, where they reach deeper than ours.

In scikit-learn ``coefs_`` and ``intercepts_`` *are* the model: assigning to them, or to
an entry, changes the predictions, and presetting them starts ``partial_fit`` from them.
Here they are views of one flat vector, so what a user assigned is taken over when it is
next needed. ``_loss_grad_lbfgs`` serves those who call scikit-learn's objective.
"""

from itertools import pairwise

import numpy as np

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.plan import Plan


class SklearnNames(BaseNeuralEstimator):
    """Base of the estimators that are twins of scikit-learn's."""

    intercepts_: list

    def _dense_layers(self, sizes):
        """The layers of a multilayer perceptron of those sizes."""
        raise NotImplementedError

    _exposed: tuple[str, ...] = ("coefs_", "intercepts_")

    def _expose(self, network):
        # Lists of its own: what a user assigns to an entry is to be noticed.
        return {
            "coefs_": list(network.named["W"]),
            "intercepts_": list(network.named["b"]),
        }

    def _count_layers(self, network):
        return len(network.named["W"]) + 1

    def _adopted_network(self):
        network = super()._adopted_network()
        coefs = self.__dict__.get("coefs_")
        if coefs is None:
            return network
        given = [*coefs, *self.intercepts_]
        if network is not None:
            views = [*network.named["W"], *network.named["b"]]
            if all(array is view for array, view in zip(given, views, strict=True)):
                return network
        return self._network_of([np.asarray(array) for array in given])

    def _network_of(self, given):
        """A network with the given weights, then intercepts, as its parameters."""
        shapes = [array.shape for array in given]
        sizes = [shape[0] for shape in shapes[: len(shapes) // 2]]
        sizes.append(shapes[-1][0])
        theta = np.concatenate([array.ravel() for array in given])
        if theta.dtype not in (np.float32, np.float64):
            theta = theta.astype(np.float64)
        if [*pairwise(sizes), *((n,) for n in sizes[1:])] != shapes:
            raise ValueError(
                "coefs_ and intercepts_ must be one (n_in, n_out) and one (n_out,) "
                f"array for each layer, each n_in the n_out before it; got {shapes}."
            )
        return Network(self._dense_layers(sizes), theta)

    def _loss_grad_lbfgs(self, theta, X, y, sample_weight, *unused_lists):
        """The objective and its gradient at theta, for 0/1 or numeric y (n, k)."""
        network = self._network
        np.copyto(network.theta, theta)
        loss = LOSSES[self.loss](self._target.link, self._params())
        plan = Plan(network, loss, len(y), self.alpha)
        value, grad = plan.value_and_grad(
            np.asarray(X, network.dtype), np.asarray(y, network.dtype), sample_weight
        )
        return value, grad
