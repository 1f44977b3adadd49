"""Activations: derivatives, closed forms, extremes; the tests walk the table."""

import numpy as np
import pytest
from scipy import special

from sknn_scratch import Activation, check_activation
from sknn_scratch._activations import ACTIVATIONS, Tanh

each = pytest.mark.parametrize("name", ACTIVATIONS)

CLOSED_FORMS = {
    "identity": lambda z: z,
    "logistic": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "selu": lambda z: (
        1.0507009873554805
        * np.where(z > 0, z, 1.6732632423543772 * (np.exp(np.minimum(z, 0)) - 1))
    ),
    "gelu": lambda z: z * (1 + special.erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(z))),
    "softplus": lambda z: np.log1p(np.exp(z)),
}


def both_passes(f, z):
    """Output and derivative, as training computes them."""
    a, slope = z.copy(), np.ones_like(z)
    s = [np.full_like(z, np.nan) for _ in range(f.n_buffers)]
    f.forward(a, s)
    output = a.copy()
    f.backward(a, slope, s)
    return output, slope


@each
def test_the_value_is_the_closed_form(name):
    z = np.linspace(-6, 6, 101)[:, None]
    output, _ = both_passes(ACTIVATIONS[name], z)
    np.testing.assert_allclose(output, CLOSED_FORMS[name](z), rtol=1e-12, atol=1e-15)


@each
def test_the_derivative_is_that_of_central_differences(name):
    check_activation(ACTIVATIONS[name])


@each
def test_the_slope_multiplies_delta(name):
    rng = np.random.default_rng(0)
    z, delta = rng.standard_normal((2, 7, 3))
    f = ACTIVATIONS[name]
    _, slope = both_passes(f, z)
    a, s = z.copy(), [np.empty_like(z) for _ in range(f.n_buffers)]
    f.forward(a, s)
    given = delta.copy()
    f.backward(a, given, s)
    np.testing.assert_allclose(given, delta * slope, rtol=1e-12)


@each
def test_prediction_needs_no_buffers(name):
    z = np.linspace(-3, 3, 20)[:, None]
    output, _ = both_passes(ACTIVATIONS[name], z)
    ACTIVATIONS[name].forward(z, None)
    np.testing.assert_array_equal(z, output)


@each
def test_extremes_are_finite_and_keep_the_dtype(name, dtype):
    z = np.array([[-1e4, -745, -89, -1, 0, 1, 89, 745, 1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        output, slope = both_passes(ACTIVATIONS[name], z)
    assert np.isfinite(output).all()
    assert np.isfinite(slope).all()
    assert output.dtype == slope.dtype == dtype
    np.testing.assert_allclose(
        output[0, 3:6], CLOSED_FORMS[name](z[0, 3:6].astype(float)), rtol=1e-5
    )


def test_check_activation_finds_a_wrong_derivative():
    class Wrong(Tanh):
        def backward(self, a, delta, s=None):
            delta *= 1 - a

    with pytest.raises(AssertionError, match=r"Wrong\(\) at z = .* by central diff"):
        check_activation(Wrong())


def test_check_activation_finds_two_forward_passes():
    class Two(Tanh):
        n_buffers = 1

        def forward(self, z, s=None):
            np.tanh(z, out=z)
            if s is not None:
                z *= 2

    with pytest.raises(AssertionError, match="forward differs with and without"):
        check_activation(Two())


def test_check_activation_takes_an_instance():
    with pytest.raises(TypeError, match="an instance of a subclass of Activation"):
        check_activation(Tanh)


def test_the_base_class_says_what_is_missing():
    with pytest.raises(NotImplementedError):
        Activation().forward(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError):
        Activation().backward(np.zeros((1, 1)), np.zeros((1, 1)))
