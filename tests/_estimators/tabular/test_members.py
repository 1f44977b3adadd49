"""The members of a family: folds, weights drawn, what each has and has not seen."""

import numpy as np
import pytest

from sknn_scratch._estimators.tabular import members as tabular_members
from sknn_scratch._estimators.tabular.members import (
    Data,
    Family,
    LatestBest,
    trained,
)
from sknn_scratch._estimators.tabular.members import _network as network_of
from sknn_scratch._estimators.tabular.rows import Table, deal_folds
from sknn_scratch._estimators.targets import Numbers, classification_target
from sknn_scratch._nn.layers import Dense, Periodic, ScaledDense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES

rng = np.random.default_rng(0)
X = rng.normal(size=(61, 5)).astype(np.float32)
numbers = (X[:, :1] ** 2 + X[:, 1:2]).astype(float)


def family(**options):
    return Family(
        **{
            "view": "bins",
            "hidden": [6],
            "activation": "relu",
            "bin_scale": 0.3,
            "n_cosines": 4,
            "learning_rate_init": 0.05,
            "weight_decay": 0.02,
            "batch_size": 16,
            "steps_per_row": 0.4,
            **options,
        }
    )


def folds_of(strata, n_folds):
    return deal_folds(strata, n_folds, np.random.RandomState(0))


four = folds_of(np.zeros(len(X)), 4)


class Made(Table):
    """A table whose columns are given, not made of bins."""

    numbers = None

    def __init__(self, n_raw, full, numbers):
        self.raw, self.numbers = full[:, :n_raw].copy(), numbers
        self.full = self.coarse = full


def data(y=numbers, target=None, weight=None, folds=four, scoring="loss", rows=X):
    target = target or Numbers(1, "squared_error")
    name = "squared_error" if isinstance(target, Numbers) else "log_loss"
    loss = LOSSES[name](target.link, {})
    table = Made(rows.shape[1] - 2, rows, np.array([0, 1]))
    Y = target.encode(y, np.dtype("float32"))
    return Data(table, y, target, loss, weight, weight, Y, folds, scoring)


def test_the_last_of_equally_good_epochs_is_taken():
    plateau = LatestBest()
    improved = [plateau.update(value) for value in (3, 2, 2.5, 2, np.nan, 2.1)]
    assert improved == [True, True, False, True, False, False]
    assert plateau.best == 2
    assert not plateau.reached


def wide(view, n_numbers=2):
    target = Numbers(2, "squared_error")
    rows = np.zeros((4, 400), np.float32)
    table = Made(100, rows, np.arange(n_numbers))
    given = Data(table, None, target, None, None, None, None, None)
    return network_of(family(view=view, hidden=[300, 200]), given, random_state)


random_state = np.random.RandomState(0)


def test_weights_as_the_paper_draws_them():
    network = wide("bins")
    first, second, last = network.layers
    assert isinstance(first, ScaledDense)
    np.testing.assert_allclose(first.W.std(), 1 / np.sqrt(100), rtol=0.02)
    np.testing.assert_allclose(second.W.std(), 1 / np.sqrt(300), rtol=0.02)
    np.testing.assert_allclose(first.b.std(), 1, rtol=0.15)
    assert not last.W.any()
    assert not last.b.any()
    np.testing.assert_array_equal(first.s[:100], 1)
    np.testing.assert_array_equal(first.s[100:], np.float32(0.3))
    rates = {
        (i, name): parameter.rate_factor
        for i, layer in enumerate(network.layers)
        for name, parameter in layer.parameters().items()
    }
    assert rates[0, "W"] == 1 / 10
    np.testing.assert_allclose(rates[1, "W"], 300**-0.5)
    assert rates[0, "s"] == 6
    assert {rates[i, "b"] for i in range(3)} == {0.1}


def test_views_of_the_table():
    assert wide("raw").layers[0].n_in == 100
    assert wide("bins").layers[0].n_in == 400
    waves, first, *_ = wide("cosines").layers
    assert isinstance(waves, Periodic)
    assert (waves.n_in, waves.n_out, first.n_in) == (400, 408, 408)
    assert waves.w.any()
    np.testing.assert_array_equal(first.s[400:], np.float32(0.3))
    np.testing.assert_allclose(first.W.std(), 1 / np.sqrt(100), rtol=0.02)


@pytest.mark.parametrize(("n_numbers", "n_cosines"), [(25, 4), (26, 3), (300, 1)])
def test_many_numbers_have_few_cosines(n_numbers, n_cosines):
    assert wide("cosines", n_numbers).layers[0].n_cosines == n_cosines


def test_without_hidden_layers_it_is_linear():
    network = network_of(family(hidden=[]), data(), np.random.RandomState(0))
    (layer,) = network.layers
    assert isinstance(layer, Dense)
    assert type(layer.f).__name__ == "Identity"


@pytest.mark.parametrize("n_members", [1, 3, 8])
def test_each_row_is_predicted_by_those_that_have_not_seen_it(n_members):
    """The network given back holds the members: each predicts its own fold."""
    folds = four.copy()
    folds[:5] = -1  # nobody holds these out
    given = data(folds=folds)
    part = trained(family(), given, list(range(n_members)), 5)
    assert part.network.nets == (n_members,)
    each = part.network.predict(X, LINKS["identity"])
    for row, fold in enumerate(folds):
        mine = [each[j, row] for j in range(n_members) if j % 4 == fold]
        assert part.known[row] == bool(mine)
        if mine:
            expected = np.mean(mine, axis=0)
            np.testing.assert_allclose(
                part.held_out[row], expected, rtol=1e-5, atol=1e-6
            )
    assert [each.n_iter for each in part.progress] == [5] * n_members


@pytest.mark.parametrize("view", ["raw", "bins", "cosines"])
def test_a_row_that_is_held_out_changes_nothing_but_its_score(view):
    """Another target for the rows of fold 0 leaves member 0's training losses."""
    changed = numbers.copy()
    changed[four == 0] += 5
    first = trained(family(view=view), data(), [1, 2, 3, 4], 4).progress
    second = trained(family(view=view), data(changed), [1, 2, 3, 4], 4).progress
    assert first[0].curve("loss") == second[0].curve("loss")
    assert first[0].curve("validation_loss") != second[0].curve("validation_loss")
    assert first[1].curve("loss") != second[1].curve("loss")


@pytest.mark.parametrize(
    ("n", "steps"), [(100, 40), (200, 40), (300, 60), (400, 80), (1600, 160)]
)
def test_the_number_of_epochs_follows_from_the_rows(monkeypatch, n, steps):
    """Of 4 batches: constant, then as the rows, then as their root."""
    monkeypatch.setattr(tabular_members, "FEWEST", 200)
    monkeypatch.setattr(tabular_members, "MOST", 400)
    assert family(steps_per_row=0.2).n_epochs(n, 4) == steps / 4
    assert family(steps_per_row=0.2).n_epochs(n, 10**6) == 3


def test_members_learn():
    part = trained(family(hidden=[20]), data(), [1, 2, 3, 4], 150)
    missed = np.mean((part.held_out - numbers) ** 2)
    assert missed < 0.5 * numbers.var()


def test_cosines_learn_a_wave():
    """It goes up and down seven times: three linear pieces do not follow it."""
    x = np.linspace(-3, 3, 400, dtype=np.float32)[:, None]
    rows = np.hstack([x, x[::-1], np.clip(x, -3, 0), np.clip(x, 0, 3)])
    wave = np.sin(7 * x).astype(float)
    given = data(wave, folds=folds_of(np.zeros(400), 4), rows=rows)
    left = {
        view: np.mean(
            (trained(family(view=view, hidden=[16, 16]), given, [1, 2], 80))
            .progress[0]
            .curve("validation_loss")[-1]
        )
        for view in ("bins", "cosines")
    }
    assert left["cosines"] < 0.1 * left["bins"]


y = (X[:, 0] > 0).astype(int)


def test_the_best_epoch_by_the_targets_own_score():
    given = data(y, classification_target(y), folds=folds_of(y, 4), scoring=None)
    part = trained(family(), given, [5], 30)
    held = np.flatnonzero(given.folds == 0)[: np.bincount(given.folds).min()]
    z = part.network.predict(X[held], LINKS["identity"])[0]
    accuracy = np.mean((z[:, 0] > 0) == y[held])
    assert accuracy == max(part.progress[0].curve("validation_score"))


@pytest.mark.parametrize("seeds", [[5], [5, 6]])
def test_the_best_epoch_by_a_function(seeds):
    """The first epoch is best by a score that falls."""
    scores = iter(range(1000, 0, -1))
    seen = []

    def scoring(mu, labels, weight):
        seen.append((mu.shape, len(labels), weight))
        return next(scores)

    given = data(y, classification_target(y), folds=folds_of(y, 4), scoring=scoring)
    part = trained(family(), given, seeds, 4)
    assert [each.best_iter for each in part.progress] == [1] * len(seeds)
    assert len(seen) == 4 * len(seeds)
    assert {((15, 1), 15, None)} == set(seen)


def test_the_watcher_ends_a_training_with_the_best_so_far():
    parts = []

    def watch(runs, part):
        parts.append(part())
        return len(parts) == 3

    part = trained(family(), data(), [1, 2], 50, watch)
    assert [each.n_iter for each in part.progress] == [3, 3]
    assert all(each.stopped for each in part.progress)
    np.testing.assert_array_equal(parts[-1].network.theta, part.network.theta)
    np.testing.assert_array_equal(parts[-1].held_out, part.held_out)
    assert (parts[0].network.theta != part.network.theta).any()


def test_ctrl_c_keeps_the_best_so_far():
    def watch(runs, part):
        if runs[0].progress.n_iter == 2:
            raise KeyboardInterrupt
        return False

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        part = trained(family(), data(), [1, 2], 50, watch)
    alone = trained(
        family(), data(), [1, 2], 50, lambda runs, part: runs[0].progress.n_iter == 2
    )
    np.testing.assert_array_equal(part.network.theta, alone.network.theta)
