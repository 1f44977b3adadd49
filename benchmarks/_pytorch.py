"""The same nets in PyTorch on the CPU: eager mode, fused Adam."""

import time
from functools import partial
from itertools import pairwise

import numpy as np
from joblib import cpu_count

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(cpu_count())


class Residual(torch.nn.Module if torch else object):
    """y = x + h tanh(x W + b)"""

    def __init__(self, width, step, dtype):
        super().__init__()
        self.dense, self.step = torch.nn.Linear(width, width, dtype=dtype), step

    def forward(self, x):
        return x + self.step * torch.tanh(self.dense(x))


def perceptron(sizes, dtype):
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [torch.nn.Linear(n_in, n_out, dtype=dtype), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def residual(sizes, dtype):
    n_layers, width = len(sizes) - 2, sizes[0]
    layers = [Residual(width, 1 / n_layers, dtype) for _ in range(n_layers)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, sizes[-1], dtype=dtype))


def convolutional(filters, kernel_size, sizes, dtype):
    """Convolutions, ReLU and 2 x 2 maxima, then dense layers."""
    layers, n_channels = [], 1
    for n in filters:
        conv = torch.nn.Conv2d(n_channels, n, kernel_size, padding="same", dtype=dtype)
        layers += [conv, torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        n_channels = n
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), *perceptron(sizes, dtype))


def of_images(net, sizes, X, y, batch, epochs):
    """Seconds in the faster of the two orders of pixels and channels in memory."""
    formats = torch.contiguous_format, torch.channels_last
    return min(
        seconds(
            sizes, X, y, batch, epochs, True, partial(in_format, net, memory), memory
        )
        for memory in formats
    )


def in_format(build, memory, sizes, dtype):
    return build(sizes, dtype).to(memory_format=memory)


def seconds(sizes, X, y, batch, epochs, is_classifier, build=perceptron, memory=None):
    """Seconds of training for that many epochs, in shuffled batches."""
    dtype = {np.float32: torch.float32, np.float64: torch.float64}[X.dtype.type]
    net = build(sizes, dtype)
    optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-4, fused=True)
    X = torch.from_numpy(X)
    if memory is not None:
        X = X.contiguous(memory_format=memory)
    y = torch.from_numpy(y)
    if sizes[-1] > 1:
        loss = torch.nn.CrossEntropyLoss()
    else:
        y = y.to(dtype)[:, None]
        loss = torch.nn.BCEWithLogitsLoss() if is_classifier else torch.nn.MSELoss()
    start = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for rows in order.split(batch):
            optimizer.zero_grad()
            loss(net(X[rows]), y[rows]).backward()
            optimizer.step()
    return time.perf_counter() - start
