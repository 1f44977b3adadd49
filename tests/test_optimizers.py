"""Optimisers: the papers' formulas, PyTorch's steps, convergence; walks the table."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from sknn_scratch._optimizers import CHUNK, OPTIMIZERS

SETTINGS = {
    "learning_rate_init": 0.01,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.0,
}
each = pytest.mark.parametrize("name", OPTIMIZERS)


def started(name, theta, n_weights=0, alpha=0.0, chunk=CHUNK, **settings):
    """An optimiser over theta: the optimiser, and a function step(rate, gradient)."""
    grad = np.empty_like(theta)
    plan = SimpleNamespace(
        theta=theta, grad=grad, alpha=alpha, weights=theta[:n_weights]
    )
    made = OPTIMIZERS[name](len(theta), theta.dtype, {**SETTINGS, **settings})
    return made, continued(made, plan, chunk)


def continued(optimizer, plan, chunk=CHUNK):
    take = optimizer.attach(plan, chunk)

    def step(rate, gradient, total=1.0):
        plan.grad[...] = gradient
        take(rate, np.array(total, plan.theta.dtype))

    return step


@each
def test_converges_on_a_parabola(name):
    scales = np.array([1.0, 3.0, 10.0])
    theta = np.array([2.0, -1.0, 0.5])
    _, step = started(name, theta)
    for t in range(3000):
        step(0.01 * (1 - t / 3000), scales * theta)
    np.testing.assert_allclose(theta, 0, atol=1e-3)


@each
def test_converges_on_rosenbrock(name):
    theta = np.array([-0.5, 0.8])
    _, step = started(name, theta)
    rate = 5e-4 if name == "sgd" else 0.01
    for t in range(20_000):
        step(rate * (1 - t / 20_000), rosen_der(theta))
    assert rosen(theta) < 1e-3


def naive(name, theta, gradients, rate, nesterov=True):
    """The formulas as the papers have them, step by step."""
    b1, b2, eps, mu = 0.9, 0.999, 1e-8, 0.9
    m = v = velocity = np.zeros_like(theta)
    product = 1.0
    for t, g in enumerate(gradients, 1):
        if name == "sgd":
            velocity = mu * velocity - rate * g
            theta = theta + (mu * velocity - rate * g if nesterov else velocity)
            continue
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        if name == "rmsprop":
            theta = theta - rate * g / (np.sqrt(v) + eps)
        elif name == "nadam":
            u, after = (b1 * (1 - 0.5 * 0.96 ** (s / 250)) for s in (t, t + 1))
            product *= u
            m_hat = after * m / (1 - product * after) + (1 - u) * g / (1 - product)
            theta = theta - rate * m_hat / (np.sqrt(v / (1 - b2**t)) + eps)
        else:
            alpha_t = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
            theta = theta - alpha_t * m / (np.sqrt(v) + eps)
    return theta


@each
def test_steps_are_the_papers_formulas(name):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(5), rng.standard_normal((4, 5))
    theta = start.copy()
    _, step = started(name, theta)
    for g in gradients:
        step(0.02, g)
    np.testing.assert_allclose(theta, naive(name, start, gradients, 0.02), rtol=1e-12)


def test_plain_momentum():
    rng = np.random.default_rng(1)
    start, gradients = rng.standard_normal(5), rng.standard_normal((4, 5))
    theta = start.copy()
    _, step = started("sgd", theta, nesterovs_momentum=False)
    for g in gradients:
        step(0.02, g)
    wanted = naive("sgd", start, gradients, 0.02, nesterov=False)
    np.testing.assert_allclose(theta, wanted, rtol=1e-12)


def test_momentum_0_is_gradient_descent_and_keeps_nothing():
    theta = np.array([1.0, 2.0])
    optimizer, step = started("sgd", theta, momentum=0)
    step(0.1, np.array([3.0, -1.0]))
    np.testing.assert_allclose(theta, [0.7, 2.1])
    assert optimizer.state == {}


def test_adamw_decays_the_weights_only_and_apart_from_the_gradient():
    theta = np.array([1.0, 1.0])
    _, step = started("adamw", theta, n_weights=1, weight_decay=0.5)
    step(0.1, np.zeros(2))
    np.testing.assert_allclose(theta, [0.95, 1.0])


@pytest.mark.parametrize("name", ["sgd", "adamw", "nadam", "rmsprop"])
def test_pytorch_takes_the_same_steps(name):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    start, gradients = rng.standard_normal(6), rng.standard_normal((5, 6))
    theta = start.copy()
    _, step = started(name, theta, n_weights=6, weight_decay=0.1)
    parameter = torch.tensor(start, requires_grad=True)
    theirs = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, eps=1e-12),
        "nadam": lambda p: torch.optim.NAdam(p, lr=0.01),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.999),
    }[name]([parameter])
    for g in gradients:
        step(0.01, g)
        parameter.grad = torch.tensor(g)
        theirs.step()
    # AdamW: PyTorch corrects v before it adds eps, the paper's section 2 after.
    np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=1e-6)


@each
def test_the_penalty_and_the_total_weight_finish_the_gradient(name):
    rng = np.random.default_rng(3)
    start, g = rng.standard_normal(6), rng.standard_normal(6)
    penalised, plain = start.copy(), start.copy()
    _, step = started(name, penalised, n_weights=4, alpha=0.5)
    step(0.01, g, total=8.0)
    finished = (g + 0.5 * start * (np.arange(6) < 4)) / 8
    _, step = started(name, plain)
    step(0.01, finished)
    np.testing.assert_allclose(penalised, plain, rtol=1e-12)


@each
@pytest.mark.parametrize(
    "settings", [{}, {"clip_norm": 0.5}, {"weight_averaging": 0.9}], ids=str
)
def test_the_size_of_the_chunks_changes_nothing(name, settings):
    rng = np.random.default_rng(4)
    start, gradients = rng.standard_normal(101), rng.standard_normal((3, 101))
    ends = []
    for chunk in (7, 1000):
        theta = start.copy()
        _, step = started(name, theta, 60, 0.1, chunk, **settings)
        for g in gradients:
            step(0.01, g, total=3.0)
        ends.append(theta)
    # The norm of a clipped gradient is summed chunk by chunk: rounding.
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-13 if settings else 0)


@each
def test_a_pickled_optimiser_goes_on_with_the_same_bits(name):
    rng = np.random.default_rng(5)
    gradients = rng.standard_normal((6, 10))
    theta = rng.standard_normal(10)
    other = theta.copy()
    optimizer, step = started(name, theta)
    for g in gradients:
        step(0.01, g)
    twin, step = started(name, other)
    for g in gradients[:3]:
        step(0.01, g)
    twin.detach(other)
    plan = SimpleNamespace(theta=other, grad=np.empty(10), alpha=0.0, weights=other[:0])
    step = continued(pickle.loads(pickle.dumps(twin)), plan)
    for g in gradients[3:]:
        step(0.01, g)
    np.testing.assert_array_equal(theta, other)
    size = len(optimizer.state) * theta.nbytes
    assert sum(v.nbytes for v in optimizer.state.values()) == size


@each
def test_restore_undoes_steps(name):
    theta = np.ones(4)
    optimizer, step = started(name, theta)
    step(0.1, np.ones(4))
    kept = optimizer.snapshot()
    before = pickle.dumps(kept)
    step(0.1, np.full(4, 7.0))
    optimizer.restore(kept)
    assert pickle.dumps(optimizer.snapshot()) == before


def test_clipping_scales_a_long_gradient_and_leaves_a_short_one():
    theta = np.zeros(2)
    _, step = started("sgd", theta, momentum=0, clip_norm=1.0)
    step(1.0, np.array([3.0, 4.0]))
    np.testing.assert_allclose(theta, [-0.6, -0.8])
    step(1.0, np.array([0.3, 0.4]))
    np.testing.assert_allclose(theta, [-0.9, -1.2])


def test_the_average_is_exponential_and_takes_the_weights_place():
    theta = np.zeros(1)
    optimizer, step = started("sgd", theta, momentum=0, weight_averaging=0.5)
    step(1.0, np.array([-4.0]))  # theta 4, average 2
    step(1.0, np.array([-4.0]))  # theta 8, average 5
    with optimizer.averaged(theta):
        assert theta == 5
    assert theta == 8
    optimizer.detach(theta)
    assert theta == 5
    assert optimizer.state["average"] == 8
