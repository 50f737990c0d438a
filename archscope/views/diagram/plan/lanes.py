"""Paths that cross between resolutions: which item lies in which lane, one a resolution, and in which row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.structure import Core, Leaf, Panel, Parallel, Series, Split, ops_of

Stop = Leaf | Panel | Split
Edge = tuple[str, str]
Size = tuple[int, ...]

RISE = 1.5
"""A resolution that is so many times another one is higher."""

RAISING = {"Interpolate", "PixelShuffle", "UpConv", "Upsample"}
"""They have their place in the lane of what they read, as a pooling has in that of what it gives."""


@dataclass
class Lanes:
    """Items and the tensors between them. Lane 0 has the finest resolution, row 0 is the first; each place holds one.

    `sizes` are height and width in each lane.
    """

    items: Mapping[str, Stop]
    edges: Sequence[Edge]
    lane: Mapping[str, int]
    row: Mapping[str, int]
    sizes: Sequence[Size]


def lanes_of(series: Series, always: bool) -> Lanes | None:
    """The items of a part whose paths cross, where the resolution rises again in it; or `always`."""
    items = {item.name: item for item in _stops(series)}
    edges = _edges(items)
    if not (always or any(_rises(items[a], items[b]) for a, b in edges)):
        return None
    if isinstance(series[-1], Parallel | Core) and (left := _left(items, edges)):
        end = Split(f"{next(iter(items))}>", False)
        items[end.name] = end
        edges += [(name, end.name) for name in left]
    sizes = _sizes(items, edges)
    finest = max(max(size[:1], default=0) for size in sizes.values())
    level = {name: round(log2(finest / size[0])) if size else 0 for name, size in sizes.items()}
    present = sorted(set(level.values()))
    lane = {name: present.index(found) for name, found in level.items()}
    told = {lane[name]: size for name, size in reversed(sizes.items())}
    return Lanes(items, edges, lane, _rows(items, edges, lane), [told[i] for i in range(len(present))])


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


def _edges(items: Mapping[str, Stop]) -> list[Edge]:
    """What each item reads; the point where a branch or a frame is entered gives what comes from outside."""
    start = next((name for name, item in items.items() if isinstance(item, Split)), "")
    holder = {op.name: name for name, item in items.items() for op in ops_of([item])}
    edges: dict[Edge, None] = {}
    for name, item in items.items():
        own = {op.name for op in ops_of([item])}
        for source in (source for op in _ops(item) for source in op.inputs if source not in own):
            if source in holder or start:
                edges[holder.get(source, start), name] = None
    return list(edges)


def _left(items: Mapping[str, Stop], edges: Sequence[Edge]) -> list[str]:
    """The items that no other reads; results are boxes where lines end."""
    read = {source for source, _ in edges}
    results = {name for name, item in items.items() if isinstance(item, Leaf) and item.op.kind == "tensor"}
    return [name for name in items if name not in read | results]


def _ops(item: Stop) -> Sequence[Op]:
    return () if isinstance(item, Split) else item.ops


# ---- lanes --------------------------------------------------------------------------------------------------------


def _resolution(item: Stop) -> int:
    """Height of the item's tensor, or length of a sequence of features; 0 where it has none, and for a single value."""
    spatial = () if isinstance(item, Split) else item.exit.spatial
    return spatial[0] if spatial and spatial[0] > 1 else 0


def _rises(one: Stop, two: Stop) -> bool:
    """Is the resolution of the second higher than that of the first?"""
    low, high = _resolution(one), _resolution(two)
    alike = not isinstance(one, Split) and not isinstance(two, Split) and len(one.exit.spatial) == len(two.exit.spatial)
    return alike and low > 0 and high >= RISE * low


def _sizes(items: Mapping[str, Stop], edges: Sequence[Edge]) -> dict[str, Size]:
    """Height and width by which each item has its lane: its own; where an operation raises it, what it reads."""
    sources: dict[str, str] = {}
    for source, target in edges:
        sources.setdefault(target, source)
    sizes: dict[str, Size] = {}
    for name, item in items.items():
        before = sizes.get(sources.get(name, ""), ())
        own = item.exit.spatial if not isinstance(item, Split) and _resolution(item) else ()
        raises = isinstance(item, Leaf) and item.op.word in RAISING and len(before) == len(own)
        sizes[name] = min(own, before) if raises else own or before
    for source, target in reversed(edges):
        sizes[source] = sizes[source] or sizes[target]
    return sizes


# ---- rows ---------------------------------------------------------------------------------------------------------


def _rows(items: Mapping[str, Stop], edges: Sequence[Edge], lane: Mapping[str, int]) -> dict[str, int]:
    """Each item under all that it reads. Next in a lane is what goes on from its last, then what has most below it."""
    before: dict[str, list[str]] = {name: [] for name in items}
    for source, target in edges:
        before[target].append(source)
    below = _below(items, edges)
    rows: dict[str, int] = {}
    last: dict[int, str] = {}
    for row in range(len(items)):
        chosen: dict[int, tuple[tuple[bool, int], str]] = {}
        for name in items:
            if name not in rows and all(rows.get(source, row) < row for source in before[name]):
                rank = last.get(lane[name], "") in before[name], below[name]
                if lane[name] not in chosen or rank > chosen[lane[name]][0]:
                    chosen[lane[name]] = rank, name
        last |= {at: name for at, (_, name) in chosen.items()}
        rows |= {name: row for _, name in chosen.values()}
    return rows


def _below(items: Mapping[str, Stop], edges: Sequence[Edge]) -> dict[str, int]:
    """How many items the longest path from each leads through."""
    below = dict.fromkeys(items, 0)
    place = {name: i for i, name in enumerate(items)}
    for source, target in sorted(edges, key=lambda edge: -place[edge[0]]):
        below[source] = max(below[source], below[target] + 1)
    return below
