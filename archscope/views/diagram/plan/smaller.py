"""Ever simpler plans of one picture, for networks that would not fit a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archscope.views.diagram.ops.names import GENERIC, family, joined_title, part_title
from archscope.views.diagram.ops.ops import holders, relative, under, upwards
from archscope.views.diagram.plan.levels import Modules, Plan, closed

PARTS = 8
"""Of more sorts of modules than this a part are closed at once, lest there be as many plans as sorts."""


def smaller_plans(plan: Plan, kinds: Mapping[str, str], root: str = "") -> Iterable[Plan]:
    """The plan, then ever simpler ones: each closes the modules of one sort that take the most boxes, or of some."""
    yield plan
    outer = holders(plan.frames)
    nested = [frame for frame in plan.frames if frame in outer]
    if nested:
        plan = _without(plan, nested)
        yield plan
    while True:
        modules = Modules(plan.ops, kinds, root)
        groups = _closable(plan, modules)
        if not groups:
            return
        sorts = sorted(groups.values(), key=lambda paths: _saving(modules, paths), reverse=True)
        largest = [path for paths in sorts[: max(1, len(sorts) // PARTS)] for path in paths]
        boxes = [(path, plan.titles.get(path) or part_title(path, kinds.get(path, "")), ()) for path in largest]
        ops = closed(plan.ops, boxes)
        if len(ops) == len(plan.ops):
            return
        gone = set(largest)
        frames = tuple(frame for frame in plan.frames if gone.isdisjoint(upwards(frame)))
        plan = replace(plan, ops=ops, frames=frames, closed=(*plan.closed, *largest))
        yield plan


def _without(plan: Plan, outer: Sequence[str]) -> Plan:
    """The plan without these frames, their titles before those of the frames within."""
    titles = dict(plan.titles)
    place = {frame: i for i, frame in enumerate(outer)}
    for inner in plan.frames:
        around = [frame for frame in upwards(inner) if frame in place and frame != inner]
        if around:
            last = max(around, key=lambda frame: place[frame])
            titles[inner] = joined_title(plan.titles[last], plan.titles[inner])
    return replace(plan, frames=tuple(frame for frame in plan.frames if frame not in place), titles=titles)


def _closable(plan: Plan, modules: Modules) -> dict[str, list[str]]:
    """Modules that could be one box, by family: sisters are closed together; innermost ones first."""
    kinds, root = modules.kinds, modules.root
    frames, outer = set(plan.frames or (root,)), holders(plan.frames)
    inside: dict[str, list[str]] = {}
    framed: dict[str, list[str]] = {}
    for path, kind in kinds.items():
        if not under(path, root) or path == root or len(modules.members(path)) < 2:
            continue
        if path in plan.frames:
            if path not in outer:
                framed.setdefault(family(path, kind), []).append(path)
        elif kind not in GENERIC and not frames.isdisjoint(upwards(path)):
            inside.setdefault(kind, []).append(path)
    holding = holders(path for paths in inside.values() for path in paths)
    deepest = {key: paths for key, paths in inside.items() if holding.isdisjoint(paths)}
    return {key: [*paths, *framed.get(key, ())] for key, paths in deepest.items()} or framed


def _saving(modules: Modules, paths: Sequence[str]) -> int:
    """How many boxes fewer, equal modules counted once as they are drawn once."""
    looks = {relative(modules.members(path)) for path in paths}
    return sum(len(look) - 1 for look in looks)
