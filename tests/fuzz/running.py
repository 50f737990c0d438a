"""One command line in a process of its own, forked from one that has imported torch, and what must hold of it."""

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from archscope.errors import ArchscopeError
from archscope.model.saved import parsed
from archscope.model.schema import SAVED_COMPARISON, SAVED_REPORT, SAVED_SPECTRUM, SAVED_SWEEP

SECONDS = 20
"""Of processor time; a command that takes more hangs."""
LONGEST = 300
"""Seconds on the clock, for one that sleeps, on a machine with much else to do."""
MEMORY = 24 * 2**30
"""Of addresses, so that a fault of the fuzzer's does not take the machine."""
CACHE = ".cache"
READ = (SAVED_REPORT, SAVED_COMPARISON, SAVED_SPECTRUM, SAVED_SWEEP)
"""Results that are read back."""
SAID = ("Traceback (most recent call last)", "a fault of archscope", "Exception ignored")
MOVING = {*map(chr, [*range(32), *range(0x7F, 0xA0)]), *"\u202a\u202b\u202d\u202e\u2066\u2067\u2068"} - {
    "\n",
    "\t",
}


@dataclass(frozen=True)
class Ended:
    """How a command line ended: its exit code, negative for a signal, and what it wrote."""

    arguments: Sequence[str]
    code: int
    out: str
    err: str
    left: tuple[str, ...] = ()

    @property
    def faults(self) -> list[str]:
        """What must not be; none where all is well."""
        asked = "--debug" in self.arguments  # for a traceback
        found = [f"said '{word}'" for word in SAID if word in self.err and not (asked and word == SAID[0])]
        if self.code in (-signal.SIGXCPU, -signal.SIGKILL):
            found.append(f"no answer in {SECONDS} s")
        elif self.code not in (0, 1, 2):
            found.append(f"exit code {self.code}")
        if self.code == 2 and self.arguments and "archscope: " not in self.err:
            found.append("exit code 2 without a line")
        own = [line for line in self.err.splitlines() if line.startswith("archscope: ")]
        text = "" if self.out.startswith(("\ufffdPNG", "%PDF")) else self.out
        if MOVING & set(text + "".join(own)):  # what user code itself writes to standard error is its own
            found.append("moves a cursor")
        return [*found, *self._unread(), *(f"left {name}" for name in self.left)]

    def _unread(self) -> Iterator[str]:
        """What archscope has written shall be read by it."""
        if not self.code and self.out.startswith(tuple(f'{{\n "schema": "{kind.schema}/' for kind in READ)):
            try:
                parsed(self.out, READ, "what is written")
            except ArchscopeError as error:
                yield str(error)


@contextmanager
def folder(fill: Callable[[Path], None]) -> Iterator[Path]:
    """A folder of its own, filled."""
    path = Path(mkdtemp(prefix="fuzz-"))
    try:
        fill(path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run(
    arguments: Sequence[str], where: Path, written: Collection[str] = (), begin: Callable[[], None] = lambda: None
) -> Ended:
    """Run a line in the folder `where`; `written` are files that it may leave, `begin` runs in its process first."""
    before = files(where)
    out, err = where / ".out", where / ".err"
    sys.stdout.flush()
    child = os.fork()
    if not child:
        _become(arguments, where, out, err, begin)
    code = _wait(child)
    said = [path.read_text(encoding="utf-8", errors="replace") for path in (out, err)]
    out.unlink()
    err.unlink()
    new = files(where) - before
    for name in new:
        path = where / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Ended(arguments, code, *said, tuple(sorted(new - {*written})))


def files(where: Path) -> set[str]:
    return {str(path.relative_to(where)) for path in where.rglob("*") if CACHE not in path.parts}


def _become(arguments: Sequence[str], where: Path, out: Path, err: Path, begin: Callable[[], None]) -> None:
    code = 70
    try:
        os.setpgid(0, 0)
        os.chdir(where)
        for path, number in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        sys.argv = ["archscope", *arguments]
        os.environ["XDG_CACHE_HOME"] = str(where / CACHE)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        begin()
        from archscope.__main__ import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException as error:
        os.write(2, f"Traceback (most recent call last): {error!r}".encode())
    finally:
        try:
            if sys.stdout is not sys.stderr:  # what user code's output goes to
                sys.stdout.flush()
        except OSError:
            code = 120
        except (ValueError, AttributeError):  # closed, or none: user code does that
            pass
        finally:
            os._exit(code)


def _wait(child: int) -> int:
    end = time.monotonic() + LONGEST
    pause = 0.002
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL
