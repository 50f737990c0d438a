"""The rows that every table format shows: the module tree cut at a depth, or its parts sorted."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from archscope.model import units
from archscope.model.graph import is_depthwise
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, Report
from archscope.model.tree import Node, tree_of, walk
from archscope.registry import unknown
from archscope.views import Options


def _formula(node: Node) -> str:
    """How the MACs of a layer, or of a convolution unit, come about: an expression."""
    if not (node.is_unit or (node.layer and not node.children)):
        return ""
    from archscope.explaining.formulas import formula  # which no other column needs

    return " + ".join(known.text for layer in node.layers if (known := formula(layer, "macs")))


STRUCTURE: dict[str, tuple[str, Callable[[Node], str]]] = {
    "input": ("Input", lambda node: units.shape(node.layers[0].input_shapes[0]) if _has_input(node) else ""),
    "output": ("Output", lambda node: units.shape(node.layers[-1].output_shape) if node.layers else ""),
    "kernel": ("Kernel", lambda node: units.windows(node.layer) if node.layer else ""),
    "groups": ("Groups", lambda node: str(node.layer.groups) if node.layer and node.layer.window else ""),
    "formula": ("Formula", _formula),
}
"""Columns that say what a row is rather than what it costs: heading and text."""

HEADINGS = {
    "params": "Params", "frozen_params": "Frozen", "buffers": "Buffers", "macs": "MACs", "flops": "FLOPs",
    "elementwise_ops": "Elementwise ops", "activations": "Activations", "weight_bytes": "Weights",
    "output_bytes": "Output memory", "peak_memory_bytes": "Alive", "training_memory_bytes": "Kept to train",
    "bytes_moved": "Bytes moved", "arithmetic_ops": "All ops", "intensity": "Ops/byte",
    "bound_ms": "Bound", "bound": "Bound by", "bound_percent": "Of bound",
    "receptive_field": "Receptive field", "share": "MACs %", "params_share": "Params %",
    "latency_ms": "Latency", "latency_share": "Latency %", "operations_per_s": "Reached", "bytes_per_s": "Traffic",
}  # fmt: skip

MAY_BE_NONE = {"receptive_field", "intensity", "bound", "bound_percent", "operations_per_s", "bytes_per_s"}
"""Columns in which None is an answer: a view has no intensity, and nothing bounds it."""

TIMED = "ms"
"""The unit of what is measured: no two layers ever agree in it."""

SHARES = {"share": "macs", "params_share": "params", "latency_share": "latency_ms"}


@dataclass(frozen=True)
class Row:
    """One line. `cells` are as shown, `values` as measured; `lines` draws the tree before `name`."""

    lines: str
    name: str
    operation: str
    category: str
    repeat: int
    cells: tuple[str, ...]
    values: dict[str, Any]
    node: Node


def headings(columns: Sequence[str]) -> list[str]:
    """What stands above each column."""
    return [STRUCTURE[name][0] if name in STRUCTURE else HEADINGS.get(name, name) for name in columns]


def check_columns(report: Report, columns: Sequence[str]) -> None:
    """Raises ArchscopeError for a name that is no column of this report."""
    shares = [share for share, column in SHARES.items() if column in report.columns]
    known = [*STRUCTURE, *shares, *(report.table_columns if report.graph.layers else report.columns)]
    for name in columns:
        if name not in known:
            raise unknown("column", name, known)


def rows(report: Report, options: Options) -> list[Row]:
    """The rows in reading order."""
    check_columns(report, options.columns)
    root = tree_of(report.graph, options.fold, _shown_values(report, options))
    report = replace(report, columns={name: _evened(column, root) for name, column in report.columns.items()})
    if options.sort:
        return _sorted_rows(report, options, root)
    listed = list(walk(root, options.depth, options.fold))
    lines = _tree_lines([level for level, _ in listed])
    open_below = [after > level for (level, _), after in zip(listed, _following(listed), strict=True)]
    return [
        _row(report, options, node, _name(node), line, is_open)
        for (_, node), line, is_open in zip(listed, lines, open_below, strict=True)
    ]


def _shown_values(report: Report, options: Options) -> dict[str, tuple[Any, ...]]:
    """What the table says of each layer: rows that differ in it are not folded, unless it is a time."""
    wanted = {SHARES.get(name, name) for name in (*options.columns, options.sort)}
    timed = {name for name, column in report.columns.items() if column.unit == TIMED}
    timed |= {name for name, column in report.columns.items() if timed & {*(column.ratio_of or ())}}
    counted = [column for name, column in report.columns.items() if name in wanted - timed]
    values = [column.values for column in counted if column.values]
    return {layer.name: tuple([found.get(layer.name) for found in values]) for layer in report.graph.layers}


def _evened(column: Column, root: Node) -> Column:
    """A measured column in which layers that one folded row stands for have their mean: no two times are equal."""
    if column.unit != TIMED or not column.values:
        return column
    values = dict(column.values)
    _even(root, values)
    return replace(column, values=values)


def _even(node: Node, values: dict[str, Any]) -> None:
    for child in node.children:
        for twin in (child, *child.copies):
            _even(twin, values)
        for alike in zip(child.layers, *(copy.layers for copy in child.copies), strict=True):
            times = [values[layer.name] for layer in alike]
            mean = None if None in times else sum(times) / len(times)
            values.update((layer.name, mean) for layer in alike)


def _following(listed: Sequence[tuple[int, Node]]) -> list[int]:
    """The level of the row after each row."""
    return [level for level, _ in [*listed[1:], (0, None)]][: len(listed)]


def _sorted_rows(report: Report, options: Options, root: Node) -> list[Row]:
    column = SHARES.get(options.sort, options.sort)
    if column not in report.table_columns:
        raise unknown("column to sort by", options.sort, report.table_columns)
    listed = list(walk(root, options.depth, options.fold))
    flat: list[Row] = []
    within: list[Node] = []  # the modules that a part is in, itself the last
    for (level, node), after in zip(listed, _following(listed), strict=True):
        within[level:] = [node]
        if after <= level:
            row = _row(report, options, node, ".".join(map(_name, within)))
            flat.append(replace(row, repeat=prod(module.repeat for module in within)))
    return sorted(flat, key=lambda row: _sortable(row.values[column]), reverse=True)


def _sortable(value: Any) -> float:
    if isinstance(value, list):
        return float(value[0])
    return -1 if value is None or isinstance(value, str) else value


def _row(report: Report, options: Options, node: Node, name: str, lines: str = "", is_open: bool = False) -> Row:
    names = [layer.name for layer in node.layers]
    values = {column: report.value(column, names) for column in report.table_columns} if names else {}
    if node.all_unused:
        unused = sum(report.graph.parameters[parameter].elements for parameter in node.all_unused)
        values["params"] = (values.get("params") or 0) + unused
    cells = tuple(_cell(report, column, node, values) for column in options.columns)
    said = units.operation(node) or ("" if is_open else units.contents(node))
    return Row(lines, name, said, category_of(node), node.repeat, cells, values, node)


def _cell(report: Report, column: str, node: Node, values: dict[str, Any]) -> str:
    if column in STRUCTURE:
        return STRUCTURE[column][1](node)
    if column in SHARES:
        part, total = values.get(SHARES[column]), report.totals[SHARES[column]]
        return f"{100 * part / total:.0f} %" if part and total and part / total >= 0.005 else ""
    return measured(column, report.columns[column].unit, values.get(column), bool(node.layers))


def measured(column: str, unit: str, value: Any, executed: bool = True) -> str:
    """A measured value as a cell: `-` where it is zero, `?` where it is unknown."""
    if value is None:
        return "?" if executed and column not in MAY_BE_NONE else "-"
    if isinstance(value, list | tuple):
        return units.shape(value)
    if not value or isinstance(value, str):
        return value or "-"
    if unit == "bytes":
        return units.size(value)
    if unit == TIMED:
        return units.milliseconds(value)
    if unit == "%":
        return f"{value:.0f} %"
    if unit.endswith("/s"):
        number, _, prefix = units.scaled(value, 3).partition(" ")
        return f"{number} {prefix}{'FLOP' if unit == 'operations/s' else 'B'}/s"
    return f"{value:.1f}" if isinstance(value, float) else units.count(value)


def category_of(node: Node) -> str:
    """The kind of operation that gives a row its colour; `block` for a module of several."""
    if node.is_unit:
        return "depthwise" if any(is_depthwise(layer) for layer in node.convolutions) else "convolution"
    if node.layer is None or node.children:
        return "block"
    if is_depthwise(node.layer):
        return "depthwise"
    if node.layer.operation in {"add", "cat"}:
        return node.layer.operation
    return CATEGORY.get(node.layer.operation, "unknown")


def _has_input(node: Node) -> bool:
    return bool(node.layers and node.layers[0].input_shapes)


def _name(node: Node) -> str:
    """`block1..8` for a folded run of numbered neighbours."""
    if not node.copies:
        return node.name
    first, last = re.fullmatch(r"(.*?)(\d+)", node.name), re.fullmatch(r"(.*?)(\d+)", node.copies[-1].name)
    if first and last and first[1] == last[1]:
        return f"{node.name}..{last[2]}"
    return f"{node.name}..{node.copies[-1].name}"


def _tree_lines(levels: Sequence[int]) -> list[str]:
    """The lines of the tree before each row, from the rows' levels."""
    lines: list[str] = []
    open_levels: set[int] = set()  # levels at which a later row continues a line
    for level in reversed(levels):
        trunk = "".join("│ " if i in open_levels else "  " for i in range(1, level))
        lines.append(trunk + ("├ " if level in open_levels else "└ ") if level else "")
        open_levels = {i for i in open_levels if i <= level} | {level}
    return lines[::-1]
