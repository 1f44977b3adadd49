"""Convolution: SciPy's correlation, PyTorch's gradients, any shape; and its memory."""

from itertools import product

import numpy as np
import pytest
from _gradients import assert_gradient
from _layers import Planned, planned
from scipy.signal import correlate

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import (
    POOLINGS,
    Convolution,
    Pooling,
    Room,
    convolution,
    images,
)
from sknn_scratch._nn.layers.images import pixels_of
from sknn_scratch._nn.layers.patches import output_size

IDENTITY, TANH = ACTIVATIONS["identity"], ACTIVATIONS["tanh"]
N = 3
#: Image shape, filters, kernel size, stride, padding.
SHAPES = {
    "the lecture's": ((8, 8, 1), 10, (3, 3), (1, 1), "same"),
    "two channels, valid": ((5, 7, 2), 3, (3, 2), (1, 1), "valid"),
    "an even kernel": ((5, 6, 2), 3, (4, 2), (1, 1), "same"),
    "strides that do not divide": ((7, 8, 2), 3, (3, 3), (2, 3), "same"),
    "strides, valid": ((8, 9, 2), 3, (3, 3), (2, 3), "valid"),
    "strides beyond the kernel": ((7, 7, 1), 2, (1, 2), (3, 3), "valid"),
    "one pixel": ((1, 1, 3), 4, (1, 1), (1, 1), "same"),
    "a kernel larger than the image": ((2, 3, 1), 2, (5, 5), (1, 1), "same"),
    "a sequence": ((1, 12, 2), 3, (1, 5), (1, 2), "same"),
    "a column": ((9, 1, 1), 2, (3, 1), (1, 1), "valid"),
    "many channels": ((4, 4, 19), 17, (3, 3), (1, 1), "same"),
    "one filter, one window": ((3, 3, 2), 1, (3, 3), (1, 1), "valid"),
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def made(shape, f=TANH, n=N, dtype="float64"):
    image_shape, n_filters, kernel_size, stride, padding = shape
    layer = Convolution(image_shape, n_filters, kernel_size, f, stride, padding)
    return planned(layer, n, dtype)


def rows(rng, layer, n=N):
    return rng.standard_normal((n, layer.n_in)), rng.standard_normal((n, layer.n_out))


def padded(x, shape):
    """The images (n, height, width, channels) of rows, with their zeros."""
    (height, width, channels), _, kernel_size, stride, padding = shape
    images = np.moveaxis(pixels_of(x, (height, width, channels)), (-1, -3), (0, -1))
    margins = [(0, 0)]
    for size, k, s in zip((height, width), kernel_size, stride, strict=True):
        n_out, before = output_size(size, k, s, padding)
        margins.append((before, max(0, (n_out - 1) * s + k - size - before)))
    return np.pad(images, [*margins, (0, 0)])


@shapes
def test_the_forward_pass_is_scipys_correlation(shape):
    plan = made(shape, ACTIVATIONS["identity"])
    layer = plan.layer
    x, _ = rows(np.random.default_rng(0), layer)
    down, right = layer.stride
    z = [
        [
            correlate(image, W, "valid", "direct")[::down, ::right, 0] + b
            for W, b in zip(np.moveaxis(layer.W, -1, 0), layer.b, strict=True)
        ]
        for image in padded(x, shape)
    ]
    found = pixels_of(plan.forward(x), layer.out_shape)
    found = np.moveaxis(found, (-1, -3), (0, 1))  # images, then filters
    np.testing.assert_allclose(found, z, rtol=1e-10, atol=1e-12)


@shapes
def test_its_gradients_are_finite_differences(shape):
    plan = made(shape)
    rng = np.random.default_rng(1)
    x, u = rows(rng, plan.layer)
    theta = plan.network.theta.copy()

    def value_of_x(x):
        return np.vdot(u, plan.forward(x))

    def value_of_theta(point):
        plan.network.theta[...] = point
        return value_of_x(x)

    plan.forward(x)
    dx, grad = plan.backward(u.copy()).copy(), plan.grad.copy()
    assert_gradient(value_of_theta, grad, theta, rng)
    plan.network.theta[...] = theta
    assert_gradient(value_of_x, dx, x, rng)


@shapes
def test_pytorch_has_the_same_output_and_gradients(shape):
    torch = pytest.importorskip("torch")
    plan = made(shape)
    layer = plan.layer
    x, u = rows(np.random.default_rng(2), layer)
    out = pixels_of(plan.forward(x), layer.out_shape).copy()
    dx = plan.backward(u.copy())

    def of_torch(array, *order):
        return torch.tensor(array.transpose(*order).copy(), requires_grad=True)

    images = of_torch(padded(x, shape), 0, 3, 1, 2)
    W, b = of_torch(layer.W, 3, 2, 0, 1), of_torch(layer.b, 0)
    theirs = torch.tanh(torch.nn.functional.conv2d(images, W, b, layer.stride))
    np.testing.assert_allclose(
        out, theirs.detach().numpy().transpose(2, 1, 3, 0), rtol=1e-10, atol=1e-12
    )
    down = pixels_of(u, layer.out_shape).transpose(3, 1, 0, 2)
    (theirs * torch.tensor(down.copy())).sum().backward()
    tight = {"rtol": 1e-9, "atol": 1e-11}
    dW = W.grad.numpy().transpose(2, 3, 1, 0)
    np.testing.assert_allclose(layer.dW, dW, **tight)
    np.testing.assert_allclose(layer.db, b.grad.numpy(), **tight)
    (above, left), (height, width, _) = layer.before, layer.image_shape
    d_images = images.grad.numpy()[..., above : above + height, left : left + width]
    found = pixels_of(dx, layer.image_shape).transpose(3, 1, 0, 2)
    np.testing.assert_allclose(found, d_images, **tight)


@shapes
@pytest.mark.parametrize("columns", [1, 2, 5, 8])
def test_parts_of_a_batch_give_what_all_of_it_gives(shape, columns, monkeypatch):
    whole = made(shape)
    layer = whole.layer
    x, u = rows(np.random.default_rng(3), layer)
    a, dx = whole.forward(x).copy(), whole.backward(u.copy()).copy()
    size = layer.image_shape[0] * layer.kernel_size[1] * layer.image_shape[2] * 8
    monkeypatch.setattr(convolution, "PATCH_BYTES", columns * size)
    monkeypatch.setattr(images, "CACHED_BYTES", 1)
    parts = made(shape)
    assert parts.layer.copies.nbytes <= columns * size
    for _ in range(2):  # what the first pass left must not disturb the second
        np.testing.assert_allclose(parts.forward(x), a, rtol=1e-12)
        np.testing.assert_allclose(parts.backward(u.copy()), dx, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(parts.grad, whole.grad, rtol=1e-10, atol=1e-12)


POOLED = {
    "the lecture's": ((8, 8, 1), 10, (3, 3), (1, 1), "same"),
    "rows and columns left over": ((7, 9, 2), 3, (3, 2), (1, 1), "valid"),
    "strides": ((9, 13, 2), 3, (3, 3), (2, 2), "same"),
    "a sequence": ((1, 12, 2), 3, (1, 5), (1, 1), "same"),
}


@pytest.mark.parametrize("shape", POOLED.values(), ids=POOLED)
@pytest.mark.parametrize("kind", POOLINGS)
@pytest.mark.parametrize("name", ["tanh", "gelu", "identity"])
@pytest.mark.parametrize("memory", [None, 1, 3, 8], ids=str)
def test_a_pooled_convolution_is_the_two_layers(shape, kind, name, memory, monkeypatch):
    """Whether f comes before the maximum or after it, in parts of any size."""
    image_shape, n_filters, kernel_size, stride, padding = shape
    f, pool_size = ACTIVATIONS[name], (min(2, image_shape[0]), 2)
    parts = image_shape, n_filters, kernel_size, f, stride, padding
    apart = planned(Convolution(*parts), N)
    size = image_shape[0] * kernel_size[1] * image_shape[2] * 8
    if memory is not None:
        monkeypatch.setattr(convolution, "PATCH_BYTES", memory * size)
        monkeypatch.setattr(images, "CACHED_BYTES", memory)
    pool = Pooling(apart.layer.out_shape, pool_size, POOLINGS[kind], IDENTITY)
    pool = planned(pool, N)
    both = planned(Convolution(*parts, POOLINGS[kind], pool_size), N)
    assert both.layer.out_shape == pool.layer.out_shape
    x, u = rows(np.random.default_rng(5), both.layer)
    for _ in range(2):
        wanted = pool.forward(apart.forward(x))
        np.testing.assert_allclose(both.forward(x), wanted, rtol=1e-10, atol=1e-12)
        dx = apart.backward(pool.backward(u.copy()))
        found = both.backward(u.copy())
        np.testing.assert_allclose(found, dx, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(both.grad, apart.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", [None, "max"])
@pytest.mark.parametrize("columns", [None, 2])
def test_rows_and_gradients_may_come_in_other_arrays(kind, columns, monkeypatch):
    """Of any order in memory; the views of earlier ones are not used for them."""
    pools = {"pooling": POOLINGS["max"], "pool_size": (2, 2)} if kind else {}
    layer = Convolution((4, 6, 2), 3, (3, 3), TANH, **pools)
    rng = np.random.default_rng(7)
    xs, us = rng.random((2, N, layer.n_in)), rng.random((2, N, layer.n_out))
    network = planned(layer, N).network
    wanted = {}
    for i, j in product(range(2), range(2)):
        fresh = Planned(network, N)
        a, dx = fresh.forward(xs[i]).copy(), fresh.backward(us[j].copy()).copy()
        wanted[i, j] = a, dx, fresh.grad.copy()
    if columns:
        monkeypatch.setattr(convolution, "PATCH_BYTES", columns * 4 * 3 * 2 * 8)
    plan = Planned(network, N)
    given = [np.empty((layer.n_out, N)).T, np.empty((N, layer.n_out))]
    for k, i, j in product((1, 0), range(2), range(2)):
        given[k][...] = us[j]
        found = plan.forward(xs[i]).copy(), plan.backward(given[k]), plan.grad
        for ours, theirs in zip(found, wanted[i, j], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_the_convolution_of_a_pooled_one():
    both = Convolution(
        (8, 8, 1), 3, (3, 3), TANH, (1, 1), "same", POOLINGS["max"], (3, 3)
    )
    network = planned(both, N).network
    alone = network.layers[0].without_pooling()
    assert alone.out_shape == (8, 8, 3)
    assert np.shares_memory(alone.W, network.theta)
    room = Room(N, np.dtype(float))
    x, _ = rows(np.random.default_rng(6), both)
    maps = alone.planned(room).forward(x)
    pool = Pooling((8, 8, 3), (3, 3), POOLINGS["max"], IDENTITY).planned(room)
    pooled = network.layers[0].planned(room).forward(x)
    np.testing.assert_allclose(pooled, pool.forward(maps), rtol=1e-12)


def test_many_images_take_no_more_memory_for_patches():
    layer = Convolution((64, 64, 16), 8, (5, 5), TANH)
    plan = planned(layer, 200, "float32").layer
    assert plan.copies.nbytes <= convolution.PATCH_BYTES
    # All patches of them would be a matrix of 1.3 GB.
    assert plan.summands.nbytes <= images.CACHED_BYTES


def test_a_1_x_1_filter_is_a_dense_layer_of_the_channels():
    plan = made(((4, 5, 3), 2, (1, 1), (1, 1), "valid"))
    layer = plan.layer
    x, _ = rows(np.random.default_rng(4), layer)
    images = np.moveaxis(pixels_of(x, layer.image_shape), (-1, -3), (0, -1))
    wanted = np.tanh(images @ layer.W[0, 0] + layer.b)
    found = pixels_of(plan.forward(x), layer.out_shape)
    np.testing.assert_allclose(np.moveaxis(found, (-1, -3), (0, -1)), wanted)


def test_its_weights_are_drawn_as_a_dense_layers_of_a_patch():
    drawn = []

    def initializer(random_state, fan_in, fan_out, activation):
        drawn.append((fan_in, fan_out, activation))
        return np.arange(fan_in * fan_out).reshape(fan_in, fan_out), np.ones(fan_out)

    relu = ACTIVATIONS["relu"]
    layer = Convolution((8, 8, 2), 5, (3, 4), relu)
    network = planned(layer, 1).network
    network.draw(initializer, None)
    assert drawn == [(3 * 4 * 2, 5, relu)]
    np.testing.assert_array_equal(layer.W.ravel(), np.arange(120))


def test_what_differs_in_its_windows_is_no_layer_of_the_same_stack():
    first = Convolution((8, 8, 1), 2, (3, 3), TANH)
    for other in (
        Convolution((8, 8, 1), 2, (5, 5), TANH),
        Convolution((8, 8, 1), 2, (3, 3), TANH, (2, 1)),
        Convolution((8, 8, 1), 2, (3, 3), TANH, padding="valid"),
        Convolution((8, 8, 1), 2, (3, 3), ACTIVATIONS["relu"]),
        Convolution((8, 8, 1), 2, (3, 3), TANH, pooling=POOLINGS["max"]),
        Convolution((4, 16, 1), 2, (3, 3), TANH),
    ):
        assert other.signature() != first.signature()
    again = Convolution((8, 8, 1), 2, (3, 3), TANH)
    assert again.signature() == first.signature()
