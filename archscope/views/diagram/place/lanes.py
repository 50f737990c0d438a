"""Lanes side by side, the finest resolution on the left, its size over each; lines between them at right angles."""

from bisect import bisect, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.picture import Line, Piece, Point, Row
from archscope.views.diagram.place.routes import Leg, Route, Router
from archscope.views.diagram.place.style import GAP, NARROW, SIDE, SMALL, STACK, Style
from archscope.views.diagram.place.text import sizes_of, text_width
from archscope.views.diagram.plan.items import Leaf, Split, is_tensor
from archscope.views.diagram.plan.lanes import Lanes

APART = 8.0
"""From one line to the next beside it."""

CLEAR, LEAST_CLEAR = 16.0, 11.0
"""From a box to the first line beside it: room for an arrowhead and a round corner, less in a compact picture."""

SAID = 14.0
"""Room for a lane's size over its first box."""

BESIDE_AXIS = 6.0
"""From a line to the size beside it."""

Span = tuple[float, float]
Net = tuple[Leg, str]
"""A leg and whose tensor runs there."""


def place_lanes(lanes: Lanes, pieces: Mapping[str, Piece], style: Style) -> Piece:
    """The pieces of these items as one, which begins with the first of them; they are moved."""
    across = {one for parts in lanes.bars.values() for one in parts}
    sided = {name for name, item in lanes.items.items() if isinstance(item, Leaf | Split)} - across
    routes = Router(lanes, sided).routes()
    grid = Grid(lanes, pieces, routes, style)
    first = next(iter(lanes.items))
    whole = Piece(head=pieces[first].head)
    for name, piece in pieces.items():
        whole.take(piece.shift(*grid.origin(name)))
    for parts in lanes.bars.values():
        _stretch(pieces[parts[0]], grid.reach_of(parts))
    sizes = grid.sizes() if style.shapes else []
    whole.rows = sizes + whole.rows * (len(lanes.sizes) == 1)  # what is in one lane has the column of shapes
    whole.lines += [grid.line(route) for route in routes]
    ends = [x for line in whole.lines for x, _ in line.points]
    if not style.sideways:
        ends += [row.at + text_width(row.text, SMALL) for row in sizes]
    whole.left, whole.right = max([whole.left, *(-x for x in ends)]), max([whole.right, *ends])
    whole.height = max(piece.tails[0][2] for piece in pieces.values())
    whole.tails, whole.tap = pieces[lanes.last].tails, True
    return whole


def bar_pieces(parts: Sequence[str], piece: Piece, lanes: Lanes, style: Style) -> dict[str, Piece]:
    """A module across lanes as a piece in each: its box in the first, in the others only where its lines end."""
    box = piece.boxes[0]
    if style.sideways:  # its words stand upright
        border, word = box.top, piece.height
        piece.height = piece.left + piece.right
        box.bottom, box.upright = piece.height - border, True
    else:
        word = piece.left + piece.right
    least = max(NARROW, word / len(parts)) / 2
    made = {}
    for i, name in enumerate(parts):
        one = piece if not i else Piece(height=piece.height, head=piece.head)
        said = text_width(sizes_of(lanes.given[name], style.channels_last), SMALL) if name in lanes.given else 0.0
        one.left, one.right = least, max(least, 0.0 if style.sideways else said + BESIDE_AXIS)
        one.tails, one.rows = [(box.name, 0.0, piece.height)], []
        made[name] = one
    return made


def _stretch(piece: Piece, reach: Span) -> None:
    """A module's box as wide as its lanes."""
    box = piece.boxes[0]
    border = STACK if box.copies else 0.0
    box.left, box.right = reach[0] + border, reach[1] - border


class Grid:
    """Where lanes, rows and the legs of routes are. The first item begins at (0, 0)."""

    def __init__(self, lanes: Lanes, pieces: Mapping[str, Piece], routes: Sequence[Route], style: Style) -> None:
        self.lanes, self.pieces, self.style = lanes, pieces, style
        self.clear = max(LEAST_CLEAR, CLEAR * min(style.gap / GAP, 1.0))
        spans = _spans(lanes, routes)
        self.slot = _slots(spans)
        self.counts = Counter[Leg]()
        for (leg, _), slot in self.slot.items():
            self.counts[leg] = max(self.counts[leg], slot + 1)
        self.shift = _shifts(spans)
        self.top_of: dict[int, str] = {}
        for name in [name for name, row in lanes.row.items() if row]:  # over the first row there is no room
            lane, item = lanes.lane[name], lanes.items[name]
            size = () if isinstance(item, Split) else item.exit.spatial
            if not size or size != lanes.sizes[lane] or is_tensor(item):
                continue  # it has another size, or its box says it
            if lanes.row[name] < lanes.row.get(self.top_of.get(lane, ""), len(lanes.items)):
                self.top_of[lane] = name
        told = {lanes.lane[name] for name in lanes.given}  # said under what gives them
        self.top_of = {lane: name for lane, name in self.top_of.items() if lane not in told}
        self.reach = [self._reach(lane) for lane in range(len(lanes.sizes))]
        self.channels = self._channels()
        self.axes = self._axes()
        self.gaps, self.middles = self._rows()

    def _channels(self) -> list[float]:
        """Width of the channel left of each lane, and right of the last."""
        counts = [
            self.counts[Leg("track", at, -1)] + self.counts[Leg("track", at, 1)] for at in range(len(self.reach) + 1)
        ]
        return [max(SIDE, 2 * self.clear + APART * (count - 1)) if count else SIDE for count in counts]

    def _reach(self, lane: int) -> tuple[float, float]:
        """How far the items of a lane reach left and right of its middle; a line beside them clears its size too."""
        held = [self.pieces[name] for name, at in self.lanes.lane.items() if at == lane]
        right = max(piece.right for piece in held)
        return max(piece.left for piece in held), max(right, self._width(lane) - self.clear)

    def reach_of(self, parts: Sequence[str]) -> Span:
        """From where to where a module across lanes reaches."""
        first, last = self.lanes.lane[parts[0]], self.lanes.lane[parts[-1]]
        return self.axes[first] - self.reach[first][0], self.axes[last] + self.reach[last][1]

    def _axes(self) -> list[float]:
        axes, at = [], 0.0
        for lane, (left, right) in enumerate(self.reach):
            at += self.channels[lane] + left
            axes.append(at)
            at += right
        own = axes[self.lanes.lane[next(iter(self.lanes.items))]]
        return [axis - own for axis in axes]

    def _rows(self) -> tuple[list[float], list[float]]:
        """The top of the gap above each row, and the middle of each row."""
        first = next(iter(self.lanes.items))
        gaps, middles = [], []
        y = -self._gap(0)
        for row, names in enumerate(self._by_row()):
            height = max(self.pieces[name].height for name in names)
            if not row:  # the line that comes from above ends at the first item
                y -= (height - self.pieces[first].height) / 2
            gaps.append(y)
            y += self._gap(row)
            middles.append(y + height / 2)
            y += height
        return [*gaps, y], middles

    def _by_row(self) -> list[list[str]]:
        names = sorted(self.lanes.items, key=self.lanes.row.__getitem__)
        return [list(held) for _, held in groupby(names, self.lanes.row.__getitem__)]

    def _gap(self, row: int) -> float:
        """Height of the gap above a row."""
        lines = self.counts[Leg("gap", row)]
        said = [self._room(self._size(lane)) for lane, name in self.top_of.items() if self.lanes.row[name] == row]
        room = max(said, default=0.0) * self.style.shapes + self._under(row)
        return self.style.gap + (APART * lines + GAP / 2) * bool(lines) + room

    def _under(self, row: int) -> float:
        """What the shapes under the modules across lanes take that lie above this row."""
        said = [self._room(self._shape(op)) for name, op in self.lanes.given.items() if self.lanes.row[name] == row - 1]
        return max(said, default=0.0) * self.style.shapes

    def _room(self, text: str) -> float:
        """What a size beside an axis takes along it."""
        return text_width(text, SMALL) + BESIDE_AXIS if self.style.sideways else SAID

    def _shape(self, op: Op) -> str:
        return sizes_of(op, self.style.channels_last)

    def _width(self, lane: int) -> float:
        """What the size of a lane takes right of its axis, and the room after that."""
        said = lane in self.top_of and self.style.shapes and not self.style.sideways
        return 2 * BESIDE_AXIS + text_width(self._size(lane), SMALL) if said else 0.0

    def _size(self, lane: int) -> str:
        return "×".join(map(str, self.lanes.sizes[lane]))

    # ---- coordinates ----------------------------------------------------------------------------------------------

    def origin(self, name: str) -> Point:
        return self.axes[self.lanes.lane[name]], self.middles[self.lanes.row[name]] - self.pieces[name].height / 2

    def at(self, leg: Leg, net: str) -> float:
        """x of an upright leg, y of a level one."""
        if leg.kind == "axis":
            return self.axes[leg.at]
        if leg.kind == "port":
            return self.middles[leg.at] + self.shift[leg, net]
        slot = self.slot[leg, net]
        if leg.kind == "gap":
            return self.gaps[leg.at] + self._under(leg.at) + GAP / 2 + APART * slot
        if leg.side > 0:
            return self.axes[leg.at] - self.reach[leg.at][0] - self.clear - APART * slot
        return self.axes[leg.at - 1] + self.reach[leg.at - 1][1] + self.clear + APART * slot

    def line(self, route: Route) -> Line:
        source, target = self.pieces[route.source], self.pieces[route.target]
        name, x, bottom = source.tails[0]
        places = [self.at(leg, route.source) for leg in route.legs]
        first, last = route.legs[0], route.legs[-1]
        points = [_side(source, first.side, places[0]) if first.kind == "port" else (x, bottom)]
        for (leg, one), (_, two) in pairwise(zip(route.legs, places, strict=True)):
            points.append((one, two) if leg.kind in {"axis", "track"} else (two, one))
        top = self.origin(route.target)
        points.append(_side(target, last.side, places[-1]) if last.kind == "port" else top)
        item = self.lanes.items[route.target]
        kind = {"add": "shortcut", "cat": "skip"}.get(item.op.join if isinstance(item, Leaf) else "", "flow")
        beside = self.lanes.lane[route.source] == self.lanes.lane[route.target] and len(points) > 2
        return Line(points, name, target.head, kind if beside else "flow", arrow=not isinstance(item, Split))

    def sizes(self) -> list[Row]:
        """The size of each lane over its first item but the network's, whose box says it; under a module across lanes
        the shapes that it gives."""
        rows = []
        for lane, name in self.top_of.items():
            text, (x, top) = self._size(lane), self.origin(name)
            rows.append(self._said(text, x, top - self._room(text) / 2))
        for name, op in self.lanes.given.items():
            text, (x, top) = self._shape(op), self.origin(name)
            rows.append(self._said(text, x, top + self.pieces[name].height + 2.0 + self._room(text) / 2))
        return rows

    def _said(self, text: str, axis: float, y: float) -> Row:
        """A size beside its lane's axis: right of it, or above it where the picture lies sideways."""
        along = axis - 2 * BESIDE_AXIS if self.style.sideways else axis + BESIDE_AXIS
        return Row(y, along, text, along, fixed=True)


def _side(piece: Piece, side: int, y: float) -> Point:
    """The point of an item's border at this height."""
    if piece.boxes[0].form == "circle":
        box = piece.boxes[0]
        return box.x + side * max((box.bottom - box.y) ** 2 - (y - box.y) ** 2, 0.0) ** 0.5, y
    return (piece.right if side > 0 else -piece.left), y


# ---- legs beside each other ---------------------------------------------------------------------------------------


def _spans(lanes: Lanes, routes: Sequence[Route]) -> dict[Net, Span]:
    """From where to where each leg runs, in steps of half a lane or row; what one tensor has in a track is one."""
    spans: dict[Net, Span] = {}
    for route in routes:
        start, end = (2.0 * lanes.row[name] + 1 for name in (route.source, route.target))
        places = [_step(leg) for leg in route.legs]
        first, last = route.legs[0], route.legs[-1]
        ends = [2.0 * lanes.lane[route.source] + 1 + 0.3 * first.side if first.kind == "port" else start, *places]
        ends.append(2.0 * lanes.lane[route.target] + 1 + 0.3 * last.side if last.kind == "port" else end)
        for leg, one, two in zip(route.legs, ends, ends[2:], strict=False):
            known = spans.get((leg, route.source), (one, one))
            spans[leg, route.source] = min(one, two, *known), max(one, two, *known)
    return spans


def _step(leg: Leg) -> float:
    if leg.kind == "track":
        return 2.0 * leg.at + 0.2 * leg.side
    return 2.0 * leg.at + (leg.kind != "gap")


def _slots(spans: Mapping[Net, Span]) -> dict[Net, int]:
    """The places of tracks and gaps beside each other: short ones first, nearest to where they lead."""
    slots: dict[Net, int] = {}
    held: dict[Leg, list[list[Span]]] = {}  # by place, from left to right
    for net in sorted(spans, key=lambda net: spans[net][1] - spans[net][0]):
        leg, _ = net
        if leg.kind in {"track", "gap"}:
            beside = held.setdefault(leg, [])
            slots[net] = next((i for i, row in enumerate(beside) if _is_free(row, spans[net])), len(beside))
            beside += [[]] * (slots[net] == len(beside))
            insort(beside[slots[net]], spans[net])
    return slots


def _is_free(row: Sequence[Span], span: Span) -> bool:
    """Does this meet none of those beside each other in a row?"""
    at = bisect(row, span)
    return all(one[1] < span[0] or span[1] < one[0] for one in row[max(at - 1, 0) : at + 1])


def _shifts(spans: Mapping[Net, Span]) -> dict[Net, float]:
    """How far above or below the middle of its row each port is: those that would meet are spread."""
    shifts: dict[Net, float] = {}
    ports: dict[int, list[Net]] = {}
    for net in spans:
        if net[0].kind == "port":
            ports.setdefault(net[0].at, []).append(net)
    for beside in ports.values():
        for group in _groups(beside, spans):
            order = sorted(group, key=lambda net: (net[0].name == net[1], spans[net][1] - spans[net][0]))
            for i, net in enumerate(order):
                shifts[net] = (i - (len(order) - 1) / 2) * min(APART, 14.0 / len(order))
    return shifts


def _groups(ports: Iterable[Net], spans: Mapping[Net, Span]) -> list[list[Net]]:
    """Ports that share a part of their row, from left to right."""
    groups: list[list[Net]] = []
    reach = float("-inf")
    for net in sorted(ports, key=spans.__getitem__):
        if spans[net][0] > reach:
            groups.append([])
        groups[-1].append(net)
        reach = max(reach, spans[net][1])
    return groups
