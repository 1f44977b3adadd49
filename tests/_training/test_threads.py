"""BLAS has one thread in the block, and its own number after it; crews of threads."""

from functools import partial
from threading import Barrier, Thread, active_count, get_ident
from time import sleep

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sknn_scratch._nn.parts import make_calls, one_after_another
from sknn_scratch._training import threads
from sknn_scratch._training.threads import (
    blas_in_one_thread,
    scipy_blas_alone,
    side_by_side,
)

blocks = pytest.mark.parametrize("block", [scipy_blas_alone, blas_in_one_thread])


@pytest.fixture
def limits(monkeypatch):
    """What is asked of the control of SciPy's BLAS, in order."""
    asked = []

    class Limit:
        def __init__(self, limits):
            self.limits = limits

        def __enter__(self):
            asked.append(self.limits)

        def __exit__(self, *exception):
            asked.append("restored")

    class Control:
        def limit(self, *, limits):
            return Limit(limits)

    monkeypatch.setattr(threads, "_scipy_blas", Control)
    monkeypatch.setattr(threads, "_all_blas", Control)
    return asked


@blocks
def test_one_thread_in_the_block(limits, block):
    with block():
        assert limits == [1]
    assert limits == [1, "restored"]


@blocks
def test_it_is_restored_after_an_error(limits, block):
    with pytest.raises(KeyboardInterrupt), block():
        raise KeyboardInterrupt
    assert limits == [1, "restored"]
    with block():
        assert limits == [1, "restored", 1]


@blocks
def test_of_several_fits_at_once_the_first_one_does_both(limits, block):
    def other():
        with block():
            assert limits == [1]

    with block():
        thread = Thread(target=other)
        thread.start()
        thread.join()
        assert limits == [1]
    assert limits == [1, "restored"]


def test_only_libraries_that_scipy_brought_are_controlled():
    paths = [lib.filepath for lib in threads._scipy_blas().lib_controllers]
    assert all("scipy" in path for path in paths)


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(threads, "blas_threads", lambda: 2)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_a_crew_makes_every_call_once(monkeypatch, n_threads):
    monkeypatch.setattr(threads, "blas_threads", lambda: n_threads)
    before, made = active_count(), []
    with side_by_side():
        for n in (3, 1, 0, 8):
            make_calls.get()([partial(made.append, k) for k in range(n)])
            assert sorted(made) == list(range(n))
            made.clear()
        assert active_count() == before + n_threads - 1
    assert active_count() == before
    assert make_calls.get() is one_after_another


@pytest.mark.usefixtures("two_threads")
def test_calls_are_made_side_by_side():
    meeting = Barrier(2, timeout=30)  # breaks if they come one after the other
    with side_by_side():
        make_calls.get()([meeting.wait, meeting.wait])


@pytest.mark.usefixtures("two_threads")
def test_a_crew_keeps_blas_to_one_thread_from_its_first_calls_on(limits):
    with side_by_side():
        assert limits == []
        make_calls.get()([list])
        make_calls.get()([list])
        assert limits == [1]
    assert limits == [1, "restored"]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("by_the_first", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_call_raises_is_raised_when_none_is_in_progress(error, by_the_first):
    """By whichever thread it is made; later calls are left out, or done."""
    meeting, finished = Barrier(2, timeout=30), []
    caller = get_ident()

    def call():
        meeting.wait()
        if (get_ident() == caller) == by_the_first:
            raise error("this one")
        sleep(0.05)
        finished.append("the other one")

    with side_by_side():
        with pytest.raises(error, match="this one"):
            make_calls.get()([call, call])
        assert finished == ["the other one"]
        make_calls.get()([partial(finished.append, k) for k in range(4)])
        assert len(finished) == 5


@pytest.mark.usefixtures("two_threads")
def test_a_crew_works_in_numpys_error_state_of_its_caller():
    meeting = Barrier(2, timeout=30)

    def call():
        meeting.wait()
        np.array([1e300]) ** 2

    strict, refused = np.errstate(over="raise"), pytest.raises(FloatingPointError)
    with strict, side_by_side(), refused:
        make_calls.get()([call, call])
    with np.errstate(over="ignore"), side_by_side():
        make_calls.get()([call, call])


def test_the_number_of_blas_threads_is_the_limit_in_force():
    with threadpool_limits(limits=1, user_api="blas"):
        assert threads.blas_threads() == 1
