"""Initialisers: distributions and the order of the draws."""

import numpy as np
import pytest

from sknn_scratch._activations import ACTIVATIONS
from sknn_scratch._initializers import INITIALIZERS


def drawn(name, fan_in=200, fan_out=300, activation="relu", scale=0.3):
    return INITIALIZERS[name](
        np.random.RandomState(0), fan_in, fan_out, ACTIVATIONS[activation], scale
    )


@pytest.mark.parametrize("name", INITIALIZERS)
def test_shapes_and_reproducibility(name):
    W, b = drawn(name)
    assert W.shape == (200, 300)
    assert b.shape == (300,)
    assert W.dtype == b.dtype == np.float64
    np.testing.assert_array_equal(W, drawn(name)[0])


# 60,000 draws: the standard error of the standard deviation is below 0.3 %.
@pytest.mark.parametrize(
    ("name", "activation", "spread"),
    [
        ("glorot_uniform", "relu", np.sqrt(6 / 500 / 3)),
        ("glorot_uniform", "logistic", np.sqrt(2 / 500 / 3)),
        ("he_uniform", "relu", np.sqrt(6 / 200 / 3)),
        ("he_normal", "relu", np.sqrt(2 / 200)),
        ("lecun_normal", "selu", np.sqrt(1 / 200)),
        ("uniform", "relu", 0.3 / np.sqrt(3)),
    ],
)
def test_spread(name, activation, spread):
    W, _ = drawn(name, activation=activation)
    np.testing.assert_allclose(W.std(), spread, rtol=0.01)
    assert abs(W.mean()) < 0.01 * spread * 3


@pytest.mark.parametrize(
    "name", sorted(set(INITIALIZERS) - {"glorot_uniform", "uniform"})
)
def test_intercepts_start_at_zero(name):
    assert not drawn(name)[1].any()


@pytest.mark.parametrize("shape", [(30, 10), (10, 30), (20, 20)])
def test_orthogonal(shape):
    W, _ = drawn("orthogonal", *shape)
    small = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)


def test_glorot_draws_weights_then_intercepts():
    W, b = drawn("glorot_uniform", 3, 2)
    stream = np.random.RandomState(0).uniform(-1, 1, 8) * np.sqrt(6 / 5)
    np.testing.assert_allclose(np.concatenate([W.ravel(), b]), stream)
