"""Where the windows of a convolution lie, and the patches under them.

A window slides over an image by whole pixels; beside the image there are zeros. As a
matrix, the patches under all windows would be kh kw copies of the image. Here each row
of pixels is copied kw times only, shifted by one pixel each: as rows follow each other
in memory, kh of them *are* the patches of a row of the output, (kh kw channels, width n
images), and :func:`windows` is a view.
"""

from itertools import groupby
from typing import NamedTuple

from numpy.lib.stride_tricks import as_strided


def output_size(n, size, stride, padding):
    """How often a window fits along n pixels, and the zeros before the first one.

    Examples
    --------
    >>> output_size(28, 3, 1, "same"), output_size(28, 3, 1, "valid")
    ((28, 1), (26, 0))
    >>> output_size(7, 3, 2, "same")
    (4, 1)
    """
    if padding == "valid":
        return max(0, (n - size) // stride + 1), 0
    n_out = -(-n // stride)
    return n_out, max(0, (n_out - 1) * stride + size - n) // 2


class Band(NamedTuple):
    """Rows of the output whose windows have the same part of them on the image."""

    rows: slice
    #: That part: rows of the window.
    taps: slice
    #: The row of the image that is under the first of them, for the first window.
    first: int


def bands(n_out, n, n_taps, stride, before):
    """The rows of the output in bands; windows that are all off the image left out.

    Row t of window i is over row ``stride i + t - before`` of n.

    Examples
    --------
    >>> for band in bands(4, 4, 3, 1, 1):
    ...     print(*band)
    slice(0, 1, None) slice(1, 3, None) 0
    slice(1, 3, None) slice(0, 3, None) 0
    slice(3, 4, None) slice(0, 2, None) 2
    """

    def on_the_image(i):
        start = stride * i - before
        return max(0, -start), min(n_taps, n - start)

    for (low, high), group in groupby(range(n_out), on_the_image):
        first, *others = group
        if low < high:
            rows = slice(first, first + 1 + len(others))
            yield Band(rows, slice(low, high), stride * first - before + low)


def windows(rows, first, n_windows, n_taps, step=1):
    """What lies under windows: a view, in which rows appear as often as is needed.

    Parameters
    ----------
    rows : ndarray of shape (..., n_rows, entries, columns)
        Each row of an image with its copies.
    first : int
        The first row of the first window.
    n_windows, n_taps : int
        Number of windows, and of rows under each.
    step : int, default=1
        Rows from one window to the next.

    Returns
    -------
    ndarray of shape (..., n_windows, n_taps * entries, columns)
    """
    *nets, _, entries, columns = rows.shape
    *by_net, by_row, by_entry, by_column = rows.strides
    return as_strided(
        rows[..., first:, :, :],
        (*nets, n_windows, n_taps * entries, columns),
        (*by_net, step * by_row, by_entry, by_column),
    )


class Block(NamedTuple):
    """Columns of the output that are computed at a time, of all or of some images."""

    columns: slice
    images: slice

    @property
    def shape(self):
        """Number of columns, and of images."""
        return tuple(part.stop - part.start for part in self)

    @property
    def width(self):
        """Number of columns x images."""
        n_columns, n_images = self.shape
        return n_columns * n_images


def blocks(n_columns, n, most, unit=1):
    """Blocks of at most ``most`` columns x images, of ``unit`` columns at the least.

    Their columns are multiples of ``unit``, but for the last ones.

    Examples
    --------
    >>> [block.columns for block in blocks(5, 10, 20)]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    >>> for block in blocks(2, 4, 3):
    ...     print(*block)
    slice(0, 1, None) slice(0, 3, None)
    slice(0, 1, None) slice(3, 4, None)
    slice(1, 2, None) slice(0, 3, None)
    slice(1, 2, None) slice(3, 4, None)
    """
    n_images = min(n, max(1, most // unit))
    step = max(1, most // n // unit) * unit
    for j in range(0, n_columns, step):
        for i in range(0, n, n_images):
            columns = slice(j, min(j + step, n_columns))
            yield Block(columns, slice(i, min(i + n_images, n)))


def shifts(columns, n, n_taps, stride, before):
    """Where each column of a window finds its pixels.

    Parameters
    ----------
    columns : slice
        Windows, columns of the output.
    n, n_taps, stride, before : int
        Columns of the image and of a window, and as for :func:`output_size`.

    Yields
    ------
    seen : slice
        Which of the windows have that column on the image.
    pixels : slice
        The columns of the image there.

    Examples
    --------
    >>> for seen, pixels in shifts(slice(0, 4), 4, 3, 1, 1):
    ...     print(seen, pixels)
    slice(1, 4, None) slice(0, 3, 1)
    slice(0, 4, None) slice(0, 4, 1)
    slice(0, 3, None) slice(1, 4, 1)
    """
    start, stop = columns.start, columns.stop
    for tap in range(n_taps):
        low = max(start, -((tap - before) // stride))
        high = min(stop, (n - 1 - tap + before) // stride + 1)
        low, high = min(low, stop), max(high, min(low, stop))
        pixel = low * stride + tap - before
        n_seen = high - low
        end = pixel + (n_seen - 1) * stride + 1 if n_seen else pixel
        yield slice(low - start, high - start), slice(pixel, end, stride)
