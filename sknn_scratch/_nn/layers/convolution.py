"""The convolution: one small dense layer, shared by all patches of an image.

Every filter is multiplied with the patch under it, wherever the patch lies: LeCun,
Bottou, Bengio and Haffner (1998). With the patches as a matrix (see ``patches``) that
is one product for each row of the output, and one call for many of them. The way back
is the same with the roles exchanged: a row of dL/dx is what the kh rows of the output
that saw it send back, again a view and one product, and kw shifted sums.

What follows a product, its bias, pooling and activation, is done to a few rows at once,
while they are in the cache: memory is slower than the products. Of the rows that are
pooled nothing is kept but y, and where in its window each y was.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_scratch._nn.activations import ACTIVATIONS, Activation, Identity
from sknn_scratch._nn.layers.base import Layer
from sknn_scratch._nn.layers.images import OfImages, pixels_of, rows_at_a_time, rows_of
from sknn_scratch._nn.layers.patches import bands, blocks, output_size, shifts, windows
from sknn_scratch._nn.layers.pooling import Pooling
from sknn_scratch._nn.parameters import Parameter

#: A net's copies of rows take so many bytes at the most (unless one window's columns of
#: one image take more): larger batches go through the products in parts.
PATCH_BYTES = 1 << 23
IDENTITY = ACTIVATIONS["identity"]
#: ``sums_over(array, axis, None, out)``
sums_over: Callable = np.add.reduce


class Convolution(OfImages, Layer):
    """a = pool(f(z)),  z_{ijk} = b_k + sum_{uvc} W_{uvck} x_{si + u - p, tj + v - q, c}

    Parameters
    ----------
    image_shape : tuple of int
        Height, width and channels of the input.
    n_filters : int
        Channels of the output.
    kernel_size : tuple of int
        Height and width of the filters.
    activation : Activation
        f, an entry of ``ACTIVATIONS``.
    stride : tuple of int, default=(1, 1)
        s and t: pixels from one window to the next, downwards and to the right.
    padding : {'same', 'valid'}, default='same'
        'same': zeros around the image, p above and q to the left, so that z has
        ``ceil(height / s)`` rows and ``ceil(width / t)`` columns. 'valid': none.
    pooling : type, default=None
        An entry of ``POOLINGS``; None: a = f(z).
    pool_size : tuple of int, default=(1, 1)
        Height and width of its windows.
    """

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    #: For each block an array of its own: z, and dL/dz.
    z: list[np.ndarray]
    dx: Any
    dz: list[np.ndarray]
    db: np.ndarray

    def __init__(
        self,
        image_shape,
        n_filters,
        kernel_size,
        activation,
        stride=(1, 1),
        padding="same",
        pooling=None,
        pool_size=(1, 1),
    ):
        self.kernel_size, self.stride = tuple(kernel_size), tuple(stride)
        self.padding, self.activation = padding, activation
        sides = zip(image_shape[:2], kernel_size, stride, strict=True)
        (height, above), (width, left) = (output_size(*s, padding) for s in sides)
        down, right = pool_size
        self.before = above, left
        #: What no pooling window sees is not computed.
        self.z_shape = height // down * down, width // right * right, n_filters
        self.f, self.pool = activation, None
        if pooling is not None:
            after: Activation = IDENTITY
            if pooling.keeps_order and activation.rises:
                # A maximum of f is f of the maximum, and there are fewer of them.
                self.f, after = after, activation
            self.pool = Pooling(self.z_shape, pool_size, pooling, after)
        entries = int(np.prod(self.kernel_size)) * image_shape[2]
        self.small_products = int(np.prod(self.z_shape)) * entries
        out_shape = self.pool.out_shape if self.pool else self.z_shape
        super().__init__(image_shape, out_shape)

    def parameters(self):
        n_channels, n_filters = self.image_shape[2], self.out_shape[2]
        return {
            "W": Parameter((*self.kernel_size, n_channels, n_filters)),
            "b": Parameter((n_filters,), decays=False),
        }

    def signature(self):
        own = self.kernel_size, self.stride, self.padding, self.activation.signature()
        return *super().signature(), *own, self.pool and self.pool.signature()

    def training_entries(self):
        n_copies = self.kernel_size[1] * self.n_in // self.stride[1]
        return n_copies + self.n_in + 2 * int(np.prod(self.z_shape))

    def row_bytes(self, itemsize):
        # What is pooled is never there as a whole.
        return max(self.n_in, self.n_out) * itemsize

    def draw(self, initializer, random_state, x=None):
        """Draw the weights of a dense layer from a patch to the filters."""
        n_filters = self.out_shape[2]
        fan_in = self.W.size // n_filters
        W, b = initializer(random_state, fan_in, n_filters, self.activation)
        self.W[...], self.b[...] = W.reshape(self.W.shape), b

    def without_pooling(self):
        """The convolution alone, f(z); it shares the parameters."""
        sizes = self.image_shape, self.z_shape[2], self.kernel_size
        twin = Convolution(*sizes, self.activation, self.stride, self.padding)
        twin.W, twin.b = self.W, self.b
        return twin

    # ---- buffers, and the parts of them that the products take -----------------------

    def allocate(self, room):
        height, _, n_channels = self.image_shape
        _, columns, n_filters = self.z_shape
        nets, size = room.nets, room.dtype.itemsize
        self.weights = self.W.reshape(*nets, -1, n_filters)
        self.b_column = self.b[..., None, :, None]
        self.x = self.delta = None
        self.taken_over: Any = None
        down, right = self.pool.pool_size if self.pool else (1, 1)
        # Each row of pixels, kw times: (height, kw x channels, columns x images).
        entries = self.kernel_size[1] * n_channels
        most = max(1, PATCH_BYTES // (height * entries * size))
        self.blocks = list(blocks(columns, room.n, most, right))
        width = max(block.width for block in self.blocks)
        self.copies = np.empty((*nets, height, entries, width), room.dtype)
        K = self.weights.shape[-2]
        rows = rows_at_a_time(max(width, K) * n_filters * size)
        self.n_most = min(max(rows // down, 1) * down, self.z_shape[0])
        self._allocate_output(room)
        if not room.training:
            return
        self.summands = np.empty((*nets, self.n_most, K, n_filters), room.dtype)
        self.sums = np.empty((*nets, K, n_filters), room.dtype)
        self.b_sums = np.empty((*nets, self.n_most, n_filters), room.dtype)
        self.b_sum = np.empty((*nets, n_filters), room.dtype)
        self.dx = None
        if room.needs_dx:
            self.dx = self.pixels(room, self.image_shape)
            self.dx_rows = rows_of(self.dx)
            self.turned = [self._turned(r) for r in range(self.stride[0])]
        if self.pool:
            # The filters' turned form meets all rows of dL/dz, else a few are enough.
            self.dz = self._of_blocks(room, all_rows=room.needs_dx)

    def _of_blocks(self, room, all_rows):
        """An array for each block, of all rows of z or of a few at a time."""
        n_rows = self.z_shape[0] if all_rows else self.n_most
        shape = *room.nets, n_rows, self.z_shape[2]
        if all_rows:
            return [np.empty((*shape, b.width), room.dtype) for b in self.blocks]
        array = np.empty((*shape, max(b.width for b in self.blocks)), room.dtype)
        return [array[..., : block.width] for block in self.blocks]

    def _allocate_output(self, room):
        n_buffers = self.f.n_buffers if room.training else 0
        if self.pool:
            keeps = room.training and type(self.f) is not Identity
            self.pool, down = self.pool.unbound(), self.pool.pool_size[0]
            self.pool.allocate(room._replace(needs_dx=False), self.n_most // down)
            self.z = self._of_blocks(room, all_rows=keeps)
            self.y_rows = self.pool.y_rows
            self.s = [self._of_blocks(room, all_rows=True) for _ in range(n_buffers)]
        else:
            self.y, *self.y_s = (
                self.pixels(room, self.z_shape) for _ in range(1 + n_buffers)
            )
            self.y_rows = rows_of(self.y)
            self.z, *self.s = map(self._by_blocks, (self.y, *self.y_s))

    def _by_blocks(self, pixels):
        """The blocks of an array like z, columns and images as one axis."""
        return [
            pixels[..., block.columns, block.images].reshape(
                *pixels.shape[:-2], block.width
            )
            for block in self.blocks
        ]

    def _columns(self, block, copies):
        """For each column of the window a block's copies, and what they are copies of.

        Yields (copies, seen, pixels): copies (..., height, channels, columns, images),
        which of the columns see the image there, and its pixels' index.
        """
        height, width, n_channels = self.image_shape
        kw = self.kernel_size[1]
        copies = copies[..., : block.width].reshape(
            *copies.shape[:-3], height, kw, n_channels, *block.shape
        )
        places = shifts(block.columns, width, kw, self.stride[1], self.before[1])
        for v, (seen, pixels) in enumerate(places):
            yield copies[..., v, :, :, :], seen, (..., pixels, block.images)

    def _some_rows(self):
        """The rows of z, a few at a time; for each band of them W's rows and windows.

        Yields (rows, [(rows of these, rows of W as a matrix, windows), ...]).
        """
        entries, down = self.weights.shape[-2] // self.kernel_size[0], self.stride[0]
        sides = self.z_shape[0], self.image_shape[0], self.kernel_size[0]
        all_bands = list(bands(*sides, down, self.before[0]))
        for start in range(0, self.z_shape[0], self.n_most):
            stop = min(start + self.n_most, self.z_shape[0])
            parts = []
            for rows, taps, first in all_bands:
                low, high = max(rows.start, start), min(rows.stop, stop)
                if low < high:
                    of_W = slice(taps.start * entries, taps.stop * entries)
                    top = first + (low - rows.start) * down
                    size = top, high - low, taps.stop - taps.start, down
                    parts.append((slice(low - start, high - start), of_W, size))
            yield slice(start, stop), parts

    def _some(self, of_all, rows):
        """Some rows of an array that holds all rows of z, or a few at a time."""
        if of_all.shape[-3] < self.z_shape[0]:
            rows = slice(0, rows.stop - rows.start)
        return of_all[..., rows, :, :]

    def _forward_from(self, x):
        """Make the views of a forward pass; once, as long as x is the same array."""
        self.x, x, copies = x, pixels_of(x, self.image_shape), self.copies
        self.delta = None  # the views of the way back are of this x, too
        if copies.ndim > 3 and (x.ndim == 4 or not x.strides[0]):
            x, copies = x if x.ndim == 4 else x[0], copies[0]  # the same for all nets
        self.passes = []
        for k, block in enumerate(self.blocks):
            fills = []
            for copy, seen, pixels in self._columns(block, copies):
                fills.append((copy[..., seen, :], x[pixels]))
                beside = slice(0, seen.start), slice(seen.stop, None)
                zeros = [copy[..., columns, :] for columns in beside]
                fills += [(copy, 0) for copy in zeros if copy.size]
            steps = []
            for rows, parts in self._some_rows():
                z = self._some(self.z[k], rows)
                products = []
                for some, of_W, size in parts:
                    W_T = self.weights[..., None, of_W, :].mT
                    patches = windows(copies[..., : block.width], *size)
                    products.append((W_T, patches, z[..., some, :, :]))
                s = [self._some(s[k], rows) for s in self.s]
                steps.append((products, z, s, self._pool_step(z, rows, block)))
            self.passes.append((fills, steps))

    @staticmethod
    def _pooled(pool, rows, block):
        """The rows and the block of the output that pool those of z."""
        down, right = pool.pool_size
        columns = slice(block.columns.start // right, block.columns.stop // right)
        return slice(rows.start // down, rows.stop // down), (columns, block.images)

    def _pool_step(self, z, rows, block):
        if self.pool is None:
            return None
        pixels = z.reshape(*z.shape[:-1], *block.shape)
        return self.pool.forward_step(pixels, *self._pooled(self.pool, rows, block))

    def forward(self, x):
        """z = W' patches + b, for each row of the output; then f, and the pooling."""
        if x is not self.x:
            self._forward_from(x)
        b, f, matmul = self.b_column, self.f.forward, np.matmul
        for fills, steps in self.passes:
            for copies, pixels in fills:
                copies[...] = pixels
            for products, z, s, pool in steps:
                for W_T, patches, part in products:
                    matmul(W_T, patches, part)
                z += b
                f(z, s or None)
                if pool:
                    pool()
        return self.y_rows

    # ---- the way back ----------------------------------------------------------------

    def _turned(self, r):
        """The weights as dL/dz meets them on its way to the rows r, r + s, ... of x.

        A row of x that is r rows below a window's first one meets every s-th row of the
        kernel, from r on, of this window and of those above it: a convolution of dL/dz
        with those rows in reverse order.

        Returns
        -------
        room, W : ndarray of shape (..., kw, channels, taps, filters)
            Where the turned weights go, and where they come from.
        turned : ndarray of shape (..., kw x channels, taps x filters)
            They, as a matrix.
        rows : slice
            The rows of x.
        places : list of Band
            Those in bands.
        """
        (_, kw), (step, _), (above, _) = self.kernel_size, self.stride, self.before
        W = self.W[..., r::step, :, :, :][..., ::-1, :, :, :]
        W = np.moveaxis(W, -4, -2)
        *nets, _, n_channels, n_taps, n_filters = W.shape
        room = np.empty(W.shape, W.dtype)
        turned = room.reshape(*nets, kw * n_channels, n_taps * n_filters)
        rows = slice((r - above) % step, self.image_shape[0], step)
        n_rows = len(range(rows.start, rows.stop, step))
        before = n_taps - 1 - (rows.start + above - r) // step
        places = list(bands(n_rows, self.z_shape[0], n_taps, 1, before))
        return room, W, turned, rows, places

    def _backward_from(self, delta):
        """Make the views of a backward pass; once, as long as delta is the same."""
        self.delta, pixels = delta, pixels_of(delta, self.out_shape)
        self.taken_over = None
        if self.pool is None:
            self.dz = self.z
            if pixels.flags.c_contiguous:  # as the products take it
                self.dz = self._by_blocks(pixels)
            else:
                self.taken_over = pixels
        dW = self.dW.reshape(self.weights.shape)
        self.passes_back = []
        for k, (block, (fills, steps)) in enumerate(
            zip(self.blocks, self.passes, strict=True)
        ):
            steps_back = []
            for (rows, parts), (products, z, s, _) in zip(
                self._some_rows(), steps, strict=True
            ):
                dz, pool = self._some(self.dz[k], rows), None
                if self.pool:
                    to = dz.reshape(*dz.shape[:-1], *block.shape)
                    pool = self.pool.backward_step(
                        pixels, to, *self._pooled(self.pool, rows, block)
                    )
                summed = []
                for (some, of_W, _), (_, patches, _) in zip(
                    parts, products, strict=True
                ):
                    n, size = some.stop - some.start, of_W.stop - of_W.start
                    summands = self.summands[..., :n, :size, :]
                    sums = self.sums[..., :size, :], dW[..., of_W, :]
                    summed.append((patches, dz[..., some, :, :].mT, summands, *sums))
                b_sums = self.b_sums[..., : rows.stop - rows.start, :]
                steps_back.append((pool, z, dz, s, b_sums, summed))
            sent = self._sent(block, self.dz[k]) if self.dx is not None else None
            # Copies of x that are still there need not be made again.
            fills = fills if len(self.blocks) > 1 else []
            self.passes_back.append((fills, steps_back, sent))

    def _sent(self, block, dz):
        """The views of a block's part of dL/dx."""
        copies, n_filters = self.copies[..., : block.width], self.out_shape[2]
        zeros, products = [], []
        for *_, W, rows, places in self.turned:
            of_rows, end = copies[..., rows, :, :], 0
            for some, taps, first in places:
                zeros.append(of_rows[..., end : some.start, :, :])
                end = some.stop
                part = slice(taps.start * n_filters, taps.stop * n_filters)
                size = first, end - some.start, taps.stop - taps.start
                to = of_rows[..., some, :, :]
                products.append((W[..., None, :, part], windows(dz, *size), to))
            zeros.append(of_rows[..., end:, :, :])
        sums = [
            (self.dx[pixels], copy[..., seen, :])
            for copy, seen, pixels in self._columns(block, self.copies)
        ]
        return [rows for rows in zeros if rows.size], products, sums

    def backward(self, delta):
        """dL/dW = the sum of patches dL/dz', and dL/dx by the turned filters."""
        if delta is not self.delta:
            self._backward_from(delta)
        self.dW[...] = self.db[...] = 0
        if self.dx is not None:
            self.dx[...] = 0
            for room, W, *_ in self.turned:
                room[...] = W
        f, matmul, add = self.f.backward, np.matmul, sums_over
        if self.taken_over is not None:
            f(self.y, self.taken_over, self.y_s)
            self.y[...], f = self.taken_over, IDENTITY.backward
        for fills, steps, sent in self.passes_back:
            for copies, pixels in fills:
                copies[...] = pixels
            for pool, z, dz, s, b_sums, summed in steps:
                if pool:
                    pool()
                f(z, dz, s)  # dL/da becomes dL/dz
                add(dz, -1, None, b_sums)
                self.db += add(b_sums, -2, None, self.b_sum)
                for patches, dz_T, summands, sums, dW in summed:
                    matmul(patches, dz_T, summands)
                    dW += add(summands, -3, None, sums)
            if sent:
                self._send_back(*sent)
        return None if self.dx is None else self.dx_rows

    @staticmethod
    def _send_back(zeros, products, sums):
        """Add a block's part to dL/dx; its copies of x are spent."""
        for rows in zeros:
            rows[...] = 0
        for W, dz, copies in products:
            np.matmul(W, dz, copies)
        for pixels, copies in sums:
            pixels += copies

    def onnx(self, graph):
        pads, sides = list(self.before), zip(self.kernel_size, self.stride, strict=True)
        for n, before, (size, step) in zip(
            self.image_shape, self.before, sides, strict=False
        ):
            n_out, _ = output_size(n, size, step, self.padding)
            pads.append(max(0, (n_out - 1) * step + size - n - before))
        W = np.transpose(self.W, (3, 2, 0, 1))  # filters and channels first
        options = {"strides": list(self.stride), "pads": pads}
        graph.node("Conv", graph.constant(W), graph.constant(self.b), **options)
        graph.activation(self.f)
        if self.pool:
            self.pool.onnx(graph)
