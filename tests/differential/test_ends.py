"""Two-point conditions as functions: linear ones are found out, others are rows."""

import re

import numpy as np
import pytest
from _equations import column, residuals

from sknn_scratch.differential._conditions import EndConditions
from sknn_scratch.differential._ends import EndFunction, FreeEnds, end_conditions

Y = np.array([[0.5, 1.0], [2.0, -1.0]])
NONE = np.array([])
LINEAR = {
    "Dirichlet": lambda a, b: [a[0] - 1, b[0] + 2],
    "coupled": lambda a, b: np.array([a[0] + 3 * b[1] - 1, a[1] - b[0]]),
    "of complex numbers too": lambda a, b: np.vstack([a, b])[[0, 1], [0, 0]],
}
NOT_LINEAR = {
    "square": lambda a, b: [a[0] ** 2 - 1, b[0]],
    "absolute value": lambda a, b: [np.abs(a[0]) - 1, b[0] * a[1]],
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_conditions_are_met_by_construction(name):
    bc = LINEAR[name]
    conditions, penalties = end_conditions(bc, [0, 1], Y, NONE)
    assert isinstance(conditions, EndConditions)
    assert penalties == []
    made = residuals(lambda t, y, dy: dy - y, conditions, column(0, 1, 5))
    made.run()
    anchored = made.N[:, made.at_anchors]
    ends = conditions._at(np.array([[0.0], [1.0]]), made.channels, made.box)
    jets = ends.jets(anchored, anchored)
    np.testing.assert_allclose(bc(*jets[0]), 0, atol=1e-12)


@pytest.mark.parametrize("name", NOT_LINEAR)
def test_others_are_rows_with_exact_derivatives(name):
    conditions, (penalty,) = end_conditions(NOT_LINEAR[name], [0, 1], Y, NONE)
    assert isinstance(conditions, FreeEnds)
    X = column(0, 1, 5)
    made = residuals(lambda t, y, dy: dy - y, conditions, X, more=[penalty])
    made.run(with_back=True).linearise()
    rows, J, at = made.rows(), made.jacobian(), made.vector.copy()
    assert rows.shape == (5 * 2 + 2,)
    d = np.random.default_rng(0).standard_normal(len(at))
    moved = []
    for step in (1e-6, -1e-6):
        made.vector[...] = at + step * d
        moved.append(made.run().rows())
    wanted = (moved[0] - moved[1]) / 2e-6
    np.testing.assert_allclose(J @ d, wanted, rtol=1e-5, atol=1e-5)


def test_parameters_in_the_conditions():
    bc = lambda a, b, p: [a[0], b[0], a[1] - p[0]]  # noqa: E731
    conditions, (penalty,) = end_conditions(bc, [0, 1], Y, np.array([2.0]))
    by_a, by_b, by_p = penalty.ends.jacobians([Y[:, 0], Y[:, 1], np.array([2.0])])
    np.testing.assert_allclose(by_a, [[1, 0], [0, 0], [0, 1]])
    np.testing.assert_allclose(by_b, [[0, 0], [1, 0], [0, 0]])
    np.testing.assert_allclose(by_p, [[0], [0], [-1]])
    assert conditions.n_conditions is None


def test_parameters_that_are_not_in_them():
    bc = lambda a, b, p: [a[0], b[0], a[1] - 3]  # noqa: E731
    conditions, penalties = end_conditions(bc, [0, 1], Y, np.array([2.0]))
    assert conditions.n_conditions == 3
    assert penalties == []


def test_the_users_own_derivatives():
    own = [np.ones((2, 2)), np.zeros((2, 2))]
    function = EndFunction(NOT_LINEAR["square"], 2, 0, lambda a, b: own)
    np.testing.assert_array_equal(function.jacobians([Y[:, 0], Y[:, 1]]), own)


BAD = {
    "number": (
        lambda a, b: [a[0]],
        "bc must return an array of shape (2,), one condition for each of the 2 "
        "components, got (1,)",
    ),
    "NaN": (
        lambda a, b: [a[0] * np.nan, b[0]],
        "bc must return finite real numbers at the initial guess, got [nan",
    ),
    "contradiction": (
        lambda a, b: [a[0], a[0] - 1],
        "The conditions contradict each other: no function meets all of them.",
    ),
    "twice": (lambda a, b: [a[0], 2 * a[0]], "Some of the conditions say the same"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_conditions(case):
    bc, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        end_conditions(bc, [0, 1], Y, NONE)
