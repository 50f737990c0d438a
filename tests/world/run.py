"""archscope on every network of LIBRARIES that is installed: `make world`, or `python -m tests.world.run --only timm`.

A row a network goes to world.jsonl as it is done, so that a run that was stopped goes on where it was; at the end
docs/benchmarks/world.md is written. Networks run one after another in a process of their own, which is started anew
after one that hangs or takes it down.
"""

import argparse
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from tests.world.page import PAGE, page

ROOT = Path(__file__).parents[2]
ROWS = ROOT / "world.jsonl"
SECONDS = 200
"""That one network may take, all its passes together."""


class Worker:
    """A process that checks one network at a time."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def check(self, library: str, name: str) -> dict[str, Any]:
        if self.process is None:
            command = [sys.executable, "-W", "ignore", "-m", "tests.world.worker"]
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
            )
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([library, name]) + "\n")
        self.process.stdin.flush()
        with DefaultSelector() as selector:
            selector.register(self.process.stdout, EVENT_READ)
            line = self.process.stdout.readline() if selector.select(SECONDS) else ""
        if line:
            row: dict[str, Any] = json.loads(line)
            return row
        ended = self.process.poll()
        self.close()
        why = f"took over {SECONDS} s" if ended is None else f"ended its process with {ended}"
        return {"library": library, "name": name, "lost": why}

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one library, or library/name")
    parser.add_argument("--most", type=int, default=10**6, help="networks a library")
    parser.add_argument("--rows", type=Path, default=ROWS)
    options = parser.parse_args()
    text = options.rows.read_text(encoding="utf-8") if options.rows.is_file() else ""
    done = {(row["library"], row["name"]) for row in map(json.loads, text.splitlines())}
    worker = Worker()
    with options.rows.open("a", encoding="utf-8") as rows:
        for library, name in listed(options.only, options.most):
            if (library, name) not in done:
                row = worker.check(library, name)
                rows.write(json.dumps(row) + "\n")
                rows.flush()
                print(*(row.get(word, "") for word in ("library", "name", "params", "macs", "rest", "error", "lost")))
    worker.close()
    text = options.rows.read_text(encoding="utf-8")
    PAGE.write_text(page([json.loads(line) for line in text.splitlines()]), encoding="utf-8")


def listed(only: str | None, most: int) -> list[tuple[str, str]]:
    from tests.world.networks import LIBRARIES
    from tests.world.torchvision import import_torchvision

    import_torchvision()  # others import it as they find it
    wanted, _, one = (only or "").partition("/")
    found = []
    for library, (names, _) in LIBRARIES.items():
        if wanted in ("", library) and find_spec(library):
            found += [(library, name) for name in names()[:most] if one in ("", name)]
    return found


if __name__ == "__main__":
    main()
