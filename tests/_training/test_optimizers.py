"""Optimisers: the papers' formulas, PyTorch's steps, convergence; walks the table."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from sknn_scratch._nn.parameters import Layout, Parameter
from sknn_scratch._training.optimizers import CHUNK, OPTIMIZERS, Optimizer
from sknn_scratch._training.state import TrainingState

SETTINGS = {
    "learning_rate_init": 0.01,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.0,
    "clip_norm": None,
}
each = pytest.mark.parametrize("name", OPTIMIZERS)
#: What the estimators may switch on around any of them.
AROUND = pytest.mark.parametrize(
    "options", [{}, {"clip_norm": 0.5}, {"weight_averaging": 0.9}], ids=str
)


class Flat:
    """A layer of some weights and biases, and of weights with a rate of their own."""

    def __init__(self, n_weights, n_biases, n_slow=0):
        self.sizes = n_weights, n_biases, n_slow

    def parameters(self):
        n_weights, n_biases, n_slow = self.sizes
        return {
            "W": Parameter((n_weights,)),
            "b": Parameter((n_biases,), decays=False),
            "slow": Parameter((n_slow,), decays=False, rate_factor=0.1),
        }


def started(name, theta, n_weights=0, alpha=0.0, chunk=CHUNK, n_slow=0, **settings):
    """A training of theta: its state, and a function step(rate, gradient)."""
    settings = {**SETTINGS, "weight_averaging": None, **settings}
    optimizer = OPTIMIZERS[name](theta.shape, theta.dtype, settings)
    state = TrainingState(optimizer, settings["weight_averaging"], theta)
    return state, attached(state, theta, n_weights, alpha, chunk, n_slow)


def attached(state, theta, n_weights=0, alpha=0.0, chunk=CHUNK, n_slow=0):
    grad = np.empty_like(theta)
    layout = Layout([Flat(n_weights, len(theta) - n_weights - n_slow, n_slow)])
    room = np.ones((), theta.dtype)
    plan = SimpleNamespace(
        theta=theta, grad=grad, alpha=alpha, layout=layout, total=room
    )
    take = state.attach(plan, chunk)

    def step(rate, gradient, total=1.0):
        grad[...] = gradient
        take(rate, np.array(total, theta.dtype))

    return step


def descended(name, slope, start, rate, n_steps):
    """Where a rate that falls linearly to 0 leads."""
    theta = np.array(start)
    _, step = started(name, theta)
    for t in range(n_steps):
        step(rate * (1 - t / n_steps), slope(theta))
    return theta


@each
def test_converges_on_a_parabola(name):
    scales = np.array([1.0, 3.0, 10.0])
    theta = descended(name, lambda x: scales * x, [2.0, -1.0, 0.5], 0.01, 3000)
    np.testing.assert_allclose(theta, 0, atol=1e-3)


@each
def test_converges_on_rosenbrock(name):
    # Optimisers that scale their steps bear a rate that gradient descent does not.
    start = [-0.5, 0.8]
    with np.errstate(over="ignore", invalid="ignore"):
        ends = [descended(name, rosen_der, start, eta, 8000) for eta in (0.02, 5e-4)]
    assert min(np.nan_to_num([rosen(end) for end in ends], nan=np.inf)) < 1e-3


# ---- the formulas as the papers have them, step by step --------------------------
# Each takes the parameters, a function of their gradient, the rate and the settings.


def sgd(theta, slope, eta, p):
    """Sutskever et al. (2013), equations 1 to 4, in Bengio's variables for Nesterov."""
    mu, velocity = p["momentum"], 0.0
    while True:
        g = slope(theta)
        velocity = mu * velocity - eta * g
        step = mu * velocity - eta * g if p["nesterovs_momentum"] else velocity
        theta = theta + (step if mu else -eta * g)
        yield theta


def adam(theta, slope, eta, p, decay=0.0):
    """Kingma and Ba (2014), section 2, its last paragraph; decay: AdamW's.

    Loshchilov and Hutter (2017), algorithm 2: both the gradient and the decay are
    taken at the weights before the step.
    """
    b1, b2 = p["beta_1"], p["beta_2"]
    m = v = np.zeros_like(theta)
    t = 0
    while True:
        t += 1
        g = slope(theta)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        eta_t = eta * np.sqrt(1 - b2**t) / (1 - b1**t)
        theta = theta - eta_t * m / (np.sqrt(v) + p["epsilon"]) - eta * decay * theta
        yield theta


def adamw(theta, slope, eta, p):
    decay = p["weight_decay"] * (np.arange(len(theta)) < p["n_weights"])
    return adam(theta, slope, eta, p, decay)


def nadam(theta, slope, eta, p):
    """Dozat (2016), algorithm 2, with its schedule of the momentum."""
    b1, b2 = p["beta_1"], p["beta_2"]
    m = v = np.zeros_like(theta)
    product, t = 1.0, 0
    while True:
        t += 1
        g = slope(theta)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        u, u_next = (b1 * (1 - 0.5 * 0.96 ** (s / 250)) for s in (t, t + 1))
        product *= u
        m_hat = u_next * m / (1 - product * u_next) + (1 - u) * g / (1 - product)
        theta = theta - eta * m_hat / (np.sqrt(v / (1 - b2**t)) + p["epsilon"])
        yield theta


def rmsprop(theta, slope, eta, p):
    """Tieleman and Hinton (2012), lecture 6.5."""
    v = np.zeros_like(theta)
    while True:
        g = slope(theta)
        v = p["beta_2"] * v + (1 - p["beta_2"]) * g**2
        theta = theta - eta * g / (np.sqrt(v) + p["epsilon"])
        yield theta


FORMULAS = {
    "sgd": sgd,
    "adam": adam,
    "adamw": adamw,
    "nadam": nadam,
    "rmsprop": rmsprop,
}


def test_every_optimizer_has_its_papers_formula_here():
    missing = set(OPTIMIZERS) - set(FORMULAS)
    assert not missing, f"Write the formula of {missing} and name it in FORMULAS."


@pytest.mark.parametrize("alpha", [0.0, 5.0])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"nesterovs_momentum": False, "weight_decay": 0.5, "epsilon": 0.1},
        {"momentum": 0.0, "beta_1": 0.5, "beta_2": 0.7},
        {"momentum": 0.0, "beta_1": 0.0, "beta_2": 0.0},
    ],
    ids=str,
)
@each
def test_steps_are_the_papers_formulas(name, settings, alpha):
    """Step after step on f(x) = x' C x / 2 + b' x + alpha |w|^2 / 2, over total 8."""
    rng = np.random.default_rng(0)
    C, (b, theta) = rng.standard_normal((5, 5)), rng.standard_normal((2, 5))
    is_weight = np.arange(5) < 3
    settings = {**SETTINGS, **settings}

    def slope(x):
        return (C @ x + b + alpha * is_weight * x) / 8

    wanted = FORMULAS[name](theta.copy(), slope, 0.02, {**settings, "n_weights": 3})
    _, step = started(name, theta, 3, alpha, **settings)
    for _ in range(5):
        step(0.02, C @ theta + b, total=8.0)
        np.testing.assert_allclose(theta, next(wanted), rtol=1e-12)


def test_momentum_0_is_gradient_descent_and_keeps_nothing():
    theta = np.array([1.0, 2.0])
    state, step = started("sgd", theta, momentum=0)
    step(0.1, np.array([3.0, -1.0]))
    np.testing.assert_allclose(theta, [0.7, 2.1])
    assert state.optimizer.state == {}


def test_adamw_decays_the_weights_only_and_apart_from_the_gradient():
    theta = np.array([1.0, 1.0])
    _, step = started("adamw", theta, n_weights=1, weight_decay=0.5)
    step(0.1, np.zeros(2))
    np.testing.assert_allclose(theta, [0.95, 1.0])


PYTORCH = {
    "sgd": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "nadam": ("NAdam", {}),
    "rmsprop": ("RMSprop", {"alpha": 0.999}),
}


@pytest.mark.parametrize("name", PYTORCH)
def test_pytorch_takes_the_same_steps(name):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    start, gradients = rng.standard_normal(6), rng.standard_normal((5, 6))
    theta = start.copy()
    _, step = started(name, theta, n_weights=6, weight_decay=0.1)
    parameter = torch.tensor(start, requires_grad=True)
    theirs, settings = PYTORCH[name]
    theirs = getattr(torch.optim, theirs)([parameter], lr=0.01, **settings)
    for t, g in enumerate(gradients, 1):
        step(0.01, g)
        if name.startswith("adam"):
            # PyTorch corrects v before it adds eps, the paper's section 2 after.
            theirs.param_groups[0]["eps"] = 1e-8 / np.sqrt(1 - 0.999**t)
        parameter.grad = torch.tensor(g)
        theirs.step()
        # Its NAdam keeps the product of the momenta in float32.
        rtol = 1e-8 if name == "nadam" else 1e-12
        np.testing.assert_allclose(theta, parameter.detach().numpy(), rtol=rtol)


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
@AROUND
@pytest.mark.parametrize("chunk", [1, 7, 60, 61, 100])
def test_the_size_of_the_chunks_changes_nothing(name, options, chunk, dtype):
    rng = np.random.default_rng(4)
    start = rng.standard_normal(101).astype(dtype)
    gradients = rng.standard_normal((3, 101))
    ends = []
    for size in (chunk, 1000):
        theta = start.copy()
        state, step = started(
            name, theta, 60, 0.1, size, 21, weight_decay=0.1, **options
        )
        for g in gradients:
            step(0.01, g, total=3.0)
        average = [state.averaging.other] if state.averaging else []
        slots = state.optimizer.state.values()
        ends.append(np.concatenate([theta, *average, *slots]))
        assert ends[-1].dtype == dtype
    if "clip_norm" in options:  # the norm is summed chunk by chunk: rounding
        rtol = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(ends[0], ends[1], rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(ends[0], ends[1])


@each
def test_float32_agrees_with_float64(name):
    rng = np.random.default_rng(5)
    start, gradients = rng.standard_normal(9), rng.standard_normal((20, 9))
    ends = []
    for dtype in ("float32", "float64"):
        theta = start.astype(dtype)
        state, step = started(name, theta, 5, 0.1, weight_decay=0.1)
        for g in gradients:
            step(0.01, g)
        ends.append(theta)
        dtypes = {v.dtype for v in state.optimizer.state.values()}
        assert dtypes <= {np.dtype(dtype)}
    np.testing.assert_allclose(*ends, rtol=1e-4, atol=1e-6)


@each
@AROUND
def test_a_pickled_training_goes_on_with_the_same_bits(name, options):
    rng = np.random.default_rng(5)
    gradients = rng.standard_normal((6, 10))
    theta = rng.standard_normal(10)
    other = theta.copy()
    settings = {"weight_decay": 0.1, **options}
    _, step = started(name, theta, 6, 0.1, **settings)
    for g in gradients:
        step(0.01, g)
    twin, step = started(name, other, 6, 0.1, **settings)
    for g in gradients[:3]:
        step(0.01, g)
    twin.detach(other)
    twin, other = pickle.loads(pickle.dumps((twin, other)))
    step = attached(twin, other, 6, 0.1)
    for g in gradients[3:]:
        step(0.01, g)
    np.testing.assert_array_equal(theta, other)


@each
def test_a_pickle_holds_the_slots_and_little_else(name):
    theta = np.ones(10_000)
    state, step = started(name, theta, 5000, 0.1)
    step(0.01, np.ones(10_000))
    wanted = len(state.optimizer.slots) * theta.nbytes
    assert wanted <= len(pickle.dumps(state)) < wanted + 3000


@each
@AROUND
def test_a_copy_takes_the_same_steps_and_leaves_the_original_alone(name, options):
    rng = np.random.default_rng(6)
    gradients = rng.standard_normal((4, 8))
    theta = rng.standard_normal(8)
    state, step = started(name, theta, 4, 0.1, weight_decay=0.1, **options)
    step(0.1, gradients[0])
    state.detach(theta)
    ends = []
    for _ in range(2):
        twin, other = copy.deepcopy(state), theta.copy()
        step = attached(twin, other, 4, 0.1)
        for g in gradients[1:]:
            step(0.1, g)
        ends.append(other)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], theta)


def test_clipping_scales_a_long_gradient_and_leaves_a_short_one():
    theta = np.zeros(2)
    _, step = started("sgd", theta, momentum=0, clip_norm=1.0)
    step(1.0, np.array([3.0, 4.0]))
    np.testing.assert_allclose(theta, [-0.6, -0.8])
    step(1.0, np.array([0.3, 0.4]))
    np.testing.assert_allclose(theta, [-0.9, -1.2])


@each
def test_clipping_is_of_the_finished_gradient(name):
    rng = np.random.default_rng(7)
    start, g = rng.standard_normal(9), 10 * rng.standard_normal(9)
    clipped, plain = start.copy(), start.copy()
    _, step = started(name, clipped, 5, 0.5, chunk=4, clip_norm=0.3)
    step(0.01, g, total=2.0)
    finished = (g + 0.5 * start * (np.arange(9) < 5)) / 2
    _, step = started(name, plain)
    step(0.01, finished * 0.3 / np.linalg.norm(finished))
    np.testing.assert_allclose(clipped, plain, rtol=1e-10)


def test_a_parameter_may_have_a_rate_of_its_own():
    theta = np.zeros(3)
    _, step = started("sgd", theta, n_weights=1, n_slow=1, momentum=0)
    step(1.0, np.array([1.0, 1.0, 1.0]))
    np.testing.assert_allclose(theta, [-1.0, -1.0, -0.1])


# ---- many nets -------------------------------------------------------------------

M = 3
#: What differs among them; where nothing does, all nets' numbers are one vector.
DIFFERENCES = {
    "nothing": {},
    "numbers": {
        "learning_rate_init": [0.01, 0.02, 0.03],
        "momentum": [0.9, 0.5, 0.0],
        "beta_1": [0.9, 0.8, 0.7],
        "beta_2": [0.999, 0.99, 0.9],
        "epsilon": [1e-8, 1e-7, 1e-3],
        "weight_decay": [0.0, 0.1, 0.2],
    },
    "clip_norm": {"clip_norm": [0.1, 1.0, 10.0]},
}


@each
@pytest.mark.parametrize("chunk", [4, CHUNK])
@pytest.mark.parametrize("differ", DIFFERENCES)
def test_many_nets_at_once_are_each_net_alone(name, differ, chunk, dtype):
    rng = np.random.default_rng(8)
    layers = [Flat(5, 2, 3)]
    layout = Layout(layers, (M,))
    start = rng.standard_normal((M, 10)).astype(dtype)
    gradients = rng.standard_normal((4, M, 10)).astype(dtype)
    alphas = np.array([0.0, 0.1, 1.0]) if differ != "nothing" else 0.1
    different = {k: np.array(v) for k, v in DIFFERENCES[differ].items()}

    theta, grad = start.copy(), np.empty_like(start)
    total = np.array(2.0, dtype)
    plan = SimpleNamespace(
        theta=theta, grad=grad, alpha=alphas, layout=layout, total=total
    )
    params = {**SETTINGS, "weight_decay": 0.1, **different}
    optimizer = OPTIMIZERS[name](theta.shape, theta.dtype, params)
    take = optimizer.attach(plan, chunk)
    rates = optimizer.learning_rate
    for g in gradients:
        grad[...] = g
        take(rates, total)

    rows = []
    for j in range(M):
        own = {k: v[j].item() for k, v in different.items()}
        alpha = float(np.broadcast_to(alphas, M)[j])
        mine = start[j].copy()
        _, step = started(name, mine, 5, alpha, n_slow=3, **{**params, **own})
        for g in gradients:
            step(own.get("learning_rate_init", 0.01), g[j], total=2.0)
        rows.append(mine)
    # The norms, and powers of different betas, are rounded in another order.
    rtol = 0 if differ == "nothing" else 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(theta, np.array(rows), rtol=rtol, atol=0)


def many(name, theta, params, rates_differ=False):
    """An optimiser of many nets, and a function step(rates, gradients)."""
    grad, total = np.empty_like(theta), np.array(2.0, theta.dtype)
    layout = Layout([Flat(5, 2, 3)], (len(theta),))
    plan = SimpleNamespace(
        theta=theta, grad=grad, alpha=0.1, layout=layout, total=total
    )
    optimizer = OPTIMIZERS[name](theta.shape, theta.dtype, params, rates_differ)
    take = optimizer.attach(plan, CHUNK)

    def step(rates, gradients):
        grad[...] = gradients
        take(rates, total)

    return optimizer, step


@each
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_rates_may_differ_though_no_other_number_does(name, clip_norm, dtype):
    rng = np.random.default_rng(9)
    start = rng.standard_normal((M, 10)).astype(dtype)
    gradients = rng.standard_normal((4, M, 10)).astype(dtype)
    rates = rng.random((4, M, 1))
    params = {**SETTINGS, "weight_decay": 0.1, "clip_norm": clip_norm}
    theta = start.copy()
    optimizer, step = many(name, theta, params, rates_differ=True)
    for rate, g in zip(rates, gradients, strict=True):
        step(rate, g)
    assert optimizer.t == 4
    rtol = 20 * np.finfo(dtype).eps
    for j in range(M):
        mine = start[j].copy()
        _, step = started(name, mine, 5, 0.1, n_slow=3, **params)
        for rate, g in zip(rates, gradients, strict=True):
            step(rate[j].item(), g[j], total=2.0)
        np.testing.assert_allclose(theta[j], mine, rtol=rtol, atol=rtol)


@each
@pytest.mark.parametrize("differ", DIFFERENCES)
def test_those_who_go_on_inherit_their_state(name, differ, dtype):
    """Two of three nets, and then one of these on its own, go on as if all had."""
    rng = np.random.default_rng(10)
    theta = rng.standard_normal((M, 10)).astype(dtype)
    gradients = rng.standard_normal((6, M, 10)).astype(dtype)
    different = DIFFERENCES[differ]

    def of(nets):
        values = {k: np.array(v)[nets] for k, v in different.items()}
        numbers = {k: v.tolist() if v.ndim == 0 else v for k, v in values.items()}
        return {**SETTINGS, "weight_decay": 0.1, **numbers}

    wanted = theta.copy()
    whole, step = many(name, wanted, of([0, 1, 2]))
    for g in gradients:
        step(whole.learning_rate, g)

    first, step = many(name, theta, of([0, 1, 2]))
    for g in gradients[:2]:
        step(first.learning_rate, g)
    two = theta[[0, 2]]
    second, step = many(name, two, of([0, 2]))
    second.inherit(first, [0, 2])
    assert second.t == 2
    for g in gradients[2:4]:
        step(second.learning_rate, g[[0, 2]])
    one = two[1].copy()
    state, step = started(name, one, 5, 0.1, n_slow=3, **of(2))
    state.optimizer.inherit(second, 1)
    assert state.optimizer.t == 4
    for g in gradients[4:]:
        step(state.optimizer.learning_rate, g[2], total=2.0)
    rtol = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(one, wanted[2], rtol=rtol, atol=rtol)
    for name, slot in state.optimizer.state.items():
        np.testing.assert_allclose(slot, whole.state[name][2], rtol=rtol, atol=rtol)
        assert not np.shares_memory(slot, second.state[name])


@each
def test_what_optimisers_must_have_in_common(name):
    def signature(**settings):
        params = {**SETTINGS, **settings}
        return OPTIMIZERS[name]((3,), np.dtype(float), params).signature()

    plain = signature()
    assert signature(learning_rate_init=1.0, beta_1=0.1, beta_2=0.1) == plain
    assert signature(clip_norm=1.0) == signature(clip_norm=2.0) != plain
    assert (signature(momentum=0.0) != plain) == (name == "sgd")
    assert (signature(nesterovs_momentum=False) != plain) == (name == "sgd")
    others = [other for other in OPTIMIZERS if other != name]
    assert all(
        OPTIMIZERS[other]((3,), np.dtype(float), SETTINGS).signature() != plain
        for other in others
    )


def test_the_base_class_says_what_is_missing():
    base = Optimizer((1,), np.dtype(float), SETTINGS)
    with pytest.raises(NotImplementedError):
        base.set_rate(None, 0.1)
    with pytest.raises(NotImplementedError):
        base.update(None, None, None, None, None)
