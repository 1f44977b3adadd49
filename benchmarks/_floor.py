"""The floor: nothing but the matrix products of a training step."""

import time
from itertools import pairwise

import numpy as np


def seconds(sizes, batch, steps, dtype):
    """Seconds of the products of a training step, the mean of ``steps`` of them.

    For each layer ``x W`` forward, ``x' delta`` for the weights and, but for the first
    layer, ``delta W'`` for the layer below.
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
            if k:
                np.dot(a[k + 1], W[k].T, out[k])
    return (time.perf_counter() - start) / steps
