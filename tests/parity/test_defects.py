"""Where scikit-learn has a defect and we do the right thing: both behaviours.

If one of the tests named ``..._in_scikit_learn`` fails, scikit-learn has mended it.
"""

import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.plan import Plan

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Five hidden units are enough for all of this.
Ours = partial(ScratchMLPRegressor, hidden_layer_sizes=(5,))
Theirs = partial(MLPRegressor, hidden_layer_sizes=(5,))

X, Y = make_regression(60, 4, n_targets=3, random_state=0)
Y = Y / 100


def slope_along_the_gradient(value_and_grad, theta):
    """Numerical slope of the value along its gradient / squared norm: 1 if it is it."""
    _, grad = value_and_grad(theta)
    grad = np.array(grad)
    step = 1e-6
    numeric = (
        value_and_grad(theta + step * grad)[0] - value_and_grad(theta - step * grad)[0]
    ) / (2 * step)
    return (grad @ grad) / numeric


def test_lbfgs_gradient_of_three_outputs_is_three_times_its_loss_in_scikit_learn():
    # Upstream issue 8349.
    model = MLPRegressor(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=2, alpha=0
    ).fit(X, Y)
    theta = np.hstack([a.ravel() for a in model.coefs_ + model.intercepts_])
    lists = [X, None, None], [None, None], [None, None], [None, None]
    ratio = slope_along_the_gradient(
        lambda t: model._loss_grad_lbfgs(t, X, Y, None, *lists), theta
    )
    np.testing.assert_allclose(ratio, 3, rtol=1e-4)


def test_lbfgs_gradient_is_that_of_its_loss():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=2, alpha=0.1
    ).fit(X, Y)
    theta = model._network.theta.copy()
    ratio = slope_along_the_gradient(
        lambda t: model._loss_grad_lbfgs(t, X, Y, None), theta
    )
    np.testing.assert_allclose(ratio, 1, rtol=1e-6)


def test_lbfgs_reports_the_mean_over_the_outputs_as_sgd_does():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=30, alpha=0.1
    ).fit(X, Y)
    squares = sum((W**2).sum() for W in model.coefs_)
    wanted = ((model.predict(X) - Y) ** 2).mean() / 2 + 0.5 * 0.1 * squares / len(X)
    np.testing.assert_allclose(model.loss_, wanted)


def test_lbfgs_on_several_outputs_finds_the_least_squares_solution():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9, max_iter=500
    )
    model.fit(X, Y)
    A = np.column_stack([X, np.ones(len(X))])
    wanted = np.linalg.lstsq(A, Y, rcond=None)[0]
    # L-BFGS ends when the objective gains less than 2e-9 of itself: 5e-5 in W.
    np.testing.assert_allclose(model.coefs_[0], wanted[:-1], atol=2e-4)


def test_partial_fit_is_there_with_lbfgs_in_scikit_learn():
    assert hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")


@pytest.mark.parametrize("estimator", [ScratchMLPClassifier, ScratchMLPRegressor])
def test_no_partial_fit_with_lbfgs(estimator):
    assert not hasattr(estimator(solver="lbfgs"), "partial_fit")
    assert hasattr(estimator(solver="sgd"), "partial_fit")
    with pytest.raises(AttributeError) as error:
        estimator(solver="lbfgs").partial_fit  # noqa: B018
    assert "partial_fit is only available for stochastic" in str(error.value.__cause__)


def sizes(model):
    """Bytes of a pickle / bytes of the parameters."""
    parameters = sum(a.nbytes for a in model.coefs_ + model.intercepts_)
    return len(pickle.dumps(model)) / parameters


def big(estimator, **parameters):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 300)), rng.integers(2, size=20)
    return estimator((300,), max_iter=2, batch_size=10, **parameters).fit(X, y)


def test_a_pickle_is_four_times_the_parameters_in_scikit_learn():
    assert sizes(big(MLPClassifier)) > 3.9


@pytest.mark.parametrize(
    ("parameters", "limit"),
    [
        ({}, 3.1),
        ({"early_stopping": True}, 3.1),
        ({"solver": "sgd"}, 2.1),
        ({"solver": "sgd", "momentum": 0}, 1.1),
        ({"solver": "lbfgs"}, 1.1),
    ],
    ids=str,
)
def test_a_pickle_holds_the_parameters_once(parameters, limit):
    model = big(ScratchMLPClassifier, **parameters)
    assert sizes(model) < limit
    assert sizes(model.discard_training_state()) < 1.1


def test_early_stopping_with_a_warm_start_loses_the_best_weights_in_scikit_learn():
    # After fit, coefs_ *is* _best_coefs; the next fit trains it in place.
    model = MLPRegressor(
        hidden_layer_sizes=(5,), early_stopping=True, random_state=0, max_iter=30
    )
    model.set_params(warm_start=True).fit(X, Y)
    assert model.coefs_ is model._best_coefs


def test_early_stopping_with_a_warm_start_keeps_the_best_weights():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(5,), early_stopping=True, random_state=0, max_iter=30
    )
    model.set_params(warm_start=True, learning_rate_init=0.05).fit(X, Y)
    kept, best = model.coefs_[0].copy(), model.best_validation_score_
    model.set_params(learning_rate_init=3.0, max_iter=3).fit(X, Y)
    assert model.best_validation_score_ == best
    np.testing.assert_array_equal(model.coefs_[0], kept)


WEIGHT = np.r_[np.zeros(20), np.ones(40)]
IN_ORDER = {"batch_size": 20, "shuffle": False, "max_iter": 3, "random_state": 0}


def test_a_batch_without_weight_ends_the_fit_in_scikit_learn():
    with pytest.raises(ZeroDivisionError):
        Theirs(**IN_ORDER).fit(X, Y, WEIGHT)


def test_a_batch_without_weight_teaches_nothing():
    weighted = Ours(**IN_ORDER).fit(X, Y, WEIGHT)
    alone = Ours(**IN_ORDER).fit(X[20:], Y[20:])
    np.testing.assert_allclose(weighted.coefs_[0], alone.coefs_[0], rtol=1e-12)


def test_a_failed_fit_destroys_the_earlier_one_in_scikit_learn():
    model = Theirs(max_iter=3).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="non-finite"), np.errstate(all="ignore"):
        model.set_params(learning_rate_init=1e200, solver="sgd").fit(X, Y[:, 0])
    assert not np.isfinite(model.coefs_[0]).all()


def test_one_class_has_one_column_of_probabilities():
    model = ScratchMLPClassifier((3,), max_iter=2).fit(X, np.full(len(X), "only"))
    assert model.predict_proba(X).shape == (60, 1)
    assert (model.predict(X) == "only").all()


def test_poisson_says_what_is_wrong_with_a_negative_target():
    with pytest.raises(ValueError, match=r"loss='poisson' requires y >= 0"):
        ScratchMLPRegressor("poisson").fit(X, Y[:, 0])


def test_lbfgs_is_verbose_too(capsys):
    ScratchMLPRegressor(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=3, verbose=True
    ).fit(X, Y)
    assert capsys.readouterr().out.count("Iteration ") == 3


def test_lbfgs_has_a_loss_curve():
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(5,), solver="lbfgs", max_iter=9
    ).fit(X, Y)
    assert len(model.loss_curve_) == model.n_iter_ == 9
    assert model.loss_curve_[-1] == model.loss_
    plan = Plan(
        model._network, LOSSES["squared_error"](model._target.link), len(X), model.alpha
    )
    plan.value_and_grad(X, Y)
    assert model.loss_ == pytest.approx(
        plan.reported_objective(plan.value_and_grad(X, Y)[0])
    )
