"""What may be given as batches, and how often it is gone through."""

import numpy as np
import pytest

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch._estimators.sources import Source

X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
PAIRS = [(X[:2], y[:2]), (X[2:2], y[2:2]), (X[2:], y[2:])]


class Anew:
    def __iter__(self):
        return iter(PAIRS)


def source(batches):
    return Source(batches, ScratchMLPClassifier())


@pytest.mark.parametrize(
    "batches",
    [PAIRS, tuple(PAIRS), Anew(), lambda: iter(PAIRS), lambda: PAIRS],
    ids=["list", "tuple", "object", "iterator", "function"],
)
def test_each_pass_begins_anew(batches):
    passes = source(batches)
    for _ in range(2):
        number, first, labels, weight = passes.first()
        assert (number, weight) == (0, None)
        assert first is PAIRS[0][0]
        assert labels is PAIRS[0][1]
        for _ in range(2):  # the first of them goes on with what was begun
            assert [number for number, *_ in passes] == [0, 2]


def test_the_first_pass_goes_on():
    passes = source(iter(PAIRS))
    passes.first()
    assert [number for number, *_ in passes] == [0, 2]
    assert list(passes) == []


def test_weights_and_lists():
    passes = source([[X.tolist(), y.tolist(), [1.0] * 6]])
    ((_, rows, _, weight),) = passes
    assert rows == X.tolist()
    assert weight == [1.0] * 6


def test_tensors_become_arrays():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    tensor = torch.tensor(X, requires_grad=True)
    ((_, rows, labels, _),) = source([(tensor, torch.tensor(y))])
    np.testing.assert_array_equal(rows, X)
    assert isinstance(labels, np.ndarray)


@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        (3, TypeError, "batches must be an iterable of .*, got int"),
        (lambda: 3, TypeError, "batches must be an iterable of .*, got int"),
        ([X], ValueError, r"batch 0 \(counted from 0\) is a ndarray"),
        ((X, y), ValueError, "batch 0 .* is a ndarray"),
        ([(X, y), (X,)], ValueError, "batch 1 .* is a tuple of 1"),
        ([(X, None)], ValueError, "In batch 0 .*requires y to be passed"),
    ],
)
def test_what_is_no_batch(batches, error, message):
    with pytest.raises(error, match=message):
        list(source(batches))


@pytest.mark.parametrize("batches", [[], lambda: iter(()), [(X[:0], y[:0])]])
def test_no_rows(batches):
    with pytest.raises(ValueError, match="batches gave no rows"):
        source(batches).first()


def test_one_pass_is_not_several():
    once = source(batch for batch in PAIRS)
    once.check_passes(1, "")
    with pytest.raises(ValueError, match=r"a generator, .* n_epochs=3 needs 3. Give a"):
        once.check_passes(3, "")
    with pytest.raises(ValueError, match="and classes=None one more before them"):
        once.check_passes(1, "classes=None")
    source(PAIRS).check_passes(3, "classes=None")
