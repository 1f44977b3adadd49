"""A failed call leaves the object as it was."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Method = TypeVar("Method", bound=Callable)


def unchanged_on_failure(method: Method) -> Method:
    """Let a method that fails leave its object with its earlier attributes.

    The method must not change in place what the attributes are: it works on copies.
    Putting the attributes back is one assignment, which no interrupt can divide.
    """

    @wraps(method)
    def safe(self, *args, **kwargs):
        before = dict(self.__dict__)
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            self.__dict__ = before
            raise

    return safe  # type: ignore[return-value]
