"""Many trainings at once: each comes to what it comes to alone."""

from contextlib import nullcontext

import numpy as np
import pytest
from _networks import DRAW
from scipy import sparse

from sknn_scratch._estimators.targets import classification_target
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, Dropout, Pad, ResidualStack
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._training import together
from sknn_scratch._training.batches import Batches, Problem
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch._training.loop import train_minibatch
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.run import Run
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.stacked_rows import ApartError, OwnRows, SharedRows
from sknn_scratch._training.state import TrainingState
from sknn_scratch._training.together import (
    MOST_NETS,
    Stack,
    key,
    nets_at_once,
    train_together,
)
from sknn_scratch._training.validation import Given, Validation

PARAMS = {
    "learning_rate_init": 0.05,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.1,
    "power_t": 0.5,
    "warmup_fraction": 0.1,
    "clip_norm": None,
    "weight_averaging": None,
    "focal_gamma": 2.0,
}
N = 23
RNG = np.random.default_rng(0)
X, LABELS, WEIGHT = RNG.standard_normal((N, 3)), RNG.integers(3, size=N), RNG.random(N)
LABELS[:3] = 0, 1, 2
#: One array for all trainings: equal ones are united by whoever prepares them.
ROWS = {dtype: X.astype(dtype) for dtype in ("float32", "float64")}


def layers_of(activation="tanh", hidden=4, dropout=None, step=None):
    """Two layers, or with ``step`` residual ones, and dropout between them."""
    f = ACTIVATIONS[activation]
    first = [Dense(3, hidden, f)]
    if step is not None:
        first = [Pad(3, hidden), ResidualStack(2, hidden, step, f)]
    dropped = [] if dropout is None else [Dropout(hidden, dropout)]
    return [*first, *dropped, Dense(hidden, 3, ACTIVATIONS["identity"])]


def made(
    seed=0,
    solver="adam",
    schedule="constant",
    *,
    X=None,
    y=LABELS,
    weight=None,
    loss="log_loss",
    layers=None,
    dtype="float64",
    n_rows=N,
    batch_size=10,
    alpha=0.1,
    tol=1e-4,
    patience=10,
    max_iter=4,
    held_out=None,
    scorer=None,
    shuffle=True,
    params=None,
    **options,
):
    """A run; the validation rows, if any, are ``held_out`` times X."""
    X = ROWS[dtype] if X is None else X
    target, generator = classification_target(y), np.random.RandomState(seed)
    net = Network(layers_of(**(layers or {})), np.dtype(dtype))
    net.draw(DRAW, generator)
    params = {**PARAMS, "max_iter": max_iter, **(params or {})}
    encoded, made_loss = target.encode(y, net.dtype), LOSSES[loss](target.link, params)
    case = Problem.of(net, target, made_loss, X, encoded, weight, generator, y, weight)
    batches = Batches(case, np.arange(n_rows), batch_size, not shuffle)
    theta = net.theta
    optimizer = OPTIMIZERS[solver](theta.shape, theta.dtype, params)
    validation = None
    if held_out is not None:
        given = Given(X * held_out, y, encoded, weight)
        validation = Validation(case, given, scorer)
    return Run(
        case,
        batches,
        alpha,
        TrainingState(optimizer, params["weight_averaging"], theta),
        SCHEDULES[schedule](params, batches.n_batches),
        Plateau(tol, patience),
        max_iter=max_iter,
        shuffle=shuffle,
        validation=validation,
        **options,
    )


def without_seconds(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def assert_as_alone(options, rtol=0):
    """Runs with these options come to the same at once and one after the other."""
    alone = [made(**each) for each in options]
    wanted = [train_minibatch(run) for run in alone]
    runs = [made(**each) for each in options]
    assert key(runs[0]) is not None
    assert len({key(run) for run in runs}) == 1
    assert train_together(runs) == wanted
    for run, own in zip(runs, alone, strict=True):
        state, other = run.state, own.state
        pairs = [(run.problem.network.theta, own.problem.network.theta)]
        slots = own.state.optimizer.state
        pairs += [(state.optimizer.state[name], slots[name]) for name in slots]
        if other.averaging is not None:
            pairs.append((state.averaging.other, other.averaging.other))
            assert state.averaging.is_shown
        assert (state.best is None) == (other.best is None)
        if other.best is not None:
            pairs.append((state.best, other.best))
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)
            assert ours.dtype == theirs.dtype
        assert state.optimizer.t == other.optimizer.t
        assert state.optimizer.learning_rate == other.optimizer.learning_rate
        assert state.n_epochs == other.n_epochs
        progress, theirs = run.progress, own.progress
        assert (progress.n_iter, progress.t) == (theirs.n_iter, theirs.t)
        assert progress.best_iter == theirs.best_iter
        assert not progress.stopped
        assert run.plateau.count == own.plateau.count
        for ours, record in zip(
            without_seconds(progress.history),
            without_seconds(theirs.history),
            strict=True,
        ):
            assert ours.keys() == record.keys()
            np.testing.assert_allclose(
                list(ours.values()), list(record.values()), rtol=rtol, atol=rtol
            )
            assert {k: type(v) for k, v in ours.items()} == {
                k: type(v) for k, v in record.items()
            }
        np.testing.assert_allclose(run.plateau.best, own.plateau.best, rtol=rtol)
    return runs


# ---- who can be trained together ----------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"X": X + 1},
        {"y": LABELS[::-1]},
        {"alpha": 0.0},
        {"tol": 1.0, "patience": 1},
        {"max_iter": 9},
        {"schedule": "cosine"},
        {"params": {"learning_rate_init": 0.1, "beta_1": 0.5, "epsilon": 1e-3}},
    ],
    ids=lambda other: ", ".join(other),
)
def test_nets_may_differ_in_numbers_of_their_own(other):
    assert key(made()) == key(made(**other)) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"layers": {"hidden": 5}}),
        ({}, {"layers": {"activation": "relu"}}),
        ({"layers": {"step": 0.5}}, {"layers": {"step": 1.0}}),
        ({}, {"layers": {"dropout": 0.1}}),
        ({}, {"dtype": "float32"}),
        ({}, {"loss": "squared_error"}),
        (
            {"loss": "focal", "params": {"focal_gamma": 1.0}},
            {"loss": "focal", "params": {"focal_gamma": 2.0}},
        ),
        ({}, {"weight": WEIGHT}),
        ({}, {"n_rows": 20}),
        ({}, {"batch_size": 5}),
        ({}, {"shuffle": False}),
        ({}, {"solver": "nadam"}),
        ({}, {"params": {"clip_norm": 1.0}}),
        ({"solver": "sgd"}, {"solver": "sgd", "params": {"momentum": 0.0}}),
        ({"solver": "sgd"}, {"solver": "sgd", "params": {"nesterovs_momentum": False}}),
        ({}, {"params": {"weight_averaging": 0.9}}),
        ({}, {"held_out": 2.0}),
        ({"held_out": 2.0}, {"held_out": 2.0, "early_stopping": True}),
        ({"held_out": 2.0}, {"held_out": 2.0, "scorer": "loss"}),
    ],
    ids=lambda options: ", ".join(map(str, options.get("layers", options))),
)
def test_what_must_be_the_same(one, other):
    assert key(made(**one)) == key(made(seed=1, **one)) is not None
    assert key(made(**one)) != key(made(**other)) is not None


def test_dropout_rates_may_differ():
    rates = [made(layers={"dropout": rate}) for rate in (0.1, 0.2)]
    assert key(rates[0]) == key(rates[1])


def test_what_needs_a_training_of_its_own():
    assert key(made(held_out=2.0, scorer=lambda X, y, weight: 1.0)) is None
    run = made()
    run.problem.X = sparse.csr_matrix(X)
    assert key(run) is None
    run = made(held_out=2.0)
    run.validation.X = sparse.csr_matrix(X)
    assert key(run) is None
    run = made()
    run.state.n_epochs = 1
    assert key(run) is None
    run = made()
    run.state.optimizer.t = 1
    assert key(run) is None


def test_as_many_nets_as_stay_in_the_cache(monkeypatch):
    small, large = nets_at_once(made()), made(layers={"hidden": 1200})
    assert small == MOST_NETS
    some = nets_at_once(large)
    assert 1 < some < MOST_NETS
    # theta, its gradient and two moments alone.
    assert 4 * some * large.problem.network.theta.nbytes < together.CACHED_BYTES
    assert nets_at_once(made(layers={"hidden": 1200}, dtype="float32")) > 1.9 * some
    assert nets_at_once(made(layers={"hidden": 1200}, batch_size=20)) < some
    deep = made(layers={"hidden": 1200, "dropout": 0.1})
    assert nets_at_once(deep) < some
    monkeypatch.setattr(together, "MOST_NETS", 3)
    assert nets_at_once(large) == 3
    monkeypatch.setattr(together, "CACHED_BYTES", 1)
    assert nets_at_once(made()) == 1


# ---- what they come to --------------------------------------------------------------

#: For each of three trainings; where only the first differs it ends first.
OPTIONS = {
    "seeds": [{"seed": j} for j in range(3)],
    "penalties": [{"alpha": a} for a in (0.0, 0.1, 1.0)],
    "no penalty": [{"alpha": 0.0, "seed": j} for j in range(3)],
    "rates": [{"params": {"learning_rate_init": r}} for r in (0.01, 0.1, 0.2)],
    "limits": [{"seed": j, "max_iter": 2 + j} for j in range(3)],
    "tolerances": [
        {"tol": t, "patience": p, "max_iter": 8} for t, p in ((9, 1), (9, 3), (0, 9))
    ],
    "rows": [{"X": X + j, "y": np.roll(LABELS, j)} for j in range(3)],
    "targets": [{"y": np.roll(LABELS, j)} for j in range(3)],
    "weights": [{"weight": WEIGHT + j} for j in range(3)],
    "one weight": [{"weight": WEIGHT, "alpha": a} for a in (0.0, 0.1, 1.0)],
    "in order": [{"shuffle": False, "X": X + j, "seed": j} for j in range(3)],
    "clipped": [{"seed": j, "params": {"clip_norm": 0.1}} for j in range(3)],
    "averaged": [
        {"seed": j, "max_iter": 2 + j, "params": {"weight_averaging": 0.8}}
        for j in range(3)
    ],
    "dropout": [{"seed": j, "layers": {"dropout": 0.2 * j}} for j in range(3)],
    "residual": [{"seed": j, "layers": {"step": 0.5}} for j in range(3)],
    "focal": [{"seed": j, "loss": "focal"} for j in range(3)],
    "squared": [{"seed": j, "loss": "squared_error"} for j in range(3)],
    "watched": [{"seed": j, "held_out": 1.0 + j} for j in range(3)],
    "stopped": [
        {"seed": j, "held_out": 2.0, "early_stopping": True, "patience": 1 + j}
        | {"max_iter": 9, "tol": 1e-2}
        for j in range(3)
    ],
    "stopped by loss": [
        {"alpha": 0.1 * j, "held_out": 2.0, "early_stopping": True, "scorer": "loss"}
        | {"max_iter": 9, "patience": 1 + j, "params": {"learning_rate_init": 0.3}}
        for j in range(3)
    ],
    "averaged and stopped": [
        {"seed": j, "held_out": 2.0, "early_stopping": True, "patience": 1 + j}
        | {"params": {"weight_averaging": 0.8}, "max_iter": 9, "tol": 1e-2}
        for j in range(3)
    ],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_each_comes_to_what_it_comes_to_alone(options, dtype):
    """Weights, moments, best weights, average, history and end, to the last bit."""
    rtol = 0
    if "clip_norm" in options[0].get("params", ()):  # |g| is summed in another order
        rtol = 100 * np.finfo(dtype).eps
    assert_as_alone([{**each, "dtype": dtype} for each in options], rtol)


def test_one_data_set_and_one_seed_are_gathered_once():
    penalties = [made(alpha=alpha) for alpha in (0.0, 0.1, 1.0)]
    assert isinstance(Stack(penalties).batches, SharedRows)
    assert isinstance(Stack([made(0), made(1)]).batches, OwnRows)
    # So they are when one has left.
    stack = Stack([made(alpha=alpha) for alpha in (0.0, 0.1, 1.0)])
    stack.alive.remove(0)
    assert isinstance(stack.without_the_ended().batches, SharedRows)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_every_optimiser_and_schedule(solver, schedule, dtype):
    """Two have one rate; the third has another, and more time."""
    common = {"solver": solver, "schedule": schedule, "dtype": dtype}
    common |= {"patience": 1, "tol": 0.01}
    last = {"max_iter": 6, "params": {"learning_rate_init": 0.01}}
    assert_as_alone([common, {**common, "seed": 1}])
    assert_as_alone([common, {**common, "seed": 1}, {**common, **last}])


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_moments_that_decay_differently(solver, dtype):
    each = [
        {"momentum": 0.9, "beta_1": 0.9, "beta_2": 0.999, "weight_decay": 0.0},
        {"momentum": 0.5, "beta_1": 0.5, "beta_2": 0.99, "weight_decay": 0.1},
        {"momentum": 0.1, "beta_1": 0.7, "beta_2": 0.9, "weight_decay": 0.2},
    ]
    # NumPy's powers of an array, and Python's of a number, differ in the last bit.
    rtol = 1e-4 if dtype == "float32" else 1e-11
    options = [{"solver": solver, "params": params, "dtype": dtype} for params in each]
    options = [{**each, "max_iter": 3 + j} for j, each in enumerate(options)]
    assert_as_alone(options, rtol)


def test_one_training_alone_in_a_stack():
    assert_as_alone([{"max_iter": 3}])


def test_large_nets_are_stepped_in_pieces(monkeypatch):
    monkeypatch.setattr(together, "CHUNK", 7)
    averaged = {"params": {"weight_averaging": 0.8}}
    assert_as_alone([{"seed": j, **averaged} for j in range(3)])


@pytest.mark.parametrize("schedule", ["constant", "adaptive"])
def test_each_says_what_it_says_alone(schedule):
    said = []
    for train in (lambda runs: [train_minibatch(run) for run in runs], train_together):
        lines = [[], [], []]
        options = {"schedule": schedule, "tol": 9, "patience": 1, "max_iter": 6}
        options |= {"solver": "sgd", "held_out": 2.0}
        train([made(j, say=lines[j].append, **options) for j in range(3)])
        said.append(lines)
    assert said[0] == said[1]
    for mine in said[1]:
        assert "validation loss = " in mine[0]
        assert mine[1].startswith("Validation score: ")
        assert "did not improve more than tol=9.000000 for 1" in mine[6]
        assert ("Setting learning rate to" in mine[6]) == (schedule == "adaptive")
    assert len({mine[0] for mine in said[1]}) == 3


# ---- on scripted losses -------------------------------------------------------------


def scripted(monkeypatch, losses, scores=None, **options):
    """Trainings with the epochs' losses given, a list each; a step adds 1 to theta.

    Returns the runs, whether each ended early, and the sizes of the stacks, epoch by
    epoch.
    """
    runs = [
        made(
            j,
            max_iter=len(mine),
            tol=0.1,
            patience=2,
            held_out=None if scores is None else 2.0,
            early_stopping=scores is not None,
            **options,
        )
        for j, mine in enumerate(losses)
    ]
    number = {id(run): j for j, run in enumerate(runs)}
    sizes = []

    class Scripted(Stack):
        def __init__(self, runs):
            super().__init__(runs)
            self.mine = [number[id(run)] for run in runs]
            if scores is not None:
                self.validation = self.validated

        def attached(self):
            if sizes == []:
                self.network.theta[...] = 0
            return super().attached()

        def epoch(self, step):
            def run_epoch(plans, batches, step, rates):
                self.network.theta[...] += 1
                rows = [runs[j] for j in self.mine]
                return [
                    losses[j][min(run.progress.n_iter, len(losses[j]) - 1)]
                    for j, run in zip(self.mine, rows, strict=True)
                ]

            monkeypatch.setattr(together, "run_epoch", run_epoch)
            sizes.append(len(self.runs))
            super().epoch(step)

        def validated(self, network):
            of = [(j, runs[j].progress.n_iter - 1) for j in self.mine]
            return [(0.25, scores[j][min(k, len(scores[j]) - 1)]) for j, k in of]

    monkeypatch.setattr(together, "Stack", Scripted)
    return runs, train_together(runs), sizes


FALLING = [9, 8, 7, 6, 5, 4, 3, 2]
STALLED = [3, 2, 1, 1, 1, 1, 1, 1]


def test_each_ends_at_its_own_plateau(monkeypatch):
    losses = [FALLING, STALLED, FALLING[:4], [np.nan] * 5]
    runs, ended, sizes = scripted(monkeypatch, losses)
    assert ended == [False, True, False, False]
    assert [run.progress.n_iter for run in runs] == [8, 6, 4, 5]
    assert [run.progress.best_iter for run in runs] == [8, 3, 4, 0]
    assert [run.problem.network.theta[0] for run in runs] == [8, 6, 4, 5]
    assert all((run.problem.network.theta == run.progress.n_iter).all() for run in runs)
    assert sizes == [4, 4, 4, 4, 3, 2, 1, 1]


@pytest.mark.parametrize(
    ("gone", "sizes"),
    [
        (0.0, [4, 3, 3, 2, 2, 1]),
        (1 / 4, [4, 3, 3, 2, 2, 1]),
        (1 / 2, [4, 4, 4, 2, 2, 1]),
        (0.7, [4, 4, 4, 4, 4, 1]),
        (1.0, [4] * 6),
    ],
)
def test_those_who_have_ended_leave_the_stack(monkeypatch, gone, sizes):
    monkeypatch.setattr(together, "GONE", gone)
    losses = [FALLING[:n] for n in (6, 1, 3, 5)]
    runs, ended, seen = scripted(monkeypatch, losses)
    assert seen == sizes
    assert not any(ended)
    # Whoever stays in the stack is moved no more.
    assert [run.problem.network.theta[0] for run in runs] == [6, 1, 3, 5]
    assert [run.progress.curve("loss") for run in runs] == losses


def test_each_keeps_its_best_weights(monkeypatch):
    scores = [
        [0.1, 0.9, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
        [0.9, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    ]
    runs, ended, _ = scripted(monkeypatch, [FALLING] * 3, scores)
    assert ended == [True, True, False]
    assert [run.progress.best_iter for run in runs] == [2, 1, 8]
    for run in runs:
        assert (run.state.best == run.progress.best_iter).all()
        assert (run.problem.network.theta == run.progress.n_iter).all()
    # Not views of the stack's.
    assert all(run.state.best.base is None for run in runs)


def test_each_adaptive_rate_falls_at_its_own_plateau(monkeypatch):
    losses = [FALLING, STALLED, [1.0] * 8]
    options = {"solver": "sgd", "schedule": "adaptive"}
    runs, ended, _ = scripted(monkeypatch, losses, **options)
    assert not any(ended)
    rates = [run.progress.curve("learning_rate") for run in runs]
    assert rates == [
        [0.05] * 8,
        [0.05] * 6 + [0.01] * 2,
        [0.05] * 4 + [0.01] * 3 + [0.01 / 5],
    ]


# ---- what may go wrong --------------------------------------------------------------


@pytest.mark.parametrize("block", [nullcontext, ctrl_c_ends_all])
def test_ctrl_c_is_passed_on(monkeypatch, block):
    """Unlike one training, of which what there is would be kept."""
    calls, run_epoch = [], together.run_epoch

    def until_the_third(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run_epoch(*args)

    monkeypatch.setattr(together, "run_epoch", until_the_third)
    with pytest.raises(KeyboardInterrupt), block():
        train_together([made(0), made(1)])
    assert len(calls) == 3


def test_a_batch_that_weighs_nothing_for_one_net():
    weight = np.ones(N)
    weight[10:20] = 0
    options = [{"weight": w, "shuffle": False} for w in (np.ones(N), weight)]
    with pytest.raises(ApartError):
        train_together([made(**each) for each in options])
    # Where it weighs nothing for all it is left out of each epoch.
    assert_as_alone([{**options[1], "alpha": alpha} for alpha in (0.0, 0.1)])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
def test_a_net_that_diverges_harms_no_other(activation):
    layers = {"activation": activation}
    common = {"solver": "sgd", "X": 1e3 * X, "layers": layers, "max_iter": 8}
    common |= {"loss": "squared_error"} if activation == "identity" else {}
    options = [
        {**common, "seed": j, "params": {"learning_rate_init": rate}}
        for j, rate in enumerate((1e-5, 1e300, 1e-4))
    ]
    runs = assert_as_alone(options)
    finite = [np.isfinite(run.problem.network.theta).all() for run in runs]
    assert finite == [True, False, True]
