"""The rows of many trainings at once are those of each training alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from _networks import SOFTMAX, data, network
from numpy.random import RandomState

from sknn_scratch._estimators.targets import Numbers, classification_target
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Batches, Problem
from sknn_scratch._training.stacked_rows import (
    ApartError,
    OwnRows,
    SharedRows,
    StackedValidation,
    same,
)
from sknn_scratch._training.validation import Given, Validation

N, SIZES = 23, (3, 2)
X, Y = data(N, SIZES, "softmax")
WEIGHT = np.random.default_rng(2).random(N)
NET = network(SIZES)


def made(seed=0, X=X, Y=Y, weight=None, rows=None, shuffle=True, dtype="float64"):
    """What the rows of many trainings ask a run for."""
    net = network(SIZES, dtype=dtype)
    generator = seed if isinstance(seed, RandomState) else RandomState(seed)
    loss = LOSSES["log_loss"](SOFTMAX)
    case = Problem.of(net, None, loss, X, Y, weight, generator, None, weight)
    rows = np.arange(N) if rows is None else rows.copy()
    batches = Batches(case, rows, 10, not shuffle and len(rows) == N)
    return SimpleNamespace(problem=case, batches=batches, shuffle=shuffle)


def epochs_alone(run, n_epochs=3):
    """Copies of the batches of some epochs, as the loop of one training has them."""
    seen = []
    for _ in range(n_epochs):
        if run.shuffle:
            run.problem.random_state.shuffle(run.batches.rows)
        seen += [copied(batch) for batch in run.batches]
    return seen


def epochs(rows, alive, n_epochs=3):
    seen = []
    for _ in range(n_epochs):
        rows.shuffle(alive)
        seen += [copied(batch) for batch in rows]
    return seen


def copied(batch):
    return [None if part is None else np.array(part) for part in batch]


# ---- what is the same ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrays", "is_same"),
    [
        ([X], True),
        ([X, X, X.copy()], True),
        ([None, None], True),
        ([None, X], False),
        ([X, None], False),
        ([X, X[:-1]], False),
        ([X, X + np.eye(N, 3)], False),
        ([X, X, X - np.eye(N, 3, -20)], False),
    ],
    ids=range(8),
)
def test_the_same_to_the_last_entry(arrays, is_same):
    assert same(arrays) == is_same


# ---- shared rows --------------------------------------------------------------------


def test_one_data_set_and_one_seed_share_their_batches():
    assert SharedRows.serve([made(), made(), made()])
    assert SharedRows.serve([made(), made(Y=Y.copy())])
    assert SharedRows.serve([made(weight=WEIGHT), made(weight=WEIGHT.copy())])


GENERATOR = RandomState(0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"seed": 1}),
        ({}, {"X": X.copy()}),  # its owner sees to it that equal rows are one array
        ({}, {"Y": Y[::-1]}),
        ({}, {"weight": WEIGHT}),
        ({"weight": WEIGHT}, {"weight": WEIGHT[::-1]}),
        ({}, {"rows": np.arange(N)[::-1]}),
        ({"seed": GENERATOR}, {"seed": GENERATOR}),
    ],
    ids=["seed", "X", "Y", "unweighted", "weight", "order", "one generator"],
)
def test_what_keeps_trainings_from_sharing_them(one, other):
    assert not SharedRows.serve([made(**one), made(**other)])


def test_a_generator_that_has_been_used_is_another():
    used = RandomState(0)
    used.random_sample()
    assert not SharedRows.serve([made(), made(used)])


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("Y", [Y, Y.astype(bool)], ids=["numbers", "codes"])
def test_shared_batches_are_those_of_each_alone(Y, shuffle, weight, dtype):
    options = {"Y": Y, "weight": weight, "shuffle": shuffle, "dtype": dtype}
    wanted = epochs_alone(made(**options))
    rows = SharedRows([made(**options) for _ in range(3)])
    same_batches(epochs(rows, [0, 1, 2]), wanted)
    assert len(wanted) == 3 * 3


def same_batches(seen, wanted):
    for ours, theirs in zip(seen, wanted, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a is None or a.dtype == b.dtype


# ---- own rows -----------------------------------------------------------------------

#: The options of each of three trainings.
OWN = {
    "seeds": [{"seed": j} for j in range(3)],
    "one seed": [{"seed": 0}] * 3,
    "targets": [{"Y": np.roll(Y, j, axis=0)} for j in range(3)],
    "codes": [{"Y": np.roll(Y, j, axis=0).astype(bool)} for j in range(3)],
    "rows": [{"X": X + j, "seed": j} for j in range(3)],
    "weights": [{"weight": WEIGHT + j, "seed": j} for j in range(3)],
    "one weight": [{"weight": WEIGHT, "seed": j} for j in range(3)],
    "in order": [{"X": X + j, "shuffle": False} for j in range(3)],
    "subsets": [{"rows": RandomState(j).permutation(N)[:13]} for j in range(3)],
    "Fortran": [{"X": np.asfortranarray(X + j), "seed": j} for j in range(3)],
}


@pytest.mark.parametrize("options", OWN.values(), ids=OWN)
def test_own_batches_are_those_of_each_alone(options, dtype):
    options = [{**each, "dtype": dtype} for each in options]
    each_wanted = [epochs_alone(made(**each)) for each in options]
    seen = epochs(OwnRows([made(**each) for each in options]), [0, 1, 2])
    for j, wanted in enumerate(each_wanted):
        # The number of rows is one for all.
        mine = [[n, *(None if a is None else a[j] for a in rest)] for n, *rest in seen]
        same_batches(mine, wanted)


def test_what_all_have_is_held_once():
    rows = OwnRows([made(j, weight=WEIGHT.copy()) for j in range(3)])
    assert rows.X.shape == X.shape
    assert rows.Y.shape == Y.shape
    assert rows.weight.shape == (N,)
    rows = OwnRows([made(j, X + j) for j in range(3)])
    assert [each.shape for each in rows.X] == [X.shape] * 3
    assert rows.weight is None


def test_the_rows_of_those_that_have_ended_stay_in_their_order():
    runs = [made(j) for j in range(3)]
    rows = OwnRows(runs)
    rows.shuffle([0, 1, 2])
    before = rows.order.copy()
    state = runs[1].problem.random_state.get_state()
    rows.shuffle([0, 2])
    np.testing.assert_array_equal(rows.order[1], before[1])
    assert (rows.order[[0, 2]] != before[[0, 2]]).any(axis=1).all()
    np.testing.assert_equal(runs[1].problem.random_state.get_state(), state)


def test_batches_of_a_size_share_their_buffers():
    first, second, last = (x for _, x, _, _ in OwnRows([made(j) for j in range(3)]))
    assert first is second
    assert first.shape == (3, 10, 3)
    assert last.shape == (3, 3, 3)


def test_a_batch_without_weight_needs_a_training_of_its_own():
    """It is left out of one net's epoch, but not of the others'."""
    weight = np.ones(N)
    weight[10:20] = 0
    runs = [made(weight=np.ones(N), shuffle=False), made(weight=weight, shuffle=False)]
    batches = iter(OwnRows(runs))
    assert next(batches)[0] == 10
    with pytest.raises(ApartError, match="weighs nothing"):
        next(batches)


# ---- validation ---------------------------------------------------------------------

LABELS = np.random.default_rng(4).integers(3, size=(3, N))
NUMBERS = np.random.default_rng(5).gamma(2, size=(3, N, 2))
PAIRS = np.c_[LABELS[0], LABELS[1] > 0], np.c_[LABELS[1], LABELS[2] > 0]
#: The loss, and the targets of three trainings.
TARGETS = {
    "classes": ("log_loss", LABELS),
    "binary": ("log_loss", (LABELS > 0).astype(int)),
    "labels": ("log_loss", NUMBERS.round().clip(0, 1).astype(int)),
    "several outputs": ("log_loss", [*PAIRS, PAIRS[0]]),
    "numbers": ("squared_error", NUMBERS),
    "counts": ("poisson", NUMBERS.round()),
}


@pytest.mark.parametrize("scorer", [None, "loss"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shared", [False, True], ids=["own rows", "shared rows"])
@pytest.mark.parametrize(("loss", "ys"), TARGETS.values(), ids=TARGETS)
def test_validations_at_once_are_each_alone(loss, ys, shared, weighted, scorer, dtype):
    dtype, runs = np.dtype(dtype), []
    for j, y in enumerate(ys):
        y = ys[0] if shared else y
        numbers = loss in ("squared_error", "poisson")
        target = Numbers(2, loss) if numbers else classification_target(y)
        net = network((3, 4, target.n_outputs), "tanh", dtype, j)
        rows = X if shared else X + j
        weight = WEIGHT + (0 if shared else j) if weighted else None
        encoded = target.encode(y, dtype)
        made_loss = LOSSES[loss](target.link)
        case = Problem.of(
            net, target, made_loss, rows, encoded, None, RandomState(0), y, None
        )
        validation = Validation(case, Given(rows, y, encoded, weight), scorer)
        runs.append(SimpleNamespace(problem=case, validation=validation))
    many = Network.stacked([run.problem.network for run in runs])
    validation = StackedValidation(runs)
    assert validation.is_shared == shared
    found = validation(many)
    assert found == [run.validation() for run in runs]
    assert len(set(found)) == 3  # the nets differ
    assert {type(value) for pair in found for value in pair} == {float}
