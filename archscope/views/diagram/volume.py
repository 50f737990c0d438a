"""The volumetric view of papers: each feature map a block, height by width by channels, in the order of the network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby
from math import log2

from archscope.model.graph import Graph
from archscope.views.diagram.compose import composed
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.fitting import fits, scale
from archscope.views.diagram.place.picture import Box, Line, Piece, Row
from archscope.views.diagram.place.style import DEEP, LINE, SMALL, Style, label
from archscope.views.diagram.place.text import room_for, sizes
from archscope.views.diagram.plan.folding import alike
from archscope.views.diagram.plan.items import Core, Item, Leaf, Panel, Parallel, Series
from archscope.views.diagram.plan.levels import Plan, network_plan
from archscope.views.diagram.sketch import Drawing, View

SIDE_A_DOUBLING, CHANNELS_A_DOUBLING = 14.0, 4.0
"""Points of height, and of thickness, for each doubling: sizes are drawn by their logarithm."""

LONGEST_VECTOR, THINNEST = 90.0, 5.0
BESIDE, APART = 5.0, 34.0
"""From one block to the next of its resolution, and of another one."""

UNDER = 14.0
ARC, FIRST_ARC = 12.0, 16.0
"""From one skip connection to the next above it, and from the blocks to the first."""

BETWEEN_LINES = 30.0
MOST_LINES = 6
MOST_MAPS = 32
READABLE = 6.5
"""Points of the letters on the paper; larger ones are not worth a further line."""


@dataclass
class Map:
    """A feature map: the Op that gives it, how many equal ones it stands for, and the maps that it is made of."""

    op: Op
    repeat: int
    sources: list[str] = field(default_factory=list)

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width; of a vector 1 and 1."""
        spatial = self.op.spatial if len(self.op.shape) > 1 else ()
        return (spatial[0], spatial[-1]) if spatial else (1, 1)

    @property
    def channels(self) -> int:
        shape = self.op.shape
        at = self.op.channels if self.op.channels is not None else 0
        return shape[at] if shape else 1


def volume(graph: Graph, block: str, style: Style) -> Drawing:
    """The maps of a network, or of a block of it, in as few lines as can be read; stages where there are too many."""
    ops, outputs = drawn(graph, block)
    view = View(outputs, style, True, block, plain=False)
    plan = Plan(ops, every=True)
    maps = _maps(view.sketch(plan).series)
    if len(maps) > MOST_MAPS and not block:
        plan = network_plan(ops, graph.blocks)
        maps = _maps(view.sketch(plan).series)
        opened = _fitting(composed(ops, graph.blocks, view, "flow").plan) if _holds_a_decoder(maps) else plan
        inner = _maps(view.sketch(opened).series)
        if len(inner) <= MOST_MAPS and not _holds_a_decoder(inner) and fits(_lined(inner, style), style):
            plan, maps = opened, inner
    if len(maps) > MOST_MAPS:
        plan = _fitting(composed(ops, graph.blocks, view, "flow" if block else "network").plan)
        maps = _maps(view.sketch(plan).series)
    ways = [replace(one.op, inputs=tuple(one.sources)) for one in maps]
    return Drawing(_lined(maps, style), ways, plan, counted=ops)


def _holds_a_decoder(maps: Sequence[Map]) -> bool:
    """Does one block read maps of more than two sizes? How these come together is the point of such a network."""
    sides = {one.op.name: one.sides for one in maps}
    return any(len({sides[source] for source in one.sources}) > 2 for one in maps)


def _lined(maps: Sequence[Map], style: Style) -> Piece:
    """The maps in as few lines as can be read."""
    groups = [list(group) for _, group in groupby(maps, key=lambda one: one.sides)]
    placed = [_placed(groups, count, style) for count in range(1, MOST_LINES + 1)]
    large = [piece for piece in placed if scale(piece, style.paper) * SMALL >= READABLE]
    return large[0] if large else max(placed, key=lambda piece: scale(piece, style.paper))


def _fitting(plan: Plan) -> Plan:
    """The plan of a picture that fits a page, without its results: each sketch has these anew."""
    return replace(plan, ops=[op for op in plan.ops if op.kind != "tensor" or not op.inputs], every=True)


def _leaves(item: Item) -> Iterator[Op]:
    """The Ops in order, of equal ones the first."""
    if isinstance(item, Leaf):
        yield item.op
    elif isinstance(item, Panel):
        yield from (op for inner in item.body for op in _leaves(inner))
    elif isinstance(item, Parallel | Core):
        parts = item.branches if isinstance(item, Parallel) else [list(item.items)]
        yield from (op for part in parts for inner in part for op in _leaves(inner))


def _maps(series: Series) -> list[Map]:
    """What is drawn: an Op that changes neither shape nor way is in the block before it."""
    found: list[Map] = []
    standing: dict[str, str] = {}
    same = alike(series)
    ops = [op for item in series for op in _leaves(item)]
    one_result = sum(op.kind == "tensor" and bool(op.inputs) for op in ops) == 1
    for op in ops:
        sources = list(dict.fromkeys(standing[name] for name in op.inputs if name in standing))
        before = found[-1] if found else None
        quiet = op.kind in {"other", "add"} or (op.kind == "tensor" and one_result)
        silent = before and sources == [before.op.name] and quiet
        if before and silent and op.shape == before.op.shape:
            standing[op.name] = before.op.name
            continue
        standing |= {each.name: op.name for each in same[op.name]}
        found.append(Map(op, len(same[op.name]), sources))
    return found


# ---- where it stands --------------------------------------------------------------------------------------


def _placed(groups: Sequence[Sequence[Map]], lines: int, style: Style) -> Piece:
    """The groups in so many lines, from the left and from the top, as far as nothing is kept from one to another."""
    maps = [one for group in groups for one in group]
    arcs = _arcs(maps)
    begins = [*accumulate(map(len, groups), initial=0)]
    widths = [_width(group, style) for group in groups]
    limit = sum(widths) / lines
    piece = Piece()
    rows: list[list[int]] = [[]]
    filled = 0.0
    for i, width in enumerate(widths):
        is_free = not any(a < begins[i] <= b for a, b in arcs)
        if rows[-1] and is_free and len(rows) < lines and filled + width / 2 > limit * len(rows):
            rows.append([])
        rows[-1].append(i)
        filled += width
    top = 0.0
    for row in rows:
        first, last = begins[row[0]], begins[row[-1] + 1]
        own = {pair: slot for pair, slot in arcs.items() if first <= pair[0] < last}
        roof = top + (FIRST_ARC + ARC * max(own.values()) if own else 0.0)
        top = _line(piece, [groups[i] for i in row], roof, style) + BETWEEN_LINES
        for (source, target), slot in own.items():
            _arc(piece, maps[source], maps[target], first, slot)
    piece.height = top - BETWEEN_LINES
    piece.left, piece.right = 0.0, max(box.right + box.depth * DEEP for box in piece.boxes)
    piece.right = max([piece.right, *(row.y + room_for(row.text, SMALL) / 2 for row in piece.rows)])
    return piece


def _size(one: Map) -> tuple[float, float, float]:
    """Thickness, height and depth of a block."""
    height, width = one.sides
    if height == width == 1:
        return THINNEST + 4.0, min(8.0 * log2(1 + one.channels), LONGEST_VECTOR), 8.0
    thick = max(CHANNELS_A_DOUBLING * log2(1 + one.channels), THINNEST)
    return thick, SIDE_A_DOUBLING * log2(1 + height), SIDE_A_DOUBLING * log2(1 + width)


def _said(group: Sequence[Map], style: Style) -> list[str]:
    """What stands under blocks of one resolution: their shapes, and what makes them."""
    shapes = dict.fromkeys(sizes(one.op.shape, style.channels_last, one.op.channels) for one in group)
    words = []
    for word, same in groupby(group, key=lambda one: label(one.op, False)[0]):
        count = sum(one.repeat for one in same)
        words.append(f"{count} × {word}" if count > 1 else word)
    return [*shapes, *words]


def _width(group: Sequence[Map], style: Style) -> float:
    blocks = sum(_size(one)[0] + BESIDE for one in group) + _size(group[-1])[2] * DEEP
    return max([blocks, *(room_for(text, SMALL) for text in _said(group, style))]) + APART


def _line(piece: Piece, groups: Sequence[Sequence[Map]], top: float, style: Style) -> float:
    """Blocks on one axis, their words below; where that ends."""
    high = max(_size(one)[1] + _size(one)[2] * DEEP for group in groups for one in group)
    axis = top + high - max(_size(one)[1] for group in groups for one in group) / 2
    at, foot = 0.0, 0.0
    for group in groups:
        width = _width(group, style) - APART
        thick = sum(_size(one)[0] + BESIDE for one in group) - BESIDE + _size(group[-1])[2] * DEEP
        x = at + (width - thick) / 2
        if piece.boxes and at:
            _arrow(piece, piece.boxes[-1], x, axis, group[0])
        for one in group:
            wide, tall, deep = _size(one)
            title = " ".join(filter(None, label(one.op, False)))
            piece.boxes.append(Box(one.op.name, one.op.kind, x, axis - tall / 2, x + wide, axis + tall / 2, "volume",
                                   title, op=one.op, alike=(one.op,), depth=deep))  # fmt: skip
            x += wide + BESIDE
        lowest = max(_size(one)[1] for one in group) / 2
        for i, text in enumerate(_said(group, style)):
            y = axis + lowest + UNDER + LINE * i
            piece.rows.append(Row(at + width / 2, y, text, y, upright=True))
            foot = max(foot, y + LINE / 2)
        at += width + APART
    return foot


def _arrow(piece: Piece, before: Box, x: float, y: float, first: Map) -> None:
    """From the last block of a resolution to the first of the next, where that is made of it."""
    start = before.right + before.depth * DEEP + 3.0
    if x - start > 10.0 and before.name in first.sources:
        piece.lines.append(Line([(start, y), (x - 2.0, y)], before.name, first.op.name))


def _arcs(maps: Sequence[Map]) -> dict[tuple[int, int], int]:
    """What is kept for later, from map to map, and which arc above the blocks it has: a longer way is higher."""
    place = {one.op.name: i for i, one in enumerate(maps)}
    kept = [(place[source], i) for i, one in enumerate(maps) for source in one.sources if i - place[source] > 1]
    arcs: dict[tuple[int, int], int] = {}
    for a, b in sorted(kept, key=lambda pair: pair[1] - pair[0]):
        taken = {slot for (c, d), slot in arcs.items() if c <= b and a <= d}
        arcs[a, b] = max(taken, default=-1) + 1
    return arcs


def _arc(piece: Piece, source: Map, target: Map, first: int, slot: int) -> None:
    """A line over the blocks of its line, the first of which is so far in the piece."""
    boxes = {box.name: box for box in piece.boxes}
    one, two = boxes[source.op.name], boxes[target.op.name]
    roof = min(box.top - box.depth * DEEP for box in piece.boxes[first:])
    y = roof - FIRST_ARC - ARC * slot
    x, end = one.x + one.depth * DEEP, two.x + two.depth * DEEP  # the middle of the edge at its back
    points = [(x, one.top - one.depth * DEEP), (x, y), (end, y), (end, two.top - two.depth * DEEP)]
    piece.lines.append(Line(points, one.name, two.name, "skip"))
