"""Properties that are computed once."""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

T = TypeVar("T")


class cached_property(functools.cached_property[T]):
    """functools' own without the lock that all instances and threads share in Python 3.11: a child that is forked while
    another thread holds it would wait for ever. Two threads may both compute, and find the same."""

    def __init__(self, func: Callable[[Any], T]) -> None:
        super().__init__(func)
        self.lock = nullcontext()
