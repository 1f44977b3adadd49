"""What holds for every layer: gradients by finite differences, one net and many."""

import numpy as np
import pytest
from _gradients import assert_gradient
from _layers import AT_THE_DOOR, DENSE, EXAMPLES, N_IN, Planned, alone, dense, planned
from scipy import sparse

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Layer, Room
from sknn_scratch._nn.network import Network

cases = pytest.mark.parametrize("name", EXAMPLES)
dense_cases = pytest.mark.parametrize("name", DENSE)
activations = pytest.mark.parametrize("activation", ACTIVATIONS)


def layer_classes(cls=Layer):
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("sknn_scratch"):
            yield sub
            yield from layer_classes(sub)


def given(name, x):
    """The rows as that layer takes them."""
    return sparse.csr_matrix(x) if name in AT_THE_DOOR else x


def made(name, activation, n, dtype="float64", **kwargs):
    layer = EXAMPLES[name](ACTIVATIONS[activation])
    return planned(layer, n, dtype, as_sparse=name in AT_THE_DOOR, **kwargs)


def test_every_layer_class_has_an_example():
    missing = {cls.__name__ for cls in layer_classes()} - set(EXAMPLES)
    assert not missing, f"Add {missing} to EXAMPLES, for its gradients to be checked."


@cases
def test_the_example_is_of_its_class(name):
    classes = {type(layer).__name__ for layer in made(name, "tanh", 2).layers}
    assert name.split(",")[0] in classes


@cases
@activations
@pytest.mark.parametrize("n", [5, 1])
def test_gradients(name, activation, n):
    plan = made(name, activation, n)
    network = plan.network
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, N_IN))
    u = rng.standard_normal((n, plan.layer.n_out))

    def value_of_x(point):
        return np.vdot(u, dense(plan.forward(given(name, point))))

    def value_of_theta(point):
        network.theta[...] = point
        return value_of_x(x)

    theta = network.theta.copy()
    plan.forward(given(name, x))
    dx = plan.backward(u.copy())
    if len(theta):
        assert_gradient(value_of_theta, plan.grad.copy(), theta, rng)
        network.theta[...] = theta
    if name in DENSE:
        assert_gradient(value_of_x, dx.copy(), x, rng)


@cases
@activations
def test_x_is_unchanged_and_the_dtype_kept(name, activation, dtype):
    plan = made(name, activation, 6, dtype)
    x = np.random.default_rng(2).standard_normal((6, N_IN)).astype(dtype)
    x[x < 0.3] = 0
    rows = given(name, x)
    values = rows.data if sparse.issparse(rows) else rows
    before = values.tobytes()
    assert plan.forward(rows).dtype == dtype
    plan.backward(np.ones((6, plan.layer.n_out), dtype))
    assert values.tobytes() == before
    assert plan.grad.dtype == dtype


@cases
@activations
def test_a_smaller_last_batch_has_buffers_of_its_own(name, activation):
    """Two plans over the same parameters and gradient give what one alone gives."""
    full = made(name, activation, 6)
    as_sparse = name in AT_THE_DOOR
    last = Planned(full.network, 2, as_sparse=as_sparse, grad=full.grad)
    x = np.random.default_rng(6).standard_normal((6, N_IN))
    u = np.random.default_rng(7).standard_normal((6, full.layer.n_out))

    def passes(plan, n):
        a = dense(plan.forward(given(name, x[:n]))).copy()
        dx = plan.backward(u[:n].copy())
        return a, None if dx is None else dx.copy(), plan.grad.copy()

    a, dx, whole = passes(full, 6)
    a_last, dx_last, part = passes(last, 2)
    np.testing.assert_allclose(a_last, a[:2], rtol=1e-12)
    if dx is not None:
        np.testing.assert_allclose(dx_last, dx[:2], rtol=1e-12)
    # The full plan is as it was, and the gradient is over the plan's own rows.
    for before, again in zip((a, dx, whole), passes(full, 6), strict=True):
        np.testing.assert_array_equal(before, again)
    assert len(whole) == 0 or not np.allclose(whole, part)


@cases
@activations
def test_float32_agrees_with_float64(name, activation):
    x = np.random.default_rng(8).standard_normal((6, N_IN)).astype("float32")
    answers = []
    for dtype in ("float32", "float64"):
        plan = made(name, activation, 6, dtype)
        a = dense(plan.forward(given(name, x.astype(dtype)))).copy()
        dx = plan.backward(np.ones((6, plan.layer.n_out), dtype))
        answers.append((a, plan.grad, a if dx is None else dx.copy()))
    for single, double in zip(*answers, strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)


@dense_cases
@activations
@pytest.mark.parametrize("shared", [False, True], ids=["own rows", "shared rows"])
def test_many_nets_at_once_are_each_net_alone(name, activation, shared, dtype):
    """Output, gradient and dx, to the last bit."""
    n, nets = 6, 3
    rng = np.random.default_rng(9)
    networks = [
        alone(EXAMPLES[name](ACTIVATIONS[activation]), dtype, seed)
        for seed in range(nets)
    ]
    many = Planned(Network.stacked(networks), n)
    shape = (n, N_IN) if shared else (nets, n, N_IN)
    x = rng.standard_normal(shape).astype(dtype)
    u = rng.standard_normal((nets, n, many.layer.n_out)).astype(dtype)
    a, dx = many.forward(x).copy(), many.backward(u.copy()).copy()
    views = many.network.layout.views(many.grad)
    for j, network in enumerate(networks):
        one = Planned(network, n)
        rows = x if shared else x[j]
        np.testing.assert_array_equal(a[j], one.forward(rows))
        np.testing.assert_array_equal(dx[j], one.backward(u[j].copy()))
        own = network.layout.views(one.grad)
        for together, wanted in zip(views, own, strict=True):
            np.testing.assert_array_equal(together[j], wanted)


@dense_cases
def test_one_or_some_of_many_nets_are_taken_out(name):
    networks = [alone(EXAMPLES[name](ACTIVATIONS["tanh"]), seed=s) for s in range(4)]
    many = Network.stacked(networks)
    x = np.random.default_rng(9).standard_normal((5, N_IN))
    whole = Planned(many, 5, needs_dx=False).forward(x).copy()
    some = many.selected(np.array([3, 1]))
    assert some.nets == (2,)
    np.testing.assert_array_equal(
        Planned(some, 5, needs_dx=False).forward(x), whole[[3, 1]]
    )
    one = many.selected(2)
    assert one.nets == ()
    np.testing.assert_array_equal(one.theta, networks[2].theta)
    np.testing.assert_array_equal(Planned(one, 5, needs_dx=False).forward(x), whole[2])


@dense_cases
def test_no_dx_is_computed_where_nobody_needs_it(name):
    plan = made(name, "tanh", 5, needs_dx=False)
    if plan.layer.parameters():
        plan.forward(np.ones((5, N_IN)))
        assert plan.backward(np.ones((5, plan.layer.n_out))) is None


@cases
def test_a_pickle_leaves_the_parameters_to_the_network(name):
    layer = alone(EXAMPLES[name](ACTIVATIONS["tanh"])).layers[0]
    assert not set(layer.parameters()) & set(layer.__getstate__())
    assert not set(layer.parameters()) & set(vars(layer.unbound()))


def test_the_base_layer_says_what_is_missing():
    layer = Layer()
    for call in (
        lambda: layer.allocate(Room(1, np.dtype(float))),
        lambda: layer.forward(None),
        lambda: layer.backward(None),
        lambda: layer.onnx(None),
    ):
        with pytest.raises(NotImplementedError):
            call()
    assert layer.inherit(None, None) is None
    assert layer.draw(None, None) is None
    assert layer.parameters() == {}
