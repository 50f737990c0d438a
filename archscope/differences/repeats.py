"""A block that one network has more often than the other. No torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from archscope.differences import words
from archscope.differences.alignment import Gap, closed, common_path
from archscope.differences.branches import Series
from archscope.differences.steps import Step

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict", ""}
"""Classes that many unlike modules share."""

LONGEST_SPLIT = 64
"""Items of a gap in which a repeated part is looked for."""


@dataclass(frozen=True)
class Repeat:
    """`name` stands `times` times in the network that has more of it; `lost` are not in the other. `siblings`: the
    name is that of the module that holds them."""

    name: str
    times: int
    lost: int
    of_b: bool
    siblings: bool

    def said(self, lost: int) -> str:
        """`middle_flow: 7 blocks instead of 8`, all that are lost taken together."""
        mine, theirs = (self.times - lost, self.times) if self.of_b else (self.times, self.times - lost)
        if self.siblings:
            return f"{self.name}: {mine} block{'s' * (mine != 1)} instead of {theirs}"
        return f"{self.name} {words.times(mine)} instead of {words.times(theirs)}"

    @property
    def general(self) -> str:
        """Of several places, where the numbers differ."""
        return f"{self.name} {'less' if self.of_b else 'more'} often"


def parts(gap: Gap) -> list[Gap]:
    """The gap; or, where most of it is what stands beside that part once more, the part and what is left around it."""
    length = gap.end - gap.start
    for size in range(length - 1, length // 2, -1) if length <= LONGEST_SPLIT else ():
        starts = [start for start in range(gap.start, gap.end - size + 1) if _stands_beside(gap.series, start, size)]
        if starts and size > 1:
            start = max(starts, key=lambda start: closed(gap.series, start, size))
            cuts = [(gap.start, start), (start, start + size), (start + size, gap.end)]
            return [replace(gap, start=first, end=last) for first, last in cuts if first < last]
    return [gap]


def _keys(series: Series, first: int, last: int) -> list[object]:
    return [item.keys for item in series[max(first, 0) : last]]


def _stands_beside(series: Series, start: int, size: int) -> bool:
    unit = _keys(series, start, start + size)
    return unit in (_keys(series, start - size, start), _keys(series, start + size, start + 2 * size))


def repeat_of(gap: Gap, blocks: Mapping[str, str], held: Mapping[str, int]) -> Repeat | None:
    """What the gap holds, where it is what stands beside it once more. `held`: how many layers are in each module."""
    length = gap.end - gap.start
    inside = _keys(gap.series, gap.start, gap.end)
    for period in range(1, length + 1):
        unit = inside[:period]
        if length % period or inside != unit * (length // period):
            continue
        times, lost = _times(unit, gap), length // period
        if times == lost:
            return None
        layers = [step for item in gap.series[gap.start : gap.start + period] for step in item.steps]
        return _named(layers, times, lost, gap.of_b, blocks, held)
    return None


def _times(unit: list[object], gap: Gap) -> int:
    """How often the unit stands here in a row, the gap included."""
    first, last, period = gap.start, gap.end, len(unit)
    while first >= period and _keys(gap.series, first - period, first) == unit:
        first -= period
    while _keys(gap.series, last, last + period) == unit:
        last += period
    return (last - first) // period


def _named(
    layers: Sequence[Step], times: int, lost: int, of_b: bool, blocks: Mapping[str, str], held: Mapping[str, int]
) -> Repeat:
    """By the module that holds the blocks, which may hold others of their class; else by the layers."""
    path = module_of(layers, held)
    if not path or len(layers) < 2 or blocks.get(path, "") in CONTAINERS:
        return Repeat(words.listed(layers), times, lost, of_b, False)
    parent = path.rpartition(".")[0]
    alike = [one for one, kind in blocks.items() if one.rpartition(".")[0] == parent and kind == blocks[path]]
    return Repeat(parent or blocks[path], max(len(alike), times), lost, of_b, True)


def module_of(layers: Sequence[Step], held: Mapping[str, int]) -> str:
    """The module that consists of these layers; nothing where none does."""
    path = common_path([layer.name for layer in layers])
    return path if path and held.get(path) == len(layers) else ""


def layers_held(steps: Sequence[Step]) -> Mapping[str, int]:
    """How many of the network's layers are in each of its modules, a layer in itself."""
    return Counter(path for step in steps for path in accumulate(step.name.split("."), "{}.{}".format))
