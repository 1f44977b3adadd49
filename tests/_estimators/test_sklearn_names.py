"""scikit-learn's attribute names: what is assigned to them is taken over."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from sknn_scratch import ScratchMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = scale(X)[:400], y[:400]


def test_assigned_coefficients_predict_as_in_scikit_learn():
    models = [
        MLPClassifier((12,), max_iter=3, random_state=0),
        ScratchMLPClassifier((12,), max_iter=3, random_state=0),
    ]
    changes = [
        lambda m: m.coefs_[0].__imul__(2),
        lambda m: m.coefs_.__setitem__(1, np.ones((12, 10)) * np.arange(10)),
        lambda m: setattr(m, "intercepts_", [np.ones(12), np.arange(10.0)]),
    ]
    for model in models:
        model.fit(X, y)
    for change in changes:
        for model in models:
            change(model)
        np.testing.assert_allclose(*(m.predict_proba(X) for m in models), rtol=1e-10)
    again = pickle.loads(pickle.dumps(models[1]))
    np.testing.assert_array_equal(again.predict_proba(X), models[1].predict_proba(X))
    for model in models:
        model.partial_fit(X, y)
    np.testing.assert_allclose(*(m.coefs_[0] for m in models), rtol=1e-10)


def fitted():
    return ScratchMLPClassifier((12,), max_iter=3, random_state=0).fit(X, y)


def test_coefficients_are_views_of_one_vector():
    model = fitted()
    for array in (*model.coefs_, *model.intercepts_):
        assert np.shares_memory(array, model._network.theta)
    model._network.theta[...] = 0
    assert not model.coefs_[0].any()


def test_what_is_not_changed_is_not_copied():
    model = fitted()
    assert model._adopted_network() is model._network
    model.coefs_[0] = model.coefs_[0].copy()
    assert model._adopted_network() is not model._network


def test_integers_are_taken_over_as_numbers():
    model = fitted()
    model.coefs_ = [np.ones(W.shape, int) for W in model.coefs_]
    model.intercepts_ = [np.ones(b.shape, int) for b in model.intercepts_]
    assert model.predict_proba(X).dtype == float


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_has_what_was_assigned(twin_of):
    model = fitted()
    model.coefs_[1] = np.zeros((12, 10))
    twin = twin_of(model)
    assert not twin.coefs_[1].any()
    assert np.shares_memory(twin.coefs_[1], twin._network.theta)


def test_the_objective_under_scikit_learns_name():
    ours = fitted()
    theirs = MLPClassifier((12,), max_iter=3, random_state=0).fit(X, y)
    theta = np.concatenate([a.ravel() for a in (*ours.coefs_, *ours.intercepts_)])
    Y = np.eye(10)[y]
    value, grad = ours._loss_grad_lbfgs(theta, X, Y, None)
    theirs.set_params(solver="lbfgs", max_iter=1).fit(X, y)  # makes its own buffers
    activations = [X, *(np.empty((len(X), b.size)) for b in theirs.intercepts_)]
    deltas = [np.empty_like(a) for a in activations[1:]]
    wanted = theirs._loss_grad_lbfgs(
        theta, X, Y, None, activations, deltas, [None] * 2, [None] * 2
    )
    np.testing.assert_allclose(value, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(grad, wanted[1], rtol=1e-8, atol=1e-12)
