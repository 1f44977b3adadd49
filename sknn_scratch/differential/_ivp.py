"""Initial value problems, with the signature and the result of SciPy's solve_ivp."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch._nn.jets import Channels
from sknn_scratch._types import RandomState
from sknn_scratch.differential._conditions import (
    InitialConditions,
    interval,
    number_or_vector,
)
from sknn_scratch.differential._equations import Equation
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
from sknn_scratch.differential._solvers import NAMES

#: Windows are halved at most so often.
HALVINGS = 12
#: Gauss-Newton steps in a window whose length may be halved.
STEPS = 25


def solve_ivp(
    fun: Callable[..., Any],
    t_span: tuple[float, float],
    y0: ArrayLike,
    method: str = "gauss_newton",
    t_eval: ArrayLike | None = None,
    dense_output: bool = False,
    events: None = None,
    vectorized: bool = False,
    args: tuple | None = None,
    *,
    dy0: ArrayLike | None = None,
    implicit: bool = False,
    jac: Callable[..., Any] | ArrayLike | None = None,
    tol: float = 1e-8,
    hidden_layer_sizes: Any = (40,),
    n_points: int | None = None,
    windows: int | str = "auto",
    random_state: RandomState = 0,
    **options: Any,
) -> DifferentialResult:
    """Solve an initial value problem by a trial solution.

    ``y = y0 + (t - t0) N(t)`` meets the condition whatever the network N is; its
    weights minimise the residual of the equation at Chebyshev points. Where one network
    does not reach the tolerance the interval is split into windows, of which each
    begins where the one before ends.

    The arguments and the result are those of :func:`scipy.integrate.solve_ivp`, where
    they have a meaning here. For a smooth problem SciPy's integrators are faster; this
    solution is a closed expression, with exact derivatives.

    Parameters
    ----------
    fun : callable
        Right side of y' = fun(t, y), of y'' = fun(t, y, dy) if ``dy0`` is given, or
        with ``implicit=True`` the residual fun(t, y, dy) or fun(t, y, dy, d2y) that is
        to vanish. It is called with t of shape (m,) and y of (n, m), and returns (n,
        m); or, if it does not take arrays so, point by point.
    t_span : tuple of float
        Beginning and end (t0, t1), t0 < t1.
    y0 : array-like of shape (n,)
        y at t0.
    method : str, default='gauss_newton'
        The ``solver`` of :class:`TrialSolution`: 'gauss_newton', 'lbfgs', 'adam', 'sgd'
        and the other optimisers.
    t_eval : array-like of shape (n_points,), default=None
        Where to give the solution, in order; None: at the collocation points and the
        ends of the windows.
    dense_output : bool, default=False
        Not used: ``sol`` is always there.
    events : None
        Not supported: look for roots of ``sol``.
    vectorized : bool, default=False
        Not used: whether fun takes arrays is found out.
    args : tuple, default=None
        Further arguments of fun and jac.
    dy0 : array-like of shape (n,), default=None
        y' at t0: the equation is then of second order.
    implicit : bool, default=False
        Whether fun is the residual.
    jac : callable, array-like or None, default=None
        dfun/dy, for y' = fun(t, y): ``jac(t, y)`` of shape (n, n), or (n, n, m) for m
        points, or constant. None: by complex steps, or by finite differences where fun
        does not compute in complex numbers.
    tol : float, default=1e-08
        The largest residual, relative to the size of the equation's terms, at
        which it is solved; looked at between the points of collocation. Range (0, inf).
    hidden_layer_sizes : array-like of int, default=(40,)
        Units of each hidden layer, of each window's network.
    n_points : int or None, default=None
        Collocation points of each window; None is two for each unit of the last hidden
        layer.
    windows : int or 'auto', default='auto'
        Number of windows, all of one length. 'auto' splits where one network does not
        reach the tolerance; with other methods than 'gauss_newton' it is 1.
    random_state : int, RandomState instance or None, default=0
        Seed of the networks.
    **options : dict
        Further parameters of :class:`TrialSolution`.

    Returns
    -------
    DifferentialResult
        With the fields

        - ``t`` (n_t,), ``y`` (n, n_t): the solution,
        - ``sol``: the solution as a function, with ``sol.derivative(t)``,
        - ``success``, ``status`` (0 or -1), ``message``: whether the largest residual
          is within the tolerance,
        - ``residual`` (n, n_t): what is left of the equation at ``t``,
        - ``largest_residual``: the number that is compared with tol,
        - ``windows`` (n_windows + 1,): their ends,
        - ``networks``: a fitted :class:`TrialSolution` for each,
        - ``differentiation``: 'complex step', 'jac' or 'finite differences',
        - ``nfev``: the number of calls of fun; ``njev``, ``nlu``, ``t_events``,
          ``y_events`` as SciPy's users expect them, without a meaning here.

        Without success the solution ends with the window that did not reach the
        tolerance.

    Raises
    ------
    ValueError
        If t_span is reversed, t_eval not inside it, fun returns NaN or a wrong shape,
        or jac is not fun's derivative.
    TypeError
        For an option that there is not.

    References
    ----------
    Lagaris, Likas and Fotiadis (1998). Artificial neural networks for solving ordinary
    and partial differential equations. IEEE Transactions on Neural Networks 9.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import solve_ivp
    >>> result = solve_ivp(lambda t, y: -2 * y, (0, 1), [10.0])
    >>> result.success
    True
    >>> bool(abs(result.sol(0.5)[0] - 10 / np.e) < 1e-9)
    True
    """
    t0, t1 = _span(t_span)
    check_options("solve_ivp", options)
    y0, dy0 = _initial(y0, dy0)
    if events is not None:
        raise ValueError(
            "events are not supported: look for roots of the result's sol, with "
            "scipy.optimize.brentq for example."
        )
    if args is not None and not isinstance(args, tuple):
        raise TypeError(f"args must be a tuple, got {args!r}: write ({args!r},).")
    if method not in NAMES:
        raise ValueError(f"method must be among {list(NAMES)}, got {method!r}.")
    if windows != "auto" and (not isinstance(windows, Integral) or windows < 1):
        raise ValueError(f"windows must be 'auto' or at least 1, got {windows!r}.")
    t_eval = _times(t_eval, t0, t1)
    if windows == "auto" and method != "gauss_newton":
        windows = 1
    conditions = InitialConditions(t0, y0, dy0)
    equation = _equation(fun, conditions, implicit, jac, args or ())
    options = {
        "all_weights": windows != "auto",
        **({"max_iter": STEPS} if windows == "auto" else {}),
        **options,
        "solver": method,
        "tol": tol,
        "hidden_layer_sizes": hidden_layer_sizes,
        "random_state": random_state,
    }
    march = March(equation, options, points_for(hidden_layer_sizes, n_points), tol)
    march.run(conditions, t1, windows)
    return march.result(t_eval)


class March:
    """Windows one after the other.

    Parameters
    ----------
    equation : Equation
        Of all windows.
    options : dict
        Parameters of each TrialSolution.
    n_points : int
        Collocation points of each.
    tol : float
        Of the residual between them.
    """

    def __init__(self, equation, options, n_points, tol):
        self.equation, self.options = equation, options
        self.n_points, self.tol = n_points, tol
        self.models, self.ends, self.largest = [], [], 0.0

    def run(self, conditions, t1, windows):
        """Go from the conditions to t1."""
        t = t0 = conditions.t0
        splits = windows == "auto"
        longest = t1 - t0
        length = longest if splits else longest / windows
        self.ends = [t0]
        self.t1 = t1
        while t < t1:
            last = t + 1.001 * length >= t1
            end = t1 if last else t + length
            model, largest = self.attempt(conditions, t, end)
            if splits and not largest <= self.tol and length > longest / 2**HALVINGS:
                length = (end - t) / 2
                continue
            if model is None:
                return
            self.models.append(model)
            self.ends.append(end)
            self.largest = max(self.largest, largest)
            if splits and not largest <= self.tol:
                return
            if splits:
                length *= 2
            t, conditions = end, self.handed_over(model, end)

    def attempt(self, conditions, a, b):
        """A fit between a and b, None if there is none, and its largest residual."""
        points = chebyshev(a, b, self.n_points)
        X = points[:, None]
        try:
            model = fitted(self.equation, conditions, X, **self.options)
        except ValueError:
            if not self.models:
                raise
            self.largest = np.inf  # the equation is not defined where the solution is
            return None, np.inf
        largest = largest_between(model, between(points)[:, None])
        return model, max(largest, model.largest_residual_)

    def handed_over(self, model, t):
        """The conditions with which the next window begins."""
        _, _, jets = model._jets(np.array([[t]]))
        slope = jets[1, 0] if model.conditions.order == 2 else None
        return InitialConditions(t, jets[0, 0], slope)

    def result(self, t_eval):
        """What solve_ivp returns."""
        solution = Solution([Piece(model) for model in self.models], self.ends)
        reached = self.ends[-1]
        if t_eval is None:
            parts = [
                np.append(chebyshev(a, b, self.n_points), b)
                for a, b in zip(self.ends, self.ends[1:], strict=False)
            ]
            t = np.concatenate([self.ends[:1], *parts])
        else:
            t = t_eval[t_eval <= reached]
        jets = solution._jets(t).transpose(0, 2, 1)
        calls = self.equation.n_calls
        success = self.largest <= self.tol and reached == self.t1
        return DifferentialResult(
            t=t,
            y=jets[0].T,
            sol=solution,
            t_events=None,
            y_events=None,
            nfev=calls,
            njev=0,
            nlu=0,
            status=0 if success else -1,
            message=self._message(success),
            success=success,
            residual=self._residual(t, jets),
            largest_residual=self.largest,
            windows=np.array(self.ends),
            networks=self.models,
            differentiation=self.equation.how,
        )

    def _residual(self, t, jets):
        if not len(t):
            return np.empty((self.equation.n_equations, 0))
        return self.equation.values(t[:, None], jets, ())

    def _message(self, success):
        found = f"the largest residual is {self.largest:.3g} of the terms' size"
        if success:
            return f"Solved: {found}, with {len(self.models)} window(s)."
        where = ""
        if self.ends[-1] < self.t1:
            where = f" It ends at t = {self.ends[-1]:.6g}."
        return (
            f"Not solved: {found}, above tol={self.tol:g}.{where} Use more units, more "
            "windows or method='gauss_newton'; the equation may be stiff, or have no "
            "solution as far as that."
        )


def _equation(fun, conditions, implicit, jac, args):
    """The equation that fun stands for."""
    if not callable(fun):
        raise TypeError(f"fun must be callable, got {fun!r}.")
    if jac is not None and (implicit or conditions.order == 2):
        raise ValueError("jac is for y' = fun(t, y): leave it out, or write a system.")
    channels = Channels(1, conditions.order)
    called = _with_args(fun, args)
    if implicit:
        return Equation(called, conditions, channels, "fun")
    of_user = _with_args(jac, args) if callable(jac) else jac
    return Explicit(called, conditions, channels, of_user)


def _with_args(function, args):
    return (lambda *state: function(*state, *args)) if args else function


def _span(t_span):
    try:
        t0, t1 = (float(t) for t in t_span)
    except (TypeError, ValueError) as error:
        raise ValueError(f"t_span must be (t0, t1), got {t_span!r}.") from error
    if np.isfinite([t0, t1]).all() and t0 > t1:
        raise ValueError(
            f"t_span is reversed: ({t0:g}, {t1:g}). Give t0 < t1; to go back in time, "
            "solve for -t."
        )
    return interval((t0, t1), "t_span")


def _initial(y0, dy0):
    y0 = number_or_vector(y0, "y0")
    if y0.ndim != 1:
        raise ValueError(f"y0 must be of shape (n,), got {y0!r}: write [{y0}].")
    return y0, None if dy0 is None else number_or_vector(dy0, "dy0")


def _times(t_eval, t0, t1):
    if t_eval is None:
        return None
    t = np.asarray(t_eval, float)
    if t.ndim != 1 or not (t.size == 0 or (t0 <= t[0] and t[-1] <= t1)):
        raise ValueError(f"t_eval must be of shape (m,) and inside of t_span, got {t}.")
    if (np.diff(t) <= 0).any():
        raise ValueError("t_eval must be increasing.")
    return t
