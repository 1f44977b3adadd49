"""The user's function: shapes, points, and derivatives that are exact."""

import re

import numpy as np
import pytest

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential import InitialConditions, RectangleConditions
from sknn_scratch.differential._equations import COMPLEX_STEP, DIFFERENCES, Equation

SCALAR = InitialConditions(0, 1.0, 1.0)
VECTOR = InitialConditions(0, [1.0, 2.0])
SQUARE = RectangleConditions((0, 1), (0, 1))
RNG = np.random.default_rng(0)


def settled(function, conditions, p=(), m=6, **kwargs):
    """The equation after its first call, and what it was called with."""
    channels = Channels(conditions.n_inputs, conditions.order)
    X = RNG.uniform(0.1, 1, (m, conditions.n_inputs))
    jets = RNG.uniform(0.5, 1.5, (channels.n, m, conditions.n_components))
    equation = Equation(function, conditions, channels, **kwargs)
    state = X, jets, (np.array(p),) if len(p) else ()
    equation.settle(*state)
    return equation, state


def test_what_the_function_is_given():
    seen = []

    def residual(*args):
        seen.append([np.shape(a) for a in args])
        return args[1]

    settled(residual, SCALAR)
    assert seen[0] == [(6,), (6,), (6,), (6,)]
    seen.clear()
    settled(lambda *args: residual(*args), VECTOR, p=[1.0, 2.0, 3.0])
    assert seen[0] == [(6,), (2, 6), (2, 6), (3,)]
    seen.clear()
    settled(residual, SQUARE)
    assert seen[0] == [(2, 6), (6,), (2, 6), (2, 2, 6)]


CLOSED = {
    "scalar": (
        SCALAR,
        lambda t, y, dy, d2y: d2y + np.sin(y) * dy**2 + t,
        lambda t, y, dy, d2y: [np.cos(y) * dy**2, 2 * np.sin(y) * dy, np.ones_like(t)],
    ),
    "square": (
        SQUARE,
        lambda X, u, du, d2u: u**3 + du[0] * du[1] + d2u[0, 1] * X[0] - d2u[1, 1],
        lambda X, u, du, d2u: [3 * u**2, du[1], du[0], 0 * u, X[0], 0 * u - 1],
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_complex_steps_are_exact(case):
    conditions, residual, partials = CLOSED[case]
    equation, state = settled(residual, conditions)
    assert equation.how == COMPLEX_STEP
    by_jets, by_p = equation.partials(*state)
    wanted = np.array(partials(*equation.arguments(state[0], state[1])))
    if case == "square":  # d2u[0, 1] and d2u[1, 0] are one
        assert equation.arguments(*state[:2])[3].shape == (2, 2, 6)
    np.testing.assert_allclose(by_jets[0, :, 0], wanted, rtol=1e-14, atol=1e-15)
    assert by_p.shape == (1, 0, 6)


def test_derivatives_by_the_parameters():
    equation, state = settled(
        lambda t, y, dy, p: dy - p[0] * y**2 - p[1] * t, VECTOR, p=[0.5, 2.0]
    )
    _, by_p = equation.partials(*state)
    t, y, _ = equation.arguments(*state[:2])
    np.testing.assert_allclose(by_p[:, 0], -(y**2), rtol=1e-14)
    np.testing.assert_allclose(by_p[:, 1], -np.array([t, t]), rtol=1e-14)


def casts(t, y, dy):
    out = np.empty((2, np.size(t)))
    out[0], out[1] = y[0] * y[1], np.exp(y[0])
    return dy - out


NOT_ANALYTIC = {
    "abs": lambda t, y, dy: dy + np.abs(y),
    "sign": lambda t, y, dy: dy + y * np.sign(y - 1),
    "real": lambda t, y, dy: dy + np.real(y) ** 2,
    "float": lambda t, y, dy: dy + np.vectorize(float)(y) ** 2,
    "casts into an array of floats": casts,
}


@pytest.mark.parametrize("case", NOT_ANALYTIC)
def test_functions_that_are_not_analytic_have_differences(case):
    residual = NOT_ANALYTIC[case]
    equation, (X, jets, p) = settled(residual, VECTOR)
    assert equation.how == DIFFERENCES
    by_jets, _ = equation.partials(X, jets, p)
    direction = RNG.standard_normal(jets.shape)

    def value(step):
        return equation.values(X, jets + step * direction, p)

    wanted = (value(1e-6) - value(-1e-6)) / 2e-6
    found = np.einsum("ecnm,cmn->em", by_jets, direction)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


ANALYTIC = {
    "maximum": lambda t, y, dy: dy + np.maximum(y, 1.0),
    "where": lambda t, y, dy: dy + np.where(y > 1, y**2, 2 * y - 1),
    "without y": lambda t, y, dy: dy + t,
    "constant": lambda t, y, dy: [dy[0] - y[1], 3.0],
}


@pytest.mark.parametrize("case", ANALYTIC)
def test_functions_with_cases_are_analytic(case):
    equation, _ = settled(ANALYTIC[case], VECTOR)
    assert equation.how == COMPLEX_STEP


def alone(t, y, dy):
    if t > 0.5:  # an array of several has no truth value
        return [dy[0] - y[1], dy[1] + y[0]]
    return [dy[0] - y[1], dy[1] + 2 * y[0]]


def test_functions_of_one_point_are_called_point_by_point():
    equation, (X, jets, p) = settled(alone, VECTOR)
    assert equation.pointwise
    wanted = [alone(t, jets[0, i], jets[1, i]) for i, t in enumerate(X[:, 0])]
    np.testing.assert_array_equal(equation.values(X, jets, p), np.transpose(wanted))


def test_a_function_that_mixes_the_points_is_called_point_by_point():
    equation, _ = settled(lambda t, y, dy: dy + np.sum(y), SCALAR_FIRST)
    assert equation.pointwise


SCALAR_FIRST = InitialConditions(0, 1.0)

BAD = {
    "shape": (
        lambda t, y, dy: y[:, :3],
        "residual must return an array of shape (6,) or (n_equations, 6) for 6 points",
    ),
    "ragged": (
        lambda t, y, dy: [y[0], y[1, :3]],
        "residual must return an array of shape",
    ),
    "NaN": (
        lambda t, y, dy: dy * np.nan,
        "residual returned NaN or infinity at the point (",
    ),
    "complex": (
        lambda t, y, dy: dy + 1j,
        "residual must return real numbers, got complex ones",
    ),
    "text": (lambda t, y, dy: "a", "residual must return real numbers, got <U1 values"),
    "None": (lambda t, y, dy: None, "residual must return real numbers, got object"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_a_function_must_not_return(case):
    residual, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        settled(residual, VECTOR)


def test_a_functions_own_error_comes_through():
    with pytest.raises(IndexError, match="out of bounds"):
        settled(lambda t, y, dy: y[5], VECTOR)


def test_calls_are_counted():
    equation, _ = settled(lambda t, y, dy: dy, VECTOR)
    before = equation.n_calls
    equation(0, 1, 2)
    assert equation.n_calls == before + 1
