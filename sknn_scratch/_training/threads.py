"""One BLAS thread pool at a time.

NumPy's and SciPy's wheels each bring their own OpenBLAS. In L-BFGS the network's
products run in NumPy's, the short vectors of the line search in SciPy's, and the idle
threads of the one wait in a loop for work while the other computes: on two cores a fit
takes six times as long. While :func:`scipy_blas_alone` is in force SciPy's has one
thread, which is all that vectors need. Many small nets at once need no more in either.
Nor do the parts of a batch of images, which are computed by a :class:`Crew` of threads.
"""

from collections import deque
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from threadpoolctl import ThreadpoolController

from sknn_scratch._nn.parts import make_calls

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


def blas_threads():
    """Number of threads that BLAS may use now; 1 if that cannot be told."""
    return max((pool.num_threads for pool in _all_blas().lib_controllers), default=1)


def taken(todo):
    """Yield the calls that are left, each to one of several threads."""
    while todo:
        try:
            call = todo.popleft()
        except IndexError:  # another one was faster
            return
        yield call


class Crew:
    """Threads that make calls side by side, as many as BLAS would use.

    They are started when there are calls for the first time; BLAS then has one thread
    until :meth:`close`. Used by one thread at a time, the one that made it.
    """

    def __init__(self):
        self.work: SimpleQueue = SimpleQueue()
        self.threads: Any = None
        self.blas = ExitStack()

    def _start(self):
        n = blas_threads()
        if n > 1:
            self.blas.enter_context(blas_in_one_thread())
        # Of the caller's context: NumPy's error state is there.
        self.threads = [
            Thread(target=copy_context().run, args=(self._serve,), daemon=True)
            for _ in range(n - 1)
        ]
        for thread in self.threads:
            thread.start()

    def _serve(self):
        """The life of a thread: make calls until there are no more, and wait."""
        for todo, done in iter(self.work.get, None):
            error = None
            try:
                for call in taken(todo):
                    call()
            except BaseException as raised:
                error = raised
            done.put(error)

    def make(self, calls):
        """Make the calls, in any order; return when all are done.

        Raises what a call raises, when none is in progress any more.
        """
        if self.threads is None:
            self._start()
        todo: deque = deque(calls)
        done: SimpleQueue = SimpleQueue()
        for _ in self.threads:
            self.work.put((todo, done))
        try:
            for call in taken(todo):
                call()
        finally:
            todo.clear()  # what is left after an error
            errors = [done.get() for _ in self.threads]
        for error in filter(None, errors):
            raise error

    def close(self):
        """End the threads, and give BLAS its own back."""
        threads = self.threads or ()
        for _ in threads:
            self.work.put(None)
        for thread in threads:
            thread.join()
        self.blas.close()


@contextmanager
def side_by_side():
    """A block, or a function, in which a batch's parts are computed in threads."""
    crew = Crew()
    token = make_calls.set(crew.make)
    try:
        yield
    finally:
        make_calls.reset(token)
        crew.close()
