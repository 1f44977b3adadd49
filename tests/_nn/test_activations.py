"""Activations: derivatives, closed forms, extremes; the tests walk the table."""

import numpy as np
import pytest
from scipy import special
from sklearn.neural_network import _base as sklearn_base

from sknn_scratch import Activation
from sknn_scratch._nn.activations import ACTIVATIONS, resolve

each = pytest.mark.parametrize("name", ACTIVATIONS)

#: An entry without a closed form here is still tested by all that walks ACTIVATIONS.
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
#: Where the functions bend, saturate and overflow if written carelessly.
EXTREMES = [-1e4, -745, -104, -89, -40, -17, -1, -1e-3, 1e-3, 1, 17, 40, 89, 745, 1e4]


def both_passes(f, z, delta=None):
    """Output and derivative (or delta times it), as training computes them."""
    a, slope = z.copy(), np.ones_like(z) if delta is None else delta.copy()
    s = [np.full_like(z, np.nan) for _ in range(f.n_buffers)]
    f.forward(a, s)
    output = a.copy()
    f.backward(a, slope, s)
    return output, slope


def five_points(f, z, step):
    """f'(z) from five points: off by step^4 f''''' / 30 and by rounding."""

    def value(x):
        a = x.copy()
        f.forward(a, None)
        return a

    return five_points_of(value, z, step)


def five_points_of(value, z, step):
    near = value(z + step) - value(z - step)
    far = value(z + 2 * step) - value(z - 2 * step)
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_value_is_the_closed_form(name):
    z = np.linspace(-6, 6, 101)[:, None]
    output, _ = both_passes(ACTIVATIONS[name], z)
    np.testing.assert_allclose(output, CLOSED_FORMS[name](z), rtol=1e-12, atol=1e-15)


@each
def test_the_derivative_to_ten_digits(name):
    z = np.random.default_rng(1).uniform(-5, 5, (50, 4))
    z = z[(np.abs(z) > 0.01).all(axis=1)]  # no kink within reach of the five points
    _, slope = both_passes(ACTIVATIONS[name], z)
    wanted = five_points(ACTIVATIONS[name], z, 1e-3)
    np.testing.assert_allclose(slope, wanted, rtol=1e-10, atol=1e-10)


@each
def test_the_derivative_at_the_extremes(name):
    z = np.array(EXTREMES)[:, None]
    _, slope = both_passes(ACTIVATIONS[name], z)
    wanted = five_points(ACTIVATIONS[name], z, 1e-4)
    # Rounding of f(1e4), 2e-12, over the step.
    np.testing.assert_allclose(slope, wanted, atol=1e-7)


def test_a_small_slope_keeps_its_digits():
    # 1 - exp(-a) would lose them: softplus' is the logistic function, 2e-9 here.
    z = np.array([[-20.0]])
    _, slope = both_passes(ACTIVATIONS["softplus"], z)
    np.testing.assert_allclose(slope, special.expit(z), rtol=1e-12)


@each
def test_pytorch_agrees(name):
    torch = pytest.importorskip("torch")
    renamed = {"identity": torch.clone, "logistic": torch.sigmoid}
    theirs = renamed.get(name) or getattr(torch.nn.functional, name, None)
    if theirs is None:
        pytest.skip(f"torch.nn.functional has no {name}")
    z = np.random.default_rng(2).uniform(-15, 15, (60, 3))
    output, slope = both_passes(ACTIVATIONS[name], z)
    x = torch.tensor(z, requires_grad=True)
    y = theirs(x)
    y.sum().backward()
    np.testing.assert_allclose(output, y.detach().numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(slope, x.grad.numpy(), rtol=1e-10, atol=1e-13)


SHARED = sorted(sklearn_base.ACTIVATIONS.keys() & ACTIVATIONS.keys())


@pytest.mark.parametrize("name", SHARED)
def test_scikit_learns_have_the_same_bits(name, dtype):
    rng = np.random.default_rng(3)
    z, delta = rng.standard_normal((2, 30, 4)).astype(dtype)
    z[0] = 0  # where relu has no derivative, scikit-learn takes 0
    output, slope = both_passes(ACTIVATIONS[name], z, delta)
    sklearn_base.ACTIVATIONS[name](z)
    np.testing.assert_array_equal(output, z)
    sklearn_base.DERIVATIVES[name](z, delta)
    # a (1 - a) delta may be multiplied in either order.
    np.testing.assert_allclose(slope, delta, rtol=4 * np.finfo(dtype).eps)


@each
def test_the_slope_multiplies_delta(name):
    rng = np.random.default_rng(0)
    z, delta = rng.standard_normal((2, 7, 3))
    _, slope = both_passes(ACTIVATIONS[name], z)
    _, given = both_passes(ACTIVATIONS[name], z, delta)
    np.testing.assert_allclose(given, delta * slope, rtol=1e-12)


@each
def test_both_passes_work_in_place_and_touch_nothing_else(name, dtype):
    # The arrays are rows 1 to 4 of a taller array of guards.
    f = ACTIVATIONS[name]
    z, delta, *s = [np.full((6, 3), 7, dtype) for _ in range(2 + f.n_buffers)]
    z[1:5] = np.random.default_rng(4).standard_normal((4, 3))
    output, slope = both_passes(f, z[1:5], delta[1:5])
    buffers = [buffer[1:5] for buffer in s]
    assert f.forward(z[1:5], buffers) is None
    np.testing.assert_array_equal(z[1:5], output)
    assert (delta == 7).all()
    assert f.backward(z[1:5], delta[1:5], buffers) is None
    np.testing.assert_array_equal(delta[1:5], slope)
    for array in (z, delta, *s):
        assert (array[[0, -1]] == 7).all()


@each
def test_prediction_needs_no_buffers(name):
    z = np.linspace(-3, 3, 20)[:, None]
    output, _ = both_passes(ACTIVATIONS[name], z)
    ACTIVATIONS[name].forward(z, None)
    np.testing.assert_array_equal(z, output)


@each
def test_extremes_are_finite_and_keep_the_dtype(name, dtype):
    z = np.array([[*EXTREMES, 0.0, -0.0]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        output, slope = both_passes(ACTIVATIONS[name], z)
    assert np.isfinite(output).all()
    assert np.isfinite(slope).all()
    assert output.dtype == slope.dtype == dtype


@each
def test_float32_is_float64_rounded(name):
    z = np.concatenate([np.linspace(-30, 30, 601), EXTREMES]).astype("float32")[:, None]
    single = both_passes(ACTIVATIONS[name], z)
    double = both_passes(ACTIVATIONS[name], z.astype(float))
    for found, wanted in zip(single, double, strict=True):
        # Ten units in the last place: of the number, or of 1 where a term of it is 1.
        np.testing.assert_allclose(found, wanted, rtol=1.2e-6, atol=1.2e-6)


@each
def test_a_nan_stays_a_nan(name, dtype):
    # So that weights that have diverged are noticed.
    z = np.array([[np.nan, 1.0]], dtype)
    with np.errstate(invalid="ignore"):
        output, slope = both_passes(ACTIVATIONS[name], z)
    np.testing.assert_array_equal(np.isnan(output), [[True, False]])
    assert np.isfinite(slope[0, 1])


@each
def test_a_name_or_an_object_is_resolved(name):
    assert resolve(name) is ACTIVATIONS[name]
    assert resolve(ACTIVATIONS[name]) is ACTIVATIONS[name]


def test_the_base_class_says_what_is_missing():
    with pytest.raises(NotImplementedError):
        Activation().forward(np.zeros((1, 1)))
    with pytest.raises(NotImplementedError):
        Activation().backward(np.zeros((1, 1)), np.zeros((1, 1)))


# ---- higher derivatives ----------------------------------------------------------

SMOOTH = [name for name, f in ACTIVATIONS.items() if f.kink is None]
smooth = pytest.mark.parametrize("name", SMOOTH)


@smooth
def test_each_derivative_is_that_of_the_one_before(name):
    f, z = ACTIVATIONS[name], np.random.default_rng(5).uniform(-6, 6, (40, 3))
    found = f.derivatives(z)
    np.testing.assert_allclose(found[0], both_passes(f, z)[0], rtol=1e-13, atol=1e-15)
    for order in range(3):
        wanted = five_points_of(lambda x, k=order: f.derivatives(x)[k], z, 1e-3)
        np.testing.assert_allclose(found[order + 1], wanted, rtol=1e-9, atol=1e-9)


@smooth
def test_pytorch_agrees_on_all_derivatives(name):
    torch = pytest.importorskip("torch")
    renamed = {"identity": torch.clone, "logistic": torch.sigmoid}
    theirs = renamed.get(name) or getattr(torch.nn.functional, name, None)
    if theirs is None:
        pytest.skip(f"torch.nn.functional has no {name}")
    z = np.random.default_rng(6).uniform(-8, 8, (30, 2))
    x = torch.tensor(z, requires_grad=True)
    value = theirs(x)
    for found in ACTIVATIONS[name].derivatives(z):
        np.testing.assert_allclose(found, value.detach(), rtol=1e-7, atol=1e-11)
        if value.requires_grad:
            (value,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        else:
            value = torch.zeros_like(x)


@smooth
def test_higher_derivatives_at_the_extremes(name, dtype):
    z = np.array([[*EXTREMES, 0.0]], dtype)
    with np.errstate(over="ignore", under="ignore", invalid="raise"):
        found = ACTIVATIONS[name].derivatives(z)
    for array in found[1:]:
        assert array.dtype == dtype
        assert np.isfinite(array).all()
        # Flat: 1e-5 leaves room for tails like those of 1 / (1 + z^2), 2e-6 at 745.
        np.testing.assert_allclose(array[0, [0, -2]], array[0, [1, -3]], atol=1e-5)


@each
def test_the_slope_is_that_of_the_two_passes(name, dtype):
    z = np.linspace(-3, 3, 20, dtype=dtype)[:, None]
    before = z.copy()
    output, slope = ACTIVATIONS[name].slope(z)
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(output, both_passes(ACTIVATIONS[name], z)[0])
    np.testing.assert_array_equal(slope, both_passes(ACTIVATIONS[name], z)[1])


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - set(SMOOTH)))
def test_a_kink_is_the_reason_for_no_higher_derivatives(name):
    with pytest.raises(NotImplementedError, match=r"no second .*: f'+ jumps at 0. Use"):
        ACTIVATIONS[name].derivatives(np.zeros((1, 1)))


def test_an_activation_without_higher_derivatives_says_what_is_missing():
    class Own(Activation):
        pass

    with pytest.raises(NotImplementedError, match="it defines no method 'derivatives'"):
        Own().derivatives(np.zeros((1, 1)))
