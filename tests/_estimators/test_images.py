"""Images at the door: shapes of images, rows and windows, and every message."""

import re

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch._estimators.images import (
    as_rows,
    check_images,
    for_each_convolution,
    given_shape,
    is_size,
    pair,
    shape_of_images,
    shape_of_rows,
)


def says(message):
    return pytest.raises(ValueError, match=re.escape(message))


@pytest.mark.parametrize(
    ("X", "shape"),
    [
        (np.zeros((5, 3, 4)), (3, 4, 1)),
        (np.zeros((5, 3, 4, 2)), (3, 4, 2)),
        (np.zeros((5, 3, 4)).tolist(), (3, 4, 1)),
        (np.zeros((0, 3, 4)), (3, 4, 1)),
        (np.zeros((5, 12)), None),
        (np.zeros(5), None),
        ([[1, 2], [3]], None),
        (sparse.csr_matrix((5, 12)), None),
        ("text", None),
    ],
)
def test_images_given_as_they_are(X, shape):
    assert shape_of_images(X) == shape


def test_too_many_dimensions():
    message = (
        "X has 5 dimensions, (5, 3, 4, 2, 1): give images as (n_samples, height, "
        "width) or (n_samples, height, width, channels), or rows."
    )
    with says(message):
        shape_of_images(np.zeros((5, 3, 4, 2, 1)))


@pytest.mark.parametrize("n", [0, 5])
def test_they_become_rows(n):
    X = np.arange(n * 24.0).reshape(n, 3, 4, 2)
    np.testing.assert_array_equal(as_rows(X, (3, 4, 2)), X.reshape(n, 24))
    assert as_rows(X.tolist() or X, (3, 4, 2)).shape == (n, 24)


def test_the_shape_of_rows():
    assert shape_of_rows(64, None) == (8, 8, 1)
    assert shape_of_rows(1, None) == (1, 1, 1)
    assert shape_of_rows(60, None) == (1, 60, 1)
    assert shape_of_rows(60, (5, 12)) == (5, 12, 1)
    assert shape_of_rows(60, [5, 4, 3]) == (5, 4, 3)
    assert shape_of_rows(60, np.array([5, 4, 3])) == (5, 4, 3)
    assert given_shape(None) is None
    message = (
        "image_shape=(8, 9) is 8 x 9 x 1 = 72 numbers an image, but X has 64 features. "
        "Give the shape that they are, or X as (n_samples, height, width[, channels])."
    )
    with says(message):
        shape_of_rows(64, (8, 9))


@pytest.mark.parametrize(
    "given", [(8,), (8, 8, 1, 1), (8, 0), (8, -8), (8.0, 8), (True, 64), "88", ()]
)
def test_no_shape_of_images(given):
    message = (
        "image_shape must be (height, width) or (height, width, channels), integers of "
        f"at least 1, or None; got {given!r}."
    )
    with says(message):
        given_shape(given)


def test_images_that_are_not_what_the_parameter_says():
    check_images((8, 8, 1), None)
    check_images((8, 8, 1), (8, 8))
    message = (
        "X holds images of the shape (8, 8, 1), but image_shape=(4, 16). Leave "
        "image_shape=None, which takes images as they are."
    )
    with says(message):
        check_images((8, 8, 1), (4, 16))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (3, [3, 3]),
        (np.int64(3), [3, 3]),
        ((3, 5), [(3, 5), (3, 5)]),
        ([3, 5], [3, 5]),
        (np.array([3, 5]), [3, 5]),
        ([(3, 5), 1], [(3, 5), 1]),
        (((3, 5), (1, 1)), [(3, 5), (1, 1)]),
    ],
    ids=str,
)
def test_a_size_for_each_convolution(value, wanted):
    assert for_each_convolution(value, "kernel_size", 2) == wanted


def test_a_tuple_of_another_length_has_one_for_each():
    assert for_each_convolution((3, 5, 7), "kernel_size", 3) == [3, 5, 7]


@pytest.mark.parametrize(
    "value",
    [[3], [3, 5, 7], [3, 0], (3, -1), [3.0, 1], [(3, 5, 7), 1], 2.5, True, "ab"],
)
def test_no_size_for_each_convolution(value):
    message = (
        "kernel_size must be an integer of at least 1, a tuple of two (height, width), "
        "or a list with an integer or a pair for each of the 2 convolutions; got "
        f"{value!r}."
    )
    with says(message):
        for_each_convolution(value, "kernel_size", 2)


def test_an_integer_is_both_sides_but_1_where_the_image_is():
    assert pair(3, (8, 8, 1)) == (3, 3)
    assert pair(3, (1, 8, 1)) == (1, 3)
    assert pair(3, (8, 1, 2)) == (3, 1)
    assert pair(3, (1, 1, 1)) == (1, 1)
    assert pair((3, 5), (1, 8, 1)) == (3, 5)
    assert is_size(np.int32(1))
    assert not is_size(np.True_)
