"""Pooling: by hand, as PyTorch, and what is left over; test_base has the gradients."""

import numpy as np
import pytest
from _gradients import assert_gradient
from _layers import planned

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import POOLINGS, Pooling, images
from sknn_scratch._nn.layers.images import pixels_of, rows_of

IDENTITY = ACTIVATIONS["identity"]
SHAPES = [
    ((4, 4, 1), (2, 2)),
    ((5, 7, 3), (2, 3)),
    ((3, 8, 2), (3, 1)),
    ((1, 9, 2), (1, 2)),
    ((4, 4, 2), (1, 1)),
    ((3, 3, 1), (3, 3)),
]
shapes = pytest.mark.parametrize(("shape", "size"), SHAPES, ids=str)
kinds = pytest.mark.parametrize("kind", POOLINGS)


def made(shape, size, kind, f=IDENTITY, n=3):
    return planned(Pooling(shape, size, POOLINGS[kind], f), n)


def rows(rng, layer, n=3):
    return rng.standard_normal((n, layer.n_in)), rng.standard_normal((n, layer.n_out))


def test_a_4_x_4_image_by_hand():
    image = np.array([[1, 2, 0, 0], [3, 0, 0, 5], [7, 7, 1, 1], [7, 7, 1, 2.0]])
    x = rows_of(image[:, None, :, None])
    largest, mean = (made((4, 4, 1), (2, 2), kind, n=1) for kind in ("max", "average"))
    np.testing.assert_array_equal(largest.forward(x), [[3, 5, 7, 2]])
    np.testing.assert_array_equal(mean.forward(x), [[1.5, 1.25, 7, 1.25]])
    delta = np.array([[10.0, 20, 30, 40]])
    to = pixels_of(largest.backward(delta.copy()), (4, 4, 1))[:, 0, :, 0]
    # To the largest pixel; of several, to the first.
    wanted = [[0, 0, 0, 0], [10, 0, 0, 20], [30, 0, 0, 0], [0, 0, 0, 40]]
    np.testing.assert_array_equal(to, wanted)
    to = pixels_of(mean.backward(delta.copy()), (4, 4, 1))[:, 0, :, 0]
    np.testing.assert_array_equal(to, np.kron(delta.reshape(2, 2) / 4, np.ones((2, 2))))


@shapes
@kinds
@pytest.mark.parametrize("cached", [1, 1 << 18], ids=["row by row", "all rows"])
def test_pytorch_pools_alike_and_has_the_same_gradient(
    shape, size, kind, cached, monkeypatch
):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(images, "CACHED_BYTES", cached)
    plan = made(shape, size, kind)
    rng = np.random.default_rng(0)
    x, u = rows(rng, plan.layer)
    x = rng.integers(3, size=x.shape).astype(float)  # with ties
    theirs = {"max": torch.nn.MaxPool2d, "average": torch.nn.AvgPool2d}[kind](size)
    given = pixels_of(x, shape).transpose(3, 1, 0, 2).copy()
    given = torch.tensor(given, requires_grad=True)
    out = theirs(given)
    for _ in range(2):
        found = pixels_of(plan.forward(x), plan.layer.out_shape)
        np.testing.assert_allclose(found.transpose(3, 1, 0, 2), out.detach().numpy())
        dx = plan.backward(u.copy())
    down = pixels_of(u, plan.layer.out_shape).transpose(3, 1, 0, 2).copy()
    (out * torch.tensor(down)).sum().backward()
    dx = pixels_of(dx, shape).transpose(3, 1, 0, 2)
    np.testing.assert_allclose(dx, given.grad.numpy(), rtol=1e-12)


@shapes
@kinds
def test_its_gradient_is_finite_differences(shape, size, kind):
    plan = made(shape, size, kind, ACTIVATIONS["tanh"])
    rng = np.random.default_rng(1)
    x, u = rows(rng, plan.layer)
    plan.forward(x)
    dx = plan.backward(u.copy()).copy()
    assert_gradient(lambda x: np.vdot(u, plan.forward(x)), dx, x, rng)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_f_of_a_maximum_is_the_maximum_of_an_f_that_rises(name):
    f = ACTIVATIONS[name]
    z = np.linspace(-6, 6, 10_001)
    a = z.copy()
    f.forward(a)
    assert f.rises == bool((np.diff(a) >= 0).all())


def test_what_differs_in_its_windows_is_no_layer_of_the_same_stack():
    first = Pooling((6, 6, 1), (2, 3), POOLINGS["max"], IDENTITY).signature()
    for other in (
        Pooling((6, 6, 1), (3, 2), POOLINGS["max"], IDENTITY),
        Pooling((6, 6, 1), (2, 3), POOLINGS["average"], IDENTITY),
        Pooling((6, 6, 1), (2, 3), POOLINGS["max"], ACTIVATIONS["tanh"]),
    ):
        assert other.signature() != first
    again = Pooling((6, 6, 1), (2, 3), POOLINGS["max"], IDENTITY)
    assert again.signature() == first
