"""What a picture says above itself: its title and a few facts."""

import re

from archscope.model import units
from archscope.model.report import Report
from archscope.model.tree import tree_of
from archscope.views.diagram.compose import Drawing
from archscope.views.diagram.ops.fuse import absorbed
from archscope.views.diagram.ops.names import network_title, pretty
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.place.text import sizes


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
        said.append(f"{units.count(totals['params'])} parameters, {units.scaled(totals['macs'], 3)} MACs at {shape}.")
    within = absorbed(drawing.ops, graph) if options.level != "layer" else {}
    if within:
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(within.items()))
        said.append(f"Not drawn apart: {names}.")
    facts = {fact for box in drawing.piece.boxes if box.op for fact in box.op.facts}
    if any(fact[:1] == "s" and fact[1:].isdigit() for fact in facts) and not _one_line(drawing):
        said.append("s2: stride 2.")
    if "V" in facts:
        said.append("V: valid padding.")
    if "latency" in (*options.show, options.color) and "device_name" in report.setting:
        setting = report.setting
        said.append(f"Latency on {setting['device_name']}, {setting['dtype']}, batch {setting['batch']}.")
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
