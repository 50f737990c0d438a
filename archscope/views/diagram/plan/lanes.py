"""Paths that cross between resolutions: which item lies in which lane, one a resolution, and in which row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from archscope.views.diagram.ops.label import RAISING
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.in_rows import Edge, in_rows, with_last
from archscope.views.diagram.plan.items import Core, Leaf, Panel, Parallel, Series, Split, is_tensor, ops_of, segments

Stop = Leaf | Panel | Split
Size = tuple[int, ...]

RISE = 1.5
"""A resolution that is so many times another one is higher."""


ALIKE = 1.4
"""Sides that are less than so many times each other lie in one lane."""

MANY = 3
"""A module that reads so many resolutions lies across their lanes, as one does that gives two."""


@dataclass
class Lanes:
    """Items and the tensors between them. Lane 0 has the finest resolution, row 0 is the first; each place holds one.

    `sizes` are height and width in each lane. A module that gives tensors of several resolutions lies across their
    lanes: it is an item in each of these, from left to right in `bars` by its name, which is that of the first.
    `given` are the tensors of such items, `last` is the item where the part ends.
    """

    items: Mapping[str, Stop]
    edges: Sequence[Edge]
    lane: Mapping[str, int]
    row: Mapping[str, int]
    sizes: Sequence[Size]
    bars: Mapping[str, Sequence[str]]
    given: Mapping[str, Op]
    last: str


@dataclass(frozen=True)
class Tensor:
    """What the item `source` gives to the item `target`: the result of an Op, which may be within a closed module."""

    source: str
    target: str
    op: Op | None

    @property
    def size(self) -> Size:
        return _size(self.op) if self.op else ()


def lanes_of(series: Series, always: bool) -> Lanes | None:
    """The items of a part whose paths cross, where the resolution rises again in it or a module gives several; or
    `always`."""
    items = {item.name: item for item in _stops(series)}
    tensors = _tensors(items)
    across = _across(items, tensors)
    edges = list(dict.fromkeys((tensor.source, tensor.target) for tensor in tensors))
    if not (always or across or any(_rises(items[a], items[b]) for a, b in edges)):
        return None
    ends = _to_end(series, items, edges)
    edges += ends
    tensors += [Tensor(name, end, None) for name, end in ends]
    sizes = _sizes(
        items, edges, {tensor.target: tensor.size for tensor in reversed(tensors) if tensor.source in across}
    )
    every = [across.get(name, [size]) for name, size in sizes.items()]
    levels = _Levels([size for held in every for size in held])
    lane = {name: levels.of(size) for name, size in sizes.items() if name not in across}
    return _with_bars(items, tensors, lane, across, levels)


def in_one_lane(series: Series) -> Lanes:
    """The items of a part under each other, whatever their resolutions."""
    items = {item.name: item for item in _stops(series)}
    edges = list(dict.fromkeys((tensor.source, tensor.target) for tensor in _tensors(items)))
    edges += _to_end(series, items, edges)
    lane = dict.fromkeys(items, 0)
    rows = in_rows(items, edges, lane, {}, {name for name, item in items.items() if is_tensor(item)})
    return Lanes(items, edges, lane, rows, [()], {}, {}, list(items)[-1])


class _Levels:
    """The lane of each size, the finest first: one for sides that are alike; -1 of a size that is like none of these.
    What is stacked, `2×300`, lies with one of it, and a sequence of 400 beside images with those of 20×20."""

    def __init__(self, sizes: Sequence[Size]) -> None:
        self.known = set(sizes) - {()}
        self.has_images = any(len(self._one(size)) > 1 for size in sizes)
        self.largest: list[float] = []
        for side in sorted(map(self._side, self.known), reverse=True) or [1.0]:
            if not self.largest or self.largest[-1] >= ALIKE * side:
                self.largest.append(side)
        told = {self.of(size): size for size in reversed(sizes)}
        self.sizes = [told[i] for i in range(len(self.largest))]

    def _one(self, size: Size) -> Size:
        return size[1:] if size[1:] in self.known else size

    def _side(self, size: Size) -> float:
        side, *others = self._one(size)
        return sqrt(side) if self.has_images and not others else side

    def of(self, size: Size) -> int:
        side = self._side(size) if size else self.largest[0]
        at = max([i for i, largest in enumerate(self.largest) if largest >= side], default=-1)
        return at if at >= 0 and self.largest[at] < ALIKE * side else -1


def _with_bars(
    items: Mapping[str, Stop], tensors: Sequence[Tensor], lane: dict[str, int], across: Mapping[str, Sequence[Size]],
    levels: _Levels,
) -> Lanes:  # fmt: skip
    """The items with those that lie across lanes once in each, and their tensors from there to there."""
    part: dict[tuple[str, int], str] = {}
    every: dict[str, Stop] = {}
    bars: dict[str, list[str]] = {}
    for name, item in items.items():
        held = [levels.of(size) for size in across.get(name, ())] or [lane[name]]
        for at in range(min(held), max(held) + 1):
            one = part[name, at] = name if at == min(held) else f"{name}|{at}"
            every[one], lane[one] = item, at
            if name in across:
                bars.setdefault(name, []).append(one)

    def end(name: str, size: Size) -> str:
        return part.get((name, levels.of(size)), name) if name in bars else name

    edges: dict[Edge, None] = {}
    given: dict[str, Op] = {}
    for tensor in tensors:
        source = end(tensor.source, tensor.size)
        edges[source, end(tensor.target, tensor.size)] = None
        if tensor.source in bars and tensor.op:
            given.setdefault(source, tensor.op)
    last = list(items.values())[-1]
    size = () if isinstance(last, Split) else _size(last.exit)
    own = {name for name, item in every.items() if is_tensor(item)}
    rows = in_rows(every, list(edges), lane, bars, own)
    goes_on = end(last.name, size)
    if not is_tensor(last) and all(every[source] is not last for source, _ in edges):  # else results stand in its way
        rows = with_last(rows, lane, bars.get(last.name, [goes_on]))
    return Lanes(every, list(edges), lane, rows, levels.sizes, bars, given, goes_on)


def lane_segments(series: Series) -> list[Series]:
    """`segments`, not cut where tensors of several resolutions lead from a module to what comes after it."""
    items = {item.name: item for item in _stops(series)}
    if not any(map(_is_module, items.values())):
        return segments(series)
    place = {item.name: i for i, top in enumerate(series) for item in _stops([top])}
    tensors = _tensors(items)
    across = _across(items, tensors)
    reach = [i for i in range(len(series))]
    for tensor in tensors:
        if tensor.source in across:
            at = place[tensor.source]
            reach[at] = max(reach[at], place[tensor.target])
    parts: list[Series] = []
    until = -1
    taken = 0
    for part in segments(series):
        if parts and taken <= until:
            parts[-1] += part
        else:
            parts.append(list(part))
        until = max([until, *reach[taken : taken + len(part)]])
        taken += len(part)
    return parts


def spans_lanes(series: Series) -> bool:
    """Is there a module in this part that gives tensors of several resolutions to others in it?"""
    items = {item.name: item for item in _stops(series)}
    return len(items) > 1 and any(map(_is_module, items.values())) and bool(_across(items, _tensors(items)))


def crosses(series: Series) -> bool:
    """Do paths cross in this part?"""
    return any(
        any(map(crosses, item.branches)) if isinstance(item, Parallel) else isinstance(item, Core) for item in series
    )


def _stops(series: Series) -> Iterator[Stop]:
    """Every item that is drawn, and the point where a branch or a frame is entered."""
    for i, item in enumerate(series):
        if isinstance(item, Parallel):
            for at, branch in enumerate(item.branches):
                for one in (branch, *item.copies.get(at, ())):
                    yield from (stop for stop in _stops(one) if not isinstance(stop, Split))
        elif isinstance(item, Core):
            yield from item.items
        elif not (isinstance(item, Split) and i):
            yield item


def _tensors(items: Mapping[str, Stop]) -> list[Tensor]:
    """What each item reads; the point where a branch, a frame or a stage is entered gives what comes from outside."""
    start = next((name for name, item in items.items() if _is_entered(item)), "")
    holder: dict[str, tuple[str, Op | None]] = {}
    for name, item in items.items():
        for op in ops_of([item]):
            holder[op.name] = name, op
            holder |= {one.name: (name, one) for step in op.each for one in step.members}
    found: dict[tuple[str, str, str], Tensor] = {}
    for name, item in items.items():
        for op in _ops(item):
            read = [source for one in op.members or (op,) for source in one.reads or one.inputs]
            givers = {holder[source][0] for source in read if source in holder}
            unsaid = [source for source in op.inputs if holder.get(source, (start, None))[0] not in givers]
            for source in [source for source in read if source in holder] + unsaid:
                giver, made = holder.get(source, (start, None))
                if giver and giver != name:
                    found.setdefault((giver, name, made.name if made else ""), Tensor(giver, name, made))
    return list(found.values())


def _is_entered(item: Stop) -> bool:
    """Is it a point, or the box of a stage's own that says what it is given?"""
    return isinstance(item, Split) or (is_tensor(item) and not item.op.path and not item.op.inputs)


def _is_module(item: Stop) -> bool:
    """Is it a closed one?"""
    return isinstance(item, Leaf) and item.op.kind == "module"


def _across(items: Mapping[str, Stop], tensors: Sequence[Tensor]) -> dict[str, list[Size]]:
    """The modules that give tensors of several resolutions, or read many, and the sizes of all these."""
    given: dict[str, set[Size]] = {name: set() for name, item in items.items() if _is_module(item)}
    read: dict[str, set[Size]] = {name: set() for name in given}
    for tensor in tensors:
        if size := tensor.size:
            given.get(tensor.source, set()).add(size)
            read.get(tensor.target, set()).add(size)
    return {
        name: sorted(given[name] | read[name]) for name in given
        if len({size[0] for size in given[name]}) > 1 or len({size[0] for size in read[name]}) >= MANY
    }  # fmt: skip


def _to_end(series: Series, items: dict[str, Stop], edges: Sequence[Edge]) -> list[Edge]:
    """From what no other reads to a point below all, which is added: where a part ends in several paths."""
    left = _left(items, edges) if isinstance(series[-1], Parallel | Core) else []
    if not left:
        return []
    end = Split(f"{next(iter(items))}>", False)
    items[end.name] = end
    return [(name, end.name) for name in left]


def _left(items: Mapping[str, Stop], edges: Sequence[Edge]) -> list[str]:
    """The items that no other reads; results are boxes where lines end."""
    read = {source for source, _ in edges}
    results = {name for name, item in items.items() if is_tensor(item)}
    return [name for name in items if name not in read | results]


def _ops(item: Stop) -> Sequence[Op]:
    return () if isinstance(item, Split) else item.ops


# ---- lanes --------------------------------------------------------------------------------------------------------


def _size(op: Op) -> Size:
    """Height and width of an Op's tensor, or the length of a sequence of features; nothing of a single value, nor of
    what has no channels."""
    return op.spatial if op.channels is not None and op.spatial and op.spatial[0] > 1 else ()


def _resolution(item: Stop) -> int:
    """Height of the item's tensor, or length of a sequence of features; 0 where it has none, and for a single value."""
    return 0 if isinstance(item, Split) else max(_size(item.exit)[:1], default=0)


def _rises(one: Stop, two: Stop) -> bool:
    """Is the resolution of the second higher than that of the first?"""
    low, high = _resolution(one), _resolution(two)
    alike = not isinstance(one, Split) and not isinstance(two, Split) and len(one.exit.spatial) == len(two.exit.spatial)
    return alike and low > 0 and high >= RISE * low


def _sizes(items: Mapping[str, Stop], edges: Sequence[Edge], given: Mapping[str, Size]) -> dict[str, Size]:
    """Height and width by which each item has its lane: its own, as a pooling; where an operation raises it, what it
    reads. `given`: what a module across lanes gives to an item."""
    sources: dict[str, str] = {}
    for source, target in edges:
        sources.setdefault(target, source)
    sizes: dict[str, Size] = {}
    for name, item in items.items():
        before = given.get(name) or sizes.get(sources.get(name, ""), ())
        own = item.exit.spatial if not isinstance(item, Split) and _resolution(item) else ()
        raises = isinstance(item, Leaf) and item.op.word in RAISING and len(before) == len(own)
        sizes[name] = min(own, before) if raises else own or before
    for source, target in reversed(edges):
        sizes[source] = sizes[source] or sizes[target]
    return sizes
