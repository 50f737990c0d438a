"""What a picture says in words: title and facts above it, further lines in boxes, what a node tells."""

import re
from collections.abc import Callable

from archscope.graph import Shape
from archscope.report import Report
from archscope.tree import tree_of
from archscope.views import words
from archscope.views.diagram.compose import Drawing
from archscope.views.diagram.fuse import absorbed
from archscope.views.diagram.names import network_title, pretty
from archscope.views.diagram.ops import Op
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.picture import Box
from archscope.views.diagram.text import sizes


def heading(report: Report, options: DiagramOptions, drawing: Drawing) -> tuple[str, list[str]]:
    graph = report.graph
    name = options.title or network_title(graph.name)
    said = []
    if options.block:
        title = _block_name(options.block)
        said.append(_whereabouts(report, options, name))
    else:
        title = name
        totals = report.totals
        shape = sizes(next(iter(graph.inputs.values())).shape, options.layout == "HxWxC")
        said.append(f"{words.count(totals['params'])} parameters, {words.scaled(totals['macs'], 3)} MACs at {shape}.")
    within = absorbed(drawing.ops, graph) if options.level != "layer" else {}
    if within:
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(within.items()))
        said.append(f"Not drawn apart: {names}.")
    facts = {fact for box in drawing.piece.boxes if box.op for fact in box.op.facts}
    if any(fact[:1] == "s" and fact[1:].isdigit() for fact in facts) and not _one_line(drawing):
        said.append("s2: stride 2.")
    if "V" in facts:
        said.append("V: valid padding.")
    return title, said


def _block_name(path: str) -> str:
    parent, _, name = path.rpartition(".")
    plain = re.fullmatch(r"(block|unit|layer|concat|residual|body)?\d*", name)
    return f"{pretty(parent.rpartition('.')[2])} {name}" if plain and parent else pretty(name)


def _whereabouts(report: Report, options: DiagramOptions, name: str) -> str:
    """`Inception-v4, inception_a: 4 of these in a row.`"""
    node = tree_of(report.graph)
    for part in options.block.split("."):
        node = next((child for child in node.children if child.name == part), node)
    while len(node.children) == 1 and node.repeat == 1 and node.children[0].children:
        node = node.children[0]
    many = f": {node.repeat} of these in a row" if node.repeat > 1 else ""
    return f"{name}, {options.block}{many}."


def _one_line(drawing: Drawing) -> bool:
    return all(box.one_line for box in drawing.piece.boxes if box.op and box.op.kernel)


def notes(report: Report, options: DiagramOptions) -> Callable[[Op, tuple[Op, ...]], tuple[str, ...]]:
    """Further lines of a box: what `--show` asks for."""

    def said(op: Op, copies: tuple[Op, ...]) -> tuple[str, ...]:
        if not op.layers:
            return ()
        return tuple(filter(None, (_value(report, name, op, options) for name in options.show)))

    return said


def _value(report: Report, name: str, op: Op, options: DiagramOptions) -> str:
    if name == "shapes":
        return sizes(op.shape, options.layout == "HxWxC")
    value = report.value(name, op.layers)
    if not value:
        return ""
    if name == "receptive_field":
        return f"sees {words.shape(value)}"
    return f"{words.count(value)} params" if name == "params" else f"{words.scaled(value, 3)} MACs"


def heat(report: Report, color: str, drawing: Drawing) -> tuple[dict[str, float], str]:
    """How dear each box is beside the dearest, and the scale in words; a folded box counts once."""
    if color == "kind":
        return {}, ""
    costs = {
        box.name: report.value(color, box.op.layers) or 0
        for box in drawing.piece.boxes if box.op and box.op.layers and box.form != "circle"
    }  # fmt: skip
    most = max(costs.values(), default=0) or 1
    unit = {"macs": "MACs", "params": "parameters"}[color]
    scale = f"0 to {words.scaled(most, 3)} {unit} in a box"
    return {name: cost / most for name, cost in costs.items()}, scale


def told(report: Report, box: Box) -> str:
    """A node's title: path, shapes, parameters, MACs."""
    if box.op is None:
        return box.title
    op = box.op
    lines = [op.path]
    if box.copies:
        lines[0] += f" to {box.copies[-1].path} ({box.repeat} alike)"
    inputs: list[Shape] = []
    if op.layers:
        inputs = list(report.graph.layer[op.layers[0]].input_shapes)
    lines.append(f"{', '.join(map(sizes, inputs))} → {sizes(op.shape)}" if inputs else sizes(op.shape))
    for name, unit in (("params", "parameters"), ("macs", "MACs")):
        value = report.value(name, op.layers) if op.layers else None
        lines += [f"{value:,} {unit}"] if value else []
    return "\n".join(lines)
