"""Results: solutions as functions, of one network or of several."""

import pickle
import re

import numpy as np
import pytest

from sknn_scratch.differential import SpaceTimeConditions, solve_ivp, solve_pde
from sknn_scratch.differential._results import between, chebyshev


def swing(t, y):
    return np.array([y[1], -y[0]])


@pytest.fixture(scope="module")
def result():
    return solve_ivp(swing, (0, 3), [0.0, 1.0], windows=2)


def test_a_solution_is_a_function_of_a_number_or_of_many(result):
    sol = result.sol
    assert (sol.t_min, sol.t_max) == (0, 3)
    assert sol(1.0).shape == (2,)
    t = np.array([2.5, 0.1, 1.5, 3.0, 1.6])  # in any order, of both windows
    np.testing.assert_allclose(sol(t), [np.sin(t), np.cos(t)], atol=1e-9)
    np.testing.assert_allclose(sol.derivative(t), [np.cos(t), -np.sin(t)], atol=1e-8)
    assert sol([]).shape == (2, 0)


def test_a_solution_pickles_without_the_users_function(result):
    twin = pickle.loads(pickle.dumps(result.sol))
    t = np.linspace(0, 3, 9)
    np.testing.assert_array_equal(twin(t), result.sol(t))


def test_entries_are_attributes(result):
    assert result["success"] is result.success
    assert "message" in repr(result)


def test_bad_arguments(result):
    with pytest.raises(ValueError, match=re.escape("t must be a finite number or of")):
        result.sol(np.nan)
    with pytest.raises(
        ValueError, match="order must be at most that of the equation, 1"
    ):
        result.sol.derivative(1.0, 2)


def test_a_surface_is_a_function_of_two_coordinates():
    rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(np.pi * x))
    result = solve_pde(
        lambda X, u, du, d2u: du[1] - 0.1 * d2u[0, 0], rod, hidden_layer_sizes=100
    )
    assert result.u.shape == (25, 25)
    x, t = result.x[:, None], result.y
    np.testing.assert_allclose(result.sol(x, t), result.u, atol=1e-12)
    exact = np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x)
    np.testing.assert_allclose(result.u, exact, atol=1e-6)
    assert result.sol(0.5, 0.5).shape == ()
    with pytest.raises(ValueError, match="x and y must be finite"):
        result.sol(np.nan, 0)
    with pytest.raises(ValueError, match=r"The point \(2, 0\) is outside"):
        result.sol(2, 0)


def test_points():
    points = chebyshev(2.0, 6.0, 5)
    wanted = np.polynomial.chebyshev.chebpts1(5)
    np.testing.assert_allclose(points, 4 + 2 * wanted, atol=1e-14)
    middles = between(points)
    assert ((points[:-1] < middles) & (middles < points[1:])).all()
