"""Rows of a file, converted where they are read."""

import numpy as np
import pytest

from sknn_scratch._training.mapped import MappedRows, is_mapped


@pytest.fixture
def mapped(tmp_path):
    X = np.memmap(tmp_path / "X", "float64", "w+", shape=(10, 3))
    X[...] = np.arange(30).reshape(10, 3) / 7
    return X


def test_what_lies_in_a_file(mapped, tmp_path):
    np.save(tmp_path / "X.npy", mapped)
    loaded = np.load(tmp_path / "X.npy", mmap_mode="r")
    for view in (mapped, loaded, mapped[2:5], np.asarray(mapped), mapped.T):
        assert is_mapped(view)
    for copy in (mapped[[1, 2]], mapped.copy(), np.array(mapped), [[1.0]], None):
        assert not is_mapped(copy)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_those_of_the_converted_whole(mapped, dtype):
    rows, whole = MappedRows(mapped.T.copy().T, dtype), mapped.astype(dtype)
    assert rows.dtype == dtype
    assert rows.shape == whole.shape
    assert len(rows) == 10
    for some in (slice(2, 7), np.array([4, 0, 9])):
        got = rows[some]
        assert got.dtype == dtype
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, whole[some])
    out = np.empty((3, 3), dtype)
    rows.take(np.array([4, 0, 9]), 0, out, "clip")
    np.testing.assert_array_equal(out, whole[[4, 0, 9]])
    parts = list(rows.parts(entries=12))
    assert [len(part) for part in parts] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_another_dtype_is_another_view(mapped):
    rows = MappedRows(mapped, np.float32)
    assert rows.astype(np.float32, copy=False) is rows
    other = rows.astype(np.float64)
    assert other.array is mapped
    assert other.dtype == np.float64
