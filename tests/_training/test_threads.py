"""SciPy's BLAS has one thread in the block, and its own number after it."""

from threading import Thread

import pytest

from sknn_scratch._training import threads
from sknn_scratch._training.threads import scipy_blas_alone


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
    return asked


def test_one_thread_in_the_block(limits):
    with scipy_blas_alone():
        assert limits == [1]
    assert limits == [1, "restored"]


def test_it_is_restored_after_an_error(limits):
    with pytest.raises(KeyboardInterrupt), scipy_blas_alone():
        raise KeyboardInterrupt
    assert limits == [1, "restored"]
    with scipy_blas_alone():
        assert limits == [1, "restored", 1]


def test_of_several_fits_at_once_the_first_one_does_both(limits):
    def other():
        with scipy_blas_alone():
            assert limits == [1]

    with scipy_blas_alone():
        thread = Thread(target=other)
        thread.start()
        thread.join()
        assert limits == [1]
    assert limits == [1, "restored"]


def test_only_libraries_that_scipy_brought_are_controlled():
    paths = [lib.filepath for lib in threads._scipy_blas().lib_controllers]
    assert all("scipy" in path for path in paths)
