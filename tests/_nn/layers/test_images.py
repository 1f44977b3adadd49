"""Rows to images and back: what lies where; test_base has the gradients."""

import numpy as np
import pytest

from sknn_scratch._nn.layers import Flatten, Room, Unflatten
from sknn_scratch._nn.layers.images import (
    CACHED_BYTES,
    channels_last,
    one_axis,
    pixels_of,
    rows_at_a_time,
    rows_of,
)

SHAPE = (2, 3, 4)
N = 5
DTYPE = np.dtype(float)


def planned(cls, nets=(), needs_dx=True):
    room = Room(N, DTYPE, nets, training=True, needs_dx=needs_dx)
    return cls(SHAPE).planned(room)


def test_images_come_from_rows_channels_last_and_lie_pixel_by_pixel():
    images = np.random.default_rng(0).random((N, *SHAPE))
    rows = images.reshape(N, -1)
    layer = planned(Unflatten)
    found = layer.forward(rows)
    pixels = pixels_of(found, SHAPE)
    np.testing.assert_array_equal(pixels, images.transpose(1, 3, 2, 0))
    assert pixels.flags.c_contiguous
    assert np.shares_memory(pixels, layer.y)
    np.testing.assert_array_equal(channels_last(rows, SHAPE), pixels)
    np.testing.assert_array_equal(layer.backward(found), rows)


def test_rows_go_on_row_by_row_and_channel_by_channel_without_a_copy():
    layer = planned(Flatten)
    x = rows_of(np.random.default_rng(0).random((2, 4, 3, N)))
    found = layer.forward(x)
    assert np.shares_memory(found, x)
    np.testing.assert_array_equal(found, x)
    delta = np.random.default_rng(1).random((N, 24))
    dx = layer.backward(delta)
    np.testing.assert_array_equal(dx, delta)
    assert pixels_of(dx, SHAPE).flags.c_contiguous
    assert planned(Flatten, needs_dx=False).backward(delta) is None


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_any_order(order):
    rows = np.asarray(np.random.default_rng(0).random((N, 24)), order=order)
    wanted = rows.reshape(N, *SHAPE).transpose(1, 3, 2, 0)
    found = planned(Unflatten).forward(rows)
    np.testing.assert_array_equal(pixels_of(found, SHAPE), wanted)


def test_what_all_nets_share_is_one_array():
    layer = planned(Unflatten, (3,))
    shared = layer.forward(np.ones((N, 24)))
    assert shared.shape == (3, N, 24)
    assert shared.strides[0] == 0
    own = layer.forward(np.arange(3 * N * 24.0).reshape(3, N, 24))
    assert own.shape == (3, N, 24)
    assert own.strides[0] > 0


def test_columns_and_images_as_one_axis():
    pixels = np.zeros((2, 4, 3, N))
    assert one_axis(pixels).shape == (2, 4, 3 * N)
    assert np.shares_memory(one_axis(pixels), pixels)


def test_a_row_at_least_is_worked_on_at_a_time():
    assert rows_at_a_time(1 << 30) == 1
    assert rows_at_a_time(CACHED_BYTES // 7) == 7
    assert rows_at_a_time(0) > 1
