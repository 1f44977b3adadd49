"""The classes of targets that come in batches, and their weights."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight

from sknn_scratch._estimators.census import Census
from sknn_scratch._estimators.targets import classification_target

rng = np.random.RandomState(0)
TARGETS = {
    "binary": rng.randint(0, 2, 50),
    "text": np.array(["c", "a", "b"])[rng.randint(0, 3, 50)],
    "objects": np.array(["c", "a", "b"], object)[rng.randint(0, 3, 50)],
    "floats": rng.randint(0, 3, 50).astype(float),
    "sorted": np.sort(rng.randint(0, 5, 50)),
    "one": np.zeros(50, int),
    "labels": rng.randint(0, 2, (50, 4)),
    "an empty label": np.c_[np.zeros(50, int), rng.randint(0, 2, (50, 2))],
    "sparse": sparse.csr_matrix(rng.randint(0, 2, (50, 4))),
    "outputs": np.c_[rng.randint(0, 2, 50), rng.randint(3, 7, 50)],
    "column": rng.randint(0, 3, (50, 1)),
}


def census_of(y, of_classes=True):
    rows = [slice(0, 5), slice(5, 6), slice(6, 50)]
    return Census([(i, None, y[r], None) for i, r in enumerate(rows)], of_classes)


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_the_target_is_that_of_all_rows(y):
    census = census_of(y)
    assert (census.n_rows, census.n_batches) == (50, 3)
    ours = census.target()
    theirs = classification_target(y.ravel() if y.shape[1:] == (1,) else y)
    assert type(ours) is type(theirs)
    assert ours.n_outputs == theirs.n_outputs
    for a, b in zip(ours.announced, theirs.announced, strict=True):
        np.testing.assert_array_equal(a, b)
    assert getattr(ours, "is_sparse", None) == getattr(theirs, "is_sparse", None)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - {"column"}))
def test_balanced_weights_are_scikit_learns(name):
    y = TARGETS[name]
    census = census_of(y)
    target = census.target()
    target = target.settled(0.0, census.balanced(y[:5], target))
    np.testing.assert_array_equal(
        target.weights(y, None), compute_sample_weight("balanced", y)
    )


def test_rows_alone_may_be_counted():
    census = census_of(rng.standard_normal((50, 2)), of_classes=False)
    assert (census.n_rows, census.n_batches, census.columns) == (50, 3, [])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([np.arange(3) / 7], "In batch 0 .*Unknown label type: continuous"),
        ([[0, 1], [0.0, np.nan]], "In batch 1 .*y contains NaN"),
        ([[0, 1], ["a"]], "In batch 1 .*y mixes values .*of one type in all"),
        ([[0, 1], [[0, 1]]], r"In batch 1 .*shape \(1, 2\), but .*\(n_samples\)"),
        ([[[0, 1]], [0, 1]], r"In batch 1 .*shape \(2,\), but .*\(n_samples, 2\)"),
    ],
)
def test_errors_name_the_batch(parts, message):
    with pytest.raises(ValueError, match=message):
        Census([(i, None, y, None) for i, y in enumerate(parts)], True)
