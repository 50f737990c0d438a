"""How much a picture opens: which modules it draws as one box, which with a frame, which not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archscope.model.tree import LISTS
from archscope.views.diagram.ops.names import GENERIC, joined_title, part_title, pretty, stage_title
from archscope.views.diagram.ops.ops import Op, relative, under
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.contents import COUNT
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.summaries import for_count, summary

LOOSE_CHAIN = 4
"""A stage of so few operations in a row is drawn without a frame."""


@dataclass(frozen=True)
class Plan:
    """What to draw: Ops, and which modules have a frame under which title. `closed` modules are one box; `whole` are
    the Ops before they were. `between`: short stages between others, which are closed as if they had no frame."""

    ops: list[Op]
    frames: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    every: bool = False
    whole: Sequence[Op] = ()
    between: frozenset[str] = frozenset()


def flow_plan(ops: Sequence[Op], kinds: Mapping[str, str], root: str = "") -> Plan:
    """Every stage with a frame, and its blocks where some of them are equal."""
    modules = Modules(ops, kinds, root)
    if root:
        blocks = list(_repeating(modules, root))
        said = {block: part_title(block, kinds.get(block, "")) for block in blocks}
        return Plan(list(ops), tuple(blocks), said, whole=ops)
    frames, titles = [], {}
    stages = modules.stages()
    repeated = modules.repeated(stages)
    between = _between_others(modules, stages) - repeated
    for stage in stages:
        short = _is_short(modules, stage) and stage not in repeated | between
        if len(modules.members(stage)) < 2 or short or _is_head(modules, stage, stages):
            continue
        frames.append(stage)
        titles[stage] = stage_title(stage, kinds.get(stage, ""))
        blocks = list(_repeating(modules, stage))
        frames += blocks
        titles |= {block: part_title(block, kinds.get(block, "")) for block in blocks}
    return Plan(list(ops), tuple(frames), titles, whole=ops, between=between)


def _is_short(modules: Modules, stage: str) -> bool:
    return modules.is_chain(stage) and len(modules.members(stage)) <= LOOSE_CHAIN


def _between_others(modules: Modules, stages: Sequence[str]) -> frozenset[str]:
    """Short stages of one name that stand between others again and again, such as transitions: without a frame they
    would seem to go with these."""
    found = [
        stage
        for before, stage, after in zip(stages, stages[1:], stages[2:], strict=False)
        if _is_short(modules, stage) and not (_is_short(modules, before) or _is_short(modules, after))
    ]
    names = Counter(map(_without_number, found))
    return frozenset(stage for stage in found if names[_without_number(stage)] > 1)


def _without_number(path: str) -> str:
    return path.rstrip("0123456789")


def _repeating(modules: Modules, path: str) -> Iterator[str]:
    """The modules at any depth of this one that stand among equal neighbours."""
    children = modules.modules(path)
    if modules.repeats(path):
        yield from children
    for child in children:
        yield from _repeating(modules, child)


def network_plan(ops: Sequence[Op], kinds: Mapping[str, str]) -> Plan:
    """One box a stage; the last stage's pooling and classifier, and stages of one operation, as they are."""
    modules = Modules(ops, kinds)
    stages = modules.stages()
    boxes: list[tuple[str, str, tuple[str, ...]]] = []
    whole = []
    for stage in stages:
        if len(modules.members(stage)) < 2 or _is_head(modules, stage, stages):
            continue
        blocks = modules.children.get(stage, [])
        alike = len({relative(modules.members(block)) for block in blocks}) == 1 and len(blocks) > 1
        if alike and kinds.get(blocks[0]) in GENERIC and len(modules.members(blocks[0])) > 1:
            boxes += [(block, stage_title(stage, kinds.get(stage, "")), ()) for block in blocks]
        else:
            boxes.append((stage, stage_title(stage, kinds.get(stage, "")), summary(modules, stage)))
        whole.append(stage)
    largest = max(whole, key=lambda stage: len(modules.members(stage)), default="")
    if len(stages) < 4 and largest and largest not in modules.repeated(stages):
        boxes = [box for box in boxes if not under(box[0], largest)]
        blocks = modules.modules(largest)
        repeated = modules.repeated(blocks)
        for block in blocks:
            title = part_title if block in repeated else stage_title  # what repeats is one box: no number of its own
            boxes.append((block, title(block, kinds.get(block, "")), summary(modules, block)))
    made = closed(ops, boxes)
    if within := list(_in_open_lists(modules, made, [path for path, _, _ in boxes])):
        boxes += within
        made = closed(ops, boxes)
    drawn = [op for op in made if op.kind != "tensor"]
    if len(drawn) == 1 and any(COUNT.search(fact) for fact in drawn[0].facts):
        return Plan(list(ops), every=True, whole=ops)  # one box with a count says nothing
    return Plan(made, closed=tuple(path for path, _, _ in boxes), every=True, whole=ops)


def _in_open_lists(
    modules: Modules, made: Sequence[Op], paths: Sequence[str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Boxes for the modules of lists that are no box themselves, since others run between them."""
    are_boxes = {op.path for op in made if op.kind == "module"}
    for path in paths:
        if modules.kinds.get(path) in LISTS and path not in are_boxes:
            for child in modules.modules(path):
                yield child, stage_title(child, modules.kinds.get(child, "")), summary(modules, child)


def _is_head(modules: Modules, stage: str, stages: Sequence[str]) -> bool:
    if stage != stages[-1] or stage in modules.repeated(stages[-2:]):
        return False
    return modules.is_chain(stage) and len(modules.members(stage)) <= LOOSE_CHAIN + 2


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def at_depth(ops: Sequence[Op], kinds: Mapping[str, str], depth: int, root: str) -> list[Op]:
    """The Ops with every module that lies `depth` levels below the root as one."""
    level = depth + (root.count(".") + 1 if root else 0)
    modules = Modules(ops, kinds, root)
    paths = [path for path in modules.below if path and path.count(".") + 1 == level and under(path, root)]
    return closed(ops, [(path, _depth_title(path, modules), for_count(modules, path)) for path in paths])


def _depth_title(path: str, modules: Modules) -> str:
    """Modules with their like beside them are called alike: by what holds them and their class."""
    parent = path.rpartition(".")[0]
    beside = [other for other in modules.children[parent] if other != path]
    kind, *others = [modules.said_class(one) or modules.kinds.get(one, "") for one in (path, *beside)]
    alike = any(modules.looks_like(path, other) for other in beside)
    if not alike and (kind in GENERIC or kind not in others):
        return stage_title(path, kind)
    said = part_title(path, kind)
    return joined_title(pretty(_last(parent)), said) if parent and not _last(parent).isdecimal() else said
