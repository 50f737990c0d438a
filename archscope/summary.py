"""From what the user named to a measured Report."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.claims import Claim
from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.graph import Graph
from archscope.latency import Options, Progress, unheard
from archscope.measures import measure_all
from archscope.networks import Network
from archscope.report import Report
from archscope.targets import Target, resolve

if TYPE_CHECKING:
    from torch import nn

    from archscope.tracing import Mode, Sizes, TraceError

LARGEST_TRIED = 1024
TOO_SMALL = re.compile(r"too small|kernel size can't be greater|output size|non-?negative|negative dimension", re.I)


@collection_paused()
def summarize(
    target: "str | nn.Module",
    input_size: "Sizes | None" = None,
    *,
    inputs: Any = None,
    batch: int | Sequence[int] = 1,
    mode: "Mode" = "eval",
    latency: Options | None = None,
    progress: Progress = unheard,
    options: Mapping[str, Any] | None = None,
    **more_options: Any,
) -> Report:
    """Trace a target and measure everything.

    `target` is what `archscope.targets.resolve` takes, or the path of a saved report.json (then nothing else applies).
    `input_size` is without the batch, C x H x W, and defaults to the network's own; `inputs` as in `trace`.
    `batch` images are assumed for the memory columns; counts are per image. With `latency` the network also runs, and
    is timed at each of several batches, layer by layer at the first; `progress` is told of it. `options` and all
    further keywords go to the network's builder. Raises ArchscopeError, and, after Ctrl-C while measuring,
    `latency.Interrupted`.
    """
    if isinstance(target, str) and target.endswith(".json"):
        return read_report(target)
    batches = _checked_batches(batch, latency)
    found = resolve(target)
    network = found.network
    if network and inputs is None:
        input_size = network.input_size if input_size is None else input_size
        _check_channels(network, input_size)
    options = {**(options or {}), **more_options}
    built = found.on_meta(**options)
    module = _stored_as(built.module, latency.stored_dtype) if latency else built.module
    mode = "train" if latency and latency.train else mode
    with found.running():
        graph = _trace(module, input_size, inputs, mode, built.name, found.input_size)
    graph = replace(graph, notes=(*built.notes, *graph.notes))
    report = _report(graph, target if isinstance(target, str) else found.name, batches[0], mode)
    if network is not None:
        claims = tuple(claim for claim in network.claims if _is_of(claim, network, options, input_size))
        report = replace(report, title=f"{network.paper.citation}, {network.source}", claims=claims)
    return _with_latency(report, found, options, latency, batches, inputs, progress) if latency else report


def _checked_batches(batch: int | Sequence[int], latency: Options | None) -> list[int]:
    batches = [batch] if isinstance(batch, int) else list(batch)
    if not batches or min(batches) < 1:
        raise ArchscopeError(f"a batch of {', '.join(map(str, batches)) or 'no'} images: it takes 1 or more")
    if len(batches) > 1 and latency is None:
        raise ArchscopeError("several batches are for measuring: give a --device, or one batch")
    return batches


def _stored_as(module: "nn.Module", dtype: str) -> "nn.Module":
    """The module with weights of this type, so that memory is predicted for what will run; a copy where it differs."""
    import torch

    wanted = getattr(torch, dtype)
    stored = [tensor for tensor in module.parameters() if tensor.dtype.is_floating_point]
    return module if all(tensor.dtype == wanted for tensor in stored) else copy.deepcopy(module).to(dtype=wanted)


def _with_latency(
    report: Report,
    found: Target,
    options: Mapping[str, Any],
    latency: Options,
    batches: Sequence[int],
    inputs: Any,
    progress: Progress,
) -> Report:
    from archscope.latency.measuring import with_latency

    def build() -> "nn.Module":
        return found.build(**options) if found.network else copy.deepcopy(found.build(**options))

    with found.running():
        return with_latency(report, build, latency, batches, inputs, progress)


def _is_of(claim: Claim, network: Network, options: Mapping[str, Any], input_size: "Sizes | None") -> bool:
    """Is the claim about the whole network as built? Parameters do not depend on the input."""
    own_size = input_size == tuple(claim.input_size or network.input_size)
    return not claim.block and claim.options == options and (own_size or claim.quantity == "params")


def read_report(path: str) -> Report:
    """A report that `archscope summary -o report.json` wrote. Raises ArchscopeError."""
    return Report.from_json(read_text(path), path)


def read_text(path: str) -> str:
    """The file's text. Raises ArchscopeError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArchscopeError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not text'}") from None


def _check_channels(network: Network, input_size: "Sizes") -> None:
    if isinstance(input_size, int) or input_size[0] != network.input_size[0]:
        own = "x".join(map(str, network.input_size))
        raise ArchscopeError(f"{network.name} takes {network.input_size[0]} channels, as in its own input {own}")


def _report(graph: Graph, target: str, batch: int, mode: str) -> Report:
    import torch

    import archscope

    graph = replace(graph, batch=batch)
    dtypes = [tensor.dtype for tensor in graph.parameters.values()]
    setting = {
        "device": "meta",
        "dtype": dtypes[0] if dtypes else "float32",
        "batch": batch,
        "mode": mode,
        "archscope": archscope.__version__,
        "torch": torch.__version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Report(graph, measure_all(graph), setting, target)


def _trace(
    module: "nn.Module",
    input_size: "Sizes | None",
    inputs: Any,
    mode: "Mode",
    name: str,
    own_size: tuple[int, ...] | None = None,
) -> Graph:
    from archscope.tracing import TraceError, trace

    if input_size is None and inputs is None:
        raise ArchscopeError(f"{name} needs an input size, such as --input 3x224x224")
    try:
        return trace(module, input_size, inputs=inputs, mode=mode, name=name)
    except TraceError as error:
        if input_size is None:
            raise
        if TOO_SMALL.search(str(error)):
            raise ArchscopeError(_too_small(module, input_size, mode, error, own_size)) from error
        if own_size in (None, input_size):
            raise
        raise ArchscopeError(f"{error}; {name}'s own input is {'x'.join(map(str, own_size))}") from error


def _too_small(
    module: "nn.Module", input_size: "Sizes", mode: "Mode", error: "TraceError", own_size: tuple[int, ...] | None
) -> str:
    """Which layer ran out of pixels, and the smallest square image that passes; where few do, the network's own."""
    from archscope.tracing import TraceError, as_sizes, trace

    (given, *others) = as_sizes(input_size)
    said = f"input {'x'.join(map(str, given))} is too small: {error}"
    if others or len(given) < 2:
        return said

    def passes(side: int) -> bool:
        try:
            trace(module, (given[0], *[side] * (len(given) - 1)), mode=mode)
        except TraceError:
            return False
        return True

    low, high = min(given[1:]), LARGEST_TRIED
    if not passes(high):
        return said + (f"; the network's own is {'x'.join(map(str, own_size))}" if own_size else "")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return f"{said}; the smallest square that works is {'x'.join(map(str, (given[0], *[high] * (len(given) - 1))))}"
