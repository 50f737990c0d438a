"""Measures all that docs/benchmarks/ asks of a CUDA device: `make bench-cuda`.

Each step is one archscope command, run in a copy of this process: a profiler that has run once slows what follows, and
an illegal access takes the device away for good. What it found goes to docs/benchmarks/cuda/, or to `--out`, as it
comes, and to one archive beside the folder; it is not measured again while it is there, so that a run that was stopped
goes on where it was. The best comes first: `--fit 480` leaves out what would not end within so many seconds,
`--only 'inference-*'` measures a part. Then the tables of table3.md are made anew from the archive. What was measured
elsewhere comes into the docs with `--pages FOLDER`.
"""

import argparse
import json
import multiprocessing
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pages

from archscope import cli
from archscope.errors import ArchscopeError
from archscope.process import import_torch
from archscope.signals import INTERRUPTED

RAW = pages.HERE / "cuda"
SECONDS = 1.0
"""Of timed steps in each measurement; warm-up, profile and replay come on top."""

PLAIN = [(dtype, batch, False) for batch in (1, 32) for dtype in ("float32", "tf32", "bfloat16")]
CHANNELS_LAST = [("bfloat16", 1, True), ("float32", 32, True), ("tf32", 32, True), ("bfloat16", 32, True)]
"""Type, batch, channels last. Training takes those with more than one image."""

PATIENCE = 3
"""Times its own seconds that a step may take of a slot that ends: what hangs shall not take what the others need."""

IMAGES = 128
"""What peers time at once: with fewer a step takes as long as the host does, which no two clocks find alike."""

SPECTRA = [(256, 35), (728, 19)]
"""Channels and side of blocks of Inception's and of Xception's sizes."""


@dataclass(frozen=True)
class Step:
    """A measurement: the name of its file, the command, and the seconds that it takes on an H200, rather more."""

    name: str
    command: str
    seconds: float

    @property
    def suffix(self) -> str:
        return ".txt" if self.command.startswith("archscope selfcheck") else ".json"


def plan(device: str, seconds: float) -> Iterator[Step]:
    """Every step, the best first: what shows whether all works, what shows whether it is right, the paper's table."""
    timed = f"--device {device} --seconds {seconds:g}"
    yield from _smoke(f"--device {device} --seconds {seconds / 5:g}")
    yield Step("selfcheck", f"archscope selfcheck {timed}", 45)
    yield Step("peers", "", 40)
    for settings in (PLAIN, CHANNELS_LAST):
        for train in (False, True):
            yield from (_networks(timed, *setting, train) for setting in settings if not train or setting[1] > 1)
    yield from (_networks(timed, "bfloat16", 32, True, train, compiled=True) for train in (False, True))
    yield from (_spectrum(timed, *block, "float32", 32) for block in SPECTRA)
    more = ("float32", 32, True), ("bfloat16", 1, True)
    yield from (_networks(timed, *setting, False, compiled=True) for setting in more)
    others = [("tf32", 32), ("bfloat16", 32), ("float32", 1), ("tf32", 1), ("bfloat16", 1)]
    yield from (_spectrum(timed, *block, *setting) for setting in others for block in SPECTRA)


def _smoke(timed: str) -> Iterator[Step]:
    """One network of each kind that a device treats in its own way."""
    yield Step("smoke-lenet5", f"archscope summary lenet5 {timed}", 20)
    yield Step("smoke-recurrent", f"archscope summary smoke.py:Recurrent --input 16x32 {timed}", 8)
    yield Step("smoke-asks-a-value", f"archscope summary smoke.py:AsksAValue --input 3x32x32 {timed}", 8)
    yield Step("smoke-training", f"archscope summary lenet5 --train {timed}", 8)


def _networks(timed: str, dtype: str, batch: int, channels_last: bool, train: bool, compiled: bool = False) -> Step:
    """The networks of Table 3, in turns."""
    words = ["compiled"] * compiled + ["training" if train else "inference", dtype, f"batch{batch}"]
    words += ["channels_last"] * channels_last
    options = f"{timed} --dtype {dtype} --batch {batch}"
    options += " --channels-last" * channels_last + " --compile" * compiled + " --train" * train
    command = f"archscope compare {' '.join(pages.NETWORKS)} {options}"
    return Step("-".join(words), command, 60 if compiled else 20 if train else 15)


def _spectrum(timed: str, channels: int, side: int, dtype: str, batch: int) -> Step:
    """From regular to depthwise separable convolutions."""
    block = f"--channels {channels} --input {channels}x{side}x{side}"
    command = f"archscope spectrum {block} {timed} --dtype {dtype} --batch {batch}"
    return Step(f"spectrum-{channels}-{dtype}-batch{batch}", command, 45)


def run(step: Step, folder: Path) -> None:
    """Do the step and keep what it found, with its command, in the folder. Raises what it raises; a page of verdicts
    stays also where one of them is bad."""
    path = folder / f"{step.name}{step.suffix}"
    partial = path.with_suffix(".partial")
    try:
        if step.suffix == ".txt":
            with path.open("w", encoding="utf-8") as file, redirect_stdout(file):
                print(f"$ {step.command}")
                _called(shlex.split(step.command))
            return
        _called([*shlex.split(step.command), "--format", "json", "-o", str(partial)])
        made = json.loads(partial.read_text(encoding="utf-8"))
        partial.write_text(json.dumps({"command": step.command, **made}), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _called(words: list[str]) -> None:
    code = cli.app(words[1:], standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise ArchscopeError("a network failed, as said above")


# ---- peers -----------------------------------------------------------------------------------------------------


def compare_with_peers(device: str, seconds: float) -> list[dict[str, Any]]:
    """archscope's median beside those of torch.utils.benchmark and triton's do_bench, before anything is profiled."""
    from archscope.latency import Options
    from archscope.latency.runner import Runner
    from archscope.selfcheck import beside_peers
    from archscope.summary import job_of

    found = []
    for name in pages.NETWORKS:
        for dtype in ("float32", "bfloat16"):
            options = Options(device, dtype, channels_last=True, seconds=seconds)
            runner = Runner(job_of(name, None, None, [IMAGES], "eval", options.stored_dtype, {}), IMAGES, options)
            for peer in beside_peers(runner):
                what = f"{name}, batch {IMAGES}, {dtype}, channels last: {peer.what}, ms"
                if peer.peer_ms is None:  # a peer that fails takes nothing else with it
                    print(f"{what}: {peer.why}", file=sys.stderr)
                else:
                    found.append({"what": what, "measured": peer.wall_ms, "reference": peer.peer_ms})
            runner.release()
    return found


# ---- all of it -------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="steps, such as 'inference-*' or 'peers'")
    parser.add_argument("--fit", type=float, default=float("inf"), metavar="S", help="seconds for all of it")
    parser.add_argument("--out", type=Path, default=RAW, metavar="FOLDER", help="where the results go")
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="measure nothing: results that lie there")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of timed steps in each measurement")
    parser.add_argument("--device", default="cuda", help="cpu rehearses it")
    chosen = parser.parse_args()
    if chosen.pages is not None:
        _bring(chosen.pages)
        return 0
    end, out = monotonic() + chosen.fit, chosen.out.absolute()
    import_torch()  # for all copies
    if failure := apart(lambda: _check_device(chosen.device)):
        print(f"bench-cuda: {failure.line}", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    os.chdir(pages.HERE)  # where smoke.py is
    wanted = [step for step in plan(chosen.device, chosen.seconds) if fnmatch(step.name, chosen.only)]
    failed = _measure(wanted, out, chosen.device, chosen.seconds, end, chosen.fresh)
    if out == RAW:
        _renew()
    return 1 if failed else 0


def _check_device(device: str) -> None:
    from archscope.latency import Options
    from archscope.latency.device import check

    check(Options(device))


def _measure(steps: list[Step], out: Path, device: str, seconds: float, end: float, fresh: bool) -> int:
    """How many steps failed; a failed one does not stop the others, and leaves the reason in its place."""
    failed, left_out = 0, list[str]()
    for step in steps:
        why = out / f"{step.name}.failed"
        done = (out / f"{step.name}{step.suffix}").exists() or why.exists()
        if done and not fresh:
            continue
        if step.seconds > end - monotonic():
            left_out.append(step.name)
            continue
        print(f"bench-cuda: {step.command or step.name}", file=sys.stderr)
        start = monotonic()
        why.unlink(missing_ok=True)
        limit = min(end - start, PATIENCE * step.seconds) if end < float("inf") else end
        if failure := apart(partial(_do, step, out, device, seconds), limit):
            failed += 1
            print(f"bench-cuda: {step.name}: {failure.line}", file=sys.stderr)
            why.write_text(failure.whole, encoding="utf-8")
        with (out / "slot.log").open("a", encoding="utf-8") as log:
            print(f"{monotonic() - start:6.1f} s  {step.name}{'  failed' if why.exists() else ''}", file=log)
        shutil.make_archive(str(out), "zip", out)  # one file to carry, whole after every step
    if left_out:
        print(f"bench-cuda: no time was left for {', '.join(left_out)}", file=sys.stderr)
    return failed


def _do(step: Step, out: Path, device: str, seconds: float) -> None:
    if step.name != "peers":
        return run(step, out)
    found = {"command": "make bench-cuda", "peers": compare_with_peers(device, seconds)}
    (out / f"{step.name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


class Failure(NamedTuple):
    line: str
    whole: str


def apart(act: Callable[[], None], seconds: float = float("inf")) -> Failure | None:
    """Do it in a copy of this process, in which torch is imported and has touched no device, within so many seconds;
    how it failed."""
    copies = multiprocessing.get_context("fork")
    reading, writing = copies.Pipe(duplex=False)
    copy = copies.Process(target=lambda: writing.send(failure_of(act)))
    copy.start()
    writing.close()
    try:
        if not reading.poll(None if seconds == float("inf") else max(seconds, 0)):  # a device that hangs tells nothing
            copy.kill()
            copy.join()
            line = f"it had not ended after {seconds:.1f} s"
            return Failure(line, line)
        failure: Failure | None = reading.recv()
    except EOFError:  # it ended without a word
        copy.join()
        line = f"its process ended with {copy.exitcode}"
        return Failure(line, line)
    copy.join()
    return failure


def failure_of(act: Callable[[], None]) -> Failure | None:
    try:
        act()
    except Exception as error:  # whatever a compiler or a driver may raise
        return Failure(" ".join(str(error).split())[:300], "".join(traceback.format_exception(error)))
    return None


def _bring(folder: Path) -> None:
    """What was measured elsewhere, into the docs."""
    shutil.make_archive(str(RAW), "zip", folder)
    _renew()


def _renew() -> None:
    page = pages.HERE / "table3.md"
    page.write_text(pages.renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"bench-cuda: {page} is renewed", file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
