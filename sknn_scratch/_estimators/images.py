"""Images as an estimator's input: their shape, and that of windows over them.

Rows hold an image pixel by pixel, its channels last; images may also come as they are,
(n, height, width) or (n, height, width, channels), and become such rows at the door.
"""

from math import isqrt, prod
from numbers import Integral
from typing import Any

import numpy as np

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.parameters import as_list

#: Of images that are given as they are, with and without channels.
DIMENSIONS = (3, 4)


def shape_of_images(X):
    """(height, width, channels) of images given as they are; None for anything else."""
    if isinstance(X, (list, tuple)):
        try:
            X = np.asarray(X)
        except ValueError:  # of different lengths: its error comes later
            return None
    n_dimensions = getattr(X, "ndim", 0)
    if n_dimensions > max(DIMENSIONS):
        raise ValueError(
            f"X has {n_dimensions} dimensions, {X.shape}: give images as (n_samples, "
            "height, width) or (n_samples, height, width, channels), or rows."
        )
    if n_dimensions not in DIMENSIONS:
        return None
    height, width, *channels = (int(n) for n in X.shape[1:])
    return height, width, *(channels or [1])


def as_rows(X, image_shape):
    """Images given as they are, as rows."""
    X = np.asarray(X)
    return X.reshape(len(X), prod(image_shape))


def given_shape(image_shape):
    """The parameter ``image_shape`` as (height, width, channels), or None."""
    if image_shape is None:
        return None
    sides = as_list(image_shape)
    if (
        sides is None
        or len(sides) not in (2, 3)
        or not all(is_size(side) for side in sides)
    ):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels), "
            f"integers of at least 1, or None; got {image_shape!r}."
        )
    height, width, *channels = map(int, sides)
    return height, width, *(channels or [1])


def shape_of_rows(n_features, image_shape):
    """The shape of images that come as rows, by the parameter ``image_shape``."""
    shape = given_shape(image_shape)
    if shape is None:
        side = isqrt(n_features)
        square = side * side == n_features
        return (side, side, 1) if square else (1, n_features, 1)
    if prod(shape) != n_features:
        raise ValueError(
            f"image_shape={image_shape!r} is {' x '.join(map(str, shape))} = "
            f"{prod(shape)} numbers an image, but X has {n_features} features. Give "
            "the shape that they are, or X as (n_samples, height, width[, channels])."
        )
    return shape


def check_images(shape, image_shape):
    """Raise if images come in a shape other than the parameter's."""
    wanted = given_shape(image_shape)
    if wanted is not None and wanted != shape:
        raise ValueError(
            f"X holds images of the shape {shape}, but image_shape={image_shape!r}. "
            "Leave image_shape=None, which takes images as they are."
        )


def for_each_convolution(value, name, n):
    """An integer or a pair for each convolution.

    A tuple of two integers is a pair, for all of them; any other sequence has an entry
    for each, an integer or a pair.
    """
    if is_size(value) or (_is_pair(value) and isinstance(value, tuple)):
        return [value] * n
    values = as_list(value)
    if (
        values is None
        or len(values) != n
        or not all(is_size(each) or _is_pair(each) for each in values)
    ):
        raise ValueError(
            f"{name} must be an integer of at least 1, a tuple of two (height, width), "
            f"or a list with an integer or a pair for each of the {n} convolutions; "
            f"got {value!r}."
        )
    return values


def pair(value, image_shape):
    """(height, width) of a window; an integer is both, but 1 where the image is."""
    if is_size(value):
        return tuple(int(value) if n > 1 else 1 for n in image_shape[:2])
    return tuple(map(int, value))


def is_size(value):
    """Whether a value is an integer of at least 1."""
    is_bool = isinstance(value, (bool, np.bool_))
    return isinstance(value, Integral) and not is_bool and int(value) >= 1


def _is_pair(value):
    sides = as_list(value)
    return sides is not None and len(sides) == 2 and all(map(is_size, sides))


class ImageInput(BaseNeuralEstimator):
    """An estimator that takes images, as they are or as rows."""

    image_shape: Any
    image_shape_: tuple[int, int, int]
    #: Whether fit was given images as they are, not rows; None: both are welcome.
    _takes_images: bool | None

    def _validate(self, X, y, reset, **options):
        shape = shape_of_images(X)
        if shape is not None:
            check_images(shape, self.image_shape)
        if reset:
            X = X if shape is None else as_rows(X, shape)
        else:
            X = self._as_seen(X, shape)
        X, y = super()._validate(X, y, reset, **options)
        wanted = shape or shape_of_rows(X.shape[1], self.image_shape)
        if reset:
            self.image_shape_, self._takes_images = wanted, shape is not None
        elif wanted != self.image_shape_:
            raise ValueError(
                f"image_shape={self.image_shape!r}, but the earlier fit saw images of "
                f"the shape {self.image_shape_}. Give that shape, or set "
                "warm_start=False and call fit to start afresh."
            )
        return X, y

    def _rows(self, X):
        if self.__sklearn_is_fitted__():
            X = self._as_seen(X, shape_of_images(X))
        return super()._rows(X)

    def _takes_rows(self):
        return not self._takes_images

    def _as_seen(self, X, shape):
        """X as rows, if it is in the form that fit was given."""
        n_features, fitted = self.n_features_in_, self.image_shape_
        given_images = shape is not None
        if self._takes_images is not None and given_images != self._takes_images:
            seen = f"images of the shape {fitted}" if self._takes_images else "rows"
            if given_images:
                way_out = f"reshape X to (n_samples, {n_features})"
            elif getattr(X, "ndim", 2) != 2:
                return X  # neither rows nor images: scikit-learn's error says so
            else:
                way_out = f"reshape X to (n_samples, {', '.join(map(str, fitted))})"
            raise ValueError(
                f"fit was given {seen}, of {n_features} features, but now X has the "
                f"shape {np.shape(X)}: {way_out}."
            )
        if not given_images:
            return X
        if shape != fitted:
            raise ValueError(
                f"fit was given images of the shape {fitted}, but now X has the shape "
                f"{np.shape(X)}: resize the images, or fit on these."
            )
        return as_rows(X, shape)

    def _snapshot(self, solver):
        # A scorer gives it the rows that were held out, a callback what fit was given.
        return {**super()._snapshot(solver), "_takes_images": None}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
