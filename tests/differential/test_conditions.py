"""Conditions of ordinary equations: met by any network; contradictions are named."""

import copy
import pickle
import re

import numpy as np
import pytest

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential import BoundaryConditions, InitialConditions
from sknn_scratch.differential._conditions import EndConditions
from sknn_scratch.differential._networks import built
from sknn_scratch.differential._setup import jets_of

RNG = np.random.default_rng(0)
A, B = -0.5, 2.0
BA, BB = RNG.standard_normal((2, 2, 3))
#: conditions -> what must hold for the jets at a and b, (y, y') each.
CASES = {
    "initial value": (
        InitialConditions(A, 3.0),
        lambda a, b: [a[0] - 3],
    ),
    "initial value and slope, two components": (
        InitialConditions(A, [1.0, 2.0], [3.0, -4.0]),
        lambda a, b: [a[0] - [1, 2], a[1] - [3, -4]],
    ),
    "Dirichlet": (
        BoundaryConditions((A, B), y=(1.0, -2.0)),
        lambda a, b: [a[0] - 1, b[0] + 2],
    ),
    "mixed": (
        BoundaryConditions((A, B), y=(1.0, None), dy=(None, 5.0)),
        lambda a, b: [a[0] - 1, b[1] - 5],
    ),
    "mixed, the other way, two components": (
        BoundaryConditions((A, B), y=(None, [1.0, 0.0]), dy=([2.0, 3.0], None)),
        lambda a, b: [b[0] - [1, 0], a[1] - [2, 3]],
    ),
    "Neumann": (
        BoundaryConditions((A, B), dy=(1.0, 3.0)),
        lambda a, b: [a[1] - 1, b[1] - 3],
    ),
    "all at one end": (
        BoundaryConditions((A, B), y=(1.0, None), dy=(2.0, None)),
        lambda a, b: [a[0] - 1, a[1] - 2],
    ),
    "a value at the end": (
        BoundaryConditions((A, B), y=(None, 4.0), order=1),
        lambda a, b: [b[0] - 4],
    ),
    "periodic": (
        BoundaryConditions((A, B), periodic=True),
        lambda a, b: [a[0] - b[0], a[1] - b[1]],
    ),
    "periodic, of first order, three components": (
        BoundaryConditions((A, B), periodic=True, order=1, n_components=3),
        lambda a, b: [a[0] - b[0]],
    ),
    "two-point conditions that couple the components": (
        EndConditions([A, B], BA, BB, np.array([1.0, -2.0])),
        lambda a, b: [BA @ a[0] + BB @ b[0] - [1, -2]],
    ),
}
each = pytest.mark.parametrize("case", CASES)


def trial(conditions, X, theta=None):
    """The jets of y by a network with random weights."""
    network = built([1, 6, conditions.n_components], "tanh")
    network.theta[...] = np.random.default_rng(1).standard_normal(network.theta.size)
    box = np.array([[A, B]])
    return jets_of(network, conditions, box, X)[1]


@each
def test_any_network_meets_the_conditions(case):
    conditions, off = CASES[case]
    jets = trial(conditions, np.array([[A], [B]]))
    for number in off(jets[:, 0], jets[:, 1]):
        np.testing.assert_allclose(number, 0, atol=1e-12)


@each
def test_the_derivatives_of_the_trial_solution(case):
    conditions, _ = CASES[case]
    t, h = np.linspace(A, B, 9)[:, None], 1e-5
    low, here, high = (trial(conditions, t + step) for step in (-h, 0, h))
    for k in range(conditions.order):
        np.testing.assert_allclose(
            here[k + 1], (high[k] - low[k]) / (2 * h), rtol=1e-6, atol=1e-7
        )


@each
def test_the_trial_solution_is_not_fixed_otherwise(case):
    """The network still decides the solution between the conditions."""
    conditions, _ = CASES[case]
    X = np.array([[0.3]])
    channels = Channels(1, conditions.order)
    linear = conditions._at(X, channels, np.array([[A, B]]))
    assert np.abs(linear.B[0, 0]).max() > 0.01


@each
def test_copies_and_pickles(case):
    conditions, _ = CASES[case]
    X = np.array([[0.1], [0.7]])
    for twin in (copy.deepcopy(conditions), pickle.loads(pickle.dumps(conditions))):
        np.testing.assert_array_equal(trial(twin, X), trial(conditions, X))


def test_the_textbooks_form():
    """y0 + (t - t0) N, and the straight line + (t - a) (b - t) N."""
    t = np.array([[0.25]])
    channels = Channels(1, 1)
    linear = InitialConditions(0, 10.0)._at(t, channels, np.array([[0.0, 1.0]]))
    assert linear.A[:, 0, 0].tolist() == [10, 0]
    np.testing.assert_allclose(linear.B[:, :, 0], [[0.25, 0], [1, 0.25]])
    conditions = BoundaryConditions((0, 1), y=(1.0, 3.0))
    linear = conditions._at(t, Channels(1, 2), np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(linear.A[:, 0, 0], [1.5, 2, 0], atol=1e-14)
    assert abs(linear.B[0, 0, 0]) == pytest.approx(0.25 * 0.75)


@pytest.mark.parametrize("length", [1e-12, 1e12])
def test_the_length_of_the_interval_does_not_matter(length):
    ends = {"y": (1.0, None), "dy": (None, 3 / length)}
    conditions = BoundaryConditions((0, length), **ends)
    X, box = np.array([[0.0], [length]]), np.array([[0.0, length]])
    jets = conditions._at(X, Channels(1, 2), box).A[..., 0]
    np.testing.assert_allclose(jets[:2, [0, 1]].diagonal(), [1, 3 / length], rtol=1e-9)


def test_numbers_and_vectors():
    assert InitialConditions(0, 1.0).is_scalar
    assert not InitialConditions(0, [1.0]).is_scalar
    assert InitialConditions(0, [1.0, 2.0], [0, 0]).n_conditions == 4
    assert BoundaryConditions((0, 1), periodic=True, n_components=2).n_components == 2


def test_they_say_what_they_are():
    assert repr(InitialConditions(0, 1.0)) == "InitialConditions(0, 1.0)"
    assert repr(InitialConditions(0, 1.0, 2)) == "InitialConditions(0, 1.0, dy0=2)"
    conditions = BoundaryConditions((0, 1), y=(None, 2), order=1)
    assert repr(conditions) == "BoundaryConditions((0, 1), y=(None, 2), order=1)"
    assert "periodic=True" in repr(BoundaryConditions((0, 1), periodic=True))


BAD = {
    "NaN": (lambda: InitialConditions(0, np.nan), "y0 must be finite, got nan"),
    "text": (lambda: InitialConditions(0, "a"), "y0 must be real numbers, got 'a'"),
    "matrix": (
        lambda: InitialConditions(0, np.eye(2)),
        "y0 must be a number or of shape (n,), got the shape (2, 2)",
    ),
    "vector t0": (
        lambda: InitialConditions([0, 1], 1.0),
        "t0 must be a number, got the shape (2,)",
    ),
    "slope of another shape": (
        lambda: InitialConditions(0, 1.0, [1.0]),
        "y0 and dy0 must have one shape, got () and (1,)",
    ),
    "reversed": (
        lambda: BoundaryConditions((1, 0), y=(0, 0)),
        "span must be (a, b) with a < b, got (1, 0)",
    ),
    "no pair": (
        lambda: BoundaryConditions((0, 1), y=3.0),
        "y must be a pair, one entry for each end, got 3.0",
    ),
    "none": (
        lambda: BoundaryConditions((0, 1)),
        "There is no condition: give y, dy, or periodic=True",
    ),
    "order": (
        lambda: BoundaryConditions((0, 1), y=(0, 0), order=3),
        "order must be 1 or 2, got 3",
    ),
    "shapes": (
        lambda: BoundaryConditions((0, 1), y=(0.0, [1.0])),
        "All values must have one shape, got [(), (1,)]",
    ),
    "contradiction": (
        lambda: BoundaryConditions((0, 1), y=(0.0, 1.0), periodic=True),
        "The conditions contradict each other: no function meets all of them. The "
        "best misses one by",
    ),
    "twice": (
        lambda: BoundaryConditions((0, 1), y=(1.0, 1.0), periodic=True),
        "Some of the conditions say the same: give each of them once",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_conditions(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
