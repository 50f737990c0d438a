"""Branches that are too wide beside each other, in several rows: one line leads down to them on their left, another on
from them on their right."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from archscope.views.diagram.place.joints import TURN, columns_of, is_point
from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Box, Line, Piece, Point
from archscope.views.diagram.place.style import LANE, SIDE


def in_rows(pieces: Sequence[Piece], widest: float, entered: bool) -> Piece:
    """The branches as one piece, no row of which is wider if that can be. It is `entered` at a point on its axis, and
    left at the ends of its last row and at a point where all above that one meet."""
    entry = _point(f"{next(piece.head for piece in pieces if piece.head)}<rows")
    branches = [piece if piece.head else _point(f"{entry.head}{i}") for i, piece in enumerate(pieces)]
    *upper, last = [columns_of(row, 0.0) for row in _rows(branches, widest)]
    left = max(piece.left for row in (*upper, last) for piece in row) + LANE
    right = max(piece.right for row in (*upper, last) for piece in row) + LANE
    y = TURN
    ends: list[Line] = []
    for row in (*upper, last):
        for piece in row:
            down = [(0.0, 0.0), (0.0, TURN), (-left, TURN), (-left, y)] if y > TURN else [(0.0, 0.0), (0.0, y)]
            points = _corners([*down, (piece.x, y), (piece.x, y + TURN)])
            entry.lines += [Line(points, entry.head, piece.head, arrow=not is_point(piece))] * entered
            entry.take(piece.shift(0.0, y + TURN))
        bottom = y + TURN + max(piece.height for piece in row)
        y = bottom + LANE
        if row is not last:
            meet = [(name, x, end) for piece in row for name, x, end in piece.tails]
            ends += [Line([(x, end), (x, y), (right, y)], name, "", arrow=False) for name, x, end in meet]
            y += TURN
    entry.height, entry.tails = bottom, [tail for piece in last for tail in piece.tails]
    entry.left, entry.right = left, right
    if ends:
        _meet(entry, ends, (right, bottom))
    return entry


def _meet(whole: Piece, ends: Sequence[Line], at: Point) -> None:
    """Where all these lines end is a point that the whole is left at."""
    met = _point(f"{whole.head}>").shift(*at)
    for line in ends:
        line.points.append(at)
        line.target = met.head
    whole.boxes += met.boxes
    whole.lines += ends
    whole.tails += met.tails


def _point(name: str) -> Piece:
    """A piece of no size: an entry, an end, or a branch of nothing."""
    return Piece([Box(name, "tensor", 0, 0, 0, 0, "point")], head=name, tails=[(name, 0.0, 0.0)], tap=True)


def _rows(pieces: Sequence[Piece], widest: float) -> list[list[Piece]]:
    widths = [piece.left + piece.right for piece in pieces]
    count = min(ceil((sum(widths) + SIDE * len(widths)) / widest), len(pieces))
    return [list(pieces[a:b]) for a, b in pairwise([*partitions(widths, count, SIDE)[-1], len(pieces)])]


def _corners(points: Sequence[Point]) -> list[Point]:
    """The points without those where a line does not turn."""
    kept = [points[0]]
    for point, after in pairwise(points[1:]):
        if point != kept[-1] and not (kept[-1][0] == point[0] == after[0]):
            kept.append(point)
    return [*kept, points[-1]]
