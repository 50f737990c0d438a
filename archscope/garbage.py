"""Python's collector of garbage: out of the way while many objects are made, and as it was afterwards."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_paused: list[bool] = []
"""One for each pause in any thread: was the collector at work when it began?"""


def _in_child() -> None:
    """The thread that would end the pause, if another one, has not come along."""
    if any(_paused):
        gc.enable()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_in_child)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Without Python's collector: with torch loaded each full collection visits a million objects, a trace makes
    thousands of small ones, and none of them is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    _paused.append(collecting)
    try:
        yield
    finally:
        _paused.remove(collecting)
        if collecting:
            gc.enable()


@contextmanager
def new_garbage_collected() -> Iterator[None]:
    """What was made meanwhile and is garbage is gone at the end, without a visit to all that was there before."""
    aside = gc.get_freeze_count() == 0  # somebody else's frozen objects stay so
    if aside:
        gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        if aside:
            gc.unfreeze()
