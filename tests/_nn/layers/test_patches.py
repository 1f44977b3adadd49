"""Windows over an image: where they lie, against a search pixel by pixel."""

from itertools import product

import numpy as np
import pytest

from sknn_scratch._nn.layers.patches import (
    bands,
    blocks,
    output_size,
    shifts,
    windows,
)

SIZES = [
    (n, size, stride, padding)
    for n, size, stride, padding in product(
        (1, 2, 5, 8), (1, 2, 3, 5), (1, 2, 3), ("same", "valid")
    )
    if padding == "same" or size <= n
]
sizes = pytest.mark.parametrize("case", SIZES, ids=str)


def seen_by(i, n, size, stride, before):
    """(tap, pixel) pairs of window i that lie on the image."""
    pairs = [(t, stride * i - before + t) for t in range(size)]
    return [(t, pixel) for t, pixel in pairs if 0 <= pixel < n]


@sizes
def test_output_sizes(case):
    n, size, stride, padding = case
    n_out, before = output_size(*case)
    if padding == "same":
        assert n_out == -(-n // stride)
        # The zeros on both sides differ by one at the most.
        after = max(0, (n_out - 1) * stride + size - n - before)
        assert after - before in (0, 1)
    else:
        assert before == 0
        starts = range(0, n - size + 1, stride)
        assert n_out == len(starts)


@sizes
def test_bands_hold_every_pixel_of_every_window_once(case):
    n, size, stride, _ = case
    n_out, before = output_size(*case)
    found = {}
    for rows, taps, first in bands(n_out, n, size, stride, before):
        for i in range(rows.start, rows.stop):
            start = first + (i - rows.start) * stride
            found[i] = [
                (t, start + t - taps.start) for t in range(taps.start, taps.stop)
            ]
    wanted = {i: seen_by(i, n, size, stride, before) for i in range(n_out)}
    assert found == {i: pairs for i, pairs in wanted.items() if pairs}


@sizes
@pytest.mark.parametrize("step", [1, 2, 9])
def test_shifts_hold_every_pixel_of_every_window_once(case, step):
    n, size, stride, _ = case
    n_out, before = output_size(*case)
    for start in range(0, n_out, step):
        columns = slice(start, min(start + step, n_out))
        found = []
        places = shifts(columns, n, size, stride, before)
        for tap, (seen, pixels) in enumerate(places):
            windows_ = range(columns.start + seen.start, columns.start + seen.stop)
            there = range(n)[pixels]
            found += [(i, tap, p) for i, p in zip(windows_, there, strict=True)]
        wanted = [
            (i, *pair)
            for i in range(columns.start, columns.stop)
            for pair in seen_by(i, n, size, stride, before)
        ]
        assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("unit", [1, 2])
@pytest.mark.parametrize("most", [1, 3, 10, 25, 1000])
def test_blocks_hold_every_column_of_every_image_once(most, unit):
    seen = np.zeros((6, 10), int)
    for block in blocks(6, 10, most, unit):
        seen[block] += 1
        assert block.width <= max(most, unit)
        assert block.shape == seen[block].shape
        assert block.columns.start % unit == 0
    assert (seen == 1).all()


@pytest.mark.parametrize("nets", [(), (2,)])
@pytest.mark.parametrize("step", [1, 2])
def test_windows_are_views_of_the_rows(nets, step):
    rows = np.random.default_rng(0).random((*nets, 7, 3, 4))
    found = windows(rows, 1, 2, 3, step)
    assert found.shape == (*nets, 2, 9, 4)
    assert np.shares_memory(found, rows)
    for i in range(2):
        part = rows[..., 1 + i * step : 4 + i * step, :, :]
        np.testing.assert_array_equal(found[..., i, :, :], part.reshape(*nets, 9, 4))
