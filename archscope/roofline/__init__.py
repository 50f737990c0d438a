"""The roofline: how long a network takes at least on a device of given ceilings. No torch.

No layer is faster than its bytes at the memory's bandwidth, nor than its operations at the peak of the units that do
them. docs/roofline.md says what such a bound holds for, and what it does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

from archscope.errors import ArchscopeError
from archscope.measures import Measured
from archscope.model.graph import Graph, Layer, is_depthwise
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column, Report, heaviest, ratio, summed

FLOATS = {"float64", "float32", "bfloat16", "float16"}
STORED_AS = {"tf32": "float32"}
"""tf32 is how float32 tensors are multiplied."""

PACKED = {"float16": 4, "bfloat16": 2}
"""Vector units multiply these types at so many times the rate of float32, at most, on any device: in packed pairs, an
A100 float16 twice as fast again. Of a device that does not, the bound is lower than it could be."""

TOO_FAST = 1.2
"""A layer that takes so many times less than its bound says that the ceilings are too low."""

OF_ANY_DEVICE = ("mode", "archscope", "torch", "date")
"""What of a report's setting holds wherever it runs."""


class Work(NamedTuple):
    """Bytes to and from memory, and operations by the units that do them.

    Matrix units do convolutions and products. Vector units do depthwise convolutions, which have no channels to sum
    over, and what is elementwise, that in float32 whatever the tensors' type.
    """

    bytes: int
    matrix: int
    depthwise: int
    elementwise: int


@dataclass(frozen=True)
class Ceilings:
    """What a device can do at most: bytes a second to and from its memory, operations a second by dtype.

    A multiply-accumulate is two operations. The rate of float32 is that of the vector units, the others are those of
    matrix products. `launch_ms` is the time that the host needs to launch a kernel. Where they were measured, `date`
    is the last day on which one of them was reached, `load` the machine's then, in cores.
    """

    device: str
    bytes_per_second: float
    operations_per_second: Mapping[str, float]
    launch_ms: float = 0.0
    origin: Literal["published", "measured"] = "measured"
    date: str = ""
    load: float = 0.0

    def times(self, work: Work, dtype: str) -> tuple[float, float]:
        """Milliseconds of the traffic and of the arithmetic, which overlap at best. Raises ArchscopeError."""
        vector = work.depthwise / PACKED.get(dtype, 1) + work.elementwise
        arithmetic = max(work.matrix / self._rate(dtype), vector / self._rate("float32"))
        return 1e3 * work.bytes / self.bytes_per_second, 1e3 * arithmetic

    def _rate(self, dtype: str) -> float:
        if dtype not in self.operations_per_second:
            known = ", ".join(self.operations_per_second)
            raise ArchscopeError(f"{self.device} has no {self.origin} peak for {dtype}: choose {known}")
        return self.operations_per_second[dtype]


def predict(report: Report, ceilings: Sequence[Ceilings], dtype: str = "", batch: int = 0) -> Report:
    """The report at this dtype and batch (by default its own), with its bounds on these devices.

    What was timed is left out, as another device's, and a note says so. Raises ArchscopeError for a dtype that a device
    has no peak for.
    """
    dtype = dtype or report.setting["dtype"]
    graph = converted(replace(report.graph, batch=batch or report.graph.batch), dtype)
    kept = {key: report.setting[key] for key in OF_ANY_DEVICE if key in report.setting}
    setting = {"device": "meta", "dtype": dtype, "batch": graph.batch, **kept}
    if "wall_ms" in report.columns:
        left_out = (
            f"the times measured on {report.setting['device_name']} are left out: the bounds are of other devices"
        )
        graph = replace(graph, notes=(*graph.notes, left_out))
    return with_bounds(replace(report, graph=graph, columns=Measured(graph), setting=setting), ceilings)


def converted(graph: Graph, dtype: str) -> Graph:
    """The graph with every floating-point tensor of this type, as `module.to(dtype)` makes it."""
    layers = tuple(replace(layer, dtypes=tuple(_stored(old, dtype) for old in layer.dtypes)) for layer in graph.layers)
    inputs, parameters, buffers = (
        {name: tensor._replace(dtype=_stored(tensor.dtype, dtype)) for name, tensor in tensors.items()}
        for tensors in (graph.inputs, graph.parameters, graph.buffers)
    )
    return replace(graph, inputs=inputs, layers=layers, parameters=parameters, buffers=buffers)


def _stored(old: str, dtype: str) -> str:
    return STORED_AS.get(dtype, dtype) if old in FLOATS else old


def with_bounds(report: Report, ceilings: Sequence[Ceilings]) -> Report:
    """The report with its `roofline`, one entry a device; with one device, also with what bounds each layer."""
    bounds = [bounds_of(report, device) for device in ceilings]
    entries = [_entry(report, *pair) for pair in zip(ceilings, bounds, strict=True)]
    columns = {**report.columns, "roofline": Column("roofline", "ms", entries)}
    if len(bounds) == 1:
        columns |= {column.name: column for column in bounds[0]}
        if "latency_ms" in columns:
            # How near each layer's time comes to its bound: 100 % is as fast as the ceilings allow.
            columns["bound_percent"] = ratio("bound_percent", "%", columns["bound_ms"], columns["latency_ms"])
            notes = (*report.graph.notes, *_too_fast(columns["bound_percent"], columns["latency_ms"], *ceilings))
            report = replace(report, graph=replace(report.graph, notes=notes))
    return replace(report, columns=columns)


def _too_fast(reached: Column, latency_ms: Column, ceilings: Ceilings) -> list[str]:
    """Says so where layers outrun measured ceilings; what takes no longer than a launch is too short to tell."""
    faster = [
        name
        for name, percent in reached.values.items()
        if percent is not None and percent > 100 * TOO_FAST and latency_ms.values[name] > ceilings.launch_ms
    ]
    if not faster or ceilings.origin != "measured":
        return []
    layers = f"{len(faster)} layers are" if len(faster) > 1 else f"{faster[0]} is"
    return [f"{layers} faster than {ceilings.device} was found to be ({ceilings.date}): --fresh measures it anew"]


def bounds_of(report: Report, ceilings: Ceilings) -> tuple[Column, Column]:
    """`bound_ms`, the least time of each layer, and `bound`: memory, compute, or launch where the host needs longer
    to launch a kernel. None for what archscope cannot count and, in `bound`, for what takes no time."""
    bound_ms: dict[str, float | None] = {}
    bound: dict[str, str | None] = {}
    for layer in report.graph.layers:
        work = work_of(report, layer)
        times = None if work is None else ceilings.times(work, report.setting["dtype"])
        bound_ms[layer.name] = None if times is None else max(times)
        bound[layer.name] = None if times is None else _bound_by(*times, ceilings.launch_ms)
    total = heaviest(zip(bound.values(), bound_ms.values(), strict=True))
    return summed("bound_ms", "ms", bound_ms), Column("bound", "", total, bound, "heaviest", weighed_by="bound_ms")


def work_of(report: Report, layer: Layer) -> Work | None:
    """A layer's work for all images of the batch; None where archscope does not know its arithmetic."""
    moved, macs, elementwise = (
        report.columns[name].values[layer.name] for name in ("bytes_moved", "macs", "elementwise_ops")
    )
    if macs is None or elementwise is None:
        return None
    matrix, depthwise = (0, 2 * macs) if is_depthwise(layer) else (2 * macs, 0)
    times = report.graph.times[layer.name]
    return Work(moved, matrix * times, depthwise * times, elementwise * times)


def fused_work(report: Report) -> Work:
    """What no fusion saves: the inputs, the weights of convolutions and products and the results move once, and all
    products are made. Elementwise work is not counted: in inference a normalisation folds into the weights before it.
    """
    graph, batch = report.graph, report.graph.batch
    weighted = [layer for layer in graph.layers if CATEGORY.get(layer.operation) in WEIGHTED]
    weights = sum(report.columns["weight_bytes"].values[layer.name] for layer in weighted)
    ends = [tensor.bytes for tensor in graph.inputs.values()]
    ends += [graph.layer[name].output_bytes for name in graph.outputs if name in graph.layer]
    known = [(layer, report.columns["macs"].values[layer.name] or 0) for layer in weighted]
    matrix = sum(2 * macs for layer, macs in known if not is_depthwise(layer))
    depthwise = sum(2 * macs for layer, macs in known if is_depthwise(layer))
    return Work(weights + sum(ends) * batch, matrix * batch, depthwise * batch, 0)


def _bound_by(memory_ms: float, compute_ms: float, launch_ms: float) -> str | None:
    least = max(memory_ms, compute_ms)
    if not least:
        return None
    return "launch" if least < launch_ms else "memory" if memory_ms == least else "compute"


def _entry(report: Report, ceilings: Ceilings, bounds: tuple[Column, Column]) -> dict[str, Any]:
    """The bound of the whole network, layer by layer and fused, and how much of the former is due to what."""
    bound_ms, bound = bounds
    due_to = dict.fromkeys(("memory", "compute", "launch"), 0.0)
    for name, word in bound.values.items():
        if word is not None:
            due_to[word] += bound_ms.values[name]
    known = asdict(ceilings)
    if ceilings.origin == "published":
        del known["date"], known["load"]
    return {
        **known,
        "bound_ms": bound_ms.total,
        "fused_bound_ms": max(ceilings.times(fused_work(report), report.setting["dtype"])),
        "due_to_ms": due_to,
        "unknown": sum(value is None for value in bound_ms.values.values()),
    }
