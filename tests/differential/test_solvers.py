"""The solvers: each reaches what it can, on equations whose solutions are known."""

import numpy as np
import pytest
from _equations import DECAY, POISSON, bump, column, decayed, residuals

from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch.differential import InitialConditions, Penalty
from sknn_scratch.differential._setup import jets_of
from sknn_scratch.differential._solvers import (
    NAMES,
    Course,
    Flat,
    Output,
    all_weights,
    output_weights,
    solve_descent,
    solve_gauss_newton,
    solve_lbfgs,
)

T = np.linspace(0, 1, 200)
PARAMS = {
    "max_iter": 300,
    "max_fun": 5000,
    "all_weights": True,
    "batch_size": None,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
    "clip_norm": None,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.0,
}


def problem(case, units, m, **kwargs):
    conditions, function = case
    return residuals(function, conditions, column(0, 1, m), (units,), **kwargs)


def error(made, case, solution):
    _, jets = jets_of(made.network, case[0], made.box, T[:, None])
    return np.abs(jets[0, :, 0] - solution(T)).max()


@pytest.mark.parametrize(("case", "solution"), [(DECAY, decayed), (POISSON, bump)])
def test_a_linear_equation_is_solved_by_least_squares(case, solution):
    made = problem(case, 40, 80)
    course = Course(made, 1e-10)
    assert output_weights(made, course, 20) <= 4
    assert course.solved
    assert error(made, case, solution) < 1e-10


def test_a_nonlinear_equation_takes_a_few_steps():
    case = (InitialConditions(0, 0.1), lambda t, y, dy: dy - 4 * y * (1 - y))
    made = problem(case, 40, 80)
    course = Course(made, 1e-9)
    assert output_weights(made, course, 30) < 20
    wanted = lambda t: 1 / (1 + 9 * np.exp(-4 * t))  # noqa: E731
    assert error(made, case, wanted) < 1e-8
    assert np.all(np.diff(course.losses) < 0)


def test_the_hidden_weights_of_a_few_units():
    """Variable projection goes on where the output weights have done their best."""
    made = problem(DECAY, 6, 30)
    course = Course(made, 1e-7)
    output_weights(made, course, 20)
    before = error(made, DECAY, decayed)
    all_weights(made, course, 60)
    assert error(made, DECAY, decayed) < before / 100
    assert course.largest == pytest.approx(made.run().linearise())


def test_gauss_newton_is_both():
    made = problem(DECAY, 6, 30)
    course = Course(made, 1e-7)
    solve_gauss_newton(made, course, {**PARAMS, "max_iter": 60})
    assert course.solved
    assert error(made, DECAY, decayed) < 1e-5


def test_lbfgs():
    made = problem(DECAY, 10, 20)
    said = []
    course = Course(made, 1e-8, said.append)
    solve_lbfgs(made, course, {**PARAMS, "max_iter": 500})
    assert error(made, DECAY, decayed) < 1e-3
    assert len(said) == len(course.losses)
    assert said[0].startswith("Iteration 1, loss = ")


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimisers_go_down(name, batch_size):
    made = problem(DECAY, 10, 20)
    params = {**PARAMS, "batch_size": batch_size}
    params["random_state"] = np.random.RandomState(0)
    params["learning_rate_init"] = 0.001 if name == "sgd" else 0.02
    course = Course(made, 1e-8)
    optimizer = OPTIMIZERS[name](made.vector.shape, np.float64, params)
    solve_descent(made, course, params, optimizer)
    assert len(course.losses) == 300
    assert course.losses[-1] < 0.3 * course.losses[0]
    assert made.network.theta.base is made.vector


def test_plain_gradient_descent_is_the_textbooks():
    made = problem(DECAY, 4, 9)
    made.run(with_back=True).linearise()
    rows = made.rows()
    wanted = made.vector - 0.01 * 2 / len(rows) * made.jacobian().T @ rows
    params = {**PARAMS, "momentum": 0.0, "max_iter": 1}
    optimizer = OPTIMIZERS["sgd"](made.vector.shape, np.float64, params)
    solve_descent(made, Course(made, 0.0), params, optimizer)
    np.testing.assert_allclose(made.vector, wanted, rtol=1e-12, atol=1e-14)


def test_weight_decay_is_for_weights_alone():
    made = problem(DECAY, 4, 9)
    flat = Flat(made.network.layout.n_decaying, 5)
    assert {n: p.decays for n, p in flat.parameters().items()} == {
        "W": True,
        "b": False,
    }
    wanted = made.vector.copy()
    wanted[: made.network.layout.n_decaying] *= 1 - 0.01 * 0.5
    params = {**PARAMS, "max_iter": 1, "weight_decay": 0.5, "epsilon": 1e30}
    optimizer = OPTIMIZERS["adamw"](made.vector.shape, np.float64, params)
    solve_descent(made, Course(made, 0.0), params, optimizer)
    np.testing.assert_allclose(made.vector, wanted, rtol=1e-12)


def test_unknown_parameters_of_the_equation_are_found():
    t = np.linspace(0.1, 1, 10)
    data = Penalty(lambda s, y, dy, p: y - decayed(t), t, must_vanish=False)
    case = (DECAY[0], lambda t, y, dy, p: dy + p[0] * y)
    made = problem(case, 40, 80, p=[1.0], more=[data])
    course = Course(made, 1e-8)
    output_weights(made, course, 30)
    assert made.p[0] == pytest.approx(2, abs=1e-8)


def test_the_output_is_views():
    made = problem((DECAY[0], lambda t, y, dy, p: dy + p * y), 4, 9, p=[3.0])
    output = Output(made)
    values = output.values()
    assert values.shape == (4 + 1 + 1,)
    output.put(values + 1)
    assert made.vector[-1] == 4
    np.testing.assert_allclose(output.values(), values + 1)


def test_every_name_is_a_solver():
    assert list(NAMES) == ["gauss_newton", "lbfgs", *OPTIMIZERS]
