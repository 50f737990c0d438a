"""Where a network's parameters, MACs, bytes and time go: by kind of layer, by stage or by layer. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from archscope.model.graph import Layer, is_depthwise, is_pointwise
from archscope.model.operations import CATEGORY
from archscope.model.report import Number, Report
from archscope.papers.conventions import is_convolution

COLUMNS = ("params", "macs", "bytes_moved", "bound_ms", "latency_ms")
"""What is broken down, where a report has it."""

IN_NO_LAYER = "in no layer"
"""What the total holds beyond the layers: parameters that the pass never touched, time between the layers."""


def _kernel(layer: Layer) -> tuple[int, ...]:
    return layer.window.kernel_size if layer.window else ()


def _category(*names: str) -> Callable[[Layer], bool]:
    return lambda layer: CATEGORY.get(layer.operation) in names


KINDS: Mapping[str, Callable[[Layer], bool]] = {
    "depthwise": is_depthwise,
    "grouped": lambda layer: is_convolution(layer) and layer.groups > 1,
    "1x1": is_pointwise,
    "3x3": lambda layer: is_convolution(layer) and _kernel(layer) == (3, 3),
    "1xn, nx1": lambda layer: is_convolution(layer) and len(_kernel(layer)) == 2 and 1 in _kernel(layer),
    "other kernels": _category("convolution", "transposed convolution"),
    "linear": _category("linear", "product", "attention", "recurrent"),
    "pooling": _category("pooling", "global pooling"),
    "normalisation": _category("normalisation"),
    "activation": _category("activation", "softmax"),
    "concat, add": lambda layer: layer.operation in {"cat", "add"},
    "other": lambda layer: True,
}
"""The first kind that fits is a layer's; 1x1, 3x3 ... are dense convolutions."""


def kind(layer: Layer) -> str:
    return next(name for name, fits in KINDS.items() if fits(layer))


def stage(layer: Layer) -> str:
    """The top-level block that it is in."""
    return layer.name.partition(".")[0]


WAYS: Mapping[str, Callable[[Layer], str]] = {"kind": kind, "stage": stage, "layer": lambda layer: layer.name}


@dataclass(frozen=True)
class Part:
    """A kind, a stage or a layer, and what it has of each column; None where nothing of it is known."""

    name: str
    values: Mapping[str, Number | None]


def breakdown(report: Report, by: str, columns: Sequence[str] = COLUMNS) -> tuple[Part, ...]:
    """The report's parts, whose values sum to its totals: kinds in KINDS' order, stages and layers as they run."""
    groups: dict[str, list[str]] = {name: [] for name in KINDS} if by == "kind" else {}
    for layer in report.graph.layers:
        groups.setdefault(WAYS[by](layer), []).append(layer.name)
    columns = [name for name in columns if name in report.table_columns]
    parts = [_part(report, columns, name, layers) for name, layers in groups.items() if layers]
    rest = {column: _rest(report, column) for column in columns}
    return (*parts, Part(IN_NO_LAYER, rest)) if any(rest.values()) else tuple(parts)


def _part(report: Report, columns: Sequence[str], name: str, layers: Sequence[str]) -> Part:
    return Part(name, {column: report.value(column, layers) for column in columns})


def _rest(report: Report, column: str) -> Number:
    total: Number = report.totals[column]
    return total - (report.value(column, (layer.name for layer in report.graph.layers)) or 0)
