"""A target there must be; logarithms of probabilities; the share of right rows."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from sknn_scratch._estimators.outcomes import (
    log_of,
    require_numbers,
    require_y,
    share_right,
)


def test_a_missing_target_is_named_with_the_estimator():
    require_y(object(), [0])
    message = (
        "This Fraction estimator requires y to be passed, but the target y is None"
    )
    with pytest.raises(ValueError, match=message):
        require_y(Fraction(1), None)


def test_logarithms_of_an_array_and_of_a_list():
    p = np.array([[0.0, 1.0], [0.25, 0.75]])
    np.testing.assert_allclose(log_of(p), [[-np.inf, 0], np.log([0.25, 0.75])])
    first, second = log_of([p, p[:, :1]])
    np.testing.assert_array_equal(first, log_of(p))
    np.testing.assert_array_equal(second, log_of(p)[:, :1])


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0, 5.0]])
def test_all_labels_of_a_row_must_be_right(weight):
    y = np.array([[0, 1], [1, 1], [2, 0], [1, 0]])
    predicted = np.array([[0, 1], [1, 0], [2, 0], [1, 0]])
    right = [1, 0, 1, 1]
    expected = np.average(right, weights=weight)
    assert share_right(y, predicted, weight, True) == expected
    assert share_right(y.tolist(), predicted, weight, True) == expected
    binary = y[:, 1]
    assert share_right(binary, predicted[:, 1], weight, False) == accuracy_score(
        binary, predicted[:, 1], sample_weight=weight
    )


@pytest.mark.parametrize("y", [["a", "b"], np.array(["2020-01-01"], "M8[D]")])
def test_text_and_dates_are_no_numbers(y):
    message = "y must be real numbers, got the dtype .* numbers of days for dates"
    with pytest.raises(ValueError, match=message):
        require_numbers(y)
    require_numbers([1, 2.5])
    require_numbers(np.array([1, None], object))
