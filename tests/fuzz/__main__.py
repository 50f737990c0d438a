"""`make fuzz`: command lines, mutants of results, model files, hostile modules, limits, signals: minutes, or so many.

Prints each fault with its seed, and at the end how many were run and how many had a fault; so says the exit code.
"""

import argparse
import contextlib
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import walk_packages
from random import Random

import archscope
from archscope import cli
from tests.fuzz import faults, files, lines, mutants
from tests.fuzz.modules import CLASSES, SOURCE
from tests.fuzz.running import Ended, folder, run

Step = Callable[[int], Ended]


def command_line(where: Path, seed: int) -> Ended:
    arguments = lines.line(Random(seed))
    return run(arguments, where, lines.written(arguments))


def mutant(where: Path, seeds: dict[str, list[object]], seed: int) -> Ended:
    """One changed result, read by one of the commands."""
    random = Random(seed)
    kind = random.choice(["report"] * 8 + ["compare", "spectrum", "sweep"])
    changed = mutants.mutant(random.choice(seeds[kind]), random)
    arguments = random.choice(mutants.COMMANDS[kind]).replace("{}", "mutant.json").split()
    (where / "mutant.json").write_text(json.dumps(changed), encoding="utf-8")
    return run(arguments, where, lines.written(arguments))


def model_file(where: Path, content: bytes, seed: int) -> Ended:
    """A file of a stranger's, read by one of the commands."""
    random = Random(seed)
    name, changed = files.file(content, random)
    arguments = random.choice(files.COMMANDS).replace("{}", name).split()
    (where / name).write_bytes(changed)
    ended = run(arguments, where, lines.written(arguments))
    (where / name).unlink()
    return ended


COMMANDS = (
    "summary {} -i 3x8x8",
    "diagram {} -i 3x8x8",
    "diff {} lenet5 -i 3x8x8",
    "summary {} -i 3x8x8 -f json --partial",
)


def module(where: Path, seed: int) -> Ended:
    """A class that does what a network should not."""
    name = CLASSES[seed % len(CLASSES)]
    command = COMMANDS[seed // len(CLASSES) % len(COMMANDS)]
    return run(command.replace("{}", f"hostile.py:{name}").split(), where)


def warm(where: Path) -> None:
    """Import here, and so once, what the lines need: each of them runs in a copy of this process."""
    for module in walk_packages(archscope.__path__, "archscope."):
        import_module(module.name)
    for template in mutants.COMMANDS["report"]:
        arguments = template.replace("{}", "six.json").replace(" six.json", f" {where}/six.json").split()
        with contextlib.redirect_stdout(StringIO()), contextlib.suppress(SystemExit):
            sys.argv = ["archscope", *arguments, *(["-o", str(where / "made.svg")] if "-o" in arguments else [])]
            cli.main()
    (where / "made.svg").unlink(missing_ok=True)
    gc.collect()
    gc.freeze()


def steps(where: Path, chosen: list[str]) -> Iterable[tuple[str, Step]]:
    lines.fill(where)
    (where / "hostile.py").write_text(SOURCE, encoding="utf-8")
    seeds = mutants.seeds(where) if "mutants" in chosen else {}
    content = files.seed() if "files" in chosen else b""
    known: dict[str, Step] = {
        "lines": lambda seed: command_line(where, seed),
        "mutants": lambda seed: mutant(where, seeds, seed),
        "files": lambda seed: model_file(where, content, seed),
        "modules": lambda seed: module(where, seed),
        "limits": lambda seed: faults.limited(where, seed),
        "signals": lambda seed: faults.stopped(where, seed),
    }
    warm(where)
    return ((name, known[name]) for name in chosen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="shared by all kinds")
    parser.add_argument("--count", type=int, default=0, help="of each kind, instead")
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow")
    parser.add_argument("kinds", nargs="*", default=["lines", "mutants", "files", "modules", "limits", "signals"])
    given = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    seconds = 60 * (given.minutes or 5) / len(given.kinds)
    ran: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with folder(lambda path: None) as where:
        for name, step in steps(where, given.kinds):
            end, seed = time.monotonic() + seconds, given.seed
            while seed < given.seed + given.count if given.count else time.monotonic() < end:
                ended = step(seed)
                ran[name] += 1
                if ended.faults:
                    found[name] += 1
                    said = ended.err.strip().splitlines()[-1:] or [""]
                    print(
                        f"{name} {seed}: {'; '.join(ended.faults)}\n  {ended.arguments!r:.300}\n  {said[0]:.300}",
                        flush=True,
                    )
                seed += 1
                if ran[name] % 500 == 0:
                    print(f"{ran[name]} {name}, {found[name]} with a fault", file=sys.stderr, flush=True)
    print("; ".join(f"{ran[name]} {name}, {found[name]} with a fault" for name in ran))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
