"""Ever simpler plans of one picture, for networks that would not fit a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from archscope.model.tree import LISTS
from archscope.views.diagram.ops.names import (
    GENERIC,
    block_title,
    family,
    joined_title,
    part_title,
    pretty,
    stage_title,
)
from archscope.views.diagram.ops.ops import Op, Ops, holders, under, upwards
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.contents import contents
from archscope.views.diagram.plan.forms import STRIDE
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.summaries import for_count, summary

PARTS = 8
"""Of more sorts of modules than this a part are closed at once, lest there be as many plans as sorts."""

MANY_WAYS = 99

ROOM = 4
"""So many boxes fewer make room for others; to close a head or a short stem makes none."""


def smaller_plans(plan: Plan, kinds: Mapping[str, str], root: str = "") -> Iterable[Plan]:
    """The plan, then ever simpler ones: each closes the modules of one sort, or of some."""
    yield plan
    outer = holders(plan.frames)
    nested = [frame for frame in plan.frames if frame in outer]
    if nested:
        plan = _without(plan, nested)
        yield plan
    modules = Modules(plan.ops, kinds, root)
    while groups := _closable(plan, modules) or _closable(plan, modules, lists=True):
        found = _closed(plan, modules, groups)
        if not found:
            return
        ops, paths = found
        gone = set(paths)
        frames = tuple(frame for frame in plan.frames if gone.isdisjoint(upwards(frame)))
        plan = replace(plan, ops=ops, frames=frames, closed=(*plan.closed, *paths))
        modules = Modules(plan.ops, kinds, root)
        yield plan


def with_rows(plan: Plan, kinds: Mapping[str, str], root: str) -> Plan:
    """The plan with one operation that is repeated within a module, whose class does not say so, as one box."""
    modules = Modules(plan.ops, kinds, root)
    rows: list[tuple[str, str, tuple[str, ...]]] = []
    for path, members in modules.below.items():
        repeated = [op for op in members if op.kind != "other"]
        alike = len({(op.word, op.kernel) for op in repeated}) == 1 < len(repeated)
        if under(path, root) and path != root and kinds.get(path) in GENERIC and alike and modules.is_chain(path):
            strides = [fact for op in repeated for fact in op.facts if STRIDE.fullmatch(fact)]
            rows.append((path, repeated[0].word, (*filter(None, [contents(members, {})]), *strides[:1])))
    closing = {path for path, _, _ in rows}
    frames = tuple(frame for frame in plan.frames if frame not in closing)
    return replace(plan, ops=closed(plan.ops, rows), frames=frames, closed=(*plan.closed, *closing))


def in_blocks(plan: Plan, kinds: Mapping[str, str], root: str = "") -> Plan:
    """The plan with frames around the blocks of a stage instead of the stage: a row may end between any two."""
    outer = holders(plan.frames)
    plan = _without(plan, [frame for frame in plan.frames if frame in outer])
    modules = Modules(plan.ops, kinds, root)
    frames, titles = [], dict(plan.titles)
    for frame in plan.frames:
        blocks = modules.modules(frame) if frame in modules.stages() else []
        series = all(modules.follows(one, two) for one, two in pairwise(modules.children[frame]))
        frames += blocks if blocks and series else [frame]
        titles |= {block: joined_title(titles[frame], part_title(block, kinds.get(block, ""))) for block in blocks}
    return replace(plan, frames=tuple(frames), titles=titles)


def _without(plan: Plan, outer: Sequence[str]) -> Plan:
    """The plan without these frames, their titles before those of the frames within."""
    titles = dict(plan.titles)
    place = {frame: i for i, frame in enumerate(outer)}
    for inner in plan.frames:
        around = [frame for frame in upwards(inner) if frame in place and frame != inner]
        if around:
            last = max(around, key=lambda frame: place[frame])
            titles[inner] = joined_title(_outer_title(plan, last, inner, place), plan.titles[inner])
    return replace(plan, frames=tuple(frame for frame in plan.frames if frame not in place), titles=titles)


def _outer_title(plan: Plan, outer: str, inner: str, gone: Mapping[str, int]) -> str:
    """What the frame `outer` says of one within: the part of it that holds that one where its others are in other
    parts, such as `stages.2`, else its own title."""
    within = [frame for frame in plan.frames if under(frame, outer) and frame not in gone]
    parts = zip(*[frame.split(".") for frame in within], strict=False)
    shared = sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, parts))
    holder = ".".join(inner.split(".")[: shared + 1])
    return plan.titles[outer] if holder == inner else stage_title(holder, "")


def box_title(path: str, plan: Plan, modules: Modules) -> str:
    """What a closed module is called; in the frame of what holds it that one's name says nothing new."""
    parent, _, name = path.rpartition(".")
    kind = modules.kinds.get(path, "")
    if path in plan.titles or kind not in GENERIC or name.isdecimal():
        return plan.titles.get(path) or part_title(path, kind)
    if parent not in plan.frames:
        alike = any(modules.looks_like(path, other) for other in modules.children[parent] if other != path)
        return part_title(path, kind) if alike or not name[-1].isdigit() else _with_holder(path)
    return (block_title if path in modules.repeated(modules.modules(parent)) else stage_title)(path, kind)


def _with_holder(path: str) -> str:
    """`Body: layer1` of a module that its sisters, which are called alike, are not like."""
    *_, holder, name = ["", *path.split(".")]
    return pretty(name) if holder.isdecimal() or not holder else joined_title(pretty(holder), pretty(name))


def _closed(plan: Plan, modules: Modules, groups: Sequence[Sequence[str]]) -> tuple[list[Op], Sequence[str]] | None:
    """The Ops with modules of one sort, or of some of many, as one each, and which; None where none can be closed."""
    readers = Ops(plan.ops).readers
    ways = {id(paths): _ways(modules, readers, paths) for paths in groups}
    sorts = sorted(groups, key=lambda paths: (ways[id(paths)], _turn(modules, paths)))
    like_first = [paths for paths in sorts if ways[id(paths)] == ways[id(sorts[0])]]
    together = [path for paths in like_first[: max(1, len(sorts) // PARTS)] for path in paths]
    for paths in (together, *sorts):
        boxes = [(path, box_title(path, plan, modules), _parts(path, modules)) for path in paths]
        ops = closed(plan.ops, boxes)
        if len(ops) < len(plan.ops):
            return ops, paths
    return None


def _parts(path: str, modules: Modules) -> tuple[str, ...]:
    """What a closed list holds, by its classes; so too a module that repeats one, where else a count would be said."""
    if modules.kinds.get(path) in LISTS:
        return summary(modules, path)
    said = () if modules.kinds.get(path) in GENERIC else for_count(modules, path)
    return said if len(said) == 1 else ()


def _closable(plan: Plan, modules: Modules, lists: bool = False) -> Sequence[Sequence[str]]:
    """Modules that could be one box, by family: sisters are closed together; innermost ones first. `lists`: also those
    that stand in a list or a table, which what holds them waits for."""
    outer = holders(plan.frames)
    listed = set(_listed(modules))
    counted = _in_rows(modules) | ({family(path, "Block") for path in listed} if lists else set())
    inside: dict[str, list[str]] = {}
    framed: dict[str, list[str]] = {}
    for path, kind in modules.kinds.items():
        if len(modules.members(path)) < 2 or path == modules.root or not under(path, modules.root):
            continue
        if path in plan.frames and path not in plan.between:
            if path not in outer:
                framed.setdefault(family(path, kind), []).append(path)
        elif kind not in GENERIC or family(path, kind) in counted:
            inside.setdefault(family(path, kind), []).append(path)
    inside = {word: [path for path in paths if path not in holders(paths)] for word, paths in inside.items()}
    holding = holders((*plan.frames, *(path for paths in inside.values() for path in paths)))
    deepest = [[*paths, *framed.get(key, ())] for key, paths in inside.items() if holding.isdisjoint(paths)]
    readers = Ops(plan.ops).readers
    fewest = min((_ways(modules, readers, paths) for paths in deepest), default=MANY_WAYS)
    found = deepest + [paths for paths in framed.values() if _ways(modules, readers, paths) < fewest]
    return found if lists else [paths for paths in found if holders(listed).isdisjoint(paths)]


def _listed(modules: Modules) -> Iterator[str]:
    """Modules of no class of their own in a list or a table: code calls each of them by itself."""
    for parent in modules.children:
        if modules.kinds.get(parent) in LISTS:
            yield from (path for path in modules.modules(parent) if modules.kinds.get(path) in GENERIC)


def _in_rows(modules: Modules) -> set[str]:
    """The families of modules that only count: `block1`, `block2` ... which follow each other."""
    found = set()
    for parent in modules.children:
        counted = [one for one in modules.modules(parent) if one[-1].isdecimal() and modules.kinds.get(one) in GENERIC]
        for one, two in pairwise(counted):
            if (word := family(one, "Block")) == family(two, "Block") and modules.follows(one, two):
                found.add(word)
    return found


def _ways(modules: Modules, readers: Mapping[str, Sequence[str]], paths: Sequence[str]) -> int:
    """How many tensors such a module gives, and 0 where it reads and gives one: what several paths run through is
    closed last, since they are its point."""
    most = 0
    for path in paths:
        members = modules.members(path)
        own = {op.name for op in members}
        read = {source for op in members for source in op.inputs if source not in own}
        given = [op for op in members if not own.issuperset(readers[op.name])]
        most = max(most, len(given) if len(read) > 1 or len(given) > 1 else 0)
    return most


def _turn(modules: Modules, paths: Sequence[str]) -> tuple[bool, int]:
    """When they are closed, the lowest first: what does not repeat and takes room, for a reader wants to see inside
    what does; then those that take the most boxes, equal modules counted once as they are drawn once."""
    looks = {modules.look(path): len(modules.members(path)) for path in paths}
    held, drawn = sum(len(modules.members(path)) for path in paths), sum(looks.values())
    saving = drawn - len(looks)
    return held >= 2 * drawn or saving < ROOM, -saving
