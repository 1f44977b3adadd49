"""One BLAS thread pool at a time.

NumPy's and SciPy's wheels each bring their own OpenBLAS. In L-BFGS the network's
products run in NumPy's, the short vectors of the line search in SciPy's, and the idle
threads of the one wait in a loop for work while the other computes: on two cores a fit
takes six times as long. While :func:`scipy_blas_alone` is in force SciPy's has one
thread, which is all that vectors need. Many small nets at once need no more in either.
"""

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

from threadpoolctl import ThreadpoolController

_of_scipy, _of_all = Lock(), Lock()


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
def _in_one_thread(libraries, taken):
    """A block in which these have one thread.

    The number is the process's, and must be restored by the thread that set it: of
    several fits at once the first one, with the lock, does both; the others leave it
    alone.
    """
    if not taken.acquire(blocking=False):
        yield
        return
    try:
        with libraries.limit(limits=1):
            yield
    finally:
        taken.release()


def scipy_blas_alone():
    """A block in which SciPy's own BLAS has one thread."""
    return _in_one_thread(_scipy_blas(), _of_scipy)


def blas_in_one_thread():
    """A block in which BLAS has one thread: small products gain nothing by more."""
    return _in_one_thread(_all_blas(), _of_all)
