"""One BLAS thread pool at a time.

NumPy's and SciPy's wheels each bring their own OpenBLAS. In L-BFGS the network's
products run in NumPy's, the short vectors of the line search in SciPy's, and the idle
threads of the one wait in a loop for work while the other computes: on two cores a fit
takes six times as long. While :func:`scipy_blas_alone` is in force SciPy's has one
thread, which is all that vectors need.
"""

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

from threadpoolctl import ThreadpoolController

_taken, _one = Lock(), Lock()


@cache
def _all_blas():
    return ThreadpoolController().select(user_api="blas")


@cache
def _scipy_blas():
    """Control of the BLAS libraries that SciPy brought; of none if NumPy shares its."""
    blas = _all_blas()
    paths = [Path(library.filepath) for library in blas.lib_controllers]
    return blas.select(
        filepath=[
            str(path)
            for path in paths
            if any(part.startswith("scipy") for part in path.parts[-3:-1])
        ]
    )


@contextmanager
def scipy_blas_alone():
    """A block in which SciPy's own BLAS has one thread.

    The number is the process's, and must be restored by the thread that set it: of
    several fits at once the first one does both, the others leave it alone.
    """
    if not _taken.acquire(blocking=False):
        yield
        return
    try:
        with _scipy_blas().limit(limits=1):
            yield
    finally:
        _taken.release()


@contextmanager
def blas_in_one_thread():
    """A block in which BLAS has one thread: small products gain nothing by more.

    Of several fits at once the first one sets and restores it, as above.
    """
    if not _one.acquire(blocking=False):
        yield
        return
    try:
        with _all_blas().limit(limits=1):
            yield
    finally:
        _one.release()
