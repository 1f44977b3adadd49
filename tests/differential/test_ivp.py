"""solve_ivp: against SciPy's and closed forms, with its signature."""

import inspect
import re

import numpy as np
import pytest
from scipy import integrate

from sknn_scratch.differential import solve_ivp


def lotka(t, y):
    return [1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]]


def van_der_pol(t, y):
    return np.vstack([y[1], 3 * (1 - y[0] ** 2) * y[1] - y[0]])


def of_one_point(t, y):
    return [y[1], -y[0]] if t < 0.7 else np.array([y[1], -y[0]])


SYSTEMS = {
    "Lotka-Volterra": (lotka, (0, 5), [1.0, 1.0], 1e-7),
    "van der Pol": (van_der_pol, (0, 8), [2.0, 0.0], 1e-5),
    "stiff": (lambda t, y: -1000 * (y - np.cos(t)), (0, 1), [0.0], 1e-7),
    "point by point": (of_one_point, (0, 2), [1.0, 0.0], 1e-8),
    "absolute value": (lambda t, y: -np.abs(y), (0, 1), [1.0], 1e-8),
    "backwards in value": (lambda t, y: t * y, (-1, 1), [2.0], 1e-8),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_as_scipy_solves_them(name):
    fun, span, y0, tol = SYSTEMS[name]
    result = solve_ivp(fun, span, y0)
    assert result.success, result.message
    options = {"rtol": 1e-11, "atol": 1e-12, "method": "Radau", "dense_output": True}
    wanted = integrate.solve_ivp(
        lambda t, y: np.ravel(fun(t, y)), span, y0, **options
    ).sol
    t = np.linspace(*span, 200)
    np.testing.assert_allclose(result.sol(t), wanted(t), atol=tol * np.abs(y0).max())
    assert np.abs(result.residual).max() < 1e-4


def test_the_arguments_are_scipys():
    ours, theirs = (
        list(inspect.signature(f).parameters) for f in (solve_ivp, integrate.solve_ivp)
    )
    assert ours[: len(theirs) - 1] == theirs[:-1]  # then come the options


def test_the_result_has_scipys_fields():
    wanted = integrate.solve_ivp(lotka, (0, 1), [1.0, 1.0], dense_output=True)
    result = solve_ivp(lotka, (0, 1), [1.0, 1.0])
    assert set(wanted) <= set(result)
    assert result.y.shape == (2, len(result.t))
    assert (np.diff(result.t) > 0).all()
    assert result.t[[0, -1]].tolist() == [0, 1]
    assert result.status == 0
    assert result.nfev > 0
    assert result.message.startswith("Solved: the largest residual is ")


def test_second_order_and_implicit_equations():
    t = np.linspace(0, 4, 50)
    wanted = np.exp(-0.2 * t) * (
        np.cos(t * 0.96**0.5) + 0.2 / 0.96**0.5 * np.sin(t * 0.96**0.5)
    )
    explicit = solve_ivp(lambda t, y, dy: -0.4 * dy - y, (0, 4), [1.0], dy0=[0.0])
    implicit = solve_ivp(
        lambda t, y, dy, d2y: d2y + 0.4 * dy + y,
        (0, 4),
        [1.0],
        dy0=[0.0],
        implicit=True,
    )
    for result in (explicit, implicit):
        assert result.success
        np.testing.assert_allclose(result.sol(t)[0], wanted, atol=1e-8)
    first = solve_ivp(lambda t, y, dy: dy**3 + dy - y, (0, 2), [2.0], implicit=True)
    dy = first.sol.derivative(t[:20])
    np.testing.assert_allclose(dy**3 + dy, first.sol(t[:20]), atol=1e-6)


def test_windows_hand_over():
    result = solve_ivp(lotka, (0, 5), [1.0, 1.0])
    inner = result.windows[1:-1]
    assert len(inner) > 0
    assert len(result.networks) == len(result.windows) - 1
    np.testing.assert_allclose(result.sol(inner - 1e-12), result.sol(inner), atol=1e-9)


def test_a_number_of_windows():
    result = solve_ivp(lambda t, y: -y, (0, 6), [1.0], windows=3)
    np.testing.assert_allclose(result.windows, [0, 2, 4, 6], atol=1e-12)
    assert result.success


def test_the_options_of_scipy():
    t = np.linspace(0, 1, 5)
    result = solve_ivp(
        lambda t, y, k: -k * y,
        (0, 1),
        [1.0],
        t_eval=t,
        args=(2.0,),
        jac=lambda t, y, k: [[-k]],
    )
    np.testing.assert_allclose(result.y[0], np.exp(-2 * t), rtol=1e-10)
    assert result.differentiation == "jac"
    assert result.t is not t or (result.t == t).all()


@pytest.mark.parametrize("method", ["lbfgs", "adam", "sgd"])
def test_other_methods_say_how_far_they_came(method):
    result = solve_ivp(
        lambda t, y: -2 * y,
        (0, 1),
        [1.0],
        method,
        hidden_layer_sizes=(10,),
        n_points=20,
        max_iter=100,
    )
    assert not result.success
    assert result.status == -1
    assert result.windows.tolist() == [0, 1]
    assert f"the largest residual is {result.largest_residual:.3g}" in result.message
    assert np.abs(result.sol(0.5) - np.exp(-1)) < 1


def test_a_solution_that_ends_early_says_where():
    result = solve_ivp(lambda t, y: y**2, (0, 2), [1.0], n_points=40)
    assert not result.success
    assert result.status == -1
    assert 0.9 < result.t[-1] < 1.1
    assert re.match(r"Not solved: .* It ends at t = \d", result.message)


BAD = {
    "reversed": (
        {"t_span": (1, 0)},
        "t_span is reversed: (1, 0). Give t0 < t1; to go back in time, solve for -t.",
    ),
    "no span": ({"t_span": 3}, "t_span must be (t0, t1), got 3"),
    "empty span": ({"t_span": (1, 1)}, "t_span must be (a, b) with a < b, got (1, 1)"),
    "infinite span": ({"t_span": (0, np.inf)}, "t_span must be finite, got inf"),
    "a number": ({"y0": 1.0}, "y0 must be of shape (n,), got array(1.): write [1.0]"),
    "NaN in y0": ({"y0": [np.nan]}, "y0 must be finite"),
    "method": ({"method": "RK45"}, "method must be among ['gauss_newton', 'lbfgs',"),
    "events": ({"events": np.sin}, "events are not supported: look for roots"),
    "windows": ({"windows": 0}, "windows must be 'auto' or at least 1, got 0"),
    "t_eval": ({"t_eval": [0, 2]}, "t_eval must be of shape (m,) and inside of t_span"),
    "order of t_eval": ({"t_eval": [1, 0.5]}, "t_eval must be increasing"),
    "jac of a residual": (
        {"implicit": True, "jac": np.sin},
        "jac is for y' = fun(t, y): leave it out, or write a system.",
    ),
    "shape": (
        {"fun": lambda t, y: np.zeros((3, 80))},
        "fun must return an array of shape (80,) or (1, 80) for 80 points, got (3, 80)",
    ),
    "NaN": (
        {"fun": lambda t, y: np.sqrt(-y)},
        "fun returned NaN or infinity at the point (",
    ),
    "activation": (
        {"activation": "relu"},
        "A differential equation needs a smooth activation.",
    ),
    "points": ({"n_points": 1}, "n_points must be an integer above 1, got 1"),
    "sizes": (
        {"hidden_layer_sizes": "auto"},
        "hidden_layer_sizes must be positive integers, at least one, got 'auto'",
    ),
    "slopes": (
        {"dy0": [1.0, 2.0]},
        "y0 and dy0 must have one shape, got (1,) and (2,)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    changes, message = BAD[case]
    arguments = {"fun": lambda t, y: -y, "t_span": (0, 1), "y0": [1.0], **changes}
    with pytest.raises(ValueError, match=re.escape(message)):
        solve_ivp(**arguments)


def test_bad_types():
    with pytest.raises(TypeError, match="fun must be callable, got 3"):
        solve_ivp(3, (0, 1), [1.0])
    with pytest.raises(TypeError, match="solve_ivp has no option 'rtol': use tol"):
        solve_ivp(np.sin, (0, 1), [1.0], rtol=1e-3)
    with pytest.raises(
        TypeError, match=re.escape("args must be a tuple, got 3: write")
    ):
        solve_ivp(np.sin, (0, 1), [1.0], args=3)


UNITS = {
    "slow": (lambda t, y: -1e-9 * y, (0, 1e9), [1.0]),
    "small": (lambda t, y: -2 * y, (0, 0.5), [1e-20]),
    "large": (lambda t, y: -2 * y, (0, 0.5), [1e12]),
    "small, by differences": (lambda t, y: -2 * np.real(y), (0, 0.5), [1e-20]),
    "late": (lambda t, y: -y, (1e6, 1e6 + 1), [1.0]),
}


@pytest.mark.parametrize("name", UNITS)
def test_the_units_do_not_matter(name):
    fun, span, y0 = UNITS[name]
    result = solve_ivp(fun, span, y0)
    assert result.success
    np.testing.assert_allclose(result.sol(span[1]), y0[0] / np.e, rtol=1e-9)
    poor = solve_ivp(fun, span, y0, "lbfgs", hidden_layer_sizes=3, max_iter=2)
    assert not poor.success


def test_nothing_happens():
    for y0 in (0.0, 3.0):
        result = solve_ivp(lambda t, y: 0 * y, (0, 1), [y0])
        assert result.success
        assert result.sol(1.0) == y0


def test_a_solution_that_leaves_where_the_equation_is_defined():
    """y = (1 - 1.5 t)^(2/3) ends at t = 2/3."""
    result = solve_ivp(lambda t, y: -1 / np.sqrt(y), (0, 2), [1.0])
    assert not result.success
    assert result.windows[-1] == pytest.approx(2 / 3, abs=1e-2)
    assert solve_ivp(lambda t, y: -y, (0, 1), [1.0], t_eval=[]).residual.shape == (1, 0)
