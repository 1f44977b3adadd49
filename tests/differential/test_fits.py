"""What the solve_ functions share: options, and the residual between the points."""

import re

import numpy as np
import pytest
from _equations import DECAY, column

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential._equations import Equation
from sknn_scratch.differential._fits import check_options, fitted, largest_between

BAD = {
    "rtol": "solve_ivp has no option 'rtol': use tol, the largest residual",
    "max_step": "solve_ivp has no option 'max_step': use windows",
    "speed": "solve_ivp has no option 'speed'; those of TrialSolution are activation",
    "guess": "solve_ivp has no option 'guess'; those of",
}


@pytest.mark.parametrize("name", BAD)
def test_options_that_there_are_not(name):
    with pytest.raises(TypeError, match=re.escape(BAD[name])):
        check_options("solve_ivp", {"activation": "tanh", name: 1})


def test_the_residual_between_the_points_is_not_that_at_them():
    conditions, residual = DECAY
    equation = Equation(residual, conditions, Channels(1, 1))
    X = column(0, 1, 6)
    model = fitted(
        equation, conditions, X, hidden_layer_sizes=8, random_state=0, max_iter=20
    )
    assert model.converged_  # fitted() does not warn, either
    T = np.linspace(0.01, 0.99, 50)[:, None]
    y, dy = model.derivatives(T)[:2]
    r = np.abs(dy[:, 0] + 2 * y)
    slope = np.maximum(np.abs(dy[:, 0]), np.abs(y).max() / np.ptp(model._box))
    size = (slope + 2 * np.abs(y)).max()
    assert largest_between(model, T) == pytest.approx(r.max() / size)
    assert largest_between(model, T) > 1e3 * model.largest_residual_
