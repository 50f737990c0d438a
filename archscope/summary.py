"""From what the user named to a measured Report."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.latency import Job, Options, Progress, unheard
from archscope.measures import measure_all
from archscope.model.graph import LARGEST_SIZE, Graph
from archscope.model.input_sizes import Sizes
from archscope.model.report import Report
from archscope.model.text import shown
from archscope.targets import resolve
from archscope.targets.default_input import broken_off, first_pass
from archscope.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from archscope.tracing import Mode


STOPPED = "stopped, and the layers before are shown: "
"""How the note of a partial Report begins; the error follows."""


def summarize(
    target: "str | nn.Module",
    input_size: Sizes | None = None,
    *,
    inputs: Any = None,
    batch: int | Sequence[int] | None = None,
    mode: "Mode" = "eval",
    latency: Options | None = None,
    progress: Progress = unheard,
    options: Mapping[str, Any] | None = None,
    partial: bool = False,
    **more_options: Any,
) -> Report:
    """Trace a target and measure everything.

    `target` is what `archscope.targets.resolve` takes, or the path of a saved report.json (then nothing else applies).
    `input_size` is without the batch, C x H x W, or one side, and defaults to the network's own or to what its first
    layer suggests (a note of the report then says so); several, with names and dtypes, and `inputs` as in `trace`.
    `batch` images, 1 by default, are assumed for the memory columns; counts are per image. With `latency` the network
    also runs, and is timed at each of several batches, layer by layer at the first; `progress` is told of it. `options`
    and all further keywords go to the network's builder. Where the pass fails, a `partial` Report is of the layers
    before, and its first note is the error. Raises ArchscopeError, and, after Ctrl-C while measuring,
    `latency.Interrupted`.
    """
    if isinstance(target, str) and target.endswith(".json"):
        return read_report(target)
    batches = checked_batches(batch, latency)
    if latency and latency.train:
        mode = "train"
    dtype = latency.stored_dtype if latency else ""
    job = job_of(target, input_size, inputs, batches, mode, dtype, {**(options or {}), **more_options}, partial)
    if latency is None:
        return job.report
    from archscope.latency.measuring import measure

    (measured,) = measure([job], latency, batches or [job.report.graph.batch], progress)
    if isinstance(measured, ArchscopeError):
        raise measured
    return measured


def job_of(
    target: "str | nn.Module",
    input_size: Sizes | None,
    inputs: Any,
    batches: Sequence[int],
    mode: "Mode",
    dtype: str,
    options: Mapping[str, Any],
    partial: bool = False,
) -> Job:
    """The target's Report at the first batch, with weights of this type (empty: its own), and how to measure it."""
    from archscope.tracing.untouched import collection_paused

    found = resolve(target)
    with collection_paused():
        try:
            graph, images = first_pass(found, options, input_size, inputs, mode, dtype)
        except ArchscopeError as error:
            ran = broken_off(error) if partial else None
            if ran is None:
                raise
            graph, images = replace(ran, notes=(f"{STOPPED}{error}", *ran.notes)), None
        report = _report(graph, target if isinstance(target, str) else found.name, _first(batches, images), mode)
    network = found.network
    if network is not None:
        (size, *_) = (tensor.shape for tensor in graph.inputs.values())
        claims = network.claims_of(size, {**found.options, **options})
        report = replace(report, title=f"{network.paper.citation}, {network.source}", claims=claims)

    def build() -> "nn.Module":
        return found.build(**options) if isinstance(target, str) else copy.deepcopy(target)

    return Job(report, build, inputs, found.running)


def checked_batches(batch: int | Sequence[int] | None, latency: Options | None) -> list[int]:
    """The batches as a list. Raises ArchscopeError for one without images, and for several with nothing to measure."""
    batches = [batch] if isinstance(batch, int) else list(batch or ())
    if not all(0 < images <= LARGEST_SIZE for images in batches):
        raise ArchscopeError(f"a batch of {', '.join(map(str, batches))} images: it takes 1 or more, below 2^63")
    if len(batches) > 1 and latency is None:
        raise ArchscopeError("several batches are for measuring: give a --device, or one batch")
    return batches


def _first(batches: Sequence[int], images: int | None) -> int:
    """The first batch, where `images` may have stood in front of the input's size; 1 where nothing says."""
    if images and batches and batches[0] != images:
        raise ArchscopeError(f"the input has a batch of {images}, --batch says {batches[0]}: give one of them")
    return batches[0] if batches else images or 1


def read_report(path: str) -> Report:
    """A report that `archscope summary -o report.json` wrote. Raises ArchscopeError."""
    return Report.from_json(read_text(path), path)


def read_text(path: str) -> str:
    """The file's text. Raises ArchscopeError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # of bytes that are no text, and of a zero in the name
        raise ArchscopeError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not text'}") from None


def _report(graph: Graph, target: str, batch: int, mode: str) -> Report:
    import torch

    graph = replace(graph, batch=batch)
    dtypes = [tensor.dtype for tensor in graph.parameters.values()]
    setting = {
        "device": "meta",
        "dtype": dtypes[0] if dtypes else "float32",
        "batch": batch,
        "mode": mode,
        "archscope": __version__,
        "torch": torch.__version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Report(graph, measure_all(graph), setting, shown(target))
