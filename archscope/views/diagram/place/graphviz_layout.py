"""Items whose paths cross, placed by Graphviz: it gets boxes without a label, and says where they and the lines go."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from archscope.views.diagram.place.engines import Engine
from archscope.views.diagram.place.picture import Piece, Point
from archscope.views.diagram.plan.items import ENTRY, EXIT, Core, Panel

INCH = 72.0
BESIDE = 0.22
"""Inches between items in a row of a picture that is not compact."""

CLEAR = 3.0
"""Lines keep so far from boxes where they pass."""

HEADER = """digraph {{
graph [nodesep={beside:.4f}, ranksep=0.22]
node [shape=box, fixedsize=true, label="", width=0.01, height=0.01]
edge [dir=none]
"""


@dataclass
class Layout:
    """Where a Core's items go: axis and top of each by name, and each of its edges as the points of cubic Béziers."""

    nodes: dict[str, Point]
    curves: list[list[Point]]
    height: float


def layout(core: Core, pieces: Mapping[str, Piece], engine: Engine, closer: float) -> Layout:
    """Where the engine puts items and lines. ENTRY is on the axis, at the top; lines to EXIT end at the bottom.
    `closer`: the share of the usual room between items in a row."""
    found = json.loads(engine(_source(core, pieces, closer)))
    height = float(found["bb"].split(",")[3])
    centre = {node["name"]: _point(node["pos"], 0.0, height) for node in found["objects"] if "pos" in node}
    axis = centre["in"][0]
    nodes = {}
    for i, (name, piece) in enumerate(pieces.items()):
        x, y = centre[f"n{i}"]
        nodes[name] = x - axis, y - piece.height / 2
    drawn = {edge["id"]: [_point(point, axis, height) for point in edge["pos"].split()] for edge in found["edges"]}
    curves = [drawn[str(i)] for i in range(len(core.edges))]
    for curve, (source, target) in zip(curves, core.edges, strict=True):
        if source in pieces:
            curve[:2] = _moved(curve[0], curve[1], _onto(pieces[source], nodes[source], curve[0]))
        if target in pieces:
            curve[-2:] = reversed(_moved(curve[-1], curve[-2], _onto(pieces[target], nodes[target], curve[-1])))
    return Layout(nodes, curves, height)


def _moved(end: Point, control: Point, goal: Point) -> tuple[Point, Point]:
    """The end of a curve at its goal, and its control point moved with it."""
    return goal, (control[0] + goal[0] - end[0], control[1] + goal[1] - end[1])


def _onto(piece: Piece, node: Point, end: Point) -> Point:
    """The point of an item's border that is nearest to the end of a line, which Graphviz keeps CLEAR of it."""
    x, top = node
    if piece.boxes[0].form == "circle":
        radius = piece.height / 2
        share = radius / max(math.dist(end, (x, top + radius)), radius)
        return x + (end[0] - x) * share, top + radius + (end[1] - top - radius) * share
    return min(max(end[0], x - piece.left), x + piece.right), min(max(end[1], top), top + piece.height)


def _source(core: Core, pieces: Mapping[str, Piece], closer: float) -> str:
    """DOT. An item is as wide as twice its wider half, so that its middle is its axis; names are numbers."""
    number = {name: f"n{i}" for i, name in enumerate(pieces)} | {ENTRY: "in"}
    framed = {item.name for item in core.items if isinstance(item, Panel)}
    trunk = _longest_path(core)
    lines = ["in [group=trunk]"]
    for name, piece in pieces.items():
        width, height = 2 * max(piece.left, piece.right) + 2 * CLEAR, piece.height + 2 * CLEAR
        said = [f"width={width / INCH:.4f}", f"height={height / INCH:.4f}"]
        said += ["shape=circle"] if piece.boxes[0].form == "circle" else []
        said += ["group=trunk"] if name in trunk else []
        lines.append(f"{number[name]} [{', '.join(said)}]")
    ends = []
    for i, (source, target) in enumerate(core.edges):
        if target == EXIT:
            ends.append(f"out{i}")
        said = [f"id={i}"]
        said += ["tailport=s"] if source in framed else []
        said += ["headport=n"] if target in framed else []
        said += ["weight=100"] if trunk.get(source) == target else []
        lines.append(f"{number[source]} -> {number.get(target, f'out{i}')} [{', '.join(said)}]")
    return HEADER.format(beside=BESIDE * closer) + "\n".join([*lines, f"{{rank=sink; {'; '.join(ends)}}}", "}"]) + "\n"


def _longest_path(core: Core) -> dict[str, str]:
    """Each item of the longest path from ENTRY to EXIT, with what follows it there."""
    rank = _ranks(core)
    after = {}
    name = EXIT
    while name != ENTRY:
        before = max((source for source, target in core.edges if target == name), key=lambda one: rank.get(one, -1))
        after[before] = name
        name = before
    return after


def _ranks(core: Core) -> dict[str, int]:
    """The number of items on the longest path to each."""
    found = {item.name: 0 for item in core.items}
    before: dict[str, list[str]] = {name: [] for name in found}
    for source, target in core.edges:
        if target in before and source != ENTRY:
            before[target].append(source)
    for name, sources in before.items():  # in execution order
        found[name] = max((found[source] + 1 for source in sources), default=0)
    return found


def _point(text: str, axis: float, height: float) -> Point:
    x, y = map(float, text.split(","))
    return x - axis, height - y
