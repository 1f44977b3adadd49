"""Penalties: their points and weights; test_residuals has their derivatives."""

import re

import numpy as np
import pytest

from sknn_scratch.differential import Penalty


def test_points_of_one_variable_may_be_a_list():
    assert Penalty(np.sin, [1, 2]).points.shape == (2, 1)
    assert Penalty(np.sin, [[1, 2]]).points.shape == (1, 2)
    assert "2 points, 3.0" in repr(Penalty(np.sin, [1, 2], weight=3.0))


BAD = {
    "callable": (TypeError, (3, [1]), {}, "residual must be callable, got 3"),
    "weight": (
        ValueError,
        (np.sin, [1]),
        {"weight": 0},
        "weight must be positive and finite, got 0",
    ),
    "shape": (
        ValueError,
        (np.sin, np.zeros((1, 1, 1))),
        {},
        "X must be of shape (n_points,) or (n_points, n_inputs), got (1, 1, 1)",
    ),
    "NaN": (ValueError, (np.sin, [np.nan]), {}, "X must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_penalties(case):
    error, args, kwargs, message = BAD[case]
    with pytest.raises(error, match=re.escape(message)):
        Penalty(*args, **kwargs)
