"""Ever simpler plans of one picture, for networks that would not fit a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archscope.views.diagram.ops.names import GENERIC, family, joined_title, part_title
from archscope.views.diagram.ops.ops import relative, under
from archscope.views.diagram.plan.levels import Modules, Plan, closed


def smaller_plans(plan: Plan, kinds: Mapping[str, str], root: str = "") -> Iterable[Plan]:
    """The plan, then ever simpler ones: each closes the modules of one sort that take the most boxes."""
    yield plan
    nested = [frame for frame in plan.frames if any(under(other, frame) and other != frame for other in plan.frames)]
    if nested:
        plan = _without(plan, nested)
        yield plan
    while True:
        groups = _closable(plan, kinds, root)
        if not groups:
            return
        largest = max(groups.values(), key=lambda paths: _saving(plan, paths))
        boxes = [(path, plan.titles.get(path) or part_title(path, kinds.get(path, "")), ()) for path in largest]
        ops = closed(plan.ops, boxes)
        if len(ops) == len(plan.ops):
            return
        frames = tuple(frame for frame in plan.frames if not any(under(frame, path) for path in largest))
        plan = replace(plan, ops=ops, frames=frames, closed=(*plan.closed, *largest))
        yield plan


def _without(plan: Plan, outer: Sequence[str]) -> Plan:
    """The plan without these frames, their titles before those of the frames within."""
    titles = dict(plan.titles)
    for frame in outer:
        for inner in plan.frames:
            if under(inner, frame) and inner != frame:
                titles[inner] = joined_title(plan.titles[frame], plan.titles[inner])
    return replace(plan, frames=tuple(frame for frame in plan.frames if frame not in outer), titles=titles)


def _closable(plan: Plan, kinds: Mapping[str, str], root: str) -> dict[str, list[str]]:
    """Modules that could be one box, by family: sisters are closed together; innermost ones first."""
    modules = Modules(plan.ops, kinds, root)
    inside: dict[str, list[str]] = {}
    framed: dict[str, list[str]] = {}
    for path, kind in kinds.items():
        if not under(path, root) or path == root or len(modules.members(path)) < 2:
            continue
        if path in plan.frames:
            innermost = not any(under(other, path) and other != path for other in plan.frames)
            if innermost:
                framed.setdefault(family(path, kind), []).append(path)
        elif kind not in GENERIC and any(under(path, frame) for frame in plan.frames or (root,)):
            inside.setdefault(kind, []).append(path)
    deepest = {
        key: paths for key, paths in inside.items()
        if not any(under(other, path) and other != path for path in paths for others in inside.values()
                   for other in others)
    }  # fmt: skip
    return {key: [*paths, *framed.get(key, ())] for key, paths in deepest.items()} or framed


def _saving(plan: Plan, paths: Sequence[str]) -> int:
    """How many boxes fewer, equal modules counted once as they are drawn once."""
    modules = Modules(plan.ops, {})
    looks = {relative(modules.members(path)) for path in paths}
    return sum(len(look) - 1 for look in looks)
