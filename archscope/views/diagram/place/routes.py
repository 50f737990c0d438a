"""Which way lines run between lanes, at right angles: past boxes, beside each other, never along each other.

A route is told by its legs, which are level and upright in turn; their coordinates follow once all routes are known.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from archscope.views.diagram.plan.in_rows import Edge
from archscope.views.diagram.plan.lanes import Lanes

Place = tuple[int, int]
"""Lane and row."""


@dataclass(frozen=True)
class Leg:
    """A part of a route. `axis`: down the middle of lane `at`; `track`: down the channel left of lane `at`, nearest to
    the lane on its `side` (-1 left, 1 right); `port`: level at the `side` of the item `name` in row `at`; `gap`: level
    above row `at`."""

    kind: Literal["axis", "track", "port", "gap"]
    at: int
    side: int = 0
    name: str = ""


@dataclass
class Route:
    """From the bottom or a side of `source` to the top or a side of `target`."""

    source: str
    target: str
    legs: list[Leg]


Way = tuple[list[Leg], Sequence[Place], Sequence[Place], bool]
"""Legs, the places that they cross level and upright, and whether they end at the top."""


@dataclass
class Router:
    """Finds routes one by one. `sided`: items that lines may leave and enter at their sides."""

    lanes: Lanes
    sided: Set[str]
    level: dict[Place, str] = field(default_factory=dict)
    upright: dict[Place, str] = field(default_factory=dict)
    tops: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lanes = self.lanes
        self.held = {(lanes.lane[name], lanes.row[name]) for name in lanes.items}
        self.walls = {(lanes.lane[one], lanes.row[one]) for _, *parts in lanes.bars.values() for one in parts}
        self.straight = {
            target: source for source, target in lanes.edges
            if lanes.lane[source] == lanes.lane[target] and not self._between(source, target) & self.held
        }  # fmt: skip

    def routes(self) -> list[Route]:
        """One for each edge, straight ones first: they take their places."""
        lanes = self.lanes
        order = sorted(lanes.edges, key=lambda edge: (self.straight.get(edge[1]) != edge[0], self._length(edge)))
        found = {edge: self._route(*edge) for edge in order}
        return [found[edge] for edge in lanes.edges]

    def _length(self, edge: Edge) -> int:
        source, target = edge
        return abs(self.lanes.lane[source] - self.lanes.lane[target]) + self.lanes.row[target] - self.lanes.row[source]

    def _between(self, source: str, target: str) -> set[Place]:
        """The places in the lane of `target` under the row of `source` and above its own."""
        rows = range(self.lanes.row[source] + 1, self.lanes.row[target])
        return {(self.lanes.lane[target], row) for row in rows}

    def _route(self, source: str, target: str) -> Route:
        *ways, last = self._ways(source, target)
        rows = self.lanes.row
        for legs, level, upright, top in ways:
            taken = [self.level.get(place, source) != source or place in self.held for place in level]
            taken += [self.upright.get(place, source) != source or place in self.held for place in upright]
            taken += [leg.kind == "track" and self._walled(leg.at, rows[source], rows[target]) for leg in legs]
            if any(taken) or (top and self.tops.get(target, source) != source):
                continue
            self.level |= dict.fromkeys(level, source)
            self.upright |= dict.fromkeys(upright, source)
            if top:
                self.tops[target] = source
            return Route(source, target, legs)
        self.tops.setdefault(target, source)
        return Route(source, target, last[0])

    def _ways(self, source: str, target: str) -> Iterator[Way]:
        """Those with the fewest turns first."""
        a, b = self.lanes.lane[source], self.lanes.lane[target]
        if a == b:
            yield [Leg("axis", a)], [], sorted(self._between(source, target)), True
            if {source, target} <= self.sided:
                yield [self._port(source, -1), Leg("track", a, 1), self._port(target, -1)], [], [], False
        else:
            ways = self._across(source, target)
            yield from reversed(list(ways)) if target in self.straight else ways
        yield self._around(source, target)

    def _across(self, source: str, target: str) -> Iterator[Way]:
        """Ways from one lane to another where what is between is free."""
        (a, r), (b, s) = ((self.lanes.lane[name], self.lanes.row[name]) for name in (source, target))
        side = 1 if b > a else -1
        beyond = range(a + side, b, side)
        out, into = self._port(source, side), self._port(target, -side)
        if source in self.sided:
            yield (
                [out, Leg("axis", b)],
                [(lane, r) for lane in [*beyond, b]],
                sorted(self._between(source, target)),
                True,
            )
        if {source, target} <= self.sided:
            yield [out, Leg("track", max(b, b - side), side), into], [(lane, r) for lane in beyond], [], False
            yield [out, Leg("track", max(a, a + side), -side), into], [(lane, s) for lane in beyond], [], False
        if target in self.sided:
            places = [(a, row) for row in range(r + 1, s + 1)]
            yield [Leg("axis", a), into], [(lane, s) for lane in [a, *beyond]], places, False

    def _around(self, source: str, target: str) -> Way:
        """A way that is always free: between rows, and down a channel."""
        (a, r), (b, s) = ((self.lanes.lane[name], self.lanes.row[name]) for name in (source, target))
        side = 1 if b > a else -1
        near = max(a, a + side)
        channels = sorted(range(len(self.lanes.sizes) + 1), key=lambda at: abs(at - near))
        at = next(at for at in channels if not self._walled(at, r, s))
        beside = source in self.sided and at == near
        start = [self._port(source, side)] if beside else [Leg("axis", a), Leg("gap", r + 1)]
        down = Leg("track", at, {0: 1, len(self.lanes.sizes): -1}.get(at, -side))
        if target not in self.sided:
            if not beside and r + 1 == s:
                return [*start, Leg("axis", b)], [], [], True
            return [*start, down, Leg("gap", s), Leg("axis", b)], [], [], True
        if a == b and at == near:
            return [*start, down, self._port(target, side)], [], [], False
        end = [Leg("track", max(b, b - side), side), self._port(target, -side)]
        return [*start, down, Leg("gap", s), *end], [], [], False

    def _walled(self, channel: int, above: int, below: int) -> bool:
        """Does an item that lies across lanes close this channel between two rows?"""
        return any((channel, row) in self.walls for row in range(above + 1, below))

    def _port(self, name: str, side: int) -> Leg:
        return Leg("port", self.lanes.row[name], side, name)
