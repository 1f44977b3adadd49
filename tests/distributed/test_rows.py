"""What a worker makes of its rows, and says of them."""

import sys

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch.distributed._rows import n_bytes, scored_rows, summary, validated

X = np.arange(12.0).reshape(4, 3)
y = np.array([2, 0, 2, 2])


def test_valid_rows_are_kept_as_they_are():
    rows = validated(0, X, y, None, None, True)
    assert rows.X is X
    np.testing.assert_array_equal(rows.y, y)
    assert rows.weight is rows.names is None
    assert sys.getsizeof(rows) >= X.nbytes + y.nbytes


@pytest.mark.parametrize(
    ("given", "asked", "wanted"),
    [
        (np.float32, None, np.float32),
        (np.int64, None, np.float64),
        (np.float64, "float32", np.float32),
    ],
)
def test_the_dtype(given, asked, wanted):
    assert validated(0, X.astype(given), y, None, asked, True).X.dtype == wanted


def test_sparse_rows_stay_sparse():
    rows = validated(0, sparse.csr_matrix(X), y, None, None, True)
    assert sparse.issparse(rows.X)
    assert n_bytes(rows.X) > rows.X.data.nbytes


def test_names_and_a_column_of_y():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abc"))
    rows = validated(0, frame, pd.DataFrame({"y": y}), pd.Series(y), None, True)
    assert rows.names == ("a", "b", "c")
    assert rows.y.shape == (4,)
    assert rows.weight.dtype == np.float64


def test_no_rows_at_all():
    rows = validated(0, X[:0], y[:0], y[:0], None, False)
    assert summary(0, rows, False).n == 0
    assert rows.X.dtype == np.float32  # which changes no other partition's


@pytest.mark.parametrize(
    ("X", "y", "classifier", "message"),
    [
        (np.full((4, 3), np.nan), y, True, "Partition 7: Input X contains NaN"),
        (X, y[:3], True, "Partition 7: Found input variables with inconsistent"),
        (X, np.array(list("abcd")), False, "Partition 7: y must be real numbers"),
    ],
)
def test_bad_rows_are_the_partitions(X, y, classifier, message):
    with pytest.raises(ValueError, match=message):
        validated(7, X, y, None, None, classifier)


def test_weights():
    assert not validated(0, X, y, np.zeros(4, int), None, True).weight.any()
    with pytest.raises(ValueError, match=r"Partition 2: sample_weight has the shape"):
        validated(2, X, y, np.ones(3), None, True)
    with pytest.raises(ValueError, match="sample_weight contains NaN"):
        validated(2, X, y, np.full(4, np.nan), None, True)


def test_a_summary():
    told = summary(0, validated(0, X, y, y + 0.5, None, True), True)
    assert (told.n, told.n_features, told.total) == (4, 3, 8.0)
    assert told.n_outputs is None
    assert [each.tolist() for each in told.classes] == [[0, 2]]
    assert [each.tolist() for each in told.counts] == [[1, 3]]


def test_a_summary_of_several_outputs():
    both = np.stack([y, [0, 1, 1, 1]], axis=1)
    told = summary(0, validated(0, X, both, None, None, True), True)
    assert told.n_outputs == 2
    assert [each.tolist() for each in told.classes] == [[0, 2], [0, 1]]


def test_targets_that_are_no_classes():
    rows = validated(3, X, y + 0.5, None, None, True)
    with pytest.raises(ValueError, match="Partition 3: Unknown label type: cont"):
        summary(3, rows, True)


def test_rows_to_score():
    X_, y_, weight = scored_rows(X, y.tolist(), None)
    assert X_ is X
    assert y_.dtype.kind == "i"
    assert weight is None
