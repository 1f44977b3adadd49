"""Differential equations: the error, beside the one asked for, and the time.

Of each case the largest error over 1,000 points, or a grid of 32 x 32, against the
closed form, or SciPy's integrator at rtol 1e-12; with the defaults of ``solve_ivp``,
``solve_bvp`` and ``solve_pde``, float64. Where neurodiffeq is installed it is trained
on the same equation for 500 epochs, its error and its time beside ours.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy import integrate

from benchmarks._table import markdown_row, text_row
from sknn_scratch.differential import (
    InitialConditions,
    RectangleConditions,
    SpaceTimeConditions,
    TrialSolution,
    solve_bvp,
    solve_ivp,
    solve_pde,
)

try:
    from neurodiffeq import conditions as their_conditions
    from neurodiffeq import diff
    from neurodiffeq.solvers import Solver1D, Solver2D
except ImportError:
    diff = None

#: Epochs of neurodiffeq, whose networks are otherwise its own choice.
EPOCHS = 500
PI = np.pi
#: Columns that are there if neurodiffeq is.
THEIRS = ("neurodiffeq: error", "its seconds") if diff else ()


@dataclass(frozen=True)
class Case:
    """An equation with a known solution.

    Parameters
    ----------
    name : str
        Of the row.
    solve : callable
        Ours; gives a function of t, or of x and y.
    exact : callable
        The solution.
    span : tuple of float
        Where the error is looked at; of a surface that of both variables.
    asked : float
        The largest error that is allowed.
    seconds : float
        The longest time.
    theirs : callable, default=None
        neurodiffeq's, for the number of epochs, likewise.
    """

    name: str
    solve: Callable
    exact: Callable
    span: tuple
    asked: float
    seconds: float
    theirs: Callable | None = None
    is_surface: bool = False

    def error(self, solution):
        """The largest error over 1,000 points, or a grid of 32 x 32."""
        t = np.linspace(*self.span, 32 if self.is_surface else 1000)
        at = np.meshgrid(t, t) if self.is_surface else [t]
        return float(np.abs(solution(*at) - self.exact(*at)).max())

    def timed(self, solve, *args):
        """Error and seconds of one solution."""
        start = time.perf_counter()
        solution = solve(*args)
        seconds = time.perf_counter() - start
        return self.error(solution), seconds


@dataclass(frozen=True)
class Accuracies:
    """A table of errors and times, as the tables of times are.

    Parameters
    ----------
    title : str
        What is measured.
    cases : list of Case
        The rows.
    """

    title: str
    cases: list
    columns: tuple = ("error", "aim", "seconds", "at most", *THEIRS)
    pairs: tuple = ()

    def print(self, how, wanted, markdown=False):
        """Measure and print the cases whose name ``wanted`` accepts; how many."""
        cases = [case for case in self.cases if wanted(case.name)]
        if not cases or how.dtype is not np.float64:
            return len(cases)
        row = markdown_row if markdown else text_row
        heads = self.columns
        print(f"\n{'## ' if markdown else ''}{self.title}, float64\n")
        print("Largest error; seconds of a solution, the median of the rounds.\n")
        print(row("case", heads))
        if markdown:
            print("|---|" + "---:|" * len(heads))
        for case in cases:
            print(row(case.name, self._cells(case, how)), flush=True)
        return len(cases)

    def _cells(self, case, how):
        rounds = [case.timed(case.solve) for _ in range(how.many(how.repeats))]
        yield f"{max(error for error, _ in rounds):.1e}"
        yield f"{case.asked:.0e}"
        yield f"{median(seconds for _, seconds in rounds):.3f}"
        yield f"{case.seconds:g}"
        if diff and case.theirs:
            error, seconds = case.timed(case.theirs, how.many(EPOCHS))
            yield f"{error:.1e}"
            yield f"{seconds:.1f}"
        elif diff:
            yield from "--"


# ---- neurodiffeq's ------------------------------------------------------------------


def their_ivp(system, *conditions, span):
    """neurodiffeq's solution of an initial value problem."""

    def solve(epochs):
        made = [their_conditions.IVP(span[0], *each) for each in conditions]
        solver = Solver1D(system, made, t_min=span[0], t_max=span[1])
        solver.fit(max_epochs=epochs, tqdm_file=None)
        found = solver.get_solution()
        return lambda t: np.atleast_2d(np.array(found(t, to_numpy=True)))

    return solve


def their_surface(system, make):
    """neurodiffeq's solution on the unit square."""

    def solve(epochs):
        solver = Solver2D(system, [make()], xy_min=(0, 0), xy_max=(1, 1))
        solver.fit(max_epochs=epochs, tqdm_file=None)
        found = solver.get_solution()
        return lambda x, y: found(x, y, to_numpy=True)

    return solve


def sine(x):
    """sin(pi x), of a tensor."""
    import torch

    return torch.sin(PI * x)


def nothing(x):
    return 0 * x


# ---- the cases ---------------------------------------------------------------------


def decay(t, y):
    return -2 * y


def logistic(t, y):
    return y * (1 - y)


def oscillator(t, y, dy):
    return -0.4 * dy - 4 * y


def lotka(t, y):
    return np.array([1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]])


def decayed(t):
    return 10 * np.exp(-2 * t)


def oscillated(t):
    omega = np.sqrt(3.96)
    return np.exp(-0.2 * t) * (np.cos(omega * t) + 0.2 / omega * np.sin(omega * t))


def scipys(fun, span, y0):
    options = {"rtol": 1e-12, "atol": 1e-12, "method": "DOP853", "dense_output": True}
    return lambda t: integrate.solve_ivp(fun, span, y0, **options).sol(t)


def lectures():
    """10 points, 10 logistic units, L-BFGS over all weights."""
    model = TrialSolution(
        lambda t, y, dy: dy + 2 * y,
        InitialConditions(0, 10.0),
        hidden_layer_sizes=(10,),
        activation="logistic",
        solver="lbfgs",
        max_iter=2000,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.linspace(0, 1, 10)[:, None])
    return lambda t: model.predict(t[:, None])


def few_units(all_weights):
    """10 units and 30 Chebyshev points, with or without the hidden weights."""
    model = TrialSolution(
        lambda t, y, dy: dy + 2 * y,
        InitialConditions(0, 10.0),
        hidden_layer_sizes=(10,),
        all_weights=all_weights,
        random_state=0,
    )
    points = 0.5 - 0.5 * np.cos(PI * (np.arange(30) + 0.5) / 30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(points[:, None])
    return lambda t: model.predict(t[:, None])


def poisson_1d():
    x = np.linspace(0, 1, 5)
    result = solve_bvp(
        lambda x, y: [y[1], -(3 * x + x**2) * np.exp(x)],
        lambda a, b: [a[0], b[0]],
        x,
        np.zeros((2, 5)),
    )
    return lambda x: result.sol(x)[0]


def poisson_2d():
    def residual(X, u, du, d2u):
        x, y = X
        return d2u[0, 0] + d2u[1, 1] - np.exp(-x) * (x - 2 + y**3 + 6 * y)

    sides = RectangleConditions(
        (0, 1),
        (0, 1),
        left=lambda y: y**3,
        right=lambda y: (1 + y**3) * np.exp(-1),
        bottom=lambda x: x * np.exp(-x),
        top=lambda x: (x + 1) * np.exp(-x),
    )
    return solve_pde(residual, sides).sol


def poisson_sines():
    def residual(X, u, du, d2u):
        sines = np.sin(PI * X[0]) * np.sin(PI * X[1])
        return d2u[0, 0] + d2u[1, 1] + 2 * PI**2 * sines

    return solve_pde(residual, RectangleConditions((0, 1), (0, 1))).sol


def heat():
    rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(PI * x))
    return solve_pde(lambda X, u, du, d2u: du[1] - 0.3 * d2u[0, 0], rod).sol


def wave():
    string = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(PI * x), velocity=0)
    return solve_pde(lambda X, u, du, d2u: d2u[1, 1] - d2u[0, 0], string).sol


DIFFERENTIAL = [
    Case(
        "decay, g' = -2 g",
        lambda: solve_ivp(decay, (0, 1), [10.0]).sol,
        decayed,
        (0, 1),
        1e-8,
        1,
        their_ivp(lambda u, t: [diff(u, t) + 2 * u], (10.0,), span=(0.0, 1.0)),
    ),
    Case("decay, the lecture's net, L-BFGS", lectures, decayed, (0, 1), 1e-4, 10),
    Case(
        "decay, 10 units, output weights",
        lambda: few_units(False),
        decayed,
        (0, 1),
        1e-3,
        1,
    ),
    Case(
        "decay, 10 units, all weights",
        lambda: few_units(True),
        decayed,
        (0, 1),
        1e-7,
        1,
    ),
    Case(
        "logistic growth",
        lambda: solve_ivp(logistic, (0, 10), [0.1]).sol,
        lambda t: 1 / (1 + 9 * np.exp(-t)),
        (0, 10),
        1e-6,
        1,
        their_ivp(lambda u, t: [diff(u, t) - u * (1 - u)], (0.1,), span=(0.0, 10.0)),
    ),
    Case(
        "damped oscillator",
        lambda: solve_ivp(oscillator, (0, 10), [1.0], dy0=[0.0]).sol,
        oscillated,
        (0, 10),
        1e-6,
        1,
        their_ivp(
            lambda u, t: [diff(u, t, order=2) + 0.4 * diff(u, t) + 4 * u],
            (1.0, 0.0),
            span=(0.0, 10.0),
        ),
    ),
    Case(
        "Lotka-Volterra, one period",
        lambda: solve_ivp(lotka, (0, 5), [1.0, 1.0]).sol,
        scipys(lotka, (0, 5), [1.0, 1.0]),
        (0, 5),
        1e-5,
        1,
        their_ivp(
            lambda u, v, t: [
                diff(u, t) - 1.5 * u + u * v,
                diff(v, t) - u * v + 3 * v,
            ],
            (1.0,),
            (1.0,),
            span=(0.0, 5.0),
        ),
    ),
    Case(
        "Poisson, 1-D",
        poisson_1d,
        lambda x: x * (1 - x) * np.exp(x),
        (0, 1),
        1e-8,
        1,
    ),
    Case(
        "Poisson, unit square",
        poisson_2d,
        lambda x, y: np.exp(-x) * (x + y**3),
        (0, 1),
        1e-6,
        10,
        is_surface=True,
    ),
    Case(
        "Poisson, unit square, sines",
        poisson_sines,
        lambda x, y: np.sin(PI * x) * np.sin(PI * y),
        (0, 1),
        1e-6,
        10,
        their_surface(
            lambda u, x, y: [
                diff(u, x, order=2)
                + diff(u, y, order=2)
                + 2 * PI**2 * sine(x) * sine(y)
            ],
            lambda: their_conditions.DirichletBVP2D(
                0, nothing, 1, nothing, 0, nothing, 1, nothing
            ),
        ),
        is_surface=True,
    ),
    Case(
        "heat",
        heat,
        lambda x, t: np.exp(-0.3 * PI**2 * t) * np.sin(PI * x),
        (0, 1),
        1e-4,
        10,
        their_surface(
            lambda u, x, t: [diff(u, t) - 0.3 * diff(u, x, order=2)],
            lambda: their_conditions.IBVP1D(
                t_min=0,
                t_min_val=sine,
                x_min=0,
                x_min_val=nothing,
                x_max=1,
                x_max_val=nothing,
            ),
        ),
        is_surface=True,
    ),
    Case(
        "wave",
        wave,
        lambda x, t: np.cos(PI * t) * np.sin(PI * x),
        (0, 1),
        1e-4,
        10,
        is_surface=True,
    ),
]
