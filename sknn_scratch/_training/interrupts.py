"""What Ctrl-C does: it ends one training, or all that is going on."""

from contextlib import contextmanager
from contextvars import ContextVar

_ends_all = ContextVar("_ends_all", default=False)


@contextmanager
def ctrl_c_ends_all():
    """A block in which Ctrl-C is passed on by the trainings, as by other code."""
    token = _ends_all.set(True)
    try:
        yield
    finally:
        _ends_all.reset(token)


def keeps_the_training():
    """Whether a training keeps what it has come to, and its caller goes on."""
    return not _ends_all.get()
