"""The command line's process: its standard streams, its helpers, and the import that takes most of its time.

None of it happens to a program that uses the library.
"""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORTH_HELPERS = 4
"""So many things to do are worth the start of other processes."""

_claimed: list[TextIO] = []
"""Standard output as archscope has it to itself; none in a program that uses the library."""
_claimed_by: list[int] = []
"""The number of the process that has it."""


# ---- its streams -----------------------------------------------------------------------------------------------


def claim_streams() -> None:
    """Standard output is archscope's alone: its number is standard error's from here on, for whatever user code,
    its threads and its child processes write there. What is closed gets its number taken, before a file gets it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number < 2 else os.O_WRONLY)  # to write to 1 fails, and so is told
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    encoding = sys.stdout.encoding if sys.stdout else "utf-8"
    own = os.dup(1)
    os.dup2(2, 1)
    file = io.FileIO(own, "w", closefd=False)  # the system closes it: Python would warn of it
    buffered = io.BufferedWriter(file)  # where PYTHONUNBUFFERED is set, Python's writes but a part
    sys.stdout = io.TextIOWrapper(buffered, encoding, errors="replace")
    _claimed.append(sys.stdout)
    _claimed_by.append(os.getpid())


def hand_over() -> None:
    """Before the code of others runs: what it prints, even as the process ends, goes to standard error."""
    if _claimed:
        sys.stdout = sys.stderr


def end_copies() -> None:
    """Before a result is written: a copy of this process, which user code has forked, and which has come as far."""
    if _claimed_by and os.getpid() not in _claimed_by:
        os._exit(0)


def output() -> TextIO:
    """Where results go."""
    return _claimed[0] if _claimed else sys.stdout


# ---- its helpers -----------------------------------------------------------------------------------------------


def mapped(function: Callable[[A], B], items: Sequence[A]) -> Iterator[B]:
    """As `map`, by a process a core where that is worth it: they are copies of this one, as long as it is small."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if len(items) < WORTH_HELPERS or cores < 2 or "torch" in sys.modules:  # torch's threads have no copy
        yield from map(function, items)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(cores, len(items)), get_context("fork"), _end_with_parent) as helpers:
        yield from helpers.map(function, items)


def _end_with_parent() -> None:
    """Nobody else ends a helper whose parent was killed; Ctrl-C, which reaches all, is the parent's to answer."""
    from multiprocessing import parent_process
    from threading import Thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


# ---- torch -----------------------------------------------------------------------------------------------------


def expect_torch() -> None:
    """Before the code of others may run, which imports it, and before anything is written."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # what its C++ half warns of is not about the user's network
    hand_over()


def import_torch() -> None:
    """Where it is sure to be needed."""
    expect_torch()
    import torch  # noqa: F401
