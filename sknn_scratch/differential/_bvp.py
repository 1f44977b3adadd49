"""Boundary value problems, with the signature and the result of SciPy's solve_bvp."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch._nn.jets import Channels
from sknn_scratch._types import RandomState
from sknn_scratch.differential._ends import end_conditions
from sknn_scratch.differential._explicit import Explicit
from sknn_scratch.differential._fits import (
    check_options,
    fitted,
    largest_between,
    points_for,
)
from sknn_scratch.differential._results import (
    DifferentialResult,
    Piece,
    Solution,
    between,
    chebyshev,
)

#: Units of the networks that are tried one after the other.
WIDTHS = (40, 80, 160)


def solve_bvp(
    fun: Callable[..., Any],
    bc: Callable[..., Any],
    x: ArrayLike,
    y: ArrayLike,
    p: ArrayLike | None = None,
    S: ArrayLike | None = None,
    fun_jac: Callable[..., Any] | None = None,
    bc_jac: Callable[..., Any] | None = None,
    tol: float = 1e-8,
    max_nodes: int | None = None,
    verbose: int = 0,
    bc_tol: float | None = None,
    *,
    method: str = "gauss_newton",
    hidden_layer_sizes: Any = "auto",
    n_points: int | None = None,
    random_state: RandomState = 0,
    **options: Any,
) -> DifferentialResult:
    """Solve a boundary value problem by a trial solution.

    y' = fun(x, y) and bc(y(a), y(b)) = 0. If bc is linear, and the unknown parameters
    are not in it, it is met by construction: ``y = N + phi (c - Ba N(a) - Bb N(b))``,
    with polynomials phi. Otherwise it is made part of the least-squares problem, with
    the weight 100. The arguments and the result are those of
    :func:`scipy.integrate.solve_bvp`, where they have a meaning here.

    Parameters
    ----------
    fun : callable
        Right side ``fun(x, y)`` or ``fun(x, y, p)``, with x of shape (m,) and y of
        (n, m); it returns (n, m).
    bc : callable
        ``bc(ya, yb)`` or ``bc(ya, yb, p)``, which returns n + k numbers.
    x : array-like of shape (m,)
        Where the guess is given, increasing, from a to b.
    y : array-like of shape (n, m)
        A guess of the solution there: 0 will do for linear problems.
    p : array-like of shape (k,), default=None
        A guess of unknown parameters.
    S : array-like of shape (n, n), default=None
        Singular term: y' = fun(x, y) + S y / (x - a).
    fun_jac : callable, default=None
        The derivative of fun by y, ``fun_jac(x, y)`` of shape (n, n, m). Of a problem
        with p it returns that by p, (n, k, m), too, which is not used.
    bc_jac : callable, default=None
        The derivatives of bc by ya, yb and, if there are parameters, p.
    tol : float, default=1e-08
        The largest residual, relative to the size of the equation's terms, at
        which it is solved; looked at between the points of collocation. Range (0, inf).
    max_nodes : int, default=None
        Not used: ``n_points`` is the number of points.
    verbose : int, default=0
        Not 0 prints the loss of each iteration.
    bc_tol : float, default=None
        Not used: ``tol`` is that of bc, too.
    method : str, default='gauss_newton'
        The ``solver`` of :class:`TrialSolution`.
    hidden_layer_sizes : 'auto' or array-like of int, default='auto'
        Units of each hidden layer. 'auto' takes the first of 40, 80 and 160 units that
        reaches the tolerance.
    n_points : int or None, default=None
        Collocation points; None is two for each unit of the last hidden layer.
    random_state : int, RandomState instance or None, default=0
        Seed of the network.
    **options : dict
        Further parameters of :class:`TrialSolution`.

    Returns
    -------
    DifferentialResult
        With the fields

        - ``sol``: the solution as a function, with ``sol.derivative(x)``,
        - ``x`` (n_x,), ``y`` and ``yp`` (n, n_x): points, solution and slope,
        - ``p`` (k,): the fitted parameters, or None,
        - ``success``, ``status`` (0 or 1), ``message``: whether the largest residual is
          within the tolerance,
        - ``residual`` (n, n_x), ``rms_residuals`` (n_x,): what is left of the equation,
          and its root mean square over the components,
        - ``largest_residual``: the number that is compared with tol,
        - ``niter``: iterations of the last fit,
        - ``networks``: the fitted :class:`TrialSolution`, in a list,
        - ``differentiation``: 'complex step', 'jac' or 'finite differences',
        - ``conditions``: 'by construction' or 'penalty'.

    Raises
    ------
    ValueError
        If x does not increase, shapes do not fit, the conditions contradict each other,
        or fun returns NaN or a wrong shape.
    TypeError
        For an option that there is not.

    References
    ----------
    Lagaris, Likas and Fotiadis (1998). Artificial neural networks for solving ordinary
    and partial differential equations. IEEE Transactions on Neural Networks 9.

    Mortari (2017). The theory of connections: connecting points. Mathematics 5.

    Examples
    --------
    The Poisson equation -g'' = (3 x + x^2) exp(x), whose solution is x (1 - x) exp(x):

    >>> import numpy as np
    >>> from sknn_scratch.differential import solve_bvp
    >>> x = np.linspace(0, 1, 5)
    >>> result = solve_bvp(
    ...     lambda x, y: [y[1], -(3 * x + x**2) * np.exp(x)],
    ...     lambda ya, yb: [ya[0], yb[0]], x, np.zeros((2, 5)))
    >>> bool(abs(result.sol(0.5)[0] - 0.25 * np.exp(0.5)) < 1e-9)
    True
    """
    check_options("solve_bvp", options)
    mesh, start, p_0 = _guess(x, y, p)
    ends, n = [mesh[0], mesh[-1]], len(start)
    conditions, penalties = end_conditions(bc, ends, start, p_0, bc_jac)
    jac = fun_jac
    if fun_jac is not None and len(p_0):
        jac = _by_y_alone(fun_jac)
    called = fun if S is None else _singular(fun, S, ends[0], n)
    if S is not None:
        jac = None
    equation = Explicit(called, conditions, Channels(1, 1), jac, jac_name="fun_jac")
    automatic = isinstance(hidden_layer_sizes, str)
    tried = [(w,) for w in WIDTHS] if automatic else [np.atleast_1d(hidden_layer_sizes)]
    options = {
        "all_weights": not automatic,
        **options,
        "solver": method,
        "tol": tol,
        "random_state": random_state,
        "penalties": penalties,
        "parameters": p_0 if len(p_0) else None,
        "guess": lambda t: np.array([np.interp(t, mesh, row) for row in start]),
        "verbose": verbose,
    }
    best: Any = None
    for sizes in tried:
        m = points_for(sizes, n_points)
        points = chebyshev(ends[0], ends[1], m)
        model = fitted(
            equation,
            conditions,
            points[:, None],
            hidden_layer_sizes=sizes,
            **options,
        )
        largest = largest_between(model, between(points)[:, None])
        largest = max(largest, model.largest_residual_)
        if best is None or largest < best[1]:
            best = model, largest, points
        if largest <= tol:
            break
    how = "penalty" if penalties else "by construction"
    return _result(best, ends, tol, how)


def _guess(x, y, p):
    """The mesh, the guess on it and the parameters, as arrays."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise ValueError(
            "x must be at least two finite numbers, each larger than the one before, "
            f"got {np.array2string(x, threshold=6)}."
        )
    if y.ndim != 2 or y.shape[1] != len(x):
        raise ValueError(f"y must be of shape (n, {len(x)}), got {y.shape}.")
    if not np.isfinite(y).all():
        raise ValueError("y must be finite.")
    p = np.array([] if p is None else p, dtype=float)
    if p.ndim != 1:
        raise ValueError(f"p must be of shape (k,), got {p.shape}.")
    return x, y, p


def _by_y_alone(fun_jac):
    return lambda x, y, p: fun_jac(x, y, p)[0]


def _singular(fun, S, a, n):
    """fun with the singular term; the points do not include a."""
    S = np.asarray(S, float)
    if S.shape != (n, n):
        raise ValueError(f"S must be of shape ({n}, {n}), got {S.shape}.")

    def whole(x, y, *p):
        f = np.array([np.broadcast_to(row, y.shape[1:]) for row in fun(x, y, *p)])
        return f + S @ y / (x - a)

    return whole


def _result(best, ends, tol, conditions):
    model, largest, points = best
    solution, equation = Solution([Piece(model)], ends), model.residual
    jets = solution._jets(points).transpose(0, 2, 1)
    p = model.parameters_
    residual = equation.values(points[:, None], jets, (p,) if len(p) else ())
    success = largest <= tol
    found = f"the largest residual is {largest:.3g} of the terms' size"
    message = (
        f"Solved: {found}."
        if success
        else f"Not solved: {found}, above tol={tol:g}. Use a better guess, more units "
        "or method='gauss_newton'; the problem may have no solution, or a steep layer."
    )
    return DifferentialResult(
        sol=solution,
        p=p if len(p) else None,
        x=points,
        y=jets[0].T,
        yp=jets[1].T,
        rms_residuals=np.sqrt(np.mean(residual**2, axis=0)),
        residual=residual,
        largest_residual=largest,
        niter=model.n_iter_,
        status=0 if success else 1,
        message=message,
        success=success,
        networks=[model],
        differentiation=equation.how,
        conditions=conditions,
    )
