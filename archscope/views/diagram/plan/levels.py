"""How much a picture opens: which modules it draws as one box, which with a frame, which not at all."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archscope.model.connected import connected_parts
from archscope.model.graph import Shape
from archscope.views.diagram.ops.names import GENERIC, joined_title, part_title, pretty, stage_title
from archscope.views.diagram.ops.ops import Op, Ops, in_order, is_acyclic, merged, relative, under, upwards
from archscope.views.diagram.plan.contents import contents, opened

WRAPPER_SHARE = 0.75
"""A module with so much of the network is a wrapper: its children are the stages."""

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}
MOST_RUNS = 3
"""A stage of more different parts in a row only says its widths."""

LONGEST_SUMMARY = 54
"""Characters of what a closed stage holds; what is longer says less of each part."""

LONGEST_ALTERNATION = 3
"""So many different modules in a row may repeat."""

LOOSE_CHAIN = 4
"""A stage of so few operations in a row is drawn without a frame."""


class Modules:
    """The module tree of these Ops, as their paths spell it."""

    def __init__(self, ops: Sequence[Op], kinds: Mapping[str, str], root: str = "") -> None:
        self.ops = [op for op in ops if op.kind != "tensor"]
        self.kinds = kinds
        self.root = root
        self.children: dict[str, list[str]] = {}
        self.entered: set[str] = set()
        self.below: dict[str, list[Op]] = {}
        self.looks: dict[str, int] = {}
        self.numbers: dict[Any, int] = {None: 0}
        for op in self.ops:
            self._enter(op.path)
            for path in upwards(op.path):
                self.below.setdefault(path, []).append(op)

    def _enter(self, path: str) -> None:
        while path and path != self.root:
            parent = path.rpartition(".")[0]
            if path in self.entered:
                return
            self.entered.add(path)
            self.children.setdefault(parent, []).append(path)
            path = parent

    def members(self, path: str) -> list[Op]:
        """The Ops of a module, in execution order."""
        return self.below.get(path, [])

    def modules(self, path: str) -> list[str]:
        """Children that are drawn as two boxes or more."""
        return [child for child in self.children.get(path, []) if len(self.members(child)) > 1]

    def stages(self) -> list[str]:
        """The parts that a figure of the whole would show: the root's children, wrappers opened."""
        found = list(self.children.get(self.root, []))
        while wrapper := next((path for path in found if self._is_wrapper(path)), None):
            at = found.index(wrapper)
            found[at : at + 1] = self.children[wrapper]
        return found

    def _is_wrapper(self, path: str) -> bool:
        share = len(self.members(path)) / max(len(self.ops), 1)
        return share >= WRAPPER_SHARE and len(self.modules(path)) >= 2 and not self.repeats(path)

    def repeats(self, path: str) -> bool:
        """Do equal modules follow each other here, or pairs or triples of them?"""
        blocks = self.children.get(path, [])
        looks = [self.look(block) for block in blocks]
        return any(
            looks[i : i + period] == looks[i + period : i + 2 * period]
            and any(looks[i : i + period])
            and self.follows(blocks[i + period - 1], blocks[i + period])
            for period in range(1, LONGEST_ALTERNATION + 1)
            for i in range(len(looks) - 2 * period + 1)
        )

    def follows(self, one: str, two: str) -> bool:
        """Does the second module read the first? Branches beside each other do not."""
        names = {op.name for op in self.members(one)}
        return any(source in names for op in self.members(two) for source in op.inputs)

    def looks_like(self, one: str, two: str) -> bool:
        """Do both do the same?"""
        return self.look(one) == self.look(two) != 0

    def repeated(self, paths: Sequence[str]) -> set[str]:
        """Those that do as the one before or after them does, in a row."""
        alike = [pair for pair in itertools.pairwise(paths) if self.looks_like(*pair) and self.follows(*pair)]
        return {path for pair in alike for path in pair}

    def look(self, path: str) -> int:
        """A number that modules of several Ops have in common where they do the same; 0 for one of a single Op."""
        if path not in self.looks:
            told = relative(self.members(path)) if len(self.members(path)) > 1 else None
            self.looks[path] = self.numbers.setdefault(told, len(self.numbers))
        return self.looks[path]

    def said_class(self, path: str) -> str:
        """The class of a module, or of the only one within it where its own says nothing; empty where none does."""
        while self.kinds.get(path, "") in GENERIC - {"Block"}:
            within = self.modules(path)
            if len(within) != 1:
                return ""
            (path,) = within
        return self.kinds.get(path, "")

    def calls(self, path: str) -> list[list[Op]]:
        """The Ops of each call of a module that is called again, with the same weights; of another all together."""
        members = {op.name: op for op in self.members(path)}
        shared = {name: {one.shared for one in (op, *op.members) if one.shared} for name, op in members.items()}
        if not any(shared.values()):
            return [list(members.values())]
        parts = connected_parts(list(members), Ops(members.values()).readers.__getitem__)
        weights = [set().union(*(shared[name] for name in part)) for part in parts]
        is_again = all(weights[0] and one == weights[0] for one in weights)
        return [[members[name] for name in part] for part in parts] if is_again else [list(members.values())]

    def is_chain(self, path: str) -> bool:
        """One operation after another, without a module that is more than one."""
        members = self.members(path)
        straight = all(two.inputs == (one.name,) for one, two in itertools.pairwise(members))
        return straight and not self.modules(path)


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
            boxes += [(block, pretty(_last(stage)), ()) for block in blocks]
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
    return Plan(closed(ops, boxes), closed=tuple(path for path, _, _ in boxes), every=True, whole=ops)


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
        word = members[0].word if len(members) == 1 else modules.said_class(child)
        if not word:
            return _count(modules, stage)
        if runs and runs[-1][0] == word:
            runs[-1][1].append(child)
        else:
            runs.append((word, [child]))
    if len(runs) > MOST_RUNS:  # what repeats matters more than what stands between
        runs = [(word, children) for word, children in runs if len(modules.members(children[0])) > 1]
    repeated = any(len(children) > 1 and len(modules.members(children[0])) > 1 for _, children in runs)
    if len(runs) > MOST_RUNS or not (repeated or modules.kinds.get(stage) in GENERIC):
        return ()
    several = any(len(children) > 1 for _, children in runs)
    alone = all(len(modules.members(children[0])) == 1 for _, children in runs)
    if several and alone and (widths := contents(modules.members(stage), {})):
        return (widths,)  # of operations alone these say more than how many there are
    whole = [_run(modules, word, children, holds=True) for word, children in runs]
    repeating = [said for said, (_, children) in zip(whole, runs, strict=True) if len(children) > 1]
    names = [_run(modules, word, children, holds=False) for word, children in runs]
    return tuple(next((said for said in (whole, repeating) if said and len(", ".join(said)) <= LONGEST_SUMMARY), names))


def _run(modules: Modules, word: str, children: Sequence[str], holds: bool) -> str:
    """`3 × Bottleneck 64-64-256`, or without what one holds."""
    members = modules.members(children[-1])
    held = contents(members, {}) if holds and len(members) > 1 else ""
    return " ".join(filter(None, [f"{len(children)} × {word}" if len(children) > 1 else word, held]))


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


def closed(ops: Sequence[Op], boxes: Iterable[tuple[str, str, tuple[str, ...]]]) -> list[Op]:
    """The Ops with each of these modules as one; those that would make a cycle stay open."""
    boxes = list(boxes)
    modules = Modules(ops, {})
    by_name = {op.name: op for op in ops}
    wholes: dict[str, Op] = {}
    for path, title, facts in boxes:
        members = modules.members(path)
        if len(members) > 1:
            wholes |= dict.fromkeys([op.name for op in members], _as_one(members, path, title, facts, by_name))
    every = merged(Ops(ops), wholes)
    if is_acyclic(every):
        return in_order(every)
    return _closed_apart(ops, boxes, modules, by_name)


def _closed_apart(
    ops: Sequence[Op], boxes: Sequence[tuple[str, str, tuple[str, ...]]], modules: Modules, by_name: Mapping[str, Op]
) -> list[Op]:
    """The same one after the other: each module whole, else each call of one that is called again."""
    current = list(ops)
    calls = {path: modules.calls(path) for path, _, _ in boxes}
    once = [path for path, parts in calls.items() if len(parts) == 1]
    for path, title, facts in boxes:
        now = {op.name: op for op in current}  # what they read may be closed by now
        members = [op for op in current if under(op.path, path) and op.kind != "tensor"]
        if path in once:
            ways = [[_with_called(members, current, [other for other in once if other != path])]]
        else:
            ways = [[members], [[now[op.name] for op in part if op.name in now] for part in calls[path]]]
        for parts in ways:
            wholes: dict[str, Op] = {}
            for part in [part for part in parts if len(part) > 1]:
                name = f"{path}/{part[0].name if len(parts) > 1 else ''}"
                whole = replace(_as_one(part, path, title, facts, by_name), name=name)
                wholes |= dict.fromkeys([op.name for op in part], whole)
            tried = merged(Ops(current), wholes)
            if is_acyclic(tried):
                current = in_order(tried)
                break
    return current


def _with_called(members: list[Op], ops: Sequence[Op], others: Sequence[str]) -> list[Op]:
    """The members and what they call of elsewhere: a shared module stands where it was made first. What belongs to one
    of the `others` they do not call."""
    names = {op.name for op in members}
    after = set(names)
    for op in ops:
        if not after.isdisjoint(op.inputs):
            after.add(op.name)
    before = set(names)
    for op in reversed(ops):
        if op.name in before:
            before.update(op.inputs)
    between = after & before
    called = [op for op in ops if op.name in between and op.name not in names]
    if len(called) >= len(members) or any(_is_of(op, others) for op in called):
        return members
    return [op for op in ops if op.name in between]


def _is_of(op: Op, paths: Sequence[str]) -> bool:
    return op.kind == "tensor" or any(under(op.path, path) for path in paths)


def closed_groups(ops: Sequence[Op], groups: Iterable[tuple[Sequence[Op], str, str, str]]) -> list[Op]:
    """The Ops with each of these groups, which has a module, a title and what it holds, as one; those that would make a
    cycle stay open."""
    current = list(ops)
    for group, module, title, held in groups:
        now = {op.name: op for op in current}
        members = [now[op.name] for op in group if op.name in now]  # a step of a loop knows its copies
        whole = _as_one(members, f"{group[0].name}..{group[-1].name}", title, tuple(filter(None, [held])), now)
        whole = replace(whole, path=module)
        tried = merged(Ops(current), dict.fromkeys([op.name for op in members], whole))
        current = in_order(tried) if is_acyclic(tried) else current
    return current


def _as_one(members: Sequence[Op], path: str, title: str, facts: tuple[str, ...], sources: Mapping[str, Op]) -> Op:
    names = {op.name for op in members}
    inputs = tuple(dict.fromkeys(source for op in members for source in op.inputs if source not in names))
    layers = tuple(name for op in members for one in op.each for name in one.layers)
    shape, channels = _given(members[-1], path)
    facts = facts or tuple(filter(None, [contents(members, sources)]))
    return Op(
        f"{path}/",
        "module",
        title,
        path,
        layers,
        inputs,
        shape,
        facts=facts,
        inner=relative(members),
        channels=channels,
        members=tuple(opened(members)),
    )


def _given(last: Op, path: str) -> tuple[Shape, int | None]:
    """What a module gives, and its axis of channels: where it makes an image of tokens again, that."""
    images = [
        (shape, axis) for name, shape, axis in last.views
        if under(name, path) and axis is not None and len(shape) > len(last.shape)
    ]  # fmt: skip
    return images[-1] if images else (last.shape, last.channels)


def at_depth(ops: Sequence[Op], kinds: Mapping[str, str], depth: int, root: str) -> list[Op]:
    """The Ops with every module that lies `depth` levels below the root as one."""
    level = depth + (root.count(".") + 1 if root else 0)
    modules = Modules(ops, kinds, root)
    paths = [path for path in modules.below if path and path.count(".") + 1 == level and under(path, root)]
    return closed(ops, [(path, _depth_title(path, modules), ()) for path in paths])


def _depth_title(path: str, modules: Modules) -> str:
    """Modules with their like beside them are called alike: by what holds them and their class."""
    kind, parent = modules.kinds.get(path, ""), path.rpartition(".")[0]
    beside = [other for other in modules.children[parent] if other != path]
    alike = any(modules.looks_like(path, other) for other in beside)
    if not alike and (kind in GENERIC or kind not in {modules.kinds.get(other) for other in beside}):
        return stage_title(path, kind)
    said = part_title(path, kind)
    return joined_title(pretty(_last(parent)), said) if parent and not _last(parent).isdecimal() else said
