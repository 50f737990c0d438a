"""The trunk cut into columns, so that the picture is as large as can be on a page."""

from collections.abc import Sequence
from itertools import pairwise

from archscope.views.diagram.place.cut import cut
from archscope.views.diagram.place.paper import FLATTEST
from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Line, Piece, Row, stacked
from archscope.views.diagram.place.place import Placer
from archscope.views.diagram.place.style import MARGIN, SMALL
from archscope.views.diagram.place.text import room_for

LARGE = 0.8
"""A picture that stands on the page so large needs no more columns."""

MOST_COLUMNS = 8
LEAST = 0.4
"""A column of one item, which is more than a box, is no shorter than this share of the highest."""

ABOVE = 16.0
BEND, TOPMOST = 0.7, 4.0
"""Where the line between columns turns: this share of ABOVE under the one, this far from the top over the other."""

UNDER = 2.0
"""Room around a shape that stands below its box."""

LEADER = 22.0
"""From the widest box of a column to its shapes."""


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The shapes to write: each where it differs from the last, unless its box says it."""
    kept: list[Row] = []
    for row in rows:
        if not kept or kept[-1].text != row.text:
            kept.append(row)
    return [row for row in kept if row.shown]


def align_rows(piece: Piece, sideways: bool = False) -> None:
    """Put the shapes of a column under each other, each where it differs from the last: right of everything, or, where
    there are lanes, of the trunk above and below them."""
    rows = distinct(sorted([row for row in piece.rows if not row.fixed], key=lambda row: row.y))
    piece.rows = rows + [row for row in piece.rows if row.fixed]
    in_lanes = len(rows) < len(piece.rows)
    at = (max([row.start for row in rows], default=0.0) if in_lanes else piece.right) + LEADER
    for row in rows:
        row.at = at
        if sideways:  # the line that goes on to the next row passes a shape that is wider than its box
            piece.height = max(piece.height, row.y + room_for(row.text, SMALL) / 2 + UNDER - ABOVE * BEND)
    if rows:
        piece.right = max(
            piece.right, at + (SMALL + UNDER if sideways else max(room_for(row.text, SMALL) for row in rows))
        )


def width_of(pieces: Sequence[Piece]) -> float:
    """Width of a column of these pieces, with room for shapes."""
    texts = [room_for(row.text, SMALL) for piece in pieces for row in piece.rows if not row.fixed]
    room = LEADER + max(texts) if texts else 0.0
    return max(piece.left for piece in pieces) + max(piece.right for piece in pieces) + room


def choose(pieces: Sequence[Piece], placer: Placer) -> list[int]:
    """Where each column begins, for the largest picture on its paper."""
    gap, paper = placer.style.gap, placer.style.paper
    narrowest, head = paper.head
    heights = [piece.height for piece in pieces]
    found = []
    most = 1 if placer.style.strip else min(MOST_COLUMNS, len(pieces))
    for count, cuts in enumerate(partitions(heights, most, gap), 1):
        columns = [pieces[a:b] for a, b in pairwise([*cuts, len(pieces)])]
        width = sum(width_of(column) for column in columns) + placer.style.gutter * (count - 1) + 2 * MARGIN
        tallest = [sum(p.height + gap for p in column) for column in columns]
        if count > 1 and any(
            len(column) == 1 and (len(column[0].boxes) == 1 or one < LEAST * max(tallest))
            for column, one in zip(columns, tallest, strict=True)
        ):
            continue
        height = max(tallest) + (2 * ABOVE if count > 1 else 0.0)
        if placer.style.sideways:
            width, height = height, width
        ratio = (height + head) / max(width, narrowest)
        off = max(ratio / paper.tallest, FLATTEST / ratio, 1.0)
        found.append((-off, min(paper.scale(width, height + head), LARGE), -count, cuts))
    return max(found)[3]


def in_columns(pieces: Sequence[Piece], placer: Placer) -> Piece:
    """The pieces as one trunk, cut where it serves the page; a line leads from each column to the next."""
    cuts = choose(pieces, placer)
    columns = [placer.stack(pieces[a:b]) for a, b in pairwise([*cuts, len(pieces)])]
    for column in columns:
        align_rows(column, placer.style.sideways)
    columns = [cut(column, placer.style.room[1], placer.style.sideways) for column in columns]
    for column in columns:
        column.shift(0.0, ABOVE if len(columns) > 1 else 0.0)
    return _joined(columns, placer.style.gutter)


def _joined(columns: Sequence[Piece], gutter: float) -> Piece:
    """Columns beside each other, from x = 0."""
    at = 0.0
    for i, column in enumerate(columns):
        width = column.left + column.right
        column.shift(at + column.left, 0.0)
        if i:
            _continue(columns[i - 1], column, gutter)
        at += width + gutter
    whole = stacked(columns)
    whole.left, whole.right = 0.0, at - gutter
    whole.height = max(column.height for column in columns) + (2 * ABOVE if len(columns) > 1 else 0.0)
    return whole


def _continue(before: Piece, column: Piece, gutter: float) -> None:
    """The line from the end of one column through the gutter to the top of the next."""
    middle = before.right + gutter / 2
    for name, x, y in before.tails:
        low = ABOVE + before.height + ABOVE * BEND
        points = [(x, y), (x, low), (middle, low), (middle, TOPMOST), (column.x, TOPMOST), (column.x, ABOVE)]
        column.lines.append(Line(points, name, column.head))
