"""What boxes cost: further lines in them, what they tell when pointed at, their colour by cost."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.graph import Graph
from archscope.model.report import Report
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.place.picture import Box
from archscope.views.diagram.place.text import sizes, sizes_of

COLUMNS = {"params": "params", "macs": "macs", "latency": "latency_ms"}
"""Which column of a report has the cost that an option names."""

WRITTEN: dict[str, Callable[[Any], str]] = {
    "params": lambda value: f"{units.count(value)} params",
    "macs": lambda value: f"{units.scaled(value, 3)} MACs",
    "latency": units.milliseconds,
}
TOLD: dict[str, Callable[[Any], str]] = {
    "params": lambda value: f"{value:,} parameters",
    "macs": lambda value: f"{value:,} MACs",
    "latency": units.milliseconds,
}
SCALES: dict[str, Callable[[Any], str]] = {
    "params": lambda value: f"{units.scaled(value, 3)} parameters",
    "macs": lambda value: f"{units.scaled(value, 3)} MACs",
    "latency": units.milliseconds,
}


def check_is_measured(report: Report, options: DiagramOptions) -> None:
    """Raises ArchscopeError where the latency is asked for that the report does not have."""
    if "latency" in (*options.show, options.color) and COLUMNS["latency"] not in report.columns:
        raise ArchscopeError(
            f"the latency of {report.graph.name} is not measured yet: "
            f"archscope summary {report.target} --device cpu -o report.json, then draw report.json"
        )


def notes(report: Report, options: DiagramOptions) -> Callable[[Sequence[Op]], tuple[str, ...]]:
    """Further lines of a box that stands for these equal Ops: what `--show` asks for."""

    def said(alike: Sequence[Op]) -> tuple[str, ...]:
        if not alike[0].layers:
            return ()
        return tuple(filter(None, (_line(report, name, alike, options) for name in options.show)))

    return said


def _line(report: Report, name: str, alike: Sequence[Op], options: DiagramOptions) -> str:
    if name == "shapes":
        return _range([sizes_of(op, options.layout == "HxWxC") for op in alike])
    if name == "receptive_field":
        fields = [report.value(name, op.layers) for op in alike]
        return f"sees {_range([_seen(field) for field in fields])}" if all(fields) else ""
    return _cost(report, name, alike, WRITTEN[name])


def _seen(field: list[int] | str) -> str:
    if isinstance(field, str):
        return {"global": "everything", "unknown": "an unknown part"}[field]
    return sizes(tuple(field), False)


def _range(said: Sequence[str]) -> str:
    """From the first of equal Ops to the last, where they differ."""
    return said[0] if len(set(said)) == 1 else f"{said[0]} to {said[-1]}"


def _cost(report: Report, name: str, alike: Sequence[Op], written: Callable[[Any], str]) -> str:
    """`1,792 params`; of several equal Ops `1,792 params each`, or where they differ `9,100 params in all`."""
    values = [report.value(COLUMNS[name], op.layers) or 0 for op in alike]
    if not any(values):
        return ""
    if len(values) == 1:
        return written(values[0])
    return f"{written(values[0])} each" if len(set(values)) == 1 else f"{written(sum(values))} in all"


def heat(report: Report, color: str, boxes: Sequence[Box]) -> tuple[dict[str, float], str]:
    """How dear each box is beside the dearest, and the scale in words; of equal Ops the mean counts."""
    if color == "kind":
        return {}, ""
    costs = {
        box.name: fmean(report.value(COLUMNS[color], op.layers) or 0 for op in box.alike)
        for box in boxes if box.op and box.op.layers and box.form != "circle"
    }  # fmt: skip
    most = max(costs.values(), default=0) or 1
    several = "; ×N: the mean of the N" if any(len(box.alike) > 1 for box in boxes) else ""
    return {name: cost / most for name, cost in costs.items()}, f"0 to {SCALES[color](most)} in a box{several}"


def _ends(op: Op) -> tuple[str, str]:
    """Where it is computed, from the first layer to the last of what belongs to no module; what joins tensors may be
    drawn within another one."""
    path = op.name if op.join else op.path
    return (path, path) if path or not op.layers else (op.layers[0], op.layers[-1])


def _given(op: Op, graph: Graph) -> Sequence[Op]:
    """What a closed module gives, where sizes differ: its operations that others read, or that are results."""
    if len({member.shape for member in op.members}) < 2:
        return (op,)
    own = set(op.layers)
    outside = {name for name in own if name in graph.outputs or not own.issuperset(graph.consumers[name])}
    given = [member for member in op.members if not outside.isdisjoint(member.layers)]
    return given if len({member.shape for member in given}) > 1 else (op,)


def told(report: Report, box: Box, axes: Mapping[str, int | None]) -> str:
    """A node's title: path, shapes, parameters, MACs, latency where it was measured; `axes`: those of channels."""
    if box.op is None:
        return box.title
    op = box.op
    several = f" ({len(box.alike)} alike)" if len(box.alike) > 1 else ""
    lines = [" to ".join(dict.fromkeys((_ends(op)[0], _ends(box.alike[-1])[1]))) + several]
    layer = report.graph.layer[op.layers[0]] if op.layers else None
    entering = zip(layer.inputs, layer.input_shapes, strict=False) if layer else ()
    read = [sizes(shape, channels=axes.get(name)) for name, shape in entering]
    given = ", ".join(dict.fromkeys(map(sizes_of, _given(op, report.graph))))
    lines.append(f"{', '.join(read)} → {given}" if read else given)
    measured = [name for name, column in COLUMNS.items() if column in report.columns and op.layers]
    costs = [_cost(report, name, box.alike, TOLD[name]) for name in measured]
    return "\n".join([*lines, *filter(None, costs)])
