"""The members of a family: folds, weights drawn, what each has and has not seen."""

import numpy as np
import pytest

from sknn_scratch._estimators.tabular_members import (
    Data,
    Family,
    LatestBest,
    deal_folds,
    trained,
)
from sknn_scratch._estimators.tabular_members import _network as network_of
from sknn_scratch._estimators.targets import Numbers, classification_target
from sknn_scratch._nn.layers import Dense, ScaledDense
from sknn_scratch._nn.links import LINKS

rng = np.random.default_rng(0)
X = rng.normal(size=(61, 5)).astype(np.float32)
numbers = (X[:, :1] ** 2 + X[:, 1:2]).astype(float)


def family(**options):
    return Family(
        **{
            "hidden": [6],
            "activation": "relu",
            "with_bins": True,
            "bin_scale": 0.3,
            "learning_rate_init": 0.05,
            "weight_decay": 0.02,
            "batch_size": 16,
            "steps_per_row": 0.4,
            "loss": "squared_error",
            "scoring": "loss",
            **options,
        }
    )


def data(y=numbers, target=None, weight=None):
    target = target or Numbers(1, "squared_error")
    return Data(X, 3, y, target, target, weight, weight)


def test_folds_are_dealt_out_within_each_stratum():
    strata = rng.integers(3, size=100)
    folds = deal_folds(strata, 4, np.random.RandomState(0))
    assert np.ptp(np.bincount(folds, minlength=4)) <= 1
    for stratum in range(3):
        assert np.ptp(np.bincount(folds[strata == stratum], minlength=4)) <= 1
    other = deal_folds(strata, 4, np.random.RandomState(1))
    assert (folds != other).any()


def test_the_last_of_equally_good_epochs_is_taken():
    plateau = LatestBest()
    improved = [plateau.update(value) for value in (3, 2, 2.5, 2, np.nan, 2.1)]
    assert improved == [True, True, False, True, False, False]
    assert plateau.best == 2
    assert not plateau.reached


def test_weights_as_the_paper_draws_them():
    target = Numbers(2, "squared_error")
    rows = np.zeros((4, 400), np.float32)
    wide = Data(rows, 100, None, target, target, None, None)
    network = network_of(family(hidden=[300, 200]), wide, np.random.RandomState(0))
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


def test_without_hidden_layers_it_is_linear():
    network = network_of(family(hidden=[]), data(), np.random.RandomState(0))
    (layer,) = network.layers
    assert isinstance(layer, Dense)
    assert type(layer.f).__name__ == "Identity"


@pytest.mark.parametrize("n_members", [1, 3, 8])
def test_each_row_is_predicted_by_those_that_have_not_seen_it(n_members):
    """The network given back holds the members: each predicts its own fold."""
    folds = deal_folds(np.zeros(len(X)), 4, np.random.RandomState(0))
    seeds = list(range(n_members))
    network, held_out, progress = trained(family(), data(), folds, seeds, 5)
    assert network.nets == (n_members,)
    each = network.predict(X, LINKS["identity"])
    for row, fold in enumerate(folds):
        mine = [each[j, row] for j in range(n_members) if j % 4 == fold]
        expected = np.mean(mine, axis=0) if mine else np.nan
        np.testing.assert_allclose(held_out[row], expected, rtol=1e-5, atol=1e-6)
    assert [each.n_iter for each in progress] == [5] * n_members


def test_a_row_that_is_held_out_changes_nothing_but_its_score():
    """Another target for the rows of fold 0 leaves member 0's training losses."""
    folds = deal_folds(np.zeros(len(X)), 4, np.random.RandomState(0))
    changed = numbers.copy()
    changed[folds == 0] += 5
    first = trained(family(), data(), folds, [1, 2, 3, 4], 4)
    second = trained(family(), data(changed), folds, [1, 2, 3, 4], 4)
    assert first[2][0].curve("loss") == second[2][0].curve("loss")
    assert first[2][0].curve("validation_loss") != second[2][0].curve("validation_loss")
    assert first[2][1].curve("loss") != second[2][1].curve("loss")


def test_the_number_of_epochs_follows_from_the_rows():
    folds = deal_folds(np.zeros(len(X)), 4, np.random.RandomState(0))
    few = family(fewest=200, most=400)
    _, _, progress = trained(few, data(), folds, [0], None)
    n_batches = -(-(len(X) - np.bincount(folds).max()) // 16)
    assert progress[0].n_iter == max(10, round(0.4 * 200 / n_batches))


def test_members_learn():
    folds = deal_folds(np.zeros(len(X)), 4, np.random.RandomState(0))
    _, held_out, _ = trained(family(hidden=[20]), data(), folds, [1, 2, 3, 4], 150)
    missed = np.mean((held_out - numbers) ** 2)
    assert missed < 0.5 * numbers.var()


def test_the_best_epoch_by_the_targets_own_score():
    y = (X[:, 0] > 0).astype(int)
    target = classification_target(y)
    classes = Data(X, 3, y, target, target, None, None)
    folds = deal_folds(y, 4, np.random.RandomState(0))
    by_score = family(loss="log_loss", scoring=None)
    network, _, progress = trained(by_score, classes, folds, [5], 30)
    held = np.flatnonzero(folds == 0)[: np.bincount(folds).min()]
    z = network.predict(X[held], LINKS["identity"])[0]
    accuracy = np.mean((z[:, 0] > 0) == y[held])
    assert accuracy == max(progress[0].curve("validation_score"))
