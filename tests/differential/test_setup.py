"""From parameters to the problem: conditions are counted, wrong ones are named."""

import re

import numpy as np
import pytest
from _equations import DECAY, column

from sknn_scratch.differential import (
    BoundaryConditions,
    InitialConditions,
    Penalty,
    RectangleConditions,
    TrialSolution,
)
from sknn_scratch.differential._setup import Setup

CONDITIONS, RESIDUAL = DECAY
X = column(0, 1, 12)


def setup(residual=RESIDUAL, conditions=CONDITIONS, rows=X, **params):
    params = TrialSolution(residual, conditions, **params).get_params()
    params["random_state"] = np.random.RandomState(0)
    return Setup(params, rows, {})


def test_sizes():
    shapes = {
        "auto": [1, 40, 1],
        7: [1, 7, 1],
        (5, 4): [1, 5, 4, 1],
    }
    for given, wanted in shapes.items():
        layers = setup(hidden_layer_sizes=given).network.layers
        assert [1, *(layer.n_out for layer in layers)] == wanted
    surface = setup(
        lambda X, u, du, d2u: d2u[0, 0] + d2u[1, 1] - 1,
        RectangleConditions((0, 1), (0, 1)),
        np.full((3, 2), 0.5),
    )
    assert surface.network.layers[0].W.shape == (2, 300)


def test_gauss_newton_starts_from_what_meets_the_conditions():
    assert not setup().network.layers[-1].W.any()
    assert setup(solver="lbfgs").network.layers[-1].W.any()


def test_a_guess_is_where_it_starts():
    made = setup(guess=lambda t: 10 * np.cos(t)).residuals.run()
    y = made.terms[0].jets(made.N[:, :12], made.N[:, 12:])[0, :, 0]
    np.testing.assert_allclose(y, 10 * np.cos(X[:, 0]), rtol=1e-3)


def lotka(t, y, dy):
    return dy - np.array([y[0] - y[0] * y[1], y[0] * y[1] - y[1]])


BAD = {
    "columns": (
        {"rows": np.zeros((5, 2))},
        "X must have 1 column, the equation's variables, got 2",
    ),
    "activation": (
        {"activation": "relu"},
        "A differential equation needs a smooth activation. ReLU() has no second and "
        "third derivatives: f' jumps at 0.",
    ),
    "sizes": (
        {"hidden_layer_sizes": [5, 0]},
        "hidden_layer_sizes must be positive integers, at least one, got [5, 0]",
    ),
    "no sizes": (
        {"hidden_layer_sizes": []},
        "hidden_layer_sizes must be positive integers, at least one, got []",
    ),
    "parameters": (
        {"parameters": [np.nan]},
        "parameters must be finite numbers in an array of shape (k,), got [nan]",
    ),
    "parameters of text": ({"parameters": ["a"]}, "parameters must be finite numbers"),
    "a penalty that is none": (
        {"penalties": [3]},
        "penalties must be a list of Penalty, got 3 in it",
    ),
    "points of a penalty": (
        {"penalties": [Penalty(np.sin, np.zeros((4, 2)))]},
        "must have 1 column, got 2",
    ),
    "what a penalty returns": (
        {"penalties": [Penalty(lambda t, y, dy: np.nan * y, [1.0])]},
        "the residual of penalty 0 returned NaN or infinity at the point (1)",
    ),
    "one point": (
        {"rows": np.zeros((3, 1))},
        "All points of X are the one where the conditions are given",
    ),
    "too many conditions": (
        {"conditions": BoundaryConditions((0, 1), y=(1, 2), order=1)},
        "has 2 conditions, but an equation of order 1 for 1 components asks for 1. Add",
    ),
    "too few": (
        {
            "conditions": BoundaryConditions((0, 1), y=(1, None)),
            "residual": lambda t, y, dy, d2y: d2y,
        },
        "has 1 conditions, but an equation of order 2 for 1 components asks for 2.",
    ),
    "too many with a parameter": (
        {
            "conditions": BoundaryConditions((0, 1), y=(1, 2), dy=(1, 2), order=2),
            "residual": lambda t, y, dy, d2y, p: d2y,
            "parameters": [1.0],
        },
        "with 1 unknown parameters asks for 2 to 3",
    ),
    "too few equations": (
        {
            "residual": lambda t, y, dy: dy[0] - y[1],
            "conditions": InitialConditions(0, [1.0, 2.0]),
        },
        "residual returns 1 equation for the 2 components of y: it must return at",
    ),
    "shape of a guess": (
        {
            "residual": lotka,
            "conditions": InitialConditions(0, [1.0, 2.0]),
            "guess": lambda t: t,
        },
        "guess must return an array of shape (2, 12) for 12 points, got (12,)",
    ),
    "a guess that is NaN": (
        {"guess": lambda t: t * np.nan},
        "guess returned NaN or infinity",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit(case):
    arguments, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        setup(**arguments)
