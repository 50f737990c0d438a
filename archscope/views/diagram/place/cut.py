"""A column that is too long is cut wherever only upright lines run; what was below stands beside it.

Each line goes on below the one part, between both, and over the other: none crosses another there.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Line, Piece, Point
from archscope.views.diagram.place.style import LANE, SMALL
from archscope.views.diagram.place.text import room_for

APART = 5.0
"""From one line to the next beside it."""

CLEAR = 2.0
"""A cut keeps so far from what it passes."""

TURN = 10.0
"""From where a line turns to where a part begins or ends."""

Span = tuple[float, float]


def cut(column: Piece, longest: float, sideways: bool = False) -> Piece:
    """The column as so many parts that none is longer, if it can be cut so; `sideways`: its axes will be swapped."""
    breaks = [0.0, *_breaks(column, sideways), column.height]
    if len(breaks) > 2:
        column.longest = column.height
    count = min(ceil(column.height / longest), len(breaks) - 1)
    if count < 2:
        return column
    begins = partitions([b - a for a, b in pairwise(breaks)], count, 0.0)[-1]
    return _Cut(column, [breaks[i] for i in begins]).beside()


def _breaks(column: Piece, sideways: bool) -> Iterator[float]:
    """Where only upright lines run, from above."""
    reach = CLEAR
    for top, bottom in sorted(_held(column, sideways)):
        if reach > CLEAR and top - reach > 2 * CLEAR:
            yield (reach + top) / 2
        reach = max(reach, bottom)


def _held(column: Piece, sideways: bool) -> Iterator[Span]:
    """From where to where all that is no upright line reaches."""
    yield from ((box.top, box.bottom) for box in column.boxes)
    yield from ((frame.top, frame.bottom) for frame in column.frames)
    for table in column.tables:
        yield table.top, table.top + table.height
    for row in column.rows:
        half = (room_for(row.text, SMALL) if sideways else SMALL) / 2
        yield row.y - half, row.y + half
    for line in column.lines:
        if line.curved:
            yield min(y for _, y in line.points), max(y for _, y in line.points)
        if line.label:
            yield line.label_at[1] - SMALL / 2, line.label_at[1] + SMALL / 2
        yield from ((y, y) for (x, y), (other, _) in pairwise(line.points) if x != other)


class _Cut:
    """A column and the heights where its parts begin; `passing`: where lines lead into each from the one before."""

    def __init__(self, column: Piece, begins: Sequence[float]) -> None:
        self.begins, self.column = begins, column
        self.passing = [sorted({x for line in column.lines for x in _passing(line, y)}) for y in begins]
        self.room = [2 * TURN + APART * len(xs) if y else 0.0 for xs, y in zip(self.passing, begins, strict=True)]
        self.parts = [Piece() for _ in begins]
        for box in column.boxes:
            self.parts[self._part(box.top)].boxes.append(box)
        for frame in column.frames:
            self.parts[self._part(frame.top)].frames.append(frame)
        for table in column.tables:
            self.parts[self._part(table.top)].tables.append(table)
        for row in column.rows:
            self.parts[self._part(row.y)].rows.append(row)
        self.spans = [self._span(k) for k in range(len(begins))]
        self.moved = [0.0]
        for (_, right), (left, _), xs in zip(self.spans, self.spans[1:], self.passing[1:], strict=False):
            self.moved.append(self.moved[-1] + right + 2 * LANE + APART * len(xs) - left)

    def _part(self, y: float) -> int:
        return max(bisect(self.begins, y) - 1, 0)

    def _span(self, k: int) -> Span:
        """How far a part reaches, its lines included."""
        part = self.parts[k]
        xs = [x for line in self.column.lines for x, y in line.points if self._part(y) == k]
        xs += [x for box in part.boxes for x in (box.left, box.right)]
        xs += [x for frame in part.frames for x in (frame.left, frame.right)]
        xs += [x for table in part.tables for x in (table.left, table.left + table.width)]
        xs += [x for row in part.rows for x in (row.start, row.at + room_for(row.text, SMALL))]
        xs += [x for passing in self.passing[k : k + 2] for x in passing]
        return min(xs), max(xs)

    def _at(self, x: float, y: float, k: int) -> Point:
        return x + self.moved[k], y - self.begins[k] + self.room[k]

    def beside(self) -> Piece:
        """The parts beside each other, the first where it was."""
        column, last = self.column, len(self.parts) - 1
        for k, part in enumerate(self.parts):
            part.shift(*self._at(0.0, 0.0, k))
        for line in column.lines:
            line.label_at = self._at(*line.label_at, self._part(line.label_at[1]))
            line.points = list(self._led(line.points))
        column.tails = [(name, *self._at(x, y, last)) for name, x, y in column.tails]
        ends = [*self.begins[1:], column.height]
        bottoms = [self._at(0.0, y, k)[1] for k, y in enumerate(ends)]
        column.height = max(map(sum, zip(bottoms, [*self.room[1:], 0.0], strict=True)))
        column.left = max(column.left, -self.spans[0][0])
        column.right = self.moved[-1] + self.spans[-1][1]
        return column

    def _led(self, points: Sequence[Point]) -> Iterator[Point]:
        """The points of a line, and those that lead it over from part to part."""
        yield from (self._at(x, y, self._part(y)) for x, y in points[:1])
        for (x, y), (other, end) in pairwise(points):
            here, there = self._part(y), self._part(end)
            for k in range(here + 1, there + 1):
                yield from self._over(x, k)
            for k in range(here, there, -1):
                yield from reversed(self._over(x, k))
            yield self._at(other, end, there)

    def _over(self, x: float, k: int) -> list[Point]:
        """From below part k - 1 to above part k: lines that stood further right turn first."""
        i = self.passing[k].index(x)
        inner = APART * (len(self.passing[k]) - 1 - i)
        out, bottom = self._at(x, self.begins[k], k - 1)
        into, top = self._at(x, self.begins[k], k)
        low, high = bottom + TURN + inner, top - TURN - APART * i
        between = self.moved[k - 1] + self.spans[k - 1][1] + LANE + inner
        return [(out, low), (between, low), (between, high), (into, high)]


def _passing(line: Line, height: float) -> list[float]:
    """Where a line passes this height."""
    return [x for (x, y), (_, end) in pairwise(line.points) if min(y, end) < height < max(y, end)]
