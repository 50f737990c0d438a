"""An encoder-decoder placed as a U: down on the left, up on the right, what is kept straight across between them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from archscope.views.diagram.place.columns import LEADER, distinct
from archscope.views.diagram.place.joints import TAP, TURN, WORD, connect, is_point
from archscope.views.diagram.place.picture import Line, Piece, Point, Row
from archscope.views.diagram.place.place import Placer
from archscope.views.diagram.place.style import SIDE, SMALL, STACK
from archscope.views.diagram.place.text import room_for, text_width
from archscope.views.diagram.place.turn import upside_down
from archscope.views.diagram.plan.encoder_decoder import EncoderDecoder, Level
from archscope.views.diagram.plan.items import Leaf, Series

SAME_HEIGHT = 1.0
ABOVE_SKIP = 8.5
"""A shape beside a skip connection stands so far above its line."""


@dataclass
class Storey:
    """A placed Level; its skip connection leaves `left` at `start` and enters `right` at `end`."""

    left: Piece
    lane: list[Piece]
    right: Piece
    kind: str
    start: Point
    end: Point

    @property
    def word(self) -> str:
        return WORD if self.kind == "shortcut" and not self.lane else ""

    @property
    def width(self) -> float:
        """Room that the skip connection needs."""
        boxes = sum(piece.left + piece.right + SIDE for piece in self.lane)
        return SIDE + (boxes or text_width(self.word, SMALL) + SIDE)

    def lower(self, y: float) -> None:
        """Move the storey down so that it begins at `y`."""
        level = y + max(self.start[1], self.end[1])
        self.left.shift(0.0, level - self.start[1])
        self.right.shift(0.0, level - self.end[1])
        self.start, self.end = (self.start[0], level), (self.end[0], level)


def place_u(shape: EncoderDecoder, placer: Placer) -> Piece:
    """The U; the encoder's axis is x = 0, the decoder's `apart`, that of the bottom halfway."""
    storeys = [_storey(level, placer) for level in shape.levels]
    pooling, bottom, rise = placer.series(shape.pooling), placer.series(shape.bottom), _upwards(shape.rise, placer)
    lefts = [piece for piece in (*(storey.left for storey in storeys), pooling) if piece.head]
    rights = [piece for piece in (*(storey.right for storey in storeys), rise) if piece.head]
    apart = _apart(storeys, lefts, bottom)
    y = 0.0
    for storey in storeys:
        storey.lower(y)
        y = max(storey.left.tails[0][2], _foot(storey.right), storey.start[1] + TAP) + placer.style.gap
    for piece in (pooling, rise):
        piece.shift(0.0, y)
    bottom.shift(apart / 2, max(lefts[-1].tails[0][2], _foot(rights[-1])) + 2 * TURN)
    for piece in rights:
        piece.shift(apart, 0.0)
    whole = Piece(head=lefts[0].head, height=bottom.tails[0][2] + TURN)
    for storey in storeys:
        whole.lines += _across(storey, apart, _reach(lefts))
    whole.lines += [*_down(lefts), *_around(lefts[-1], bottom, rights[-1]), *_up(rights)]
    rows = _shapes(lefts, bottom, rights, [storey.start[1] for storey in storeys])
    for piece in (*lefts, bottom, *rights, *(piece for storey in storeys for piece in storey.lane)):
        whole.take(piece)
    whole.rows = rows
    whole.right = max([whole.right, *(row.at + room_for(row.text, SMALL) for row in rows)])
    return whole


def _storey(level: Level, placer: Placer) -> Storey:
    left, right = placer.series(level.down), _upwards(level.up, placer)
    name, _, low = left.tails[0]
    start = next(
        ((box.right + STACK * (box.repeat > 1), box.y) for box in left.boxes
         if box.name == name and box.form in {"box", "bar"}),
        (0.0, low + TAP),
    )  # fmt: skip
    join = next(box for box in right.boxes if box.name == right.head)
    lane = [placer.node(item, None) for item in level.skip]
    first = level.up[0]
    kind = {"add": "shortcut", "cat": "skip"}.get(first.op.join if isinstance(first, Leaf) else "", "flow")
    return Storey(left, lane, right, kind, start, (join.left, join.y))


def _upwards(series: Series, placer: Placer) -> Piece:
    """The series from bottom to top."""
    return upside_down(placer.series(series))


def _foot(piece: Piece) -> float:
    """The lower end of a piece that goes upwards."""
    return piece.tails[0][2] + piece.height


def _reach(pieces: Sequence[Piece]) -> float:
    """How far boxes and shapes on one axis reach to its right."""
    texts = [room_for(row.text, SMALL) for piece in pieces for row in piece.rows if row.shown]
    return max(piece.right for piece in pieces) + LEADER + max(texts, default=0.0)


def _apart(storeys: Sequence[Storey], lefts: Sequence[Piece], bottom: Piece) -> float:
    """From the encoder's axis to the decoder's."""
    between = max(storey.width + storey.right.left for storey in storeys)
    under = max(bottom.left, _reach([bottom])) + SIDE
    return max(_reach(lefts) + between, 2 * under)


def _across(storey: Storey, apart: float, reach: float) -> list[Line]:
    """The skip connection, its operations in the middle of what is free."""
    y = storey.start[1]
    end = (storey.end[0] + apart, y)
    x = reach + (end[0] - reach - storey.width) / 2 + SIDE
    source, at, lines = storey.left.tails[0][0], storey.start, []
    for piece in storey.lane:
        piece.shift(x + piece.left, y - piece.height / 2)
        lines.append(Line([at, (x, y)], source, piece.head, storey.kind))
        source, at = piece.tails[0][0], (piece.right, y)
        x = piece.right + SIDE
    middle = ((reach + end[0]) / 2, y)
    last = Line([at, end], source, storey.right.head, storey.kind, label=storey.word, label_at=middle)
    return [*lines, last]


def _down(lefts: Sequence[Piece]) -> list[Line]:
    lines = []
    for above, below in itertools.pairwise(lefts):
        lines += connect(above.tails, below.head, below.tails[0][2] - below.height)
        lines[-1].arrow = not is_point(below)
    return lines


def _up(rights: Sequence[Piece]) -> list[Line]:
    return [
        Line([(x, y), (x, _foot(above))], name, above.head)
        for above, below in itertools.pairwise(rights) for name, x, y in below.tails
    ]  # fmt: skip


def _around(left: Piece, bottom: Piece, right: Piece) -> list[Line]:
    """From the encoder into the bottom, and from there into the decoder."""
    (source, x, y), (last, middle, low) = left.tails[0], bottom.tails[0]
    top = low - bottom.height
    into = [(x, y), (x, top - TURN), (middle, top - TURN), (middle, top)]
    goal = right.tails[0][1]
    out = [(middle, low), (middle, low + TURN), (goal, low + TURN), (goal, _foot(right))]
    return [Line(into, source, bottom.head, arrow=not is_point(bottom)), Line(out, last, right.head)]


def _shapes(lefts: Sequence[Piece], bottom: Piece, rights: Sequence[Piece], skips: Sequence[float]) -> list[Row]:
    """The shapes in the order of the network, beside each of the three axes."""
    rows: list[Row] = []
    for pieces, sign in ((lefts, 1), ([bottom], 1), (rights, -1)):
        column = [row for piece in pieces for row in piece.rows]
        shown = distinct(sorted([row for row in column if not row.fixed], key=lambda row: sign * row.y))
        for row in shown:
            row.at = max(piece.right for piece in pieces) + LEADER
            if pieces is lefts and any(abs(row.y - y) < SAME_HEIGHT for y in skips):
                row.y -= ABOVE_SKIP
        rows += [*shown, *(row for row in column if row.fixed)]
    return rows
