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

_lock = Lock()
_depth = 0
_before: list[int] = []


@cache
def _scipy_pools():
    """The BLAS libraries that SciPy brought; none where NumPy and SciPy share one."""
    return [
        library
        for library in ThreadpoolController().select(user_api="blas").lib_controllers
        if any(part.startswith("scipy") for part in Path(library.filepath).parts[-3:-1])
    ]


@contextmanager
def scipy_blas_alone():
    """A block in which SciPy's own BLAS has one thread.

    The number of threads is the process's, so blocks in several threads are counted:
    the first one sets it, the last one restores it.
    """
    global _depth, _before
    pools = _scipy_pools()
    with _lock:
        if _depth == 0:
            _before = [pool.get_num_threads() for pool in pools]
            for pool in pools:
                pool.set_num_threads(1)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for pool, n_threads in zip(pools, _before, strict=True):
                    pool.set_num_threads(n_threads)
