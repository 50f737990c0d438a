"""Feature maps that become ever smaller and then larger again, in two rows: back in the columns of what is as large."""

from collections.abc import Sequence
from itertools import pairwise

from archscope.views.diagram.blocks import (
    ARC,
    FIRST_ARC,
    UNDER,
    Map,
    back_of,
    kept,
    reach,
    row_of,
    said,
    size,
    slots,
    width_of,
    words_of,
)
from archscope.views.diagram.place.picture import Box, Line, Piece
from archscope.views.diagram.place.style import DEEP, LINE, Style

FEWEST = 3
"""So many resolutions either row has."""

TURN = 16.0
"""From the smallest map to the line that turns back."""

Group = Sequence[Map]
Sides = tuple[int, int]


def there_and_back(groups: Sequence[Group], style: Style) -> Piece | None:
    """The two rows; None where sizes do not fall and then rise, or those of the way back are no others'."""
    columns = _columns(groups)
    if not columns:
        return None
    turn = _turn(groups)
    widths = {sides: max(width_of(group, style) for group in groups if _sides(group) == sides) for sides in columns}
    middle: dict[Sides, float] = {}
    at = 0.0
    for sides in columns:
        middle[sides] = at + widths[sides] / 2
        at += widths[sides]
    there, back = groups[:turn], groups[turn:]
    piece = Piece(right=at)
    axis = max(reach(group) + UNDER + LINE * len(said(group, style)) for group in there)
    for group in there:
        piece.boxes += row_of(group, middle[_sides(group)], axis)
        lines = len(said(group, style))
        piece.rows += words_of(group, middle[_sides(group)], axis - reach(group) - UNDER - LINE * (lines - 1), style)
    maps = [one for group in groups for one in group]
    column = [columns.index(one.sides) for one in maps]
    spans = {(a, b): (min(column[a], column[b]), max(column[a], column[b])) for a, b in kept(maps)}
    slot = slots(spans)
    roof = axis + max(size(one)[1] for group in there for one in group) / 2 + FIRST_ARC
    axis_back = roof + ARC * max(slot.values(), default=0) + FIRST_ARC + max(map(reach, back))
    for group in back:
        piece.boxes += row_of(group[::-1], middle[_sides(group)], axis_back)
        low = axis_back + max(size(one)[1] for one in group) / 2 + UNDER
        piece.rows += words_of(group, middle[_sides(group)], low, style)
    piece.height = max(row.start + LINE / 2 for row in piece.rows)
    boxes = {box.name: box for box in piece.boxes}
    for before, after in pairwise(groups):
        if before[-1].op.name in after[0].sources:
            piece.lines.append(_arrow(boxes[before[-1].op.name], boxes[after[0].op.name], axis_back))
    for (a, b), number in slot.items():
        piece.lines.append(_way(boxes[maps[a].op.name], boxes[maps[b].op.name], roof + ARC * number))
    piece.right = max([piece.right, *(x for line in piece.lines for x, _ in line.points)])
    return piece


def _sides(group: Group) -> Sides:
    return group[0].sides


def _area(group: Group) -> int:
    height, width = _sides(group)
    return height * width


def _turn(groups: Sequence[Group]) -> int:
    """Where the way back begins: after the smallest."""
    return 1 + min(range(len(groups)), key=lambda i: _area(groups[i]))


def _columns(groups: Sequence[Group]) -> list[Sides]:
    """The resolutions from left to right; none where there are no two rows of them."""
    turn = _turn(groups)
    there, back = groups[:turn], groups[turn:]
    falls = all(_area(one) > _area(two) for one, two in pairwise(there))
    rises = all(_area(one) < _area(two) for one, two in pairwise(groups[turn - 1 :]))
    sides = [_sides(group) for group in there]
    larger = [_sides(group) for group in back if _sides(group) not in sides]
    beyond = all(_area(group) > _area(groups[0]) for group in back if _sides(group) in larger)
    return [*larger[::-1], *sides] if falls and rises and beyond and min(turn, len(back)) >= FEWEST else []


def _arrow(before: Box, after: Box, axis_back: float) -> Line:
    """From one resolution to the next: to the right, around the smallest, and to the left."""
    end = after.right + after.depth * DEEP + 2.0
    start = before.right + before.depth * DEEP + 3.0
    if before.y == axis_back:
        points = [(before.left - 3.0, before.y), (end, after.y)]
    elif after.y == axis_back:
        points = [(start, before.y), (start + TURN, before.y), (start + TURN, after.y), (end, after.y)]
    else:
        points = [(start, before.y), (after.left - 2.0, after.y)]
    return Line(points, before.name, after.name)


def _way(source: Box, target: Box, y: float) -> Line:
    """What is kept, between the rows: from below a block, or beside where lines reach its back, to the back of one."""
    x, back = back_of(source)
    begin = (source.x, source.bottom) if source.bottom < y else (x - (source.right - source.left) / 4, back)
    end = back_of(target)
    return Line([begin, (begin[0], y), (end[0], y), end], source.name, target.name, "skip")
