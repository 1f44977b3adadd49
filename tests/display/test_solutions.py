"""Displays of solutions: what is drawn is what was computed."""

import re

import numpy as np
import pytest

from sknn_scratch.differential import (
    SpaceTimeConditions,
    solve_bvp,
    solve_ivp,
    solve_pde,
)
from sknn_scratch.display import SolutionDisplay, SurfaceDisplay


@pytest.fixture(scope="module")
def swing():
    return solve_ivp(lambda t, y: np.array([y[1], -y[0]]), (0, 3), [0.0, 1.0])


def exact(t):
    return np.array([np.sin(t), np.cos(t)])


def test_a_solution_with_and_without_the_true_one(swing):
    display = SolutionDisplay.from_result(swing, exact=exact, labels=["x", "v"])
    solution, residual, error = display.axes_
    assert [line.get_label() for line in solution.lines][:3:2] == ["x", "v"]
    x = solution.lines[0].get_xdata()
    np.testing.assert_allclose(solution.lines[0].get_ydata(), np.sin(x), atol=1e-9)
    assert len(residual.lines) == len(error.lines) == 2
    assert error.get_yscale() == residual.get_yscale() == "log"
    assert max(line.get_ydata().max() for line in error.lines) < 1e-8
    assert [ax.get_xlabel() for ax in display.axes_] == ["t"] * 3
    assert display.ax_.get_legend() is not None
    assert len(SolutionDisplay.from_result(swing).axes_) == 2


def test_a_boundary_value_problem():
    x = np.linspace(0, 1, 5)
    result = solve_bvp(
        lambda x, y: [y[1], 0 * x + 2], lambda a, b: [a[0], b[0]], x, np.zeros((2, 5))
    )
    display = SolutionDisplay.from_result(result, n_points=11)
    t, y = display.t, display.y[0]
    np.testing.assert_allclose(y, t * (t - 1), atol=1e-10)


def test_a_figure_of_ones_own(swing):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure()
    assert SolutionDisplay.from_result(swing, fig=figure).figure_ is figure


def test_a_surface():
    rod = SpaceTimeConditions((0, 1), (0, 2), lambda x: np.sin(np.pi * x))
    result = solve_pde(
        lambda X, u, du, d2u: du[1] - 0.1 * d2u[0, 0],
        rod,
        hidden_layer_sizes=60,
        n_points=12,
    )
    known = lambda x, t: np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x)  # noqa: E731
    display = SurfaceDisplay.from_result(result, exact=known)
    assert [ax.get_xlabel() for ax in display.axes_] == ["x"] * 3
    assert [ax.get_ylabel() for ax in display.axes_] == ["t"] * 3
    (mesh,) = display.axes_[0].collections
    np.testing.assert_allclose(mesh.get_array().ravel(), result.u.T.ravel())
    np.testing.assert_allclose(display.u, display.exact, atol=1e-3)
    assert len(SurfaceDisplay.from_result(result).axes_) == 2


BAD = {
    "no result": (
        TypeError,
        lambda: SolutionDisplay.from_result(3),
        "SolutionDisplay takes a result of solve_ivp or solve_bvp, got int",
    ),
    "no surface": (
        TypeError,
        lambda: SurfaceDisplay.from_result(3),
        "SurfaceDisplay takes a result of solve_pde, got int",
    ),
    "points": (
        ValueError,
        lambda: SolutionDisplay([0, 1], [[1.0, 2.0]], [[1.0, 2.0, 3.0]]),
        "residual must have 2 columns, one for each point, got the shape (1, 3)",
    ),
    "exact": (
        ValueError,
        lambda: SolutionDisplay([0, 1], [[1.0, 2.0]], [[1.0, 2.0]], np.ones((2, 2))),
        "exact must have the shape of y, (1, 2), got (2, 2)",
    ),
    "grid": (
        ValueError,
        lambda: SurfaceDisplay([0, 1], [0, 1], np.ones((2, 3)), np.ones((2, 2))),
        "u must have the shape (2, 2) of the grid, got (2, 3)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    error, make, message = BAD[case]
    with pytest.raises(error, match=re.escape(message)):
        make()
