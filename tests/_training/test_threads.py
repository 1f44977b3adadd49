"""BLAS has one thread in the block, and its own number after it."""

from threading import Thread

import pytest

from sknn_scratch._training import threads
from sknn_scratch._training.threads import blas_in_one_thread, scipy_blas_alone

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
