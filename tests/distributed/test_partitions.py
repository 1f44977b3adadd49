"""Collections that are cut along the same rows, and those that cannot be."""

import dask.array as da
import numpy as np
import pytest
from _dask_rows import collection

from sknn_scratch.distributed._partitions import partitions

X = np.arange(30.0).reshape(10, 3)
y = np.arange(10)


def computed(parts):
    import dask

    return dask.compute(*(tuple(part) for part in parts), scheduler="sync")


def check(parts, lengths):
    parts = computed(parts)
    assert [len(each[0]) for each in parts] == lengths
    np.testing.assert_array_equal(np.concatenate([each[0] for each in parts]), X)
    np.testing.assert_array_equal(np.concatenate([each[1] for each in parts]), y)


def test_arrays_with_the_same_chunks():
    check(partitions(collection(X, 6, 4), collection(y, 6, 4)), [6, 4])


def test_other_chunks_follow_those_of_X():
    check(partitions(collection(X, 6, 4), collection(y, 3, 3, 4)), [6, 4])


def test_columns_are_brought_together():
    check(partitions(da.from_array(X, chunks=(5, 2)), collection(y, 5, 5)), [5, 5])


def test_weights_go_along():
    parts = partitions(collection(X, 6, 4), collection(y, 6, 4), collection(y, 10))
    np.testing.assert_array_equal(computed(parts)[1][2], y[6:])
    assert partitions(collection(X, 6, 4))[0].weight is None


def unknown(array, *rows):
    """The same collection, its chunk sizes forgotten."""
    made = collection(array, *rows)
    blocks = list(np.ravel(made.to_delayed()))
    shape = (np.nan, *made.shape[1:])
    return da.concatenate([da.from_delayed(b, shape, made.dtype) for b in blocks])


def test_unknown_sizes_with_as_many_partitions_go_together():
    check(partitions(unknown(X, 6, 4), unknown(y, 6, 4)), [6, 4])
    check(partitions(unknown(X, 6, 4), collection(y, 6, 4)), [6, 4])


def test_data_frames():
    pd = pytest.importorskip("pandas")
    dd = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y)
    frame = dd.from_pandas(frame, npartitions=2)
    check(partitions(frame[["a", "b", "c"]], frame["y"]), [5, 5])


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((X, collection(y, 10)), TypeError, "X must be a dask array or dataframe, got"),
        ((collection(X, 10), y), TypeError, "y must be a dask array or dataframe, got"),
        (
            (collection(X, 10), collection(y, 10), y),
            TypeError,
            "sample_weight must be a dask array or dataframe, got ndarray",
        ),
        ((collection(y, 10),), ValueError, "X must have 2 dimensions, got 1"),
        (
            (collection(X, 10), collection(y, 10), collection(X, 10)),
            ValueError,
            "sample_weight must have 1 dimensions, got 2",
        ),
        (
            (collection(X, 10), collection(y[:9], 9)),
            ValueError,
            "X has 10 rows, but y has 9",
        ),
        (
            (unknown(X, 6, 4), unknown(y, 4, 3, 3)),
            ValueError,
            "X and y cannot be matched: X has 2 partitions and y has 3",
        ),
    ],
)
def test_what_cannot_be_cut(args, error, message):
    with pytest.raises(error, match=message):
        partitions(*args)


def test_unknown_columns():
    X = da.from_delayed(
        unknown(np.eye(3), 3).to_delayed()[0, 0], (3, np.nan), np.float64
    )
    with pytest.raises(ValueError, match="number of columns of X is unknown"):
        partitions(X)
