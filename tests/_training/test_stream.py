"""Chunks of rows become batches: each row once, few of them at a time."""

from dataclasses import replace

import numpy as np
import pytest
from _problems import problem
from scipy import sparse

from sknn_scratch._training.batches import Batches
from sknn_scratch._training.stream import Chunk, Stream

N = 103


def whole(weighted=False, as_sparse=False):
    weight = np.arange(1.0, N + 1) if weighted else None
    return problem(n=N, weight=weight, as_sparse=as_sparse, one_hot=True)


def chunks_of(case, *sizes):
    """The rows in chunks of these sizes, again and again."""
    start, i = 0, 0
    while start < N:
        rows = slice(start, start + sizes[i % len(sizes)])
        weight = None if case.weight is None else case.weight[rows]
        yield Chunk(case.X[rows], case.Y[rows], weight)
        start, i = rows.stop, i + 1


def stream_of(case, sizes, batch_size=10, **options):
    empty = replace(case, X=None, Y=None, weight=None)
    dense = not sparse.issparse(case.X)
    return Stream(empty, lambda: chunks_of(case, *sizes), batch_size, dense, **options)


def seen(batches):
    """(n, x, y, weight) of each batch, copied."""
    return [
        (n, x.toarray() if sparse.issparse(x) else x.copy(), y.copy(), np.copy(w))
        for n, x, y, w in batches
    ]


def assert_equal(ours, theirs):
    assert [batch[0] for batch in ours] == [batch[0] for batch in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one[1:], other[1:], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(1,), (10,), (7, 23), (103,), (60, 1)])
def test_in_order_they_are_the_batches_of_all_rows(sizes, weighted, as_sparse):
    case = whole(weighted, as_sparse)
    stream = stream_of(case, sizes)
    expected = seen(Batches(case, np.arange(N), 10, True))
    for _ in range(2):
        assert_equal(seen(stream), expected)
        assert stream.n_rows == N


@pytest.mark.parametrize("as_sparse", [False, True])
def test_in_a_large_buffer_they_are_shuffled_as_all_rows_are(as_sparse):
    case = whole(True, as_sparse)
    stream = stream_of(case, (7, 23), buffer_size=N)
    stream.problem.random_state = np.random.RandomState(5)
    batches, random_state = (
        Batches(case, np.arange(N), 10, False),
        np.random.RandomState(5),
    )
    for _ in range(3):
        batches.shuffle(random_state)
        stream.shuffle(None)
        assert_equal(seen(stream), seen(batches))


@pytest.mark.parametrize("buffer_size", [1, 15, 40, 102])
def test_a_small_buffer_mixes_and_loses_none(buffer_size):
    case = whole(True)
    stream = stream_of(case, (7, 23), buffer_size=buffer_size)
    orders = []
    for _ in range(2):
        sizes, _, _, weights = zip(*seen(stream), strict=True)
        assert sizes == (*[10] * 10, 3)
        order = np.concatenate(weights)
        np.testing.assert_array_equal(np.sort(order), case.weight)
        orders.append(order.tolist())
    assert orders[0] != orders[1]
    if buffer_size >= 15:
        # A row is not among the first batch's before it was read.
        assert max(orders[0][:10]) <= buffer_size + 30


def test_few_rows_are_held():
    case, held = whole(), []
    stream = stream_of(case, (5,), buffer_size=20)
    leaving = stream._leaving
    stream._leaving = lambda n: held.append(n) or leaving(n)
    list(stream)
    assert max(held) <= 20 + 5 + 10


def test_as_they_come_each_chunk_is_a_batch():
    case = whole(True)
    stream = stream_of(case, (7, 23), as_they_come=True, buffer_size=50)
    sizes = [len(chunk) for chunk in chunks_of(case, 7, 23)]
    got = seen(stream)
    assert [n for n, *_ in got] == sizes
    np.testing.assert_array_equal(np.concatenate([w for *_, w in got]), case.weight)


def test_batches_without_weight_are_left_out():
    case = whole(True)
    case.weight[:20] = 0
    assert len(list(stream_of(case, (30,)))) == 9
    case.weight[...] = 0
    with pytest.raises(ValueError, match="All rows have the weight zero"):
        list(stream_of(case, (30,)))


def test_an_epoch_without_rows():
    stream = stream_of(whole(), (30,))
    stream.open = lambda: iter(())
    with pytest.raises(ValueError, match="each pass needs an iterator of its own"):
        list(stream)


@pytest.mark.parametrize(
    ("n", "message"), [(102, "102 rows at first, and more"), (104, "and only 103 in")]
)
def test_another_number_of_rows(n, message):
    stream = stream_of(whole(), (30,), counted=(n, 11), must_match=True)
    with pytest.raises(ValueError, match=message):
        list(stream)
