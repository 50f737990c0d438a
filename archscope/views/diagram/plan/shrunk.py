"""The last resort for a picture of too many boxes: neighbours on its trunk are closed, whatever they are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from math import ceil
from operator import or_

from archscope.model.connected import connected_parts
from archscope.views.diagram.ops.names import part_title
from archscope.views.diagram.ops.ops import Op, Ops, common_module
from archscope.views.diagram.plan.closing import closed_groups
from archscope.views.diagram.plan.contents import in_words, opened
from archscope.views.diagram.plan.items import Core, Item, Leaf, Panel, Parallel, Series, Split, ops_of, segments
from archscope.views.diagram.plan.levels import Plan

FEWEST_LOOSE, FEWEST_BETWEEN = 8, 3
"""So many operations of no module are one box; the second where letters would be too small else, or a plate has no room
for panels."""


def boxes(series: Series) -> int:
    """How many boxes a folded series is drawn as."""
    return sum(_boxes(item) for item in series)


def fewest_boxes(ops: Iterable[Op]) -> int:
    """So many boxes these Ops have however they are folded: a box stands for equal ones."""
    return len({op.key for op in ops})


def fewest_closed(ops: Iterable[Op], root: str) -> int:
    """So many boxes these Ops have whatever modules are closed: the parts of the whole with an operation that no other
    part has. It is not known, 0, where one runs in between another's operations: a box may hold both."""
    inside = [(op, op.path.removeprefix(f"{root}.").split(".")[0]) for op in ops if op.kind != "tensor"]
    holders: dict[object, set[str]] = {}
    for op, part in inside:
        holders.setdefault(op.key, set()).add(part)
    runs = [part for part, _ in groupby(part for _, part in inside)]
    if len(set(runs)) < len(runs):
        return 0
    return len(set().union(*(held for held in holders.values() if len(held) == 1)))


def _boxes(item: Item) -> int:
    if isinstance(item, Leaf):
        return 1
    if isinstance(item, Split):
        return int(item.wide)
    if isinstance(item, Panel):
        return boxes(item.body)
    if isinstance(item, Parallel):
        return sum(map(boxes, item.branches))
    assert isinstance(item, Core)
    return sum(map(_boxes, item.items))


def largest_core(series: Series) -> int:
    """The most items whose paths cross that a series holds."""
    sizes = [0]
    for item in series:
        if isinstance(item, Panel):
            sizes.append(largest_core(item.body))
        elif isinstance(item, Parallel):
            sizes += map(largest_core, item.branches)
        elif isinstance(item, Core):
            sizes += [len(item.items), largest_core(list(item.items))]
    return max(sizes)


def is_loose(op: Op, kinds: Mapping[str, str], small: int = 0, steps: bool = False) -> bool:
    """Is it an operation of no module but the network? `small`: or a module of at most so many; `steps`: or a step of
    such operations."""
    if op.kind == "module":
        return 0 < len(op.members) <= small or (
            steps and not op.path and all(is_loose(member, kinds) for member in op.members)
        )
    return op.kind != "tensor" and (small > 0 or ("." not in op.path and op.path not in kinds))


def without_loose(
    plan: Plan, kinds: Mapping[str, str], fewest: int = FEWEST_LOOSE, small: int = 0, steps: bool = False
) -> Plan:
    """The plan with operations of no module as one box where so many stand between the same modules; `small`: also
    those of modules of at most so many that are unlike all others, `steps`: those that are steps of a loop already."""
    looks = Counter(op.inner for op in plan.ops if op.kind == "module")
    above: dict[str, int] = {}  # the modules that it follows, a bit each
    between: dict[int, list[Op]] = {}
    for number, op in enumerate(plan.ops):
        above[op.name] = reduce(or_, (above.get(source, 0) for source in op.inputs), 0)
        if is_loose(op, kinds, small if looks[op.inner] < 2 else 0, steps):
            between.setdefault(above[op.name], []).append(op)
        elif op.kind == "module" or op.path in kinds:
            above[op.name] |= 1 << number
    groups = []
    for held in between.values():
        own = Ops(held)
        parts = connected_parts(list(own.by_name), own.readers.__getitem__)
        groups += [[own.by_name[name] for name in part] for part in parts if len(part) >= fewest]
    return replace(plan, ops=closed_groups(plan.ops, [_titled(group, kinds) for group in groups]))


def shrunk(plan: Plan, series: Series, kinds: Mapping[str, str], most: int) -> Plan:
    """The plan with parts of its trunk as one box each: the largest first, then as many in a row as it takes."""
    parts = [[op for op in ops_of(part) if op.kind != "tensor"] for part in segments(series)]
    counts = [boxes(part) for part in segments(series)]
    by_size = sorted(range(len(parts)), key=lambda i: -counts[i])
    groups: list[list[Op]] = []
    left = sum(counts)
    for i in by_size:
        if left <= most or len(parts[i]) < 2:
            break
        groups.append(parts[i])
        left -= counts[i] - 1
    if left > most:
        size = ceil(len(parts) / (most // 2))
        starts = range(0, len(parts), size)
        groups = [[op for part in parts[i : i + size] for op in part] for i in starts]
    groups = [group for group in groups if len(group) > 1]
    ops = closed_groups(plan.ops, [_titled(group, kinds) for group in groups])
    return replace(plan, ops=ops, frames=(), closed=(*plan.closed, *filter(None, map(common_module, groups))))


def _titled(group: Sequence[Op], kinds: Mapping[str, str]) -> tuple[Sequence[Op], str, str, str]:
    """With its module and that one's name, or what it holds."""
    if module := common_module(group):
        return group, module, part_title(module, kinds.get(module, "")), ""
    return group, "", f"{len(opened(group)):,} operations", in_words(group, kinds)
