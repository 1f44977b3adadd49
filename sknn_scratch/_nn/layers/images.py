"""Images: rows of pixels on the way in, rows again on the way out.

scikit-learn's rows hold an image pixel by pixel, its channels last: (n, height x width
x channels). From :class:`Unflatten` on the same numbers lie in memory as (height,
channels, width, n), the n images of a batch side by side: whatever is done to a pixel
is done to n numbers in a row, and the pixels that a window covers are a few long
stretches. A layer hands on such an array as the (n, height x channels x width) view of
it, so that its rows are rows like any other layer's.
"""

from typing import ClassVar

import numpy as np

from sknn_scratch._nn.layers.base import Layer


def rows_of(pixels):
    """The rows (..., n, n_units) of (..., height, channels, width, n): a view."""
    *nets, height, channels, width, n = pixels.shape
    return pixels.reshape(*nets, height * channels * width, n).mT


def one_axis(pixels):
    """Pixels (..., height, channels, width x n): columns and images as one axis."""
    *others, width, n = pixels.shape
    return pixels.reshape(*others, width * n)


def pixels_of(rows, image_shape):
    """The pixels (..., height, channels, width, n) of such rows: a view."""
    height, width, channels = image_shape
    *nets, n, _ = rows.shape
    return rows.mT.reshape(*nets, height, channels, width, n)


#: What is done in several passes is done to so many bytes at a time, which stay in the
#: cache.
CACHED_BYTES = 1 << 19


def rows_at_a_time(row):
    """Number of rows of pixels to work on at a time, if they take that many bytes."""
    return max(1, CACHED_BYTES // max(1, row))


def channels_last(rows, image_shape):
    """Rows of images, channels last, as pixels (..., height, channels, width, n)."""
    images = rows.reshape(*rows.shape[:-1], *image_shape)
    return np.moveaxis(images, (-4, -1), (-1, -3))


class OfImages:
    """What layers of images have in common.

    Parameters
    ----------
    image_shape : tuple of int
        Height, width and channels of the input.
    out_shape : tuple of int
        Those of the output.
    """

    #: Flatten tells of the last maps, feature_maps of the estimators of all of them.
    is_hidden: ClassVar[bool] = False

    def __init__(self, image_shape, out_shape):
        self.image_shape, self.out_shape = tuple(image_shape), tuple(out_shape)
        self.n_in, self.n_out = int(np.prod(image_shape)), int(np.prod(out_shape))

    def signature(self):
        return *super().signature(), self.image_shape, self.out_shape  # type: ignore[misc]

    @staticmethod
    def pixels(room, shape):
        """An array for images of that shape, pixel by pixel."""
        height, width, channels = shape
        return np.empty((*room.nets, height, channels, width, room.n), room.dtype)


class Unflatten(OfImages, Layer):
    """y = x, rows of pixels as images

    Parameters
    ----------
    image_shape : tuple of int
        Height, width and channels.
    """

    def __init__(self, image_shape):
        super().__init__(image_shape, image_shape)

    def allocate(self, room):
        self.y = self.pixels(room, self.out_shape)
        rows = rows_of(self.y)
        self.own = self.shared = self.y, rows
        if room.nets:
            # Rows that all nets share stay one array, which looks like one for each.
            shared = rows_of(self.y[0])
            self.shared = self.y[0], np.broadcast_to(shared, rows.shape)
        self.dx = room.empty(self.n_in) if room.needs_dx else None

    def forward(self, x):
        pixels, rows = self.own if x.ndim == 3 else self.shared
        pixels[...] = channels_last(x, self.image_shape)
        return rows

    def backward(self, delta):
        if self.dx is None:
            return None
        channels_last(self.dx, self.image_shape)[...] = pixels_of(
            delta, self.image_shape
        )
        return self.dx

    def onnx(self, graph):
        graph.node("Reshape", graph.integers([-1, *self.image_shape]))
        graph.node("Transpose", perm=[0, 3, 1, 2])  # ONNX has the channels first


class Flatten(OfImages, Layer):
    """y = x, images as rows: row by row, and each of them channel by channel

    Parameters
    ----------
    image_shape : tuple of int
        Height, width and channels.
    """

    is_hidden = True

    def __init__(self, image_shape):
        super().__init__(image_shape, image_shape)

    def allocate(self, room):
        self.nets, self.needs_dx = room.nets, room.needs_dx
        if self.needs_dx:
            self.dx = self.pixels(room, self.image_shape)
            self.dx_rows = rows_of(self.dx)

    def forward(self, x):
        # The product that follows takes it as it lies.
        return np.broadcast_to(x, (*self.nets, *x.shape[-2:])) if self.nets else x

    def backward(self, delta):
        if not self.needs_dx:
            return None
        self.dx_rows[...] = delta
        return self.dx_rows

    def onnx(self, graph):
        graph.node("Transpose", perm=[0, 2, 1, 3])
        graph.node("Reshape", graph.integers([-1, self.n_out]))
