"""Partial differential equations of second order on rectangles."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_scratch._nn.jets import Channels
from sknn_scratch._types import RandomState
from sknn_scratch.differential._boxes import BoxConditions
from sknn_scratch.differential._equations import Equation
from sknn_scratch.differential._fits import (
    POINTS_A_UNIT,
    check_options,
    fitted,
    largest_between,
    points_for,
)
from sknn_scratch.differential._results import (
    DifferentialResult,
    Surface,
    between,
    chebyshev,
)

#: Units, and Chebyshev points along each side, that are tried one after the other.
TRIED = ((300, 25), (600, 35))


def solve_pde(
    residual: Callable[..., Any],
    conditions: BoxConditions,
    *,
    guess: Callable[..., Any] | None = None,
    method: str = "gauss_newton",
    tol: float = 1e-6,
    hidden_layer_sizes: Any = "auto",
    n_points: int | None = None,
    random_state: RandomState = 0,
    **options: Any,
) -> DifferentialResult:
    """Solve a partial differential equation on a rectangle by a trial solution.

    ``u = A + B N``: A blends the given values into the rectangle, B vanishes on its
    sides, and the weights of the network N minimise the residual at the points of a
    Chebyshev grid.

    Parameters
    ----------
    residual : callable
        What must vanish, ``residual(X, u, du, d2u)``, a vectorised function of arrays
        of shapes (2, m), (m,), (2, m) and (2, 2, m): ``d2u[0, 0] + d2u[1, 1]`` is the
        Laplacian, ``du[1] - d2u[0, 0]`` the heat equation's left side. It returns (m,).
    conditions : RectangleConditions or SpaceTimeConditions
        The given values.
    guess : callable, default=None
        A guess of the solution, a function of both coordinates: for nonlinear
        equations.
    method : str, default='gauss_newton'
        The ``solver`` of :class:`TrialSolution`.
    tol : float, default=1e-06
        The largest residual, relative to the size of the equation's terms, at
        which it is solved; looked at between the points of collocation. Range (0, inf).
    hidden_layer_sizes : 'auto' or array-like of int, default='auto'
        Units of each hidden layer. 'auto' takes 300, or 600 if these do not reach the
        tolerance.
    n_points : int or None, default=None
        Points along each side; None is 25 for up to 300 units and 35 for more.
    random_state : int, RandomState instance or None, default=0
        Seed of the network.
    **options : dict
        Further parameters of :class:`TrialSolution`.

    Returns
    -------
    DifferentialResult
        With the fields

        - ``sol``: the solution as a function of two coordinates,
        - ``x``, ``y`` (n_points,), ``u`` and ``residual`` (n_points, n_points): the
          grid, and at (x[i], y[j]) the solution and what is left of the equation,
        - ``success``, ``status`` (0 or 1), ``message``: whether the largest residual is
          within the tolerance,
        - ``largest_residual``: the number that is compared with tol,
        - ``niter``: iterations of the last fit,
        - ``networks``: the fitted :class:`TrialSolution`, in a list,
        - ``differentiation``: 'complex step' or 'finite differences'.

    Raises
    ------
    ValueError
        If the residual returns NaN or a wrong shape, or a parameter is wrong.
    TypeError
        For an option that there is not, or conditions of another kind.

    References
    ----------
    Lagaris, Likas and Fotiadis (1998). Artificial neural networks for solving ordinary
    and partial differential equations. IEEE Transactions on Neural Networks 9.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import SpaceTimeConditions, solve_pde
    >>> rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(np.pi * x))
    >>> result = solve_pde(lambda X, u, du, d2u: du[1] - 0.1 * d2u[0, 0], rod)
    >>> exact = np.exp(-0.1 * np.pi**2)
    >>> bool(abs(result.sol(0.5, 1.0) - exact) < 1e-8)
    True
    """
    check_options("solve_pde", options)
    if not isinstance(conditions, BoxConditions):
        raise TypeError(
            "solve_pde takes RectangleConditions or SpaceTimeConditions, got "
            f"{conditions!r}. Ordinary equations are for solve_ivp and solve_bvp."
        )
    equation = Equation(residual, conditions, Channels(2, 2))
    tried: list[tuple] = list(TRIED)
    if not isinstance(hidden_layer_sizes, str):
        units = points_for(hidden_layer_sizes, None) // POINTS_A_UNIT
        tried = [(hidden_layer_sizes, TRIED[units > TRIED[0][0]][1])]
    best: Any = None
    options = {
        "all_weights": False,
        **options,
        "solver": method,
        "tol": tol,
        "guess": guess,
        "random_state": random_state,
    }
    for sizes, points in tried:
        points = points_for(sizes, n_points or points)
        axes = [chebyshev(a, b, points) for a, b in conditions.spans]
        model = fitted(
            equation,
            conditions,
            grid(*axes),
            hidden_layer_sizes=np.atleast_1d(sizes),
            **options,
        )
        largest = largest_between(model, grid(*map(between, axes)))
        largest = max(largest, model.largest_residual_)
        if best is None or largest < best[1]:
            best = model, largest, axes
        if largest <= tol:
            break
    return _result(best, tol)


def grid(x, y):
    """All points with these coordinates, (len(x) len(y), 2), y running faster."""
    return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)


def _result(best, tol):
    model, largest, axes = best
    X, _, jets = model._jets(grid(*axes))
    shape = tuple(map(len, axes))
    p = (model.parameters_,) if len(model.parameters_) else ()
    residual = model.residual.values(X, jets, p)
    success = largest <= tol
    found = f"the largest residual is {largest:.3g} of the terms' size"
    message = (
        f"Solved: {found}."
        if success
        else f"Not solved: {found}, above tol={tol:g}. Use more units and points, or a "
        "smaller rectangle; the solution may not be smooth."
    )
    return DifferentialResult(
        sol=Surface(model),
        x=axes[0],
        y=axes[1],
        u=jets[0, :, 0].reshape(shape),
        residual=residual[0].reshape(shape),
        largest_residual=largest,
        niter=model.n_iter_,
        status=0 if success else 1,
        message=message,
        success=success,
        networks=[model],
        differentiation=model.residual.how,
    )
