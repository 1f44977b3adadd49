"""Layers: forward and backward side by side, one file for each idea."""

from sknn_scratch._nn.layers.activation import ActivationLayer
from sknn_scratch._nn.layers.base import Layer, Room
from sknn_scratch._nn.layers.convolution import Convolution
from sknn_scratch._nn.layers.dense import Dense
from sknn_scratch._nn.layers.dropout import Dropout
from sknn_scratch._nn.layers.images import Flatten, Unflatten
from sknn_scratch._nn.layers.periodic import Periodic
from sknn_scratch._nn.layers.pooling import POOLINGS, Pooling
from sknn_scratch._nn.layers.residual import Pad, ResidualStack
from sknn_scratch._nn.layers.scaled import ScaledDense
from sknn_scratch._nn.layers.sparse import at_the_door

__all__ = [
    "POOLINGS",
    "ActivationLayer",
    "Convolution",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "Pad",
    "Periodic",
    "Pooling",
    "ResidualStack",
    "Room",
    "ScaledDense",
    "Unflatten",
    "at_the_door",
]
