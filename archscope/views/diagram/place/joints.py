"""Lines between placed pieces: forks and joins, shortcuts on the left, gates on the right."""

from collections.abc import Sequence

from archscope.views.diagram.place.picture import Box, Frame, Line, Piece, Point
from archscope.views.diagram.place.spread import Hull
from archscope.views.diagram.place.style import LANE, SIDE, SMALL
from archscope.views.diagram.place.text import text_width
from archscope.views.diagram.plan.contents import opened
from archscope.views.diagram.plan.items import ENTRY, Parallel, Series, is_tensor, ops_of

Tail = tuple[str, float, float]
LONGEST_LANE = 2
TURN = 11.0
"""From the corner of a line to the box that it enters."""

TAP = 6.0
"""A shortcut that cannot leave a box's side leaves the trunk so far below."""

PORT = 24.0
"""A bar reaches so far beyond the last line that ends at it."""

INSET = 4.0
"""A line that ends so near to the end of a bar would meet its round corner."""

CLEAR = 3.0
"""From a line, or its word, to what stands beside it."""

ON_AXIS = 0.01
"""Nearer to the axis than this is on it: sums of floats are not exact."""

WORD = "identity"


def sort_branches(parallel: Parallel, join: str) -> tuple[list[int], list[int], list[int]]:
    """Which branches are lanes, which gates, which columns: by place."""
    branches = parallel.branches
    lengths = [len(branch) for branch in branches]
    numbers = range(len(branches))
    if 0 in lengths and (join == "mul" or (join and all(map(is_result, branches)))):
        return [], [i for i in numbers if lengths[i]], []
    lanes = []
    if join == "add":  # of one box each, what holds most is the body
        sizes = [(len(branch), len(opened(ops_of(branch)))) for branch in branches]
        lanes = [i for i in numbers if lengths[i] <= LONGEST_LANE and max(sizes) > sizes[i]]
    elif join == "cat":
        lanes = [i for i in numbers if lengths[i] == 0 and len(branches) <= 2]
    elif join == "other":
        extra = [i for i in numbers if branches[i] and all(op.is_extra for op in ops_of(branches[i]))]
        lanes = extra if 0 in lengths and len(extra) == 1 else [i for i in numbers if lengths[i] == 0]
    if len(lanes) > 1:
        lanes = [i for i in lanes if lengths[i] == 0][:1] if 0 in lengths else lanes[:1]
    return lanes, [], [i for i in numbers if i not in lanes]


def is_result(branch: Series) -> bool:
    """Is it no more than a result, which hangs beside what goes on?"""
    return all(map(is_tensor, branch))


def columns_of(pieces: list[Piece], snap: float, trunk: Piece | None = None) -> list[Piece]:
    """The pieces side by side; the axis runs through the `trunk`, or the middle, or a piece near it."""
    if len(pieces) <= 1:
        return pieces
    x = 0.0
    centres = []
    for piece in pieces:
        centres.append(x + piece.left)
        x += piece.left + piece.right + SIDE
    middle = (x - SIDE) / 2
    if len(pieces) % 2 and abs(centres[len(pieces) // 2] - middle) <= snap:
        middle = centres[len(pieces) // 2]
    for piece, centre in zip(pieces, centres, strict=True):
        middle = centre if piece is trunk else middle
    for piece, centre in zip(pieces, centres, strict=True):
        piece.shift(centre - middle, 0)
    return pieces


def hull_of(above: Sequence[Piece], below: Sequence[Piece]) -> Hull:
    """How far a bar between these pieces reaches, left and right of the axis, to have all their lines end at it."""
    pieces = [piece for group in (above, below) if len(group) > 1 for piece in group]
    ends = [x for piece in above if len(piece.tails) > 1 for _, x, _ in piece.tails]
    ends += [piece.x for piece in pieces if not piece.head]  # identities
    left = [piece.left for piece in pieces] + [PORT - x for x in ends]
    right = [piece.right for piece in pieces] + [PORT + x for x in ends]
    return max(left, default=0.0), max(right, default=0.0)


def fanned(column: Piece) -> Hull:
    """Take the point at the top of a column, where its paths part, from it: a bar above it does that, which has to
    reach so far."""
    heads = {line.target for line in column.lines if line.source == column.head}
    placed: list[Box | Frame] = [*column.boxes, *column.frames]
    parts = [part for part in placed if part.name in heads]
    column.boxes = [box for box in column.boxes if box.name != column.head]
    for line in column.lines:
        if line.source == column.head:
            line.source, line.points = ENTRY, line.points[-1:]
    top = min(part.top for part in parts)
    column.shift(0, -top)
    column.head, column.height = ENTRY, column.height - top
    beyond = [PORT if part.left == part.right else 0.0 for part in parts]  # an identity is no more than a line
    sides = [(room - part.left, room + part.right) for part, room in zip(parts, beyond, strict=True)]
    return max(left for left, _ in sides), max(right for _, right in sides)


def connect(tails: Sequence[Tail], head: str, y: float, bar: Box | None = None) -> list[Line]:
    """Lines from these ends down to the head at (0, y), or straight down to a bar that spans them."""
    return [Line(_down((x, start), y, bar), name, head) for name, x, start in tails]


def _down(start: Point, y: float, bar: Box | None) -> list[Point]:
    x, top = start
    if abs(x) < ON_AXIS or (bar is not None and bar.left + INSET <= x <= bar.right - INSET):
        return [(x, top), (x, y)]
    turn = max(y - TURN, (top + y) / 2)
    return [(x, top), (x, turn), (0.0, turn), (0.0, y)]


def fork(before: Piece, columns: Sequence[Piece], top: float) -> list[Line]:
    """Lines from the node before to the tops of the columns; an identity among them is left for its join."""
    lines = []
    (source, _, start), *_ = before.tails
    bar = before.boxes[0] if before.boxes and before.boxes[0].form == "bar" else None
    for piece in columns:
        if piece.head == ENTRY:
            for line in piece.lines:
                if line.source == ENTRY:
                    begun = [(0.0, start), (0.0, start), (0.0, top)] if line.curved else [(line.points[0][0], start)]
                    line.source, line.points = source, [*begun, *line.points]
            continue
        points = _across(start, piece.x, top, bar)
        if piece.head:
            lines.append(Line(points, source, piece.head, arrow=not is_point(piece)))
        else:
            name = f"{source}~{piece.x:.2f}"
            lines.append(Line(points, source, name, arrow=False))
            piece.boxes.append(Box(name, "tensor", piece.x, top, piece.x, top, "point"))
            piece.tails = [(name, piece.x, top)]
    return lines


def is_point(piece: Piece) -> bool:
    return any(box.name == piece.head and box.form == "point" for box in piece.boxes)


def _across(start: float, x: float, top: float, bar: Box | None) -> list[Point]:
    if abs(x) < ON_AXIS or (bar is not None and bar.left + INSET <= x <= bar.right - INSET):
        return [(x, start), (x, top)]
    turn = top - TURN
    return [(0.0, start), (0.0, turn), (x, turn), (x, top)]


def join(columns: Sequence[Piece], head: str, y: float, bar: Box | None) -> list[Line]:
    """Lines from the ends of the columns to the node that joins them."""
    lines = []
    for piece in columns:
        lines += connect(piece.tails, head, y, bar)
    return lines


def _side(piece: Piece, sign: int) -> Point:
    """Where a shortcut leaves: the side of a box, else a little below, from the trunk. `sign` -1 is left."""
    _, x, bottom = piece.tails[0]
    if piece.tap:
        return x, bottom + TAP
    box = piece.boxes[0]
    return (box.left if sign < 0 else box.right), box.y


def lane_line(whole: Piece, before: Piece | None, lane: Piece, node: Piece, left: float, kind: str) -> float:
    """Draw a shortcut on the left of all that reaches `left` from the axis; returns how far it reaches itself."""
    several = before is not None and any(len(box.op.results) > 1 for box in before.boxes[-1:] if box.op)
    word = WORD if not (lane.head or several) and kind == "shortcut" else ""
    half = text_width(word, SMALL) / 2 + CLEAR if word else max(lane.right, CLEAR)
    x = -(left + LANE + half)
    box = node.boxes[0]
    end = (box.left, box.y)
    start = _side(before, -1) if before else (x, box.top)
    source = before.tails[0][0] if before else ""
    if not lane.head:
        line = Line([start, (x, start[1]), (x, end[1]), end], source, node.head, kind)
        line.label, line.label_at = word, (x, (start[1] + end[1]) / 2)
        whole.lines.append(line)
    else:
        top = (start[1] + end[1] - lane.height) / 2 if before else end[1] - lane.height - TURN
        lane.shift(x, top)
        if before:
            whole.lines.append(Line([start, (x, start[1]), (x, top)], source, lane.head, kind))
        whole.lines += [
            Line([(at, bottom), (at, end[1]), end], name, node.head, kind) for name, at, bottom in lane.tails
        ]
        for inner in lane.lines:
            inner.kind = kind
        lane.rows = []
        whole.take(lane)
    reach = max(-x + half, lane.left if lane.head else 0.0)
    whole.left = max(whole.left, reach)
    return reach


def gate_lines(before: Piece | None, gates: Sequence[Piece], node: Piece, through: bool) -> list[Line]:
    """Lines into the gates on the right and from there into the right of the node that multiplies."""
    lines: list[Line] = []
    if before is None:
        return lines
    source, x, bottom = before.tails[0]
    box = node.boxes[0]
    if through:
        lines.append(Line([(x, bottom), (x, box.top)], source, node.head))
    start = _side(before, 1)
    for gate in gates:
        head_y = min([b.top for b in gate.boxes] + [f.top for f in gate.frames])
        lines.append(Line([start, (gate.x, start[1]), (gate.x, head_y)], source, gate.head))
        for name, tail_x, tail_y in gate.tails:
            lines.append(Line([(tail_x, tail_y), (tail_x, box.y), (box.right, box.y)], name, node.head))
    return lines
