"""Properties that are computed once."""

import functools
from typing import Any, TypeVar

T = TypeVar("T")


class cached_property(functools.cached_property[T]):
    """functools' own without the lock that all instances and threads share in Python 3.11: a child that is forked while
    another thread holds it would wait for ever. Two threads may both compute, and find the same."""

    def __get__(self, instance: Any, owner: type | None = None) -> T:  # type: ignore[override]
        if instance is None:
            return self  # type: ignore[return-value]
        value: T = self.func(instance)
        vars(instance)[self.attrname] = value
        return value
