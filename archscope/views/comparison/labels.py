"""Where the labels of discs go, so that none covers another or leaves the frame. In points from the lower left."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import cos, hypot, inf, pi, sin

Point = tuple[float, float]

NEAR = 2.0
"""From a disc to its label."""

RINGS, RING = 30, 6.0
"""A label that has no room beside its disc moves outwards, by so many points a ring."""

DIRECTIONS = (0, 8, 4, 12, 2, 14, 6, 10, 1, 15, 7, 9, 3, 13, 5, 11)
"""Sixteenths of a turn in the order of preference: right, left, above, below, then between."""

COVERED, CROSSED = 5.0, 2.0
"""What it costs to cover a disc or a line of the plot, and to lead a line over a disc, in rings."""

NEARBY = 3.0
"""What a label may cost that can be left out: it is near its disc, and covers and crosses nothing."""


@dataclass(frozen=True)
class Disc:
    """A point with its radius and the size of its label."""

    x: float
    y: float
    radius: float
    width: float
    height: float


@dataclass(frozen=True)
class Box:
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def within(self, frame: "Box") -> bool:
        across = frame.left <= self.left and self.right <= frame.right
        return across and frame.bottom <= self.bottom and self.top <= frame.top

    def nearest(self, x: float, y: float) -> Point:
        """The point of the box that is nearest to this one."""
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)

    def covers(self, disc: Disc) -> bool:
        """Does it touch the disc?"""
        x, y = self.nearest(disc.x, disc.y)
        return hypot(x - disc.x, y - disc.y) < disc.radius

    def is_crossed(self, line: "Line") -> bool:
        begin, end = 0.0, 1.0
        sides = ((self.left, self.right), (self.bottom, self.top))
        for start, stop, (low, high) in zip(line.start, line.stop, sides, strict=True):
            if start == stop:
                begin, end = (begin, end) if low < start < high else (1.0, 0.0)
            else:
                enters, leaves = sorted(((low - start) / (stop - start), (high - start) / (stop - start)))
                begin, end = max(begin, enters), min(end, leaves)
        return begin < end


@dataclass(frozen=True)
class Line:
    start: Point
    stop: Point

    def crosses(self, disc: Disc) -> bool:
        (x, y), (across, along) = self.start, (self.stop[0] - self.start[0], self.stop[1] - self.start[1])
        at = ((disc.x - x) * across + (disc.y - y) * along) / (across**2 + along**2 or 1)
        at = min(max(at, 0), 1)
        return hypot(x + at * across - disc.x, y + at * along - disc.y) < disc.radius


@dataclass(frozen=True)
class Label:
    """A label's box, and the line to the centre of its disc where it is not beside it."""

    box: Box
    line: Line | None


@dataclass
class Placing:
    """Labels are placed one by one; `taken` is where none may go, `lines` are those that none should cover.

    Where `needed` is given, the others have a label only where there is room for it nearby.
    """

    discs: Sequence[Disc]
    frame: Box
    taken: Sequence[Box] = ()
    lines: Sequence[Line] = ()
    needed: Collection[int] | None = None
    labels: dict[int, Label] = field(default_factory=dict)

    def place(self) -> list[Label | None]:
        """A label for each disc, None where there is no room: of those that are needed the crowded ones first, then
        the rest, those with most room first, so that most have one."""
        crowded = sorted(range(len(self.discs)), key=self._room)
        needed = [i for i in crowded if self.needed is None or i in self.needed]
        for i in needed:
            self._add(i, inf)
        for i in reversed(crowded):
            if i not in needed:
                self._add(i, NEARBY)
        return [self.labels.get(i) for i in range(len(self.discs))]

    def _room(self, i: int) -> float:
        """The distance to the nearest other disc."""
        own = self.discs[i]
        return min((hypot(own.x - one.x, own.y - one.y) for j, one in enumerate(self.discs) if j != i), default=0)

    def _add(self, i: int, most: float) -> None:
        """The best label for a disc, if one costs less than this."""
        best, least, disc = None, most, self.discs[i]
        for ring in range(RINGS):
            if ring >= least:
                break
            for label in filter(self._is_free, _around(disc, ring)):
                cost = ring + self._cost(label, disc)
                if cost < least:
                    best, least = label, cost
        if best:
            self.labels[i] = best

    def _is_free(self, label: Label) -> bool:
        boxes = [*self.taken, *(other.box for other in self.labels.values())]
        return label.box.within(self.frame) and not any(map(label.box.overlaps, boxes))

    def _cost(self, label: Label, own: Disc) -> float:
        """In rings. A line over a label, or a label on a line, is worse than all else."""
        others = self.labels.values()
        over = sum(bool(label.line) and other.box.is_crossed(label.line) for other in others if label.line)
        over += sum(label.box.is_crossed(other.line) for other in others if other.line)
        crossed = sum(label.line.crosses(disc) for disc in self.discs if disc is not own) if label.line else 0
        covered = sum(map(label.box.covers, self.discs)) + sum(map(label.box.is_crossed, self.lines))
        return RINGS * over + COVERED * covered + CROSSED * crossed


def _around(disc: Disc, ring: int) -> Iterator[Label]:
    """Labels at one distance from a disc, in every direction."""
    reach = disc.radius + NEAR + RING * ring
    for direction in DIRECTIONS:
        angle = 2 * pi * direction / len(DIRECTIONS)
        left = disc.x + reach * cos(angle) - disc.width * (1 - cos(angle)) / 2
        bottom = disc.y + reach * sin(angle) - disc.height * (1 - sin(angle)) / 2
        box = Box(left, bottom, left + disc.width, bottom + disc.height)
        yield Label(box, Line(box.nearest(disc.x, disc.y), (disc.x, disc.y)) if ring else None)
