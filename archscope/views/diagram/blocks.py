"""Feature maps as blocks: how large each is, and what is said of those of one resolution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log2

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.picture import Box, Point, Row
from archscope.views.diagram.place.style import DEEP, LINE, SMALL, Style, label
from archscope.views.diagram.place.text import room_for, sizes

SIDE_A_DOUBLING, CHANNELS_A_DOUBLING = 14.0, 4.0
"""Points of height, and of thickness, for each doubling: sizes are drawn by their logarithm."""

LONGEST_VECTOR, THINNEST = 90.0, 5.0
BESIDE, APART = 5.0, 34.0
"""From one block to the next of its resolution, and of another one."""

UNDER = 14.0
ARC, FIRST_ARC = 12.0, 16.0
"""From one skip connection to the next above it, and from the blocks to the first."""


@dataclass
class Map:
    """A feature map: the Op that gives it, how many equal ones it stands for, and the maps that it is made of."""

    op: Op
    repeat: int
    sources: list[str] = field(default_factory=list)

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width; of a vector 1 and 1."""
        spatial = self.op.spatial if len(self.op.shape) > 1 else ()
        return (spatial[0], spatial[-1]) if spatial else (1, 1)

    @property
    def channels(self) -> int:
        shape = self.op.shape
        at = self.op.channels if self.op.channels is not None else 0
        return shape[at] if shape else 1


def size(one: Map) -> tuple[float, float, float]:
    """Thickness, height and depth of a block."""
    height, width = one.sides
    if height == width == 1:
        return THINNEST + 4.0, min(8.0 * log2(1 + one.channels), LONGEST_VECTOR), 8.0
    thick = max(CHANNELS_A_DOUBLING * log2(1 + one.channels), THINNEST)
    return thick, SIDE_A_DOUBLING * log2(1 + height), SIDE_A_DOUBLING * log2(1 + width)


def said(group: Sequence[Map], style: Style) -> list[str]:
    """What stands under blocks of one resolution: their shapes, and what makes them."""
    shapes = dict.fromkeys(sizes(one.op.shape, style.channels_last, one.op.channels) for one in group)
    words = []
    for word, same in groupby(group, key=lambda one: label(one.op, False)[0]):
        count = sum(one.repeat for one in same)
        words.append(f"{count} × {word}" if count > 1 else word)
    return [*shapes, *words]


def width_of(group: Sequence[Map], style: Style) -> float:
    blocks = sum(size(one)[0] + BESIDE for one in group) + size(group[-1])[2] * DEEP
    return max([blocks, *(room_for(text, SMALL) for text in said(group, style))]) + APART


def reach(group: Sequence[Map]) -> float:
    """How far these stand above their axis."""
    return max(size(one)[1] / 2 + size(one)[2] * DEEP for one in group)


def back_of(box: Box) -> Point:
    """The middle of the upper edge at the back of a block."""
    return box.x + box.depth * DEEP, box.top - box.depth * DEEP


def row_of(group: Sequence[Map], middle: float, axis: float) -> list[Box]:
    """Blocks beside each other, from left to right, about a point."""
    thick = sum(size(one)[0] + BESIDE for one in group) - BESIDE + size(group[-1])[2] * DEEP
    x = middle - thick / 2
    found = []
    for one in group:
        wide, tall, deep = size(one)
        title = " ".join(filter(None, label(one.op, False)))
        found.append(Box(one.op.name, one.op.kind, x, axis - tall / 2, x + wide, axis + tall / 2, "volume", title,
                         op=one.op, alike=(one.op,), depth=deep))  # fmt: skip
        x += wide + BESIDE
    return found


def words_of(group: Sequence[Map], middle: float, first: float, style: Style) -> list[Row]:
    """What is said of blocks in lines about a point, the first of them so high."""
    rows = [(first + LINE * i, text) for i, text in enumerate(said(group, style))]
    return [Row(middle, y, text, y, upright=True) for y, text in rows]


def slots(spans: Mapping[tuple[int, int], tuple[float, float]]) -> dict[tuple[int, int], int]:
    """Which line each of these ways has where no two that overlap share one: a longer way is further out."""
    found: dict[tuple[int, int], int] = {}
    for pair in sorted(spans, key=lambda pair: spans[pair][1] - spans[pair][0]):
        begin, end = spans[pair]
        taken = {slot for other, slot in found.items() if spans[other][0] <= end and begin <= spans[other][1]}
        found[pair] = max(taken, default=-1) + 1
    return found


def kept(maps: Sequence[Map]) -> list[tuple[int, int]]:
    """What is kept for later, from map to map."""
    place = {one.op.name: i for i, one in enumerate(maps)}
    return [(place[source], i) for i, one in enumerate(maps) for source in one.sources if i - place[source] > 1]
