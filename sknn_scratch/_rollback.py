"""A failed call leaves the estimator as it was."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_failure(estimator):
    """A block after whose failure the estimator has its earlier attributes again."""
    before = dict(estimator.__dict__)
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise
