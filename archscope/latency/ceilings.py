"""A device's ceilings, measured here: a copy, matrix products by dtype, and the launch of a kernel; cached."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, get_args

import torch
from torch.nn.functional import conv2d, linear

from archscope import cache
from archscope.errors import EnvironmentFailure
from archscope.latency import Dtype, Options, Progress, unheard
from archscope.latency.device import (
    check,
    described,
    first_line,
    load_averages,
    milliseconds_each,
    set_up,
    synchronize,
)
from archscope.model.report import Report
from archscope.model.rules import MapOf, Record
from archscope.model.schema import CEILINGS, WHEN_MEASURED, WORD
from archscope.roofline import Ceilings, with_bounds

SECONDS = 0.3
"""For each ceiling. The best of its runs counts, so that more of them change little."""

COPIED_BYTES = 2**28
"""More than a cache holds."""

SMALLEST, LARGEST = 256, 8192
"""Sides of the matrices; they double until the next product would take too long."""

LAUNCHES = 1000
"""In a row, so that the clock's own time is none of theirs."""

ROW_SECONDS = 0.02
MOST_IN_A_ROW = 100
"""Runs in a row on CUDA last so long, and are so many at most."""


def ceilings_for(options: Sequence[Options], progress: Progress = unheard) -> dict[Options, Ceilings | str]:
    """The ceilings of each that has bounds, or a note where the device does not answer: those of training steps, and of
    networks whose types torch chooses, or whose layers another program runs as one, have none."""
    bounded = [own for own in options if not (own.train or own.amp or own.compile or own.backend != "eager")]
    return {own: _ceilings_or_why(own, progress) for own in dict.fromkeys(bounded)}


def _ceilings_or_why(options: Options, progress: Progress) -> Ceilings | str:
    try:
        return ceilings_of(options, progress)
    except Exception as error:  # whatever a device may raise that is out of memory, or lost
        return f"no bound: the device's bandwidth and products could not be measured: {first_line(error)}"


def bounded(report: Report, ceilings: Ceilings | str | None) -> Report:
    """A report that has times by layer with its bounds, or with the note that says why there are none."""
    if ceilings is None or "latency_ms" not in report.columns:
        return report
    if isinstance(ceilings, Ceilings):
        return with_bounds(report, [ceilings])
    return replace(report, graph=replace(report.graph, notes=(*report.graph.notes, ceilings)))


def ceilings_of(options: Options, progress: Progress = unheard) -> Ceilings:
    """The ceilings of `options.device` with so many threads: from the cache, or measured now.

    They are measured anew where driver, torch or threads have changed, and with `options.fresh`, which can but raise
    them: a ceiling is the best that was ever seen.
    """
    key = _key(options)
    path = cache.folder() / f"ceilings-{'-'.join(map(_slug, key.values()))}.json"
    known = _read(path, key)
    found = None if options.fresh else known
    if found is None:
        progress(f"{key['device']}: bandwidth and products", 0.0)
        found = best_of(known, measure(options))
        progress("", 0.0)
        cache.write(path, json.dumps({"key": key, "ceilings": asdict(found)}, indent=1).encode())
    return found


def measure(options: Options, seconds: float = SECONDS) -> Ceilings:
    """Measure now, for so many seconds each. A rate is the best that was reached."""
    with set_up(replace(options, dtype="float32")):
        copied, launch_ms = _copy_rate(options, seconds), _launch_ms(options, seconds)
    rates = {dtype: _product_rate(options, dtype, seconds) for dtype in get_args(Dtype) if _multiplies(options, dtype)}
    load, *_ = load_averages() or [0.0]
    name, today = described(options)["device_name"], datetime.now(UTC).date().isoformat()
    return Ceilings(name, copied, rates, launch_ms, "measured", today, load)


def best_of(known: Ceilings | None, now: Ceilings) -> Ceilings:
    """The best of both; `now`'s day and load where it is better in something."""
    if known is None:
        return now
    rates = {
        dtype: max(rate, known.operations_per_second.get(dtype, 0.0))
        for dtype, rate in now.operations_per_second.items()
    }
    best = replace(
        known,
        bytes_per_second=max(known.bytes_per_second, now.bytes_per_second),
        operations_per_second=rates,
        launch_ms=min(known.launch_ms, now.launch_ms),
    )
    return known if best == known else replace(best, date=now.date, load=now.load)


# ---- measuring -----------------------------------------------------------------------------------------------


def _copy_rate(options: Options, seconds: float) -> float:
    """Bytes a second, read and written."""
    source = torch.zeros(COPIED_BYTES, dtype=torch.uint8, device=options.device)
    target = torch.empty_like(source)
    return 2 * COPIED_BYTES / _best_seconds(lambda: target.copy_(source), options, seconds)


def _product_rate(options: Options, dtype: Dtype, seconds: float) -> float:
    """Operations a second of square matrix products, of the size and the function that do best: some types have a fast
    path through but one of them on a CPU."""
    options = replace(options, dtype=dtype)
    products = (torch.mm,) if options.on_cuda else (torch.mm, linear, _pointwise)
    best = 0.0
    with set_up(options):
        for product in products:
            side, took = SMALLEST, 0.0
            while side <= LARGEST and 8 * took <= 2 * seconds:  # twice the side takes 8 times as long
                square = torch.rand(side, side, device=options.device).to(getattr(torch, options.stored_dtype))
                took = _best_seconds(partial(product, square, square), options, seconds / 2 / len(products))
                best, side = max(best, 2 * side**3 / took), 2 * side
    return best


def _pointwise(image: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The product as a convolution with 1 x 1 kernels of an image one pixel wide."""
    return conv2d(image.t()[None, :, :, None], weight[:, :, None, None])


def _launch_ms(options: Options, seconds: float) -> float:
    """What the host needs for one small operation, however little the device has to do."""
    one = torch.zeros(1, device=options.device)

    def launch_all() -> None:
        for _ in range(LAUNCHES):
            one.add_(1)

    return 1e3 * _best_seconds(launch_all, options, seconds) / LAUNCHES


def _best_seconds(step: Callable[[], Any], options: Options, seconds: float) -> float:
    """The shortest mean of some runs in a row, of as many rows as fit into so many seconds, one at least, after a run
    that is not timed. On CUDA a row is so long that the wait for its end does not count."""
    step()
    synchronize(options)
    clock = _device_seconds if options.on_cuda else _host_seconds
    row = max(1, min(MOST_IN_A_ROW, round(ROW_SECONDS / max(clock(step, 1), 1e-9)))) if options.on_cuda else 1
    best, now = float("inf"), perf_counter()
    end = now + seconds
    while best == float("inf") or now < end:
        best, now = min(best, clock(step, row)), perf_counter()
    return best


def _host_seconds(step: Callable[[], Any], count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        step()
    return (perf_counter() - start) / count


def _device_seconds(step: Callable[[], Any], count: int) -> float:
    return milliseconds_each(step, count) / 1000


def _multiplies(options: Options, dtype: Dtype) -> bool:
    try:
        check(replace(options, dtype=dtype))
    except EnvironmentFailure:
        return False
    return True


# ---- the cache -----------------------------------------------------------------------------------------------


def _key(options: Options) -> dict[str, str]:
    """What the ceilings depend on: with another they are measured anew."""
    found = described(options)
    about = {"driver": found.get("driver")} if options.on_cuda else {"threads": found["threads"]}
    known = {"device": found["device_name"], **about, "torch": torch.__version__}
    return {name: str(value) for name, value in known.items()}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "_", text.lower()).strip("_")


def _read(path: Path, key: Mapping[str, str]) -> Ceilings | None:
    """What was cached for this key; None where nothing was, or nothing that makes sense."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        CACHED.check(data)
        found = Ceilings(**data["ceilings"])
        return found if data["key"] == key and "float32" in found.operations_per_second else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


CACHED = Record({"key": MapOf(WORD, WORD), "ceilings": Record({**CEILINGS, **WHEN_MEASURED})})
