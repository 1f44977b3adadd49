"""Conditions on rectangles: met by any network; corners must agree."""

import pickle
import re

import numpy as np
import pytest

from sknn_scratch.differential import RectangleConditions, SpaceTimeConditions
from sknn_scratch.differential._networks import built
from sknn_scratch.differential._setup import jets_of

X_SPAN, Y_SPAN = (-1.0, 2.0), (0.5, 1.5)


def g(x, y):
    """A function whose values are given on the sides."""
    return np.exp(x / 2) * np.cos(2 * y) + x * y


def g_y(x, y):
    return -2 * np.exp(x / 2) * np.sin(2 * y) + x


SIDES = {
    "left": lambda y: g(X_SPAN[0], y),
    "right": lambda y: g(X_SPAN[1], y),
    "bottom": lambda x: g(x, Y_SPAN[0]),
    "top": lambda x: g(x, Y_SPAN[1]),
}


def rectangle(*without):
    sides = {name: None if name in without else f for name, f in SIDES.items()}
    return RectangleConditions(X_SPAN, Y_SPAN, **sides)


def space_time(*without, velocity=None):
    sides = {name: SIDES[name] for name in ("left", "right")}
    sides.update(dict.fromkeys(without))
    return SpaceTimeConditions(
        X_SPAN, Y_SPAN, SIDES["bottom"], velocity=velocity, **sides
    )


CASES = {
    "all sides": (rectangle(), {"left", "right", "bottom", "top"}),
    "three sides": (rectangle("top"), {"left", "right", "bottom"}),
    "two sides that meet": (rectangle("top", "right"), {"left", "bottom"}),
    "two sides that do not": (rectangle("top", "bottom"), {"left", "right"}),
    "heat": (space_time(), {"left", "right", "bottom"}),
    "beginning alone": (space_time("left", "right"), {"bottom"}),
    "wave": (
        space_time(velocity=lambda x: g_y(x, Y_SPAN[0])),
        {"left", "right", "bottom", "velocity"},
    ),
}
each = pytest.mark.parametrize("case", CASES)
S = np.linspace(0, 1, 7)


def trial(conditions, x, y):
    network = built([2, 6, 1], "tanh")
    network.theta[...] = np.random.default_rng(1).standard_normal(network.theta.size)
    X = np.stack(np.broadcast_arrays(x, y), axis=-1).astype(float)
    return jets_of(network, conditions, conditions._box(None), X)[1][..., 0]


@each
def test_any_network_meets_the_conditions(case):
    conditions, met = CASES[case]
    x = X_SPAN[0] + 3 * S
    y = Y_SPAN[0] + S
    places = {
        "left": (X_SPAN[0], y),
        "right": (X_SPAN[1], y),
        "bottom": (x, Y_SPAN[0]),
        "top": (x, Y_SPAN[1]),
    }
    for name, place in places.items():
        jets = trial(conditions, *place)
        assert np.allclose(jets[0], g(*place), atol=1e-12) == (name in met)
    slope = trial(conditions, x, Y_SPAN[0])[2]
    assert np.allclose(slope, g_y(x, Y_SPAN[0]), atol=1e-9) == ("velocity" in met)


@each
def test_the_derivatives_of_the_trial_solution(case):
    conditions, _ = CASES[case]
    rng = np.random.default_rng(2)
    x, y, h = rng.uniform(-0.9, 1.9, 9), rng.uniform(0.6, 1.4, 9), 1e-4
    jets = trial(conditions, x, y)

    def u(i, j):
        return trial(conditions, x + i * h, y + j * h)[0]

    wanted = [
        (u(1, 0) - u(-1, 0)) / (2 * h),
        (u(0, 1) - u(0, -1)) / (2 * h),
        (u(1, 0) - 2 * u(0, 0) + u(-1, 0)) / h**2,
        (u(1, 1) - u(1, -1) - u(-1, 1) + u(-1, -1)) / (4 * h**2),
        (u(0, 1) - 2 * u(0, 0) + u(0, -1)) / h**2,
    ]
    np.testing.assert_allclose(jets[1:], wanted, rtol=1e-5, atol=1e-5)


def test_numbers_are_constant_functions():
    conditions = RectangleConditions(
        (0, 1), (0, 1), left=2.0, right=2.0, bottom=2.0, top=2.0
    )
    jets = trial(conditions, S, 0.0)
    np.testing.assert_allclose(jets[0], 2, rtol=1e-13)


def test_points_outside_are_refused():
    with pytest.raises(ValueError, match=r"point \(3, 1\) is outside of the rectangle"):
        rectangle()._check(np.array([[0.0, 1.0], [3.0, 1.0]]))
    rectangle()._check(np.array([[2.0, 1.5]]))


def test_they_say_what_they_are():
    assert repr(rectangle()) == "RectangleConditions((-1.0, 2.0), (0.5, 1.5))"
    assert repr(space_time()) == "SpaceTimeConditions((-1.0, 2.0), (0.5, 1.5))"
    assert rectangle().n_conditions is None


def square(y):
    return y**2


def test_pickles():
    conditions = RectangleConditions((0, 1), (0, 1), right=square, top=square)
    twin = pickle.loads(pickle.dumps(conditions))
    np.testing.assert_array_equal(trial(twin, S, S), trial(conditions, S, S))


UNIT = ((0, 1), (0, 1))
BAD = {
    "corner": (
        lambda: RectangleConditions(*UNIT, left=1.0),
        "The conditions contradict each other: at the corner (0, 0) bottom is 0, but "
        "of left it is 1.",
    ),
    "corner in time": (
        lambda: SpaceTimeConditions(*UNIT, 1.0),
        "at the corner (0, 0) initial is 1, but of left it is 0.",
    ),
    "velocity": (
        lambda: SpaceTimeConditions(*UNIT, 0.0, velocity=1.0),
        "at the corner (0, 0) velocity is 1, but of left its slope is 0.",
    ),
    "reversed": (
        lambda: RectangleConditions((0, 1), (1, 0)),
        "y_span must be (a, b) with a < b, got (1, 0)",
    ),
    "kink": (
        lambda: RectangleConditions(*UNIT, left=lambda y: np.abs(y - 0.5) - 0.5),
        "left is not smooth: the equation asks for its second derivative",
    ),
    "NaN": (
        lambda: RectangleConditions(*UNIT, left=lambda y: np.sqrt(y - 0.5)),
        "left is NaN or infinite at",
    ),
    "shape": (
        lambda: RectangleConditions(*UNIT, left=lambda y: y[:3]),
        "left must return one real number for each of the",
    ),
    "none": (
        lambda: RectangleConditions(
            *UNIT, left=None, right=None, bottom=None, top=None
        ),
        "There is no condition: give a function on some side.",
    ),
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("case", BAD)
def test_bad_conditions(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
