"""TrialSolution as a user has it: fit, predict, clone, pickle, search, bad input."""

import copy
import pickle
import re

import numpy as np
import pytest
from _equations import DECAY, POISSON, bump, column, decayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted

from sknn_scratch import Activation, check_activation
from sknn_scratch.differential import (
    BoundaryConditions,
    InitialConditions,
    Penalty,
    RectangleConditions,
    SpaceTimeConditions,
    TrialSolution,
)
from sknn_scratch.differential._pde import grid

CONDITIONS, RESIDUAL = DECAY
X = column(0, 1, 80)
T = np.linspace(0, 1, 100)[:, None]
PI = np.pi


def trial(residual=RESIDUAL, conditions=CONDITIONS, **params):
    return TrialSolution(residual, conditions, **{"random_state": 0, **params})


def decay(t, y, dy):
    return dy + 2 * y


def test_first_and_second_order():
    model = trial().fit(X)
    assert model.converged_
    np.testing.assert_allclose(model.predict(T), decayed(T[:, 0]), rtol=1e-10)
    found = model.derivatives(T)
    np.testing.assert_allclose(found.gradient, -2 * decayed(T), rtol=1e-9)
    assert found.hessian is None
    model = trial(POISSON[1], POISSON[0]).fit(X)
    np.testing.assert_allclose(model.predict(T), bump(T[:, 0]), atol=1e-12)
    t = T[:, 0]
    np.testing.assert_allclose(
        model.derivatives(T).hessian[:, 0, 0], -(3 * t + t**2) * np.exp(t), atol=1e-8
    )


def test_systems_and_the_residual_there():
    conditions = InitialConditions(0, [1.0, 0.0])
    model = trial(lambda t, y, dy: dy - np.array([y[1], -y[0]]), conditions).fit(X)
    wanted = np.hstack([np.cos(T), -np.sin(T)])
    np.testing.assert_allclose(model.predict(T), wanted, atol=1e-11)
    assert model.residuals(T).shape == (100, 2)
    assert np.abs(model.residuals(T)).max() < 1e-9


MORE = {
    "mixed": (
        BoundaryConditions((0, PI / 2), y=(0.0, None), dy=(None, 0.0)),
        lambda t, y, dy, d2y: d2y + np.sin(t),
        np.sin,
    ),
    "periodic": (
        BoundaryConditions((0, 2 * PI), periodic=True),
        lambda t, y, dy, d2y: d2y - y + 2 * np.sin(t),
        np.sin,
    ),
    "Neumann": (
        BoundaryConditions((0, 2), dy=(0.0, np.sinh(2.0))),
        lambda t, y, dy, d2y: d2y - y,
        np.cosh,
    ),
}


@pytest.mark.parametrize("case", MORE)
def test_conditions_that_no_factor_meets(case):
    conditions, residual, solution = MORE[case]
    a, b = conditions.span
    model = trial(residual, conditions).fit(column(a, b, 80))
    t = np.linspace(a, b, 50)
    assert model.converged_
    np.testing.assert_allclose(model.predict(t[:, None]), solution(t), atol=1e-8)


def test_a_slope_at_the_side_of_a_rectangle_is_a_penalty():
    """Heat in a rod that is insulated at its right end."""
    rod = SpaceTimeConditions((0, 1), (0, 1), lambda x: np.sin(PI * x / 2), right=None)
    times = np.linspace(0, 1, 20)
    end = np.stack([np.ones(20), times], axis=1)
    model = trial(
        lambda X, u, du, d2u: du[1] - 0.2 * d2u[0, 0],
        rod,
        penalties=[Penalty(lambda X, u, du, d2u: du[0], end, weight=10.0)],
        hidden_layer_sizes=150,
        tol=1e-6,
    ).fit(grid(*2 * [column(0, 1, 18)[:, 0]]))
    x, t = np.meshgrid(np.linspace(0, 1, 9), times)
    wanted = np.exp(-0.2 * PI**2 / 4 * t) * np.sin(PI * x / 2)
    found = model.predict(np.stack([x.ravel(), t.ravel()], axis=1))
    np.testing.assert_allclose(found, wanted.ravel(), atol=1e-6)


def test_a_parameter_from_noisy_observations():
    rng = np.random.default_rng(0)
    t = np.linspace(0.02, 1, 60)
    observed = decayed(t) + 0.05 * rng.standard_normal(60)
    data = Penalty(lambda s, y, dy, p: y - observed, t, weight=1e-3, must_vanish=False)
    model = trial(
        lambda t, y, dy, p: dy + p[0] * y, parameters=[1.0], penalties=[data], tol=1e-3
    ).fit(X)
    from scipy.optimize import curve_fit

    (wanted,), _ = curve_fit(lambda t, k: 10 * np.exp(-k * t), t, observed, p0=[1.0])
    assert model.parameters_[0] == pytest.approx(wanted, rel=1e-4)


def test_a_fit_that_has_not_converged_says_so():
    model = trial(solver="adam", max_iter=5)
    with pytest.warns(
        ConvergenceWarning, match="The largest residual, .* is above tol"
    ):
        model.fit(X)
    assert not model.converged_
    assert model.largest_residual_ > model.tol


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_and_partial_fit_go_on():
    model = trial(solver="adam", max_iter=3, warm_start=True).fit(X)
    theta = model._network.theta.copy()
    model.fit(X)
    assert len(model.loss_curve_) == 6
    model.partial_fit(np.random.default_rng(0).uniform(0, 1, (30, 1)))
    assert len(model.loss_curve_) == 7
    assert model._optimizer.t == 4  # fit starts the optimiser afresh, partial_fit not
    assert not np.array_equal(theta, model._network.theta)


def test_partial_fit_from_nothing_by_gauss_newton():
    model = trial()
    for _ in range(4):
        model.partial_fit(X)
    np.testing.assert_allclose(model.predict(T), decayed(T[:, 0]), rtol=1e-8)


def test_score():
    model = trial().fit(X)
    assert model.score(T, decayed(T[:, 0])) == pytest.approx(1)
    wanted = -np.sqrt(np.mean(model.residuals(T) ** 2))
    assert model.score(T) == wanted > -1e-9


def test_clone_copy_and_pickle():
    model = trial(decay, parameters=None).fit(X)
    fresh = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    wanted = model.predict(T)
    np.testing.assert_array_equal(fresh.fit(X).predict(T), wanted)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict(T), wanted)
        np.testing.assert_array_equal(twin.fit(X).predict(T), wanted)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_over_its_parameters():
    grid = {"hidden_layer_sizes": [(2,), (20,)], "all_weights": [False]}
    search = GridSearchCV(trial(), grid, cv=3).fit(X)
    assert search.best_params_["hidden_layer_sizes"] == (20,)


def test_frames_and_names():
    pd = pytest.importorskip("pandas")
    model = trial().fit(pd.DataFrame({"t": X[:, 0]}))
    assert model.feature_names_in_.tolist() == ["t"]
    assert model.n_features_in_ == 1
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pd.DataFrame({"x": T[:, 0]}))


def test_the_weights_are_there():
    model = trial(hidden_layer_sizes=(6, 5), tol=1e-4).fit(X)
    assert [W.shape for W in model.coefs_] == [(1, 6), (6, 5), (5, 1)]
    assert [b.shape for b in model.intercepts_] == [(6,), (5,), (1,)]
    with pytest.raises(NotFittedError):
        _ = trial().coefs_


def test_deep_networks_and_other_activations():
    for options in ({"hidden_layer_sizes": (20, 20)}, {"activation": "gelu"}):
        model = trial(tol=1e-6, **options).fit(X)
        np.testing.assert_allclose(model.predict(T), decayed(T[:, 0]), atol=1e-5)


class Sine(Activation):
    """f(z) = sin(z)"""

    n_buffers = 1

    def forward(self, z, s=None):
        (slope,) = self.buffers(z, s)
        np.cos(z, out=slope)
        np.sin(z, out=z)

    def backward(self, a, delta, s=None):
        delta *= s[0]


class SmoothSine(Sine):
    def derivatives(self, z):
        return np.sin(z), np.cos(z), -np.sin(z), -np.cos(z)


def test_an_activation_of_ones_own():
    check_activation(SmoothSine())
    model = trial(activation=SmoothSine()).fit(X)
    np.testing.assert_allclose(model.predict(T), decayed(T[:, 0]), rtol=1e-9)
    message = r"Sine\(\) has no second and third .*: it defines no method 'derivatives'"
    with pytest.raises(ValueError, match=message):
        trial(activation=Sine()).fit(X)


def test_verbose_prints(capsys):
    trial(verbose=True).fit(X)
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")


def test_the_kind_of_derivatives_is_told():
    assert trial().fit(X).differentiation_ == "complex step"
    model = trial(lambda t, y, dy: dy + 2 * np.abs(y)).fit(X)
    assert model.differentiation_ == "finite differences"
    np.testing.assert_allclose(model.predict(T), decayed(T[:, 0]), rtol=1e-8)


def test_the_same_seed_gives_the_same_solution():
    first, second = (trial(random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.predict(T), second.predict(T))
    other = trial(random_state=4).fit(X)
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


BAD = {
    "solver": ({"solver": "newton"}, X, "The 'solver' parameter of TrialSolution must"),
    "conditions": ({"conditions": 3}, X, "The 'conditions' parameter of TrialSolution"),
    "tol": ({"tol": -1}, X, "The 'tol' parameter of TrialSolution must be"),
    "one dimension": ({}, X[:, 0], "Expected 2D array, got 1D array instead"),
    "NaN": ({}, X * np.nan, "Input X contains NaN"),
    "residual NaN": (
        {"residual": lambda t, y, dy: np.log(-y)},
        X,
        "residual returned NaN or infinity at the point (",
    ),
    "diverged": (
        {"solver": "sgd", "learning_rate_init": 1e6},
        X,
        "solver='sgd' diverged: its weights are not finite. Lower learning_rate_init",
    ),
    "other sizes": (
        {"hidden_layer_sizes": 7, "warm_start": True},
        X,
        "warm_start and partial_fit go on from the earlier fit, whose parameters",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_failed_fit_leaves_it_as_it_was(case):
    params, rows, message = BAD[case]
    model = trial().fit(X)
    before = dict(vars(model.set_params(**params)))
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(rows)
    after = vars(model)
    assert before.keys() == after.keys()
    assert all(after[name] is before[name] for name in before)


def test_partial_fit_is_not_for_lbfgs():
    with pytest.raises(AttributeError) as raised:
        trial(solver="lbfgs").partial_fit(X)
    assert "partial_fit is not available with solver='lbfgs'" in str(
        raised.value.__cause__
    )


def test_points_outside_of_a_rectangle():
    model = trial(
        lambda X, u, du, d2u: d2u[0, 0] + d2u[1, 1] - 1,
        RectangleConditions((0, 1), (0, 1)),
    )
    with pytest.raises(ValueError, match=r"The point \(2, 0\) is outside"):
        model.fit([[0.5, 0.5], [2.0, 0.0]])
