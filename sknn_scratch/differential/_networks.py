"""The networks of trial solutions: a perceptron over the box, scaled to [-1, 1]^d."""

from functools import partial
from itertools import pairwise

import numpy as np

from sknn_scratch._nn.activations import ACTIVATIONS, resolve
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.layers import Dense
from sknn_scratch._nn.network import Network

#: Centres of the first layer's units lie so far out: they cover the edges, too.
REACH = 1.1


def cover(random_state, fan_in, fan_out, activation, scale):
    """z_j = s_j (x - c_j): slopes up to init_scale, centres c_j all over [-1, 1]^d

    For the first layer; the others are drawn by 'glorot_uniform'. Directions are
    uniform, so are the lengths of s_j in [0, init_scale]. In one dimension the centres
    are evenly spaced.
    """
    slopes = random_state.uniform(0, scale, fan_out)
    directions = random_state.normal(size=(fan_in, fan_out))
    W = slopes * directions / np.linalg.norm(directions, axis=0)
    if fan_in == 1:
        centres = np.linspace(-REACH, REACH, fan_out)[None]
    else:
        centres = random_state.uniform(-REACH, REACH, (fan_in, fan_out))
    return W, -(W * centres).sum(axis=0)


#: The distributions of the initial weights.
INITIAL = {"cover": cover, **INITIALIZERS}


def built(sizes, activation):
    """A network of those sizes, inputs and outputs included, not yet drawn."""
    f, identity = resolve(activation), ACTIVATIONS["identity"]
    layers = [Dense(*shape, f) for shape in pairwise(sizes)]
    layers[-1].f = identity
    return Network(layers, np.dtype(np.float64))


def draw(network, name, scale, random_state):
    """Draw the initial weights; 'cover' is for the first layer alone."""
    others = INITIALIZERS["glorot_uniform" if name == "cover" else name]
    draws = [INITIAL[name], *[others] * (len(network.layers) - 1)]
    for layer, drawn in zip(network.layers, draws, strict=True):
        layer.draw(partial(drawn, scale=scale), random_state)
