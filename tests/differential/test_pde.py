"""solve_pde: equations whose solutions are known."""

import re

import numpy as np
import pytest

from sknn_scratch.differential import (
    InitialConditions,
    RectangleConditions,
    SpaceTimeConditions,
    solve_pde,
)
from sknn_scratch.differential._pde import grid

PI = np.pi
X, Y = np.meshgrid(np.linspace(0, 1, 32), np.linspace(0, 1, 32), indexing="ij")


def test_poisson_with_values_on_all_sides():
    """The fifth problem of Lagaris, Likas and Fotiadis (1998)."""
    conditions = RectangleConditions(
        (0, 1),
        (0, 1),
        left=lambda y: y**3,
        right=lambda y: (1 + y**3) * np.exp(-1),
        bottom=lambda x: x * np.exp(-x),
        top=lambda x: (x + 1) * np.exp(-x),
    )

    def residual(X, u, du, d2u):
        x, y = X
        return d2u[0, 0] + d2u[1, 1] - np.exp(-x) * (x - 2 + y**3 + 6 * y)

    result = solve_pde(residual, conditions)
    assert result.success
    np.testing.assert_allclose(result.sol(X, Y), np.exp(-X) * (X + Y**3), atol=1e-9)


def test_a_nonlinear_equation():
    """u_xx + u_yy + u^2 = f, with u = sin(pi x) sin(pi y)."""
    exact = np.sin(PI * X) * np.sin(PI * Y)

    def residual(X, u, du, d2u):
        s = np.sin(PI * X[0]) * np.sin(PI * X[1])
        return d2u[0, 0] + d2u[1, 1] + u**2 - (s**2 - 2 * PI**2 * s)

    result = solve_pde(
        residual,
        RectangleConditions((0, 1), (0, 1)),
        hidden_layer_sizes=200,
        n_points=20,
    )
    assert result.success
    np.testing.assert_allclose(result.sol(X, Y), exact, atol=1e-6)


def test_heat():
    rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(PI * x))
    result = solve_pde(lambda X, u, du, d2u: du[1] - 0.3 * d2u[0, 0], rod)
    wanted = np.exp(-0.3 * PI**2 * Y) * np.sin(PI * X)
    np.testing.assert_allclose(result.sol(X, Y), wanted, atol=1e-8)


def test_a_wave_that_is_plucked_and_struck():
    string = SpaceTimeConditions(
        (0, 1), (0, 1), lambda x: np.sin(PI * x), velocity=lambda x: PI * np.sin(PI * x)
    )
    result = solve_pde(lambda X, u, du, d2u: d2u[1, 1] - d2u[0, 0], string)
    wanted = (np.cos(PI * Y) + np.sin(PI * Y)) * np.sin(PI * X)
    np.testing.assert_allclose(result.sol(X, Y), wanted, atol=1e-7)


def test_the_mixed_derivative():
    """u_xy = 1 with u = x y, of which u = 0 on two sides."""
    conditions = RectangleConditions((0, 1), (0, 1), right=None, top=None)
    result = solve_pde(lambda X, u, du, d2u: d2u[0, 1] - 1, conditions)
    np.testing.assert_allclose(result.sol(X, Y), X * Y, atol=1e-10)


def test_without_success_it_says_so():
    result = solve_pde(
        lambda X, u, du, d2u: d2u[0, 0] + d2u[1, 1] - np.exp(10 * X[0]),
        RectangleConditions((0, 1), (0, 1)),
        hidden_layer_sizes=5,
        n_points=8,
    )
    assert not result.success
    assert result.status == 1
    assert result.message.startswith("Not solved: the largest residual is ")


def test_the_grid():
    points = grid(np.array([1.0, 2.0]), np.array([5.0, 6.0, 7.0]))
    assert points.tolist() == [[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]]


def test_bad_input():
    square = RectangleConditions((0, 1), (0, 1))
    with pytest.raises(TypeError, match="solve_pde takes RectangleConditions or Space"):
        solve_pde(np.sin, InitialConditions(0, 1.0))
    with pytest.raises(TypeError, match="solve_pde has no option 'rtol'"):
        solve_pde(np.sin, square, rtol=1)
    message = "residual must return an array of shape (625,) or (n_equations, 625)"
    with pytest.raises(ValueError, match=re.escape(message)):
        solve_pde(lambda X, u, du, d2u: u[:5], square)
