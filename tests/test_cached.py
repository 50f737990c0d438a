"""Properties that are computed once hold no lock that a forked child could wait for."""

import os
import re
import signal
import threading
from pathlib import Path

import pytest

import archscope
from archscope.cached import cached_property


class Slow:
    def __init__(self, started: threading.Event | None = None, forked: threading.Event | None = None) -> None:
        self.started, self.forked, self.times = started, forked, 0

    @cached_property
    def value(self) -> int:
        self.times += 1
        if self.started and self.forked:
            self.started.set()
            assert self.forked.wait(30)
        return 5


def test_it_is_computed_once() -> None:
    slow = Slow()
    assert (slow.value, slow.value, slow.times) == (5, 5, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_that_is_forked_while_another_thread_computes() -> None:
    started, forked = threading.Event(), threading.Event()
    computing = threading.Thread(target=lambda: Slow(started, forked).value)
    computing.start()
    assert started.wait(30)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(5)
        os._exit(Slow().value != 5)
    forked.set()
    computing.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_nothing_else_is_used() -> None:
    from_functools = re.compile(r"functools import .*\bcached_property|functools\.cached_property")
    sources = {path.name: path.read_text(encoding="utf-8") for path in Path(archscope.__file__).parent.rglob("*.py")}
    assert [name for name, source in sources.items() if from_functools.search(source)] == ["cached.py"]
