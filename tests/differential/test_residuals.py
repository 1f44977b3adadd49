"""The least-squares problem: every derivative against central differences."""

import numpy as np
import pytest
from _equations import column, residuals

from sknn_scratch.differential import (
    BoundaryConditions,
    InitialConditions,
    Penalty,
    RectangleConditions,
    TrialSolution,
)
from sknn_scratch.differential._conditions import EndConditions


def first(t, y, dy, p):
    return dy * (1 + y) + p[0] * np.sin(dy) * y + t


def second(t, y, dy, d2y, p):
    return d2y * (1 + y) + p[0] * np.sin(dy) * y + t * p[1]


def surface(X, u, du, d2u, p):
    return d2u[0, 0] + u * d2u[1, 1] + p[0] * du[0] * du[1] * d2u[0, 1] - X[0]


LINE, GRID = column(0, 2, 7), np.random.default_rng(0).uniform(0, 1, (9, 2))
RIGHT = {"right": lambda y: y**2, "top": lambda x: x}
CASES = {
    "first order": (InitialConditions(0, 1.0), first, LINE, [0.7], []),
    "second order, a system": (
        InitialConditions(0, [1.0, 0.5], [0.0, 1.0]),
        second,
        LINE,
        [0.7, 0.1],
        [],
    ),
    "mixed conditions": (
        BoundaryConditions((0, 2), y=([1.0, 0.0], None), dy=(None, [1.0, 2.0])),
        second,
        LINE,
        [0.7, 0.1],
        [],
    ),
    "periodic": (
        BoundaryConditions((0, 2), periodic=True),
        second,
        LINE,
        [0.7, 0.1],
        [],
    ),
    "coupled ends": (
        EndConditions([0, 2], np.eye(2), np.array([[1.0, 2], [0, 1]]), np.ones(2)),
        first,
        LINE,
        [0.7],
        [],
    ),
    "a penalty": (
        InitialConditions(0, [1.0, 0.5]),
        first,
        LINE,
        [0.7],
        [Penalty(lambda t, y, dy, p: y[0] * y[1] - p[0], [0.5, 1.0], weight=3.0)],
    ),
    "a rectangle": (
        RectangleConditions((0, 1), (0, 1), **RIGHT),
        surface,
        GRID,
        [2.0],
        [],
    ),
}
each = pytest.mark.parametrize("case", CASES)


def problem(case):
    conditions, function, X, p, more = CASES[case]
    made = residuals(function, conditions, X, p=p, more=more)
    made.run(with_back=True).linearise()
    return made


@each
def test_the_jacobian_is_that_of_central_differences(case):
    made = problem(case)
    J, at = made.jacobian(), made.vector.copy()
    rng = np.random.default_rng(1)
    for _ in range(3):
        d = rng.standard_normal(len(at))
        rows = []
        for step in (1e-6, -1e-6):
            made.vector[...] = at + step * d
            rows.append(made.run().rows())
        made.vector[...] = at
        wanted = (rows[0] - rows[1]) / 2e-6
        np.testing.assert_allclose(J @ d, wanted, rtol=1e-6, atol=1e-7)


@each
def test_the_gradient_and_the_output_layers_jacobian_are_the_jacobians(case):
    made = problem(case)
    J = made.jacobian()
    weights = np.random.default_rng(2).standard_normal(len(J))
    np.testing.assert_allclose(
        made.gradient(weights), J.T @ weights, rtol=1e-9, atol=1e-10
    )
    last = len(made.network.layers) - 1
    columns = [
        np.arange(made.vector.size)[block.entries]
        for block in made.network.layout.blocks
        if block.layer == last
    ]
    columns = np.concatenate([*columns, np.arange(made.network.theta.size, J.shape[1])])
    np.testing.assert_allclose(
        made.jacobian_of_output(), J[:, columns], rtol=1e-9, atol=1e-11
    )


def test_some_of_the_points():
    made = problem("a penalty")
    rows = made.rows().reshape(-1)
    part = made.some(np.array([1, 4])).run()
    n = 2 * len(LINE)
    wanted = np.concatenate([rows[:n].reshape(2, -1)[:, [1, 4]].ravel(), rows[n:]])
    np.testing.assert_allclose(part.rows(), wanted, rtol=1e-12)


def test_the_largest_residual_is_relative_and_leaves_data_out():
    conditions = InitialConditions(0, 1.0)
    data = Penalty(lambda t, y, dy: y - 1e9, [1.0], must_vanish=False)
    made = residuals(lambda t, y, dy: dy + 2 * y, conditions, LINE, more=[data])
    largest = made.run().linearise()
    t, (y, dy) = LINE[:, 0], made.terms[0].jets(made.N[:, :7], made.N[:, 8:])[..., 0]
    assert t.shape == y.shape
    length = np.ptp(made.box)
    size = (np.maximum(np.abs(dy), np.abs(y).max() / length) + 2 * np.abs(y)).max()
    assert largest == pytest.approx(np.abs(dy + 2 * y).max() / size)


def test_derivatives_that_are_not_finite_are_named():
    """A root at 0, by finite differences: complex steps would give a large number."""
    conditions = InitialConditions(0, 0.0)
    trial = TrialSolution(lambda t, y, dy: dy - np.sqrt(np.real(y)), conditions)
    with pytest.raises(ValueError, match="derivatives of the equation by y are NaN"):
        trial.fit(LINE)
