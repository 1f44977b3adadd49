"""Initialisers: distributions and the order of the draws."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network import _base as sklearn_base
from sklearn.utils import check_random_state

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.initializers import INITIALIZERS

each = pytest.mark.parametrize("name", INITIALIZERS)

#: Name, activation and bound of the initialisers that draw from an interval.
BOUNDED = pytest.mark.parametrize(
    ("name", "activation", "bound"),
    [
        ("glorot_uniform", "relu", np.sqrt(6 / 500)),
        ("glorot_uniform", "tanh", np.sqrt(6 / 500)),
        ("glorot_uniform", "logistic", np.sqrt(2 / 500)),
        ("he_uniform", "relu", np.sqrt(6 / 200)),
        ("uniform", "relu", 0.3),
    ],
)


def drawn(name, fan_in=200, fan_out=300, activation="relu", scale=0.3, seed=0):
    return INITIALIZERS[name](
        check_random_state(seed), fan_in, fan_out, ACTIVATIONS[activation], scale
    )


@each
def test_shapes_and_reproducibility(name):
    W, b = drawn(name)
    assert W.shape == (200, 300)
    assert b.shape == (300,)
    assert W.dtype == b.dtype == np.float64
    again = drawn(name)
    np.testing.assert_array_equal(W, again[0])
    np.testing.assert_array_equal(b, again[1])
    assert not np.array_equal(W, drawn(name, seed=1)[0])


@each
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 7)])
def test_any_shape(name, shape):
    W, b = drawn(name, *shape)
    assert W.shape == shape
    assert b.shape == shape[1:]
    assert np.isfinite(W).all()


@each
def test_only_the_given_random_state_is_used(name):
    _, before, position, *_ = np.random.get_state()
    drawn(name)
    _, after, now, *_ = np.random.get_state()
    np.testing.assert_array_equal(after, before)
    assert now == position


# 60,000 draws: the standard error of the standard deviation is below 0.3 %.
@pytest.mark.parametrize(
    ("name", "spread"),
    [("he_normal", np.sqrt(2 / 200)), ("lecun_normal", np.sqrt(1 / 200))],
)
def test_spread_of_the_normal_ones(name, spread):
    W, _ = drawn(name)
    np.testing.assert_allclose(W.std(), spread, rtol=0.01)
    assert abs(W.mean()) < 0.01 * spread * 3
    kurtosis = ((W / W.std()) ** 4).mean()
    np.testing.assert_allclose(kurtosis, 3, rtol=0.05)  # 1.8 were it uniform


@BOUNDED
def test_spread_of_the_uniform_ones(name, activation, bound):
    W, _ = drawn(name, activation=activation)
    np.testing.assert_allclose(W.std(), bound / np.sqrt(3), rtol=0.01)
    assert abs(W.mean()) < 0.01 * bound * 3


@BOUNDED
def test_the_bound_is_kept_and_nearly_reached(name, activation, bound):
    W, b = drawn(name, activation=activation)
    assert 0.999 * bound < np.abs(W).max() <= bound
    if b.any():
        assert 0.95 * bound < np.abs(b).max() <= bound


@pytest.mark.parametrize(
    "name", ["he_uniform", "he_normal", "lecun_normal", "orthogonal"]
)
def test_intercepts_start_at_zero(name):
    assert not drawn(name)[1].any()


@pytest.mark.parametrize("shape", [(30, 10), (10, 30), (20, 20)])
def test_orthogonal(shape):
    W, _ = drawn("orthogonal", *shape)
    small = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)


def test_orthogonal_matrices_are_uniform():
    # The trace of a uniform orthogonal matrix has mean 0 and variance 1; that of Q as
    # LAPACK gives it for 2 x 2 matrices, a reflection, is always 0.
    traces = [drawn("orthogonal", 2, 2, seed=seed)[0].trace() for seed in range(500)]
    assert abs(np.mean(traces)) < 4 / np.sqrt(500)
    np.testing.assert_allclose(np.var(traces), 1, atol=0.25)


def test_glorot_draws_weights_then_intercepts():
    W, b = drawn("glorot_uniform", 3, 2)
    stream = np.random.RandomState(0).uniform(-1, 1, 8) * np.sqrt(6 / 5)
    np.testing.assert_allclose(np.concatenate([W.ravel(), b]), stream)


@pytest.mark.parametrize(
    "activation", sorted(sklearn_base.ACTIVATIONS.keys() & ACTIVATIONS.keys())
)
def test_glorot_is_scikit_learns_layer_by_layer(activation):
    theirs = MLPClassifier(activation=activation)
    theirs._random_state = check_random_state(3)
    ours = check_random_state(3)
    for fan_in, fan_out in [(5, 8), (8, 3), (3, 1)]:
        wanted = theirs._init_coef(fan_in, fan_out, np.float64)
        found = INITIALIZERS["glorot_uniform"](
            ours, fan_in, fan_out, ACTIVATIONS[activation], 1.0
        )
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_a_fit_begins_from_scikit_learns_draws(activation, dtype):
    """The output layer is drawn for the hidden activation; float64 draws, then cast."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9, 4)).astype(dtype), np.arange(9) % 3
    # A step this small changes no bit.
    models = [
        cls((5,), activation, random_state=7, learning_rate_init=1e-300, max_iter=1)
        for cls in (MLPClassifier, ScratchMLPClassifier)
    ]
    for model in models:
        with pytest.warns(UserWarning, match="Maximum iterations"):
            model.fit(X, y)
    theirs, ours = ([*m.coefs_, *m.intercepts_] for m in models)
    for wanted, found in zip(theirs, ours, strict=True):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, wanted)
