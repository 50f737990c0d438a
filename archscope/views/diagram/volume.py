"""The volumetric view of papers: each feature map a block, height by width by channels, in the order of the network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from archscope.model.graph import Graph
from archscope.views.diagram.blocks import (
    APART,
    ARC,
    FIRST_ARC,
    UNDER,
    Map,
    back_of,
    kept,
    row_of,
    size,
    slots,
    width_of,
    words_of,
)
from archscope.views.diagram.compose import composed
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.fitting import fits, scale
from archscope.views.diagram.place.picture import Box, Line, Piece
from archscope.views.diagram.place.style import DEEP, LINE, SMALL, Style
from archscope.views.diagram.place.text import room_for
from archscope.views.diagram.plan.folding import alike
from archscope.views.diagram.plan.items import Core, Item, Leaf, Panel, Parallel, Series
from archscope.views.diagram.plan.levels import Plan, network_plan
from archscope.views.diagram.plan.smaller import smaller_plans
from archscope.views.diagram.sketch import Drawing, View
from archscope.views.diagram.there_and_back import there_and_back

BETWEEN_LINES, TURN = 30.0, 12.0
"""From a line to the next, and beyond its end to where the way to that one turns."""

MOST_LINES = 6
MOST_MAPS = 32
READABLE = 6.5
"""Points of the letters on the paper; larger ones are not worth a further line."""


def volume(graph: Graph, block: str, style: Style) -> Drawing:
    """The maps of a network, or of a block of it, in as few lines as can be read; stages where there are too many."""
    ops, outputs = drawn(graph, block)
    view = View(outputs, style, True, block, plain=False)
    plan = Plan(ops, every=True)
    maps = _maps(view.sketch(plan).series)
    if not (block or _can_be_read(maps, style)):
        plan = network_plan(ops, graph.blocks)
        maps = _maps(view.sketch(plan).series)
        if _holds_a_decoder(maps):
            more = (one for one in _opened(ops, graph, view) if len(one[1]) > len(maps))
            plan, maps = next(more, (plan, maps))
    if len(maps) > MOST_MAPS:
        plan = _fitting(composed(ops, graph.blocks, view, "flow" if block else "network").plan)
        maps = _maps(view.sketch(plan).series)
    ways = [replace(one.op, inputs=tuple(one.sources)) for one in maps]
    return Drawing(_lined(maps, style), ways, plan, counted=ops)


def _can_be_read(maps: Sequence[Map], style: Style) -> bool:
    return len(maps) <= MOST_MAPS and fits(_lined(maps, style), style)


def _opened(ops: list[Op], graph: Graph, view: View) -> Iterator[tuple[Plan, list[Map]]]:
    """Ever simpler plans of the flow, with their maps, that can be read and in which no decoder is one box."""
    whole = composed(ops, graph.blocks, view, "flow").plan
    for plan in map(_fitting, smaller_plans(whole, graph.blocks)):
        maps = _maps(view.sketch(plan).series)
        if _can_be_read(maps, view.style) and not _holds_a_decoder(maps):
            yield plan, maps


def _holds_a_decoder(maps: Sequence[Map]) -> bool:
    """Does one block read maps of more than two sizes? How these come together is the point of such a network."""
    sides = {one.op.name: one.sides for one in maps}
    return any(len({sides[source] for source in one.sources}) > 2 for one in maps)


def _lined(maps: Sequence[Map], style: Style) -> Piece:
    """The maps in as few lines as can be read; in two those of the way back stand below those of the way there."""
    groups = [list(group) for _, group in groupby(maps, key=lambda one: one.sides)]
    tried = []
    for lines in range(1, MOST_LINES + 1):
        there = there_and_back(groups, style) if lines == 2 else None
        tried += [*filter(None, [there]), _placed(groups, lines, style)]
        large = [piece for piece in tried if scale(piece, style.paper) * SMALL >= READABLE]
        if large:
            return large[0]
    return max(tried, key=lambda piece: scale(piece, style.paper))


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
            standing |= {each.name: before.op.name for each in same[op.name]}
            continue
        standing |= {each.name: op.name for each in same[op.name]}
        found.append(Map(op, len(same[op.name]), sources))
    return found


# ---- where it stands --------------------------------------------------------------------------------------


def _placed(groups: Sequence[Sequence[Map]], lines: int, style: Style) -> Piece:
    """The groups in so many lines, from the left and from the top, as far as nothing is kept from one to another."""
    maps = [one for group in groups for one in group]
    arcs = slots({(a, b): (a, b) for a, b in kept(maps)})
    begins = [*accumulate(map(len, groups), initial=0)]
    widths = [width_of(group, style) for group in groups]
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
        above = top - BETWEEN_LINES / 2
        top = _line(piece, [groups[i] for i in row], roof, above, style) + BETWEEN_LINES
        for (source, target), slot in own.items():
            _arc(piece, maps[source], maps[target], first, slot)
    piece.height = top - BETWEEN_LINES
    ends = [x for line in piece.lines for x, _ in line.points]
    piece.left = max([0.0, *(-x for x in ends)])
    piece.right = max([*(box.right + box.depth * DEEP for box in piece.boxes), *ends])
    piece.right = max([piece.right, *(row.y + room_for(row.text, SMALL) / 2 for row in piece.rows)])
    return piece


def _line(piece: Piece, groups: Sequence[Sequence[Map]], top: float, above: float, style: Style) -> float:
    """Blocks on one axis, their words below; where that ends. The line above it is joined with it at `above`."""
    high = max(size(one)[1] + size(one)[2] * DEEP for group in groups for one in group)
    axis = top + high - max(size(one)[1] for group in groups for one in group) / 2
    at = 0.0
    for group in groups:
        width = width_of(group, style) - APART
        blocks = row_of(group, at + width / 2, axis)
        if piece.boxes:
            _arrow(piece, piece.boxes[-1], blocks[0], group[0], above)
        piece.boxes += blocks
        piece.rows += words_of(group, at + width / 2, axis + max(size(one)[1] for one in group) / 2 + UNDER, style)
        at += width + APART
    return max(row.start for row in piece.rows) + LINE / 2


def _arrow(piece: Piece, before: Box, after: Box, first: Map, foot: float) -> None:
    """From the last block of a resolution to the first of the next, where that is made of it; at the end of a line by
    way of its `foot`."""
    start, end = before.right + before.depth * DEEP + 3.0, after.left - 2.0
    if before.name not in first.sources:
        return
    if before.bottom < foot < after.top:
        points = [(start, before.y), (start + TURN, before.y), (start + TURN, foot), (end - TURN, foot)]
        piece.lines.append(Line([*points, (end - TURN, after.y), (end, after.y)], before.name, after.name))
    elif end - start > 8.0:
        piece.lines.append(Line([(start, after.y), (end, after.y)], before.name, after.name))


def _arc(piece: Piece, source: Map, target: Map, first: int, slot: int) -> None:
    """A line over the blocks of its line, the first of which is so far in the piece."""
    boxes = {box.name: box for box in piece.boxes}
    one, two = boxes[source.op.name], boxes[target.op.name]
    roof = min(box.top - box.depth * DEEP for box in piece.boxes[first:])
    y = roof - FIRST_ARC - ARC * slot
    begin, end = back_of(one), back_of(two)
    piece.lines.append(Line([begin, (begin[0], y), (end[0], y), end], one.name, two.name, "skip"))
