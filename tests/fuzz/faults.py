"""What a machine does to a process: signals at any moment, while it imports too; no room, no memory, no descriptors."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from tests.fuzz.running import Ended, files, run

ROOT = Path(__file__).parents[2]
LINES = ["summary six.json -o made.json", "diagram six.json -o made.svg", "summary net.py:Net -i 3x32x32 -f json",
         "compare six.json six.json -o made.svg", "diagram net.py:Net -i 3x32x32 -o made.png", "list"]  # fmt: skip
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def fault(where: Path, seed: int) -> Ended:
    """One line, and what befalls it."""
    random = Random(seed)
    arguments = random.choice(LINES).split()
    if seed % 2:
        return limited(arguments, where, random)
    return stopped(arguments, where, random)


def limited(arguments: list[str], where: Path, random: Random) -> Ended:
    """With room for few bytes, few open files or little memory, or with standard output full or closed."""
    befalls = [
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (random.randrange(3000),) * 2),
        lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (random.randrange(4, 40),) * 2),
        lambda: resource.setrlimit(resource.RLIMIT_AS, (_addresses() + random.randrange(50 * 2**20),) * 2),
        lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1),
        lambda: os.close(1),
        lambda: os.close(2),
    ]
    written = arguments[-1] if "-o" in arguments else ""
    return run(arguments, where, written, random.choice(befalls))


def _addresses() -> int:
    """Bytes of the addresses that this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def stopped(arguments: list[str], where: Path, random: Random, longest: float = 3.0) -> Ended:
    """By a signal, at a random moment from its start on."""
    before = files(where)
    number = random.choice(SIGNALS)
    command = [sys.executable, "-m", "archscope", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(command, cwd=where, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(random.random() * longest)
    process.send_signal(number)
    out, err = process.communicate()
    written = arguments[-1] if "-o" in arguments else ""
    left = files(where) - before
    for name in left:
        (where / name).unlink()
    own = process.returncode in (0, 128 + number, -number)  # done before; ended; ended before Python had started
    own = own or "Failed to import the site module" in err  # as Python starts
    starting = "Traceback" in err and f"{ROOT / 'archscope'}" not in err  # before a line of archscope's has run
    code, said = (0, "") if own or starting else (process.returncode, err)
    return Ended(arguments, code, out, said, tuple(sorted(left - {written})))  # what is there is there whole
