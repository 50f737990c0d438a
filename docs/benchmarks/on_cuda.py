"""Measures all that docs/benchmarks/ asks of a CUDA device: `make bench-cuda`.

Each measurement is one archscope command, run in this process; its report.json goes to docs/benchmarks/cuda/ with the
command in it, and is not measured again while it is there, so that a run that was stopped goes on where it was.
Then the tables of table3.md are made anew. It should take about a quarter of an hour; `--only 'inference-*'` measures
a part.
"""

import argparse
import gc
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pages

from archscope import cli
from archscope.errors import ArchscopeError
from archscope.process import INTERRUPTED, import_torch

RAW = pages.HERE / "cuda"
SECONDS = 2.0
"""For each measurement; warm-up, profile and replay come on top."""

EAGER = [
    ("float32", 1, False), ("tf32", 1, False), ("bfloat16", 1, False), ("bfloat16", 1, True),
    ("float32", 32, False), ("tf32", 32, False), ("bfloat16", 32, False),
    ("float32", 32, True), ("tf32", 32, True), ("bfloat16", 32, True),
]  # fmt: skip
"""Type, batch, channels last. Training takes those with more than one image."""

COMPILED = [("float32", 32, True), ("bfloat16", 32, True), ("bfloat16", 1, True)]


def plan(device: str, seconds: float) -> Iterator[tuple[str, str]]:
    """(file, command) of every measurement: the eager ones, the spectrum's, and those that wait for a compiler."""
    yield from networks(device, seconds, compiled=False)
    yield from spectrum(device, seconds / 4)
    yield from networks(device, seconds, compiled=True)


def networks(device: str, seconds: float, compiled: bool) -> Iterator[tuple[str, str]]:
    """Inference and training of the networks of Table 3, in turns."""
    for train in (False, True):
        for dtype, batch, channels_last in COMPILED if compiled else EAGER:
            if train and batch == 1:
                continue
            words = ["compiled"] * compiled + ["training" if train else "inference", dtype, f"batch{batch}"]
            words += ["channels_last"] * channels_last
            options = f"--device {device} --seconds {seconds:g} --dtype {dtype} --batch {batch}"
            options += " --channels-last" * channels_last + " --compile" * compiled + " --train" * train
            yield "-".join(words), f"archscope compare {' '.join(pages.NETWORKS)} {options}"


def spectrum(device: str, seconds: float) -> Iterator[tuple[str, str]]:
    """From regular to depthwise separable convolutions: blocks of Inception's and Xception's sizes."""
    for channels, side in ((256, 35), (728, 19)):
        for batch in (1, 32):
            for dtype in ("float32", "tf32", "bfloat16"):
                options = f"--device {device} --seconds {seconds:g} --dtype {dtype} --batch {batch}"
                block = f"--channels {channels} --input {channels}x{side}x{side}"
                yield f"spectrum-{channels}-{dtype}-batch{batch}", f"archscope spectrum {block} {options}"


def run(name: str, command: str, folder: Path) -> None:
    """Run the command and keep its JSON, with the command in it, under `name`. Raises what the command raises."""
    path = folder / f"{name}.json"
    partial = path.with_suffix(".partial")
    try:
        arguments = [*shlex.split(command)[1:], "--format", "json", "-o", str(partial)]
        code = cli.app(arguments, standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            raise ArchscopeError("a network failed, as said above")
        made = json.loads(partial.read_text(encoding="utf-8"))
        partial.write_text(json.dumps({"command": command, **made}), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
        _tidy()


def _tidy() -> None:
    """Nothing of one measurement stays on the device for the next."""
    import torch

    torch.compiler.reset()
    gc.collect()
    torch.cuda.empty_cache()


# ---- peers -----------------------------------------------------------------------------------------------------


def compare_with_peers(device: str, seconds: float) -> list[dict[str, Any]]:
    """archscope's median beside those of torch.utils.benchmark and triton's do_bench, in one process."""
    import archscope
    from archscope.latency import Options

    found = []
    for name in pages.NETWORKS:
        for dtype in ("float32", "bfloat16"):
            options = Options(device, dtype, channels_last=True, seconds=seconds)
            wall = archscope.summarize(name, batch=32, latency=options).totals["wall_ms"]["median"]
            for peer, median in _peers(_step(name, options), seconds).items():
                what = f"{name}, batch 32, {dtype}, channels last: wall, {peer}, ms"
                found.append({"what": what, "measured": wall, "reference": median})
            _tidy()
    return found


def _step(name: str, options: Any) -> Callable[[], Any]:
    """The step that archscope times, without archscope."""
    import torch

    import archscope

    layout, stored = torch.channels_last, getattr(torch, options.stored_dtype)
    module = archscope.build(name).eval().to(options.device, stored, memory_format=layout)
    image = torch.randn(32, 3, 299, 299, device=options.device, dtype=stored).contiguous(memory_format=layout)

    def step() -> Any:
        with torch.no_grad():
            return module(image)

    return step


def _peers(step: Callable[[], Any], seconds: float) -> dict[str, float]:
    """Milliseconds of a step by each peer that is installed."""
    from torch.utils.benchmark import Timer

    from archscope.latency import Options
    from archscope.latency.device import set_up

    with set_up(Options("cuda")):
        for _ in range(5):
            step()
        timer = Timer("step()", globals={"step": step})
        found = {"torch.utils.benchmark": 1000 * timer.blocked_autorange(min_run_time=seconds).median}
        try:
            from triton.testing import do_bench
        except ImportError:
            return found
        found["triton do_bench"] = do_bench(step, warmup=200, rep=int(1000 * seconds), return_mode="median")
    return found


# ---- all of it -------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="files, such as 'inference-*' or 'peers'")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    import_torch()
    try:
        _check_device()
    except ArchscopeError as error:
        print(f"bench-cuda: {error}", file=sys.stderr)
        return 1
    RAW.mkdir(exist_ok=True)
    failed = _measure(chosen.only, chosen.fresh, chosen.seconds)
    page = pages.HERE / "table3.md"
    page.write_text(pages.renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"bench-cuda: {page} is renewed{f', {failed} measurements failed' if failed else ''}", file=sys.stderr)
    return 1 if failed else 0


def _check_device() -> None:
    from archscope.latency import Options
    from archscope.latency.device import check

    check(Options("cuda"))


def _measure(only: str, fresh: bool, seconds: float) -> int:
    """How many measurements failed; a failed one does not stop the others."""
    failed = 0
    for name, command in plan("cuda", seconds):
        if not fnmatch(name, only) or ((RAW / f"{name}.json").exists() and not fresh):
            continue
        print(f"bench-cuda: {command}", file=sys.stderr)
        try:
            run(name, command, RAW)
        except Exception as error:  # whatever a compiler or a driver may raise
            failed += 1
            print(f"bench-cuda: {name}: {' '.join(str(error).split())[:300]}", file=sys.stderr)
    peers = RAW / "peers.json"
    if fnmatch("peers", only) and (fresh or not peers.exists()):
        print("bench-cuda: torch.utils.benchmark and triton's do_bench", file=sys.stderr)
        found = {"command": "make bench-cuda", "peers": compare_with_peers("cuda", seconds)}
        peers.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
