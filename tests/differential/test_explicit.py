"""Explicit equations: the residual y' - f, and the user's own derivatives."""

import re

import numpy as np
import pytest

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential import InitialConditions
from sknn_scratch.differential._equations import USERS
from sknn_scratch.differential._explicit import Explicit

CONDITIONS = InitialConditions(0, [1.0, 2.0])
RNG = np.random.default_rng(0)
X = np.linspace(0.1, 1, 5)[:, None]
JETS = RNG.uniform(0.5, 1.5, (2, 5, 2))


def f(t, y):
    return np.array([y[0] * y[1], np.sin(y[0]) - t])


def of_many(t, y):
    zero = 0 * y[0]
    return np.array([[y[1], y[0]], [np.cos(y[0]), zero]])


def of_one(t, y):
    return [[y[1], y[0]], [np.cos(y[0]), 0.0]]  # of arrays it would be ragged


def settled(jac=None, function=f):
    equation = Explicit(function, CONDITIONS, Channels(1, 1), jac)
    equation.settle(X, JETS, ())
    return equation


def test_the_residual_is_the_difference():
    wanted = JETS[1].T - f(X[:, 0], JETS[0].T)
    np.testing.assert_array_equal(settled().values(X, JETS, ()), wanted)


@pytest.mark.parametrize("jac", [None, of_many, of_one])
def test_its_derivatives(jac):
    equation = settled(jac)
    assert (equation.how == USERS) == (jac is not None)
    by_jets, _ = equation.partials(X, JETS, ())
    np.testing.assert_allclose(
        by_jets[:, 0], -of_many(X[:, 0], JETS[0].T), rtol=1e-13, atol=1e-16
    )
    np.testing.assert_array_equal(by_jets[:, 1, :, 0], np.eye(2))


def test_a_constant_jac():
    A = np.array([[0.0, 1.0], [-1.0, 0.0]])
    equation = settled(A.tolist(), lambda t, y: A @ y)
    by_jets, _ = equation.partials(X, JETS, ())
    np.testing.assert_array_equal(by_jets[:, 0, :, 2], -A)


def test_second_order():
    conditions = InitialConditions(0, [1.0], [0.0])
    equation = Explicit(lambda t, y, dy: -y * dy, conditions, Channels(1, 2))
    jets = RNG.uniform(0.5, 1.5, (3, 5, 1))
    equation.settle(X, jets, ())
    y, dy, d2y = jets[..., 0]
    np.testing.assert_allclose(equation.values(X, jets, ())[0], d2y + y * dy)
    by_jets, _ = equation.partials(X, jets, ())
    np.testing.assert_allclose(by_jets[0, :, 0], [dy, y, np.ones(5)])


def test_a_wrong_jac_is_found():
    def wrong(t, y):
        J = of_many(t, y)
        J[1, 0] *= 2
        return J

    message = (
        r"jac is not the derivative of fun: for t = .* of component 1 by y\[0\] is"
    )
    with pytest.raises(ValueError, match=message):
        settled(wrong)


def test_a_jac_of_the_wrong_shape():
    message = "jac must return an array of shape (2, 2) for one point, or (2, 2, m)"
    with pytest.raises(ValueError, match=re.escape(message)):
        settled(lambda t, y: [1.0, 2.0])


def test_a_result_of_the_wrong_shape():
    message = "fun must return an array of shape (2, 5) for 5 points, got (1, 5)"
    with pytest.raises(ValueError, match=re.escape(message)):
        settled(function=lambda t, y: y[:1])
