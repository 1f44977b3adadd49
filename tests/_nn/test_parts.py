"""A batch in parts: the same gradient, whoever computes which part."""

from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from _networks import DRAW, SOFTMAX, network
from sklearn.datasets import load_digits

from sknn_scratch import ConvNetClassifier
from sknn_scratch._nn import parts
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import (
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Room,
    Unflatten,
)
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._nn.parts import PartedPlan, number_of_parts, plan_for
from sknn_scratch._nn.plan import Plan
from sknn_scratch.ensemble import NetworkEnsembleClassifier

log_loss = partial(LOSSES["log_loss"], SOFTMAX)


def images(rate=0.0, seed=0):
    """A network of a convolution, dropout in both layouts, and a dense layer."""
    shape, relu = (5, 4, 2), ACTIVATIONS["relu"]
    convolution = Convolution(shape, 3, (3, 3), relu)
    layers = [Unflatten(shape), convolution, Flatten(convolution.out_shape)]
    layers.append(Dense(60, 4, ACTIVATIONS["identity"]))
    if rate:
        layers.insert(2, Dropout(60, rate, columns=True))
        layers.insert(4, Dropout(60, rate))
    made = Network(layers, np.dtype("float64"))
    made.draw(DRAW, np.random.RandomState(seed))
    return made


def batch(n, nets=()):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((*nets, n, 40))
    return X, np.eye(4)[rng.integers(4, size=(*nets, n))], rng.random((*nets, n)) + 0.1


@contextmanager
def made_in(order):
    token = parts.make_calls.set(order)
    try:
        yield
    finally:
        parts.make_calls.reset(token)


def backwards(calls):
    for call in reversed(calls):
        call()


@pytest.mark.parametrize("nets", [(), (3,)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "n_parts"), [(6, 2), (7, 3), (3, 3), (5, 1)])
def test_parts_give_the_whole_batchs_gradient(n, n_parts, weighted, nets):
    net = Network.stacked([images(seed=k) for k in range(3)]) if nets else images()
    X, Y, weight = batch(n, nets)
    weight = weight if weighted else None
    rest = (net, log_loss(), n, 0.3, None, False, weighted)
    whole, parted = Plan(*rest), PartedPlan(n_parts, *rest)
    value, grad = whole.value_and_grad(X, Y, weight)
    for order in (parts.one_after_another, backwards):
        with made_in(order):
            ours, own = parted.value_and_grad(X, Y, weight)
        np.testing.assert_allclose(ours, value, rtol=1e-12)
        np.testing.assert_allclose(own, grad, rtol=1e-9, atol=1e-13)


def test_other_arrays_are_other_rows():
    net, (X, Y, weight) = images(), batch(6)
    plan = PartedPlan(2, net, log_loss(), 6, 0.0)
    for x, y, w in (
        (X, Y, None),
        (X[::-1], Y, None),
        (X, Y[::-1], None),
        (X, Y, weight),
    ):
        wanted = Plan(net, log_loss(), 6, 0.0).value_and_grad(x, y, w)[0]
        assert plan.value_and_grad(x, y, w)[0] == pytest.approx(wanted, rel=1e-12)


def test_a_part_whose_rows_weigh_nothing():
    net, (X, Y, weight) = images(), batch(6)
    weight[:3] = 0
    wanted, grad = Plan(net, log_loss(), 6, 0.0).value_and_grad(X, Y, weight)
    value, own = PartedPlan(2, net, log_loss(), 6, 0.0).value_and_grad(X, Y, weight)
    assert value == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(own, grad, rtol=1e-9, atol=1e-13)


def test_masks_are_drawn_in_the_rows_order_whoever_is_first():
    X, Y, _ = batch(7)
    grads = []
    for order in (parts.one_after_another, backwards):
        plan = PartedPlan(3, images(rate=0.5), log_loss(), 7, 0.0)
        with made_in(order):
            grads.append([plan.value_and_grad(X, Y)[1].copy() for _ in range(3)])
    np.testing.assert_array_equal(*grads)
    assert (grads[0][0] != grads[0][1]).any()  # masks of their own for each step


def test_masks_of_rows_are_those_of_the_undivided_batch():
    """Row after row in memory they are one stream of numbers."""
    shape, rng = (4, 60), np.random.default_rng(3)
    whole, *halves = (Dropout(60, 0.5) for _ in range(3))
    whole.draw(None, np.random.RandomState(0))
    wanted = whole.planned(Room(4, np.dtype(float), (), True)).forward(np.ones(shape))
    halves[0].draw(None, np.random.RandomState(0))
    halves[1].generators = halves[0].generators
    x = rng.standard_normal(shape)
    planned = [half.planned(Room(2, np.dtype(float), (), True)) for half in halves]
    for layer in planned:
        layer.drawn_ahead = True
        layer.draw_masks()
    found = [layer.forward(x[:2] * 0 + 1) for layer in reversed(planned)]
    np.testing.assert_array_equal(np.concatenate(found[::-1]), wanted)


def test_only_large_batches_of_images_are_divided():
    small = images()  # 5 x 4 places, 3 x 3 x 2 weights, 3 filters: 1080 a row
    each = parts.WORTHWHILE // 1080 + 1
    assert number_of_parts(small, 100) == 1
    assert number_of_parts(small, each) == 1
    assert number_of_parts(small, 2 * each) == 2
    assert number_of_parts(small, 100 * each) == parts.MOST_PARTS
    dense = network((3000, 3000, 2))
    assert number_of_parts(dense, 10**6) == 1
    assert type(plan_for(small, log_loss(), 20, 0.0, None)) is Plan


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_nets_trained_together_are_those_trained_alone(monkeypatch):
    monkeypatch.setattr(parts, "WORTHWHILE", 1 << 14)
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    model = ConvNetClassifier(batch_size=64, dropout=0.2, max_iter=2)
    ensemble = NetworkEnsembleClassifier(model, 3, random_state=0).fit(X, y)
    for member in ensemble.estimators_:
        alone = ConvNetClassifier(**member.get_params()).fit(X, y)
        np.testing.assert_array_equal(alone._network.theta, member._network.theta)
