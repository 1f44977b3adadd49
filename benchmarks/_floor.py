"""The floor: nothing but the matrix products of a training step."""

import time
from itertools import pairwise

import numpy as np


def of_images(convolutions, sizes, batch, steps, dtype):
    """Seconds of the products of a training step of a convolutional network.

    Parameters
    ----------
    convolutions : list of tuple of int
        Of each its windows in an image, the numbers in one, and its filters.
    sizes : tuple of int
        Of the dense layers.
    """
    rng = np.random.default_rng(0)
    first, total = True, 0.0
    for n_windows, n_entries, n_filters in convolutions:
        x = rng.standard_normal((batch * n_windows, n_entries)).astype(dtype)
        W = rng.standard_normal((n_entries, n_filters)).astype(dtype)
        z, dW, dx = x @ W, np.empty_like(W), np.empty_like(x)
        start = time.perf_counter()
        for _ in range(steps):
            np.dot(x, W, z)
            np.dot(x.T, z, dW)
            if not first:
                np.dot(z, W.T, dx)
        total += (time.perf_counter() - start) / steps
        first = False
    return total + seconds(sizes, batch, steps, dtype, needs_dx=True)


def seconds(sizes, batch, steps, dtype, needs_dx=False):
    """Seconds of the products of a training step, the mean of ``steps`` of them.

    For each layer ``x W`` forward, ``x' delta`` for the weights and, but for the first
    layer (unless ``needs_dx``), ``delta W'`` for the layer below.
    """
    rng = np.random.default_rng(0)
    W = [rng.standard_normal(shape).astype(dtype) for shape in pairwise(sizes)]
    a = [rng.standard_normal((batch, n)).astype(dtype) for n in sizes]
    dW, out = [np.empty_like(w) for w in W], [np.empty_like(x) for x in a]
    start = time.perf_counter()
    for _ in range(steps):
        for k, w in enumerate(W):
            np.dot(a[k], w, out[k + 1])
        for k in range(len(W) - 1, -1, -1):
            np.dot(a[k].T, a[k + 1], dW[k])
            if k or needs_dx:
                np.dot(a[k + 1], W[k].T, out[k])
    return (time.perf_counter() - start) / steps
