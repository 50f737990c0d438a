"""Walk the spectrum: a block or a network, built and traced with one count of segments after the other."""

from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from archscope.cache import kept
from archscope.continuum.points import Block, Point, Spectrum
from archscope.errors import ArchscopeError
from archscope.latency import Job, Options, Progress, unheard
from archscope.model.graph import Graph, is_pointwise
from archscope.model.input_sizes import is_example
from archscope.model.operations import CATEGORY
from archscope.model.report import Report
from archscope.model.schema import MOST_DIVIDED
from archscope.model.segments import FOR_NETWORKS, Segments, equal_partition, in_order, name_of, usual
from archscope.networks import Network, catalogue, find
from archscope.sweeping.search import rescaled
from archscope.targets import variants
from archscope.targets.files import SUFFIXES

if TYPE_CHECKING:
    from torch import nn

    from archscope.targets.inputs import InputSize

Hold = Literal["", "params"]

# ---- a block --------------------------------------------------------------------------------------------------


def of_block(
    block: Block,
    segments: Iterable[Segments] | None = None,
    *,
    batch: int | None = None,
    hold: Hold = "",
    latency: Options | None = None,
    progress: Progress = unheard,
) -> Spectrum:
    """The spectrum of a block.

    `hold` "params" scales each point's widths, the input's too, so that all have (nearly) the parameters of the
    depthwise separable one. With `latency` all points are timed in turns. Raises ArchscopeError where the segments
    do not fit.
    """
    chosen = in_order(usual(block.segmented_channels) if segments is None else segments)
    held = _params(lambda: module_of(block, block.segmented_channels)) if hold else 0
    blocks = [_scaled_block(block, count, held) if hold else block for count in chosen]
    jobs = [_block_job(own, count, batch, latency) for own, count in zip(blocks, chosen, strict=True)]
    reports, setting = _reports(jobs, chosen, latency, progress)
    points = [_block_point(blocks[i], chosen[i], report, hold) for i, report in reports.items()]
    return Spectrum("block", tuple(points), setting, block, hold=hold, held=held)


def module_of(block: Block, segments: Segments) -> "nn.Module":
    """The block with so many segments, on torch's default device. Raises ArchscopeError where they do not fit."""
    from torch import nn

    from archscope.networks.segmented import SegmentedConv

    between = {"none": None, "relu": nn.ReLU, "elu": nn.ELU}[block.activation]
    out_channels = block.channels * (block.depth_multiplier if block.order == "pointwise-first" else 1)
    ends, shape = (block.input_size[0], out_channels), (block.kernel_size, block.stride, block.depth_multiplier)
    try:
        return SegmentedConv(*ends, segments, *shape, block.order, between)  # type: ignore[arg-type]
    except (ValueError, RuntimeError) as error:  # of segments, of sizes
        raise ArchscopeError(str(error)) from None


def _scaled_block(block: Block, segments: Segments, held: int) -> Block:
    """The block with its widths scaled to `held` parameters."""
    if not isinstance(segments, int):
        raise ArchscopeError("--hold params scales equal segments: leave out --partition")

    def scaled(scale: float) -> Block:
        before, *size = block.input_size
        least = segments / block.segmented_channels
        before, after = (round(width * max(scale, least)) for width in (before, block.channels))
        return replace(block, channels=after, input_size=(before, size[0], size[1]))

    return scaled(rescaled(lambda scale: _params(lambda: module_of(scaled(scale), segments)), held))


def _block_job(block: Block, segments: Segments, batch: int | None, latency: Options | None) -> Job:
    from archscope.summary import job_of
    from archscope.tracing.meta_build import Skeleton

    with Skeleton():
        module = module_of(block, segments)
    dtype = latency.stored_dtype if latency else ""
    job = job_of(module, block.input_size, None, [batch or 1], "eval", dtype, {})
    count = segments if isinstance(segments, int) else len(segments)
    graph = replace(job.report.graph, name=f"{count} segment{'s' * (count > 1)}")  # what progress calls it
    return replace(job, report=replace(job.report, graph=graph), build=lambda: module_of(block, segments))


def _block_point(block: Block, segments: Segments, report: Report, hold: Hold) -> Point:
    sizes = equal_partition(block.segmented_channels, segments) if isinstance(segments, int) else segments
    values = {"channels": block.channels} if hold else {}
    partition = tuple(map(int, sizes))
    return Point(len(partition), name_of(partition), values | _values(report), partition)


# ---- a network ------------------------------------------------------------------------------------------------


def of_network(
    name: str,
    segments: Iterable[Segments] | None = None,
    *,
    input_size: "InputSize | None" = None,
    batch: int | None = None,
    hold: Hold = "",
    options: Mapping[str, Any] | None = None,
    latency: Options | None = None,
    progress: Progress = unheard,
) -> Spectrum:
    """The spectrum of a network whose builder has the option `segments`. `options` go to the builder.

    `hold` "params" scales each point's widths so that all have (nearly) the parameters of the network as it comes.
    Raises ArchscopeError where there is nothing to segment.
    """
    name, given = variants.split(name)
    network, own = segmented_network(name), {**given, **(options or {})}
    _check(network, hold, own)
    chosen = in_order(FOR_NETWORKS if segments is None else segments)

    def made() -> Spectrum:
        return _of_network(network, chosen, input_size, batch, hold, own, latency, progress)

    if latency is not None or is_example(input_size):
        return made()
    asked = ("spectrum", name, chosen, input_size, batch, hold, own)
    return kept(asked, ("torch",), made, Spectrum.to_dict, Spectrum.of_checked)


def _of_network(
    network: Network,
    chosen: Sequence[Segments],
    input_size: "InputSize | None",
    batch: int | None,
    hold: Hold,
    own: Mapping[str, Any],
    latency: Options | None,
    progress: Progress,
) -> Spectrum:
    from archscope.summary import job_of

    own = dict(own)
    held = _params(lambda: network.build(**own)) if hold else 0
    scales = [_scale(network, own | {"segments": count}, held) if hold else {} for count in chosen]
    dtype, batches = latency.stored_dtype if latency else "", [batch] if batch else []
    jobs = [
        job_of(network.name, input_size, None, batches, "eval", dtype, own | {"segments": count} | scale)
        for count, scale in zip(chosen, scales, strict=True)
    ]
    reports, setting = _reports(jobs, chosen, latency, progress)
    points = [Point(chosen[i], _name(network, chosen[i]), scales[i] | _values(report)) for i, report in reports.items()]
    title = f"{network.label}: {network.paper.citation}"
    found = Spectrum(network.name, tuple(points), setting, None, title, hold, held, own)
    if hold:
        return found
    if 1 in chosen:
        regular = jobs[chosen.index(1)]
    else:
        regular = job_of(network.name, input_size, None, [], "eval", dtype, own | {"segments": 1})
    commonest, times = _commonest(regular.report.graph)
    return replace(found, commonest=commonest, times=times)


def segmented_network(name: str) -> Network:
    """The catalogue's network of this name, which has the option `segments`. Raises ArchscopeError for any other."""
    name, _ = variants.split(name)
    others = {entry.paper.file: entry.name for entry in catalogue().values() if "segments" in entry.options}
    known = f"{', '.join(others.values())} and their like"
    if name.endswith(SUFFIXES):
        raise ArchscopeError(f"{name} is a file, whose layers are as they are; archscope knows how to segment {known}")
    if ":" in name or name.endswith(".py"):
        raise ArchscopeError(f"{name} is code of your own; archscope knows how to segment {known}")
    network = find(name)
    if "segments" not in network.options:
        raise ArchscopeError(f"{network.name} has nothing to segment; {known} have")
    return network


def _check(network: Network, hold: Hold, options: dict[str, Any]) -> None:
    if "segments" in options:
        raise ArchscopeError("the points are given by --segments, not by --set segments=...")
    if hold and "width_multiplier" not in network.options:
        raise ArchscopeError(f"--hold params scales widths, and {network.name} has no width_multiplier")


def _name(network: Network, segments: Segments) -> str:
    """A network's layers have several widths: a cardinality may divide them unevenly."""
    default = literal_eval(network.options["segments"].rpartition(" = ")[2])
    if isinstance(segments, int):
        name = "Inception-like" if segments in {3, 4} else f"ResNeXt-like, cardinality {segments}"
        name = name if segments > 1 else "regular convolutions"
    else:
        name = "depthwise separable" if segments == "depthwise" else str(segments)
    return f"{name}, as published" if segments == default else name


def _commonest(graph: Graph) -> tuple[Block | None, int]:
    """Of a network of regular convolutions the spatial one to as many channels as it reads that it has most often, the
    widest of several, and how often that is."""
    counted: Counter[Block] = Counter()
    for layer in graph.layers:
        if CATEGORY.get(layer.operation) == "convolution" and layer.window and not is_pointwise(layer):
            (kernel, *others), shape = layer.window.kernel_size, layer.input_shapes[0]
            if others == [kernel] and kernel % 2 and layer.output_shape[0] == shape[0] <= MOST_DIVIDED:
                counted[Block(shape[0], shape, kernel, layer.window.stride[0], order="depthwise-first")] += 1
    return max(counted.items(), key=lambda item: (item[1], item[0].channels), default=(None, 0))


def _scale(network: Network, options: Mapping[str, Any], held: int) -> dict[str, float]:
    """The width multiplier that gives `held` parameters."""

    def count(scale: float) -> int:
        return _params(lambda: network.build(**options, width_multiplier=scale))

    return {"width_multiplier": rescaled(count, held)}


def read_spectrum(path: str) -> Spectrum:
    """A spectrum that `archscope spectrum -o spectrum.json` wrote. Raises ArchscopeError."""
    from archscope.summary import read_text

    return Spectrum.from_json(read_text(path), path)


# ---- both -----------------------------------------------------------------------------------------------------


def _reports(
    jobs: Sequence[Job], chosen: Sequence[Segments], latency: Options | None, progress: Progress
) -> tuple[dict[int, Report], Mapping[str, Any]]:
    """Of each point its report, by its place, and the setting, which says why others have none. Raises ArchscopeError
    where all fail."""
    if latency is None:
        return dict(enumerate(job.report for job in jobs)), jobs[0].report.setting
    from archscope.latency.measuring import measure

    found = measure(jobs, latency, [jobs[0].report.graph.batch], progress)
    reports = {i: report for i, report in enumerate(found) if isinstance(report, Report)}
    failures = {i: failure for i, failure in enumerate(found) if isinstance(failure, ArchscopeError)}
    if not reports:
        raise failures[0]
    said = [f"segments={chosen[i]}: {failure}" for i, failure in failures.items()]
    setting = next(iter(reports.values())).setting
    return reports, {**setting, "failures": said} if said else setting


def _params(build: "Callable[[], nn.Module]") -> int:
    from archscope.tracing.meta_build import Skeleton

    with Skeleton():
        return sum(parameter.numel() for parameter in build().parameters() if parameter.requires_grad)


def _values(report: Report) -> dict[str, Any]:
    convolutions = [layer for layer in report.graph.layers if "convolution" in CATEGORY.get(layer.operation, "")]
    pointwise = [layer.name for layer in convolutions if is_pointwise(layer)]
    spatial = [layer.name for layer in convolutions if not is_pointwise(layer)]
    totals = {name: report.totals[name] for name in ("params", "macs", "bytes_moved", "intensity")}
    totals["spatial_params"] = report.value("params", spatial) or 0
    totals["pointwise_params"] = report.value("params", pointwise) or 0
    return totals | _times(report.totals)


def _times(totals: Mapping[str, Any]) -> dict[str, float]:
    """What was measured, and how near it comes to what the device could do."""
    if "wall_ms" not in totals:
        return {}
    wall = totals["wall_ms"]
    times = {"latency_ms": wall["median"], "latency_p95_ms": wall["p95"], "latency_min_ms": wall["min"]}
    if "device_ms" in totals:
        times["device_ms"] = totals["device_ms"]["median"]
    if totals.get("bound_ms"):
        bound = totals["bound_ms"]
        times |= {"bound_ms": bound, "bound_percent": 100 * bound / times.get("device_ms", times["latency_ms"])}
    return times
