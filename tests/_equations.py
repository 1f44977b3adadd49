"""Equations whose solutions are known, and points for them."""

import numpy as np

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential import BoundaryConditions, InitialConditions
from sknn_scratch.differential._equations import Equation
from sknn_scratch.differential._networks import built, draw
from sknn_scratch.differential._residuals import Residuals, Term, units_of
from sknn_scratch.differential._results import chebyshev

#: name -> conditions, residual(t, y, dy[, d2y]), solution.
DECAY = (InitialConditions(0, 10.0), lambda t, y, dy: dy + 2 * y)
POISSON = (
    BoundaryConditions((0, 1), y=(0.0, 0.0)),
    lambda t, y, dy, d2y: d2y + (3 * t + t**2) * np.exp(t),
)


def decayed(t):
    return 10 * np.exp(-2 * t)


def bump(t):
    return t * (1 - t) * np.exp(t)


def column(a, b, m):
    return chebyshev(a, b, m)[:, None]


def residuals(function, conditions, X, sizes=(5, 4), p=(), more=(), seed=0):
    """A settled least-squares problem with random weights."""
    rng = np.random.default_rng(seed)
    box = conditions._box(X)
    channels = Channels(conditions.n_inputs, conditions.order)
    network = built([conditions.n_inputs, *sizes, conditions.n_components], "tanh")
    vector = np.concatenate([network.theta, p])
    network = network.with_theta(vector[: network.theta.size])
    draw(network, "cover", 3.0, np.random.RandomState(seed))
    network.layers[-1].W[...] = 0.3 * rng.standard_normal(network.layers[-1].W.shape)
    equation = Equation(function, conditions, channels)
    terms = [
        Term(equation, X, conditions._at(X, channels, box), units_of(channels, box))
    ]
    terms += [penalty._term(conditions, channels, box, "penalty") for penalty in more]
    anchors = conditions._anchors(box)
    made = Residuals(network, channels, box, anchors, terms, vector)
    made.settle()
    return made
