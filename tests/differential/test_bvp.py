"""solve_bvp: against SciPy's and closed forms, with its signature."""

import inspect
import re

import numpy as np
import pytest
from scipy import integrate

from sknn_scratch.differential import solve_bvp

MESH = np.linspace(0, 1, 11)
ZERO = np.zeros((2, 11))


def bratu(x, y):
    return np.vstack([y[1], -np.exp(y[0])])


def both_ends(a, b):
    return np.array([a[0], b[0]])


def high():
    y = np.zeros((2, 11))
    y[0] = 3
    return y


CASES = {
    "linear": (lambda x, y: [y[1], y[0] + x], both_ends, ZERO),
    "Bratu, lower": (bratu, both_ends, ZERO),
    "Bratu, upper": (bratu, both_ends, high()),
    "periodic": (
        lambda x, y: np.vstack([y[1], -y[0] + np.cos(4 * np.pi * x)]),
        lambda a, b: a - b,
        ZERO,
    ),
    "not linear in the ends": (
        lambda x, y: np.vstack([y[1], -y[0]]),
        lambda a, b: np.array([a[0] ** 2 - 1, b[1]]),
        np.ones((2, 11)),
    ),
    "a steep layer": (
        lambda x, y: np.vstack([y[1], 200 * y[0]]),
        lambda a, b: np.array([a[0] - 1, b[0]]),
        ZERO,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_problems_as_scipy_solves_them(name):
    fun, bc, guess = CASES[name]
    result = solve_bvp(fun, bc, MESH, guess)
    assert result.success, result.message
    as_arrays = lambda x, y: np.array(fun(x, y))  # noqa: E731
    options = {"tol": 1e-9, "max_nodes": 10**5}
    wanted = integrate.solve_bvp(as_arrays, bc, MESH, guess, **options).sol
    t = np.linspace(0, 1, 100)
    np.testing.assert_allclose(result.sol(t)[0], wanted(t)[0], atol=1e-7)
    np.testing.assert_allclose(bc(result.sol(0.0), result.sol(1.0)), 0, atol=1e-9)
    by_construction = name != "not linear in the ends"
    assert (result.conditions == "by construction") == by_construction


def test_poissons_equation_of_the_lecture():
    result = solve_bvp(
        lambda x, y: [y[1], -(3 * x + x**2) * np.exp(x)], both_ends, MESH, ZERO
    )
    x = np.linspace(0, 1, 1000)
    np.testing.assert_allclose(result.sol(x)[0], x * (1 - x) * np.exp(x), atol=1e-8)


def test_unknown_parameters():
    """y'' + k^2 y = 0: k is 2 pi for the solution with one node inside."""
    y = np.zeros((2, 5))
    y[0, [1, 3]] = 1, -1
    result = solve_bvp(
        lambda x, y, p: np.vstack([y[1], -(p[0] ** 2) * y[0]]),
        lambda a, b, p: np.array([a[0], b[0], a[1] - p[0]]),
        np.linspace(0, 1, 5),
        y,
        p=[6.0],
    )
    assert result.success
    np.testing.assert_allclose(result.p, [2 * np.pi], rtol=1e-8)
    assert result.conditions == "penalty"


def test_a_singular_term():
    """Emden's equation, y'' + 2 y' / x + y^5 = 0."""
    x = np.linspace(0, 1, 5)
    result = solve_bvp(
        lambda x, y: np.vstack([y[1], -(y[0] ** 5)]),
        lambda a, b: np.array([a[1], b[0] - 0.75**0.5]),
        x,
        np.vstack([np.full(5, 0.75**0.5), np.zeros(5)]),
        S=[[0, 0], [0, -2]],
    )
    t = np.linspace(0, 1, 50)
    np.testing.assert_allclose(result.sol(t)[0], (1 + t**2 / 3) ** -0.5, atol=1e-10)


def test_the_users_derivatives():
    result = solve_bvp(
        bratu,
        both_ends,
        MESH,
        ZERO,
        fun_jac=lambda x, y: np.array([[0 * x, 0 * x + 1], [-np.exp(y[0]), 0 * x]]),
    )
    assert result.success
    assert result.differentiation == "jac"


def test_the_arguments_and_fields_are_scipys():
    ours, theirs = (
        list(inspect.signature(f).parameters) for f in (solve_bvp, integrate.solve_bvp)
    )
    assert ours[: len(theirs)] == theirs
    result = solve_bvp(bratu, both_ends, MESH, ZERO)
    wanted = integrate.solve_bvp(bratu, both_ends, MESH, ZERO)
    assert set(wanted) <= set(result)
    assert result.y.shape == result.yp.shape == (2, len(result.x))
    assert result.p is None
    np.testing.assert_allclose(result.yp, bratu(result.x, result.y), atol=1e-7)


def test_without_success_it_says_so():
    """Bratu's equation with a factor of 5 has no solution."""
    result = solve_bvp(
        lambda x, y: np.vstack([y[1], -5 * np.exp(y[0])]),
        both_ends,
        MESH,
        ZERO,
        hidden_layer_sizes=20,
        max_iter=30,
    )
    assert not result.success
    assert result.status == 1
    assert result.message.startswith("Not solved: the largest residual is ")


BAD = {
    "mesh": ({"x": MESH[::-1]}, "x must be at least two finite numbers, each larger"),
    "guess": ({"y": np.zeros((2, 3))}, "y must be of shape (n, 11), got (2, 3)"),
    "NaN": ({"y": ZERO * np.nan}, "y must be finite"),
    "p": ({"p": 3.0}, "p must be of shape (k,), got ()"),
    "S": ({"S": np.eye(3)}, "S must be of shape (2, 2), got (3, 3)"),
    "contradiction": (
        {"bc": lambda a, b: [a[0], a[0] - 1]},
        "The conditions contradict each other",
    ),
    "a wrong jac": (
        {"fun_jac": lambda x, y: np.ones((2, 2, len(x)))},
        "fun_jac is not the derivative of fun: for t = ",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    changes, message = BAD[case]
    arguments = {"fun": bratu, "bc": both_ends, "x": MESH, "y": ZERO, **changes}
    with pytest.raises(ValueError, match=re.escape(message)):
        solve_bvp(**arguments)


def test_bad_options():
    with pytest.raises(TypeError, match="solve_bvp has no option 'rtol': use tol"):
        solve_bvp(bratu, both_ends, MESH, ZERO, rtol=1)
