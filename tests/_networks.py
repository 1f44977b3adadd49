"""Small perceptrons and data for them."""

from functools import partial
from itertools import pairwise

import numpy as np

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.layers import Dense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.network import Network

DRAW = partial(INITIALIZERS["glorot_uniform"], scale=1.0)
SOFTMAX = LINKS["softmax"]


def network(sizes, activation="tanh", dtype="float64", seed=0):
    layers = [Dense(*shape, ACTIVATIONS[activation]) for shape in pairwise(sizes)]
    layers[-1].f = ACTIVATIONS["identity"]
    made = Network(layers, np.dtype(dtype))
    made.draw(DRAW, np.random.RandomState(seed))
    return made


def data(n, sizes, link, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, sizes[0]))
    if link == "softmax":
        return X, np.eye(sizes[-1])[rng.integers(sizes[-1], size=n)]
    if link == "logistic":
        return X, rng.integers(2, size=(n, sizes[-1])).astype(float)
    return X, rng.gamma(2, size=(n, sizes[-1]))
