"""What a machine does to a process: signals at any moment, while it imports too; no room, no memory, no descriptors."""

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

from tests.fuzz.running import Ended, files, run

ROOT = Path(__file__).parents[2]
LINES = ["summary six.json -o made.json", "diagram six.json -o made.svg", "summary net.py:Net -i 3x32x32 -f json",
         "compare six.json six.json -o made.svg", "diagram net.py:Net -i 3x32x32 -o made.png", "list"]  # fmt: skip
SIGNALS = (signal.SIGINT, signal.SIGTERM)
WITHIN = (0.15, 4.0)
"""Seconds from a line's start: those in which it imports, and all of it."""
FIRST = {"__init__.py", "__main__.py", "signals.py"}
"""Of archscope, what has run when signals are its own: less than a millisecond after Python's start."""


def limited(where: Path, seed: int) -> Ended:
    """A line with room for few bytes, few open files or little memory, or with standard output full or closed."""
    random = Random(seed)
    arguments = random.choice(LINES).split()
    befalls = [
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (random.randrange(3000),) * 2),
        lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (random.randrange(4, 40),) * 2),
        lambda: resource.setrlimit(resource.RLIMIT_AS, (_addresses() + random.randrange(50 * 2**20),) * 2),
        lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1),
        lambda: os.close(1),
        lambda: os.close(2),
    ]
    written = arguments[-1] if "-o" in arguments else ""
    return run(arguments, where, [written], random.choice(befalls))


def _addresses() -> int:
    """Bytes of the addresses that this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def stopped(where: Path, seed: int) -> Ended:
    """A line and a signal, SIGINT and SIGTERM in turns, at a random moment from the line's start to its end; every
    other one while it imports."""
    random = Random(seed)
    arguments = random.choice(LINES).split()
    number = SIGNALS[seed % 2]
    before = files(where)
    process = _begin(arguments, where)
    wait = random.random() * random.choice(WITHIN)
    while _ends_within(process, wait):  # too late: once more, and earlier
        wait /= 2
        process = _begin(arguments, where)
    process.send_signal(number)
    out, err = process.communicate()
    written = arguments[-1] if "-o" in arguments else ""
    left = files(where) - before
    for name in left:
        (where / name).unlink()
    ran = {*re.findall(rf'"{re.escape(str(ROOT / "archscope"))}/(\S+)"', err)}
    starting = process.returncode == -number or "Traceback" in err  # Python itself, for which all this is too early
    own = process.returncode in (0, 128 + number) or (starting and ran <= FIRST)  # done in between; ended
    code, said = (0, "") if own else (process.returncode, err)
    return Ended(arguments, code, out, said, tuple(sorted(left - {written})))  # what is there is there whole


def _begin(arguments: list[str], where: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archscope", "--no-cache", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(command, cwd=where, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ends_within(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
