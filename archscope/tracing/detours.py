"""Functions of Python's and torch's that no TorchFunctionMode sees, and that answer otherwise while a network is built
or traced: in the thread that does so, and nowhere else."""

import functools
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any

Places = Mapping[tuple[Any, str], Any]
"""By owner and name what stands there meanwhile: for a function one that is given it, then the arguments of the call;
for a class what makes its double, of the class and of whether the thread that asks is inside. An owner may be a module
by its name: one that nobody has imported has no detour."""


class Detours:
    """While some thread is inside `taken`, these stand in their places, and in all other threads do what was there."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._standing: dict[tuple[Any, str], tuple[Any, Any]] = {}
        self._ways: dict[int, tuple[Any, Any]] = {}
        self._threads: list[int] = []
        self._lock = Lock()
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        """No other thread has come along."""
        self._lock = Lock()
        self._threads = [thread for thread in self._threads if thread == get_ident()]
        self._taken_or_left()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Inside, calls of this thread go another way."""
        thread = get_ident()
        with self._lock:
            self._threads.append(thread)
            self._taken_or_left()
        try:
            yield
        finally:
            with self._lock:
                self._threads.remove(thread)
                self._taken_or_left()

    def renewed(self) -> None:
        """What has been imported since a thread entered goes the other way, too."""
        with self._lock:
            self._taken_or_left()

    def _taken_or_left(self) -> None:
        if not self._threads:
            for (owner, name), (before, way) in self._standing.items():
                if vars(owner).get(name) is way:  # or a library that was imported meanwhile has put its own there
                    setattr(owner, name, before)
            self._standing = {}
            return
        for (said, name), instead in self._places.items():
            owner = sys.modules.get(said) if isinstance(said, str) else said
            if owner is not None and (owner, name) not in self._standing and name in vars(owner):
                before = vars(owner)[name]
                way = self._detour(before, instead)
                self._standing[owner, name] = before, way
                setattr(owner, name, way)

    def _detour(self, before: Any, instead: Any) -> Any:
        """What stands there, made once: a small trace takes as long as all of them."""
        if id(before) not in self._ways:
            self._ways[id(before)] = before, self._way(before, instead)  # keeping what was there keeps its id its own
        return self._ways[id(before)][1]

    def _way(self, before: Any, instead: Any) -> Any:
        if isinstance(before, type):
            return instead(before, self.is_inside)

        @functools.wraps(before)
        def way(*args: Any, **kwargs: Any) -> Any:
            return instead(before, *args, **kwargs) if self.is_inside() else before(*args, **kwargs)

        return way

    def is_inside(self) -> bool:
        """Is this thread?"""
        return get_ident() in self._threads
