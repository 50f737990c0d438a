"""How much a picture opens: which modules it draws as one box, which with a frame, which not at all."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archscope.model.tree import LISTS
from archscope.views.diagram.ops.names import GENERIC, joined_title, part_title, pretty, stage_title
from archscope.views.diagram.ops.ops import Op, relative, under
from archscope.views.diagram.plan.closing import closed, with_called
from archscope.views.diagram.plan.contents import contents
from archscope.views.diagram.plan.modules import Modules

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}
MOST_RUNS = 3
"""A stage of more different parts in a row only says its widths."""

LONGEST_SUMMARY = 58
"""Characters of what a closed stage holds; what is longer says less of each part."""

COUNT = re.compile(r"\d (convolution|linear layer)")
"""What is said of a module whose widths are too many."""

LOOSE_CHAIN = 4
"""A stage of so few operations in a row is drawn without a frame."""


@dataclass(frozen=True)
class Plan:
    """What to draw: Ops, and which modules have a frame under which title. `closed` modules are one box; `whole` are
    the Ops before they were."""

    ops: list[Op]
    frames: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    every: bool = False
    whole: Sequence[Op] = ()


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
    for stage in stages:
        short = modules.is_chain(stage) and len(modules.members(stage)) <= LOOSE_CHAIN and stage not in repeated
        if len(modules.members(stage)) < 2 or short or _is_head(modules, stage, stages):
            continue
        frames.append(stage)
        titles[stage] = stage_title(stage, kinds.get(stage, ""))
        blocks = list(_repeating(modules, stage))
        frames += blocks
        titles |= {block: part_title(block, kinds.get(block, "")) for block in blocks}
    return Plan(list(ops), tuple(frames), titles, whole=ops)


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
            boxes.append((stage, stage_title(stage, kinds.get(stage, "")), _summary(modules, stage)))
        whole.append(stage)
    largest = max(whole, key=lambda stage: len(modules.members(stage)), default="")
    if len(stages) < 4 and largest and largest not in modules.repeated(stages):
        boxes = [box for box in boxes if not under(box[0], largest)]
        blocks = modules.modules(largest)
        repeated = modules.repeated(blocks)
        for block in blocks:
            title = part_title if block in repeated else stage_title  # what repeats is one box: no number of its own
            boxes.append((block, title(block, kinds.get(block, "")), _summary(modules, block)))
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
                yield child, stage_title(child, modules.kinds.get(child, "")), _summary(modules, child)


def _is_head(modules: Modules, stage: str, stages: Sequence[str]) -> bool:
    if stage != stages[-1] or stage in modules.repeated(stages[-2:]):
        return False
    return modules.is_chain(stage) and len(modules.members(stage)) <= LOOSE_CHAIN + 2


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _summary(modules: Modules, stage: str) -> tuple[str, ...]:
    """What a closed stage holds, where its name alone does not say: `MaxPool, 3 × Bottleneck 64-64-256`.

    Of equal classes in a row the last is told: the first often differs by a stride or a shortcut.
    """
    runs: list[tuple[str, list[str]]] = []
    for child in _parts(modules, stage):
        members = modules.members(child)
        if len(members) == 1 and members[0].join:
            continue  # what joins paths is no part of its own
        word = members[0].word if len(members) == 1 else modules.said_class(child)
        if not word:
            return _count(modules, stage)
        _add(runs, word, [child])
    several_runs = len(runs) > MOST_RUNS
    if several_runs:  # what repeats matters more than what stands between
        every, runs = runs, []
        for word, children in every:
            if len(modules.members(children[0])) > 1:
                _add(runs, word, children)
    repeated = any(len(children) > 1 and len(modules.members(children[0])) > 1 for _, children in runs)
    if len(runs) > MOST_RUNS or not (repeated or (modules.kinds.get(stage) in GENERIC and not several_runs)):
        return ()  # widths say more than some of the parts
    several = any(len(children) > 1 for _, children in runs)
    alone = all(len(modules.members(children[0])) == 1 for _, children in runs)
    if several and alone and (widths := contents(with_called(modules.members(stage), modules.ops, ()), {})):
        return (widths,)  # of operations alone these say more than how many there are
    whole = [_run(modules, word, children, holds=True) for word, children in runs]
    repeating = [said for said, (_, children) in zip(whole, runs, strict=True) if len(children) > 1]
    names = [_run(modules, word, children, holds=False) for word, children in runs]
    return tuple(next((said for said in (whole, repeating) if said and len(", ".join(said)) <= LONGEST_SUMMARY), names))


def _add(runs: list[tuple[str, list[str]]], word: str, children: Sequence[str]) -> None:
    """Behind those of the same word, or as a new run."""
    if runs and runs[-1][0] == word:
        runs[-1][1].extend(children)
    else:
        runs.append((word, [*children]))


def _run(modules: Modules, word: str, children: Sequence[str], holds: bool) -> str:
    """`3 × Bottleneck 64-64-256`, or without what one holds."""
    held = _held(modules, children) if holds else ""
    return " ".join(filter(None, [f"{len(children)} × {word}" if len(children) > 1 else word, held]))


def _held(modules: Modules, children: Sequence[str]) -> str:
    """What the last of these holds; nothing where another holds something else, but for widths of the first."""
    several = [members for child in children if len(members := modules.members(child)) > 1]
    first, *others = [contents(members, {}) for members in several] or [""]
    if len(several) < len(children) or len(set(others)) > 1:
        return ""
    counted = COUNT.search(first)
    last = others[-1] if others else first
    return last if first == last or (not counted and first.count("-") == last.count("-")) else ""


def _parts(modules: Modules, path: str) -> Iterator[str]:
    """The children of a module, those of its containers in their place."""
    for child in modules.children.get(path, []):
        container = modules.kinds.get(child, "") in CONTAINERS and len(modules.members(child)) > 1
        yield from _parts(modules, child) if container else [child]


def _count(modules: Modules, stage: str) -> tuple[str, ...]:
    """`4 modules`, where those follow each other."""
    within = modules.modules(stage)
    series = len(within) > 1 and all(modules.follows(one, two) for one, two in itertools.pairwise(within))
    return (f"{len(within)} modules",) if series else ()


def at_depth(ops: Sequence[Op], kinds: Mapping[str, str], depth: int, root: str) -> list[Op]:
    """The Ops with every module that lies `depth` levels below the root as one."""
    level = depth + (root.count(".") + 1 if root else 0)
    modules = Modules(ops, kinds, root)
    paths = [path for path in modules.below if path and path.count(".") + 1 == level and under(path, root)]
    return closed(ops, [(path, _depth_title(path, modules), ()) for path in paths])


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
