"""A small regression problem, as the trainings take it."""

import numpy as np
from scipy import sparse

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Problem

SETTINGS = {
    "learning_rate_init": 0.5,
    "power_t": 0.5,
    "momentum": 0.0,
    "nesterovs_momentum": True,
    "max_iter": 100,
    "clip_norm": None,
}


def problem(n=23, n_in=3, weight=None, as_sparse=False, one_hot=False):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_in))
    Y = rng.standard_normal((n, 2))
    if one_hot:
        Y = Y > 0
    network = Network([Dense(n_in, 2, ACTIVATIONS["identity"])], np.dtype(float))
    network.theta[...] = rng.standard_normal(network.theta.shape)
    return Problem.of(
        network,
        None,
        LOSSES["squared_error"](LINKS["identity"]),
        sparse.csc_matrix(X) if as_sparse else X,
        Y,
        weight,
        np.random.RandomState(0),
        None,
        weight,
    )


def predicted(case):
    """The linear network's output for its own rows, by the textbook."""
    (layer,) = case.network.layers
    return case.X @ layer.W + layer.b
