"""Pooling: of each window of an image one number, channel by channel.

A window is pooled along its rows and then along its columns, which is the same for the
maximum and for the mean, and takes a few calls on large arrays.
"""

import numpy as np

from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.layers.images import OfImages, pixels_of, rows_at_a_time, rows_of


class Largest:
    """y = the largest x of the window; dL/dx = dL/dy for the first of them, else 0"""

    #: Whether the pool of f(x) is f(y), where f rises.
    keeps_order = True
    onnx = "MaxPool"

    @staticmethod
    def forward(parts, y, masks):
        """Y <- the largest of the parts; the masks remember which ones it is."""
        first, *others = parts
        if not others:
            y[...] = first
        for part in others:
            np.maximum(first, part, out=y)
            first = y
        for part, mask in zip(parts, masks, strict=False):
            np.equal(part, y, mask)

    @staticmethod
    def backward(masks, delta, dx_parts):
        """Give delta, which is spent, to the first part that was y."""
        *before, last = dx_parts
        for mask, dx in zip(masks, before, strict=True):
            np.multiply(delta, mask, dx)
            delta -= dx
        last[...] = delta


class Mean:
    """y = the mean of the window; dL/dx = dL/dy / size"""

    keeps_order = False
    onnx = "AveragePool"

    @staticmethod
    def forward(parts, y, masks):
        first, *others = parts
        y[...] = first
        for part in others:
            y += part
        y *= 1 / len(parts)

    @staticmethod
    def backward(masks, delta, dx_parts):
        delta *= 1 / len(dx_parts)
        for dx in dx_parts:
            dx[...] = delta


POOLINGS = {"max": Largest, "average": Mean}


class Pooling(OfImages, Layer):
    """a = f(y), y = the largest pixels of the windows, or their means

    Windows lie side by side; rows and columns that are left over are not seen.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width and channels of the input.
    pool_size : tuple of int
        Height and width of a window.
    kind : type
        An entry of ``POOLINGS``.
    activation : Activation
        f. Where f rises, f of a maximum is the maximum of f, and costs less.
    """

    def __init__(self, image_shape, pool_size, kind, activation):
        (height, width, n_channels), (down, right) = image_shape, pool_size
        super().__init__(image_shape, (height // down, width // right, n_channels))
        self.pool_size, self.kind, self.f = tuple(pool_size), kind, activation

    def signature(self):
        return *super().signature(), self.pool_size, self.kind, self.f.signature()

    def training_entries(self):
        return self.n_in + self.n_in // self.pool_size[1] + 2 * self.n_out

    def allocate(self, room, n_most=None):
        """Make the buffers; ``n_most`` rows are worked on at a time, None chooses."""
        (height, width, n_channels), (down, right) = self.out_shape, self.pool_size
        self.y = self.pixels(room, self.out_shape)
        self.y_rows, self.x, self.delta = rows_of(self.y), None, None
        row = self.y[..., :1, :, :, :].nbytes * down * right
        self.n_most = rows_at_a_time(row) if n_most is None else n_most
        #: What is left of some rows of pixels, and what is sent back to them.
        some = min(self.n_most, height) * down, width, n_channels
        self.rows = self.pixels(room, some)
        self.s, self.across, self.down = [], [], []
        if not room.training:
            return
        self.s = [np.empty_like(self.y) for _ in range(self.f.n_buffers)]
        if self.kind.keeps_order:
            all_rows = self.pixels(room, (height * down, width, n_channels)).shape
            self.across = [np.empty(all_rows, bool) for _ in range(right - 1)]
            self.down = [np.empty(self.y.shape, bool) for _ in range(down - 1)]
        self.dx = None
        if room.needs_dx:
            self.dx = self.pixels(room, self.image_shape)
            self.dx[...] = 0
            self.dx_rows = rows_of(self.dx)

    def _windows(self, pixels, rows, block=(slice(None), slice(None))):
        """The views that pooling needs for some rows of the output, in a block of them.

        ``pixels`` is what these windows see.
        """
        down, right = self.pool_size
        n_rows, (*_, n_columns, _) = rows.stop - rows.start, self.y[..., *block].shape
        out = ..., rows, slice(None), *block
        under = ..., slice(rows.start * down, rows.stop * down), slice(None), *block
        between = self.rows[..., : n_rows * down, :, *block]
        return (
            [pixels[..., k : n_columns * right : right, :] for k in range(right)],
            between,
            [between[..., k::down, :, :, :] for k in range(down)],
            [mask[under] for mask in self.across],
            [mask[out] for mask in self.down],
            out,
        )

    def forward_step(self, pixels, rows, block=(slice(None), slice(None))):
        """Make the call that pools pixels, those under some rows of a block."""
        across, between, down, *masks, out = self._windows(pixels, rows, block)
        y, s, pool, f = self.y[out], [s[out] for s in self.s], self.kind, self.f
        of_rows, of_columns = masks

        def step():
            pool.forward(across, between, of_rows)
            pool.forward(down, y, of_columns)
            f.forward(y, s or None)

        return step

    def backward_step(self, delta, dx, rows, block=(slice(None), slice(None))):
        """Make the call that sends delta back, to dx of what these windows see."""
        across, between, down, *masks, out = self._windows(dx, rows, block)
        y, s, pool, f = self.y[out], [s[out] for s in self.s], self.kind, self.f
        (of_rows, of_columns), delta = masks, delta[out]

        def step():
            f.backward(y, delta, s)
            pool.backward(of_columns, delta, down)
            pool.backward(of_rows, between, across)

        return step

    def some_rows(self):
        """The rows of the output, a few at a time, and the pixels' rows under them."""
        down, height = self.pool_size[0], self.out_shape[0]
        for start in range(0, height, self.n_most):
            stop = min(start + self.n_most, height)
            yield slice(start, stop), slice(start * down, stop * down)

    def forward(self, x):
        if x is not self.x:
            self.x, pixels = x, pixels_of(x, self.image_shape)
            self.steps = [
                self.forward_step(pixels[..., under, :, :, :], rows)
                for rows, under in self.some_rows()
            ]
        for step in self.steps:
            step()
        return self.y_rows

    def backward(self, delta):
        if self.dx is None:
            return None
        if delta is not self.delta:
            self.delta, pixels = delta, pixels_of(delta, self.out_shape)
            self.steps_back = [
                self.backward_step(pixels, self.dx[..., under, :, :, :], rows)
                for rows, under in self.some_rows()
            ]
        for step in self.steps_back:
            step()
        (height, width, _), (down, right) = self.out_shape, self.pool_size
        self.dx[..., height * down :, :, :, :] = 0
        self.dx[..., width * right :, :] = 0
        return self.dx_rows

    def onnx(self, graph):
        size = list(self.pool_size)
        graph.node(self.kind.onnx, kernel_shape=size, strides=size)
        graph.activation(self.f)
