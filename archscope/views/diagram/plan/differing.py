"""What a picture of a difference opens: modules in which something differs; what agrees is closed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from archscope.differences.rows import Difference
from archscope.views.diagram.ops.names import CONTAINERS, joined_title, part_title, stage_title
from archscope.views.diagram.ops.ops import Op, upwards
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.levels import Plan, network_plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.printed import unit_paths

SHARING = "sharing"
"""The kind of rows that are about each call of a block: all of them stand in the picture."""

WEIGHTED = {"conv", "depthwise", "linear"}
"""The kinds of Ops by whose rows a whole block is told."""

REPEATS = "repeats"
"""The kind of rows that are about blocks which one network has more of."""


@dataclass(frozen=True)
class Row:
    """A numbered row of a diff: the reference's layers that it is about, and those that only the reader's has."""

    number: int
    kind: str
    what: str
    said: str
    layers: frozenset[str]
    missing: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()


@dataclass
class Marked:
    """The reference's Ops, with the reader's extra ones among them; by layer, the rows that are about it. `kept` are
    its layers that the reader's network has as well."""

    ops: list[Op]
    rows: Sequence[Row]
    by_layer: Mapping[str, tuple[int, ...]]
    kinds: Mapping[str, str]
    kept: frozenset[str]
    ends: dict[str, str] = field(default_factory=dict)

    def rows_of(self, op: Op) -> tuple[int, ...]:
        found = [number for one in op.each for layer in one.layers for number in self.by_layer.get(layer, ())]
        return tuple(sorted(set(found)))

    def words(self, row: Row, op: Op) -> str:
        """What a row says of this Op: of what it stands for, only that may be missing which the row has of it."""
        gone = [self.kinds[layer] for layer in op.layers if layer in row.missing and layer in self.kinds]
        return f"{', '.join(dict.fromkeys(gone))} missing" if gone and op.kind != "module" else row.said

    def is_missing(self, *ops: Op) -> bool:
        """Does the reader's network have nothing of them? Views and parts of an attention are in no row."""
        layers = {layer for op in ops for layer in op.layers}
        gone = {layer for row in self.rows for layer in row.missing}
        return not gone.isdisjoint(layers) and self.kept.isdisjoint(layers)


def rows_of(differences: Sequence[Difference]) -> list[Row]:
    """What follows from other rows is no row of its own."""
    found: list[Row] = []
    for row in differences:
        if row.kind == "consequence":
            continue
        theirs = frozenset(b for _, b in row.layers if b)
        alone = [] if row.kind == SHARING else [pair for pair in row.layers if None in pair]
        extra = tuple(a for a, _ in alone if a)
        gone = frozenset(b for _, b in alone if b)
        found.append(Row(len(found) + 1, row.kind, row.what, short(row), theirs, gone, extra))
    return found


def short(row: Difference) -> str:
    """What a box says of a row, without its reasons: `stride 1 instead of 2`; of a block, how often it is there."""
    called = re.match(r"(\d+) calls? of one block, .*? has (\d+) blocks", row.what)
    if called:
        return f"shared, ×{called[1]} of {called[2]}"
    called = re.search(r"one block called (twice|(\d+) times)", row.what)
    if called:
        return f"shared, ×{called[2] or 2}"
    said = re.sub(r", in \d+ (layers|places)$", "", row.what)
    said = re.sub(r"^a shortcut that the reference does not have(?:: (.+) on it)?$", _shortcut, said)
    said = re.sub(r"( instead of [^:,]+): .*", r"\1", said)
    said = re.sub(
        r"^(\S+|[\w ]+(?<! extra)(?<! missing)(?<! order)): (?!.* times )", "", said
    )  # the box says what it is
    return with_signs(said)


def _shortcut(told: re.Match[str]) -> str:
    return f"shortcut with {told[1]}" if told[1] else "shortcut"


def with_signs(said: str) -> str:
    """`3×3`, as boxes write it."""
    return re.sub(r"(?<=\d)x(?=\d)", "×", said)


def plans(found: Marked, kinds: Mapping[str, str]) -> list[Plan]:
    """Ever simpler plans: modules are opened for fewer rows, those first given up that are about most of them."""
    modules = Modules(found.ops, kinds)
    units = [path for path in unit_paths(modules) if len(modules.members(path)) > 1]
    _mark_siblings(found, modules, units)
    touched = {
        row.number: [
            path for path in units
            if row.kind != SHARING and any(row.number in found.rows_of(op) for op in modules.members(path))
            and not found.is_missing(*modules.members(path))
        ]
        for row in found.rows
    }  # fmt: skip
    by_cost = sorted(touched, key=lambda number: len(touched[number]))
    made: list[Plan] = []
    for count in range(len(by_cost), -1, -1):
        opened = {path for number in by_cost[:count] for path in touched[number]}
        plan = _plan(found, modules, units, opened, kinds)
        if not made or plan.closed != made[-1].closed:
            made.append(plan)
    return made


def simplest(found: Marked, kinds: Mapping[str, str]) -> Plan:
    """The plan of the network level, for where there is no room for any other."""
    plan = network_plan(found.ops, kinds)
    return replace(plan, ops=[_told_apart(op, found) for op in plan.ops])


def _mark_siblings(found: Marked, modules: Modules, units: Sequence[str]) -> None:
    """A row about the calls of a block is about each of them, so that they are drawn once."""
    numbers = {row.number for row in found.rows if row.kind == SHARING}
    by_layer = dict(found.by_layer)
    for unit in units:
        told = [set(found.rows_of(op)) for op in modules.members(unit) if op.kind in WEIGHTED]
        about = numbers.intersection(*told) if told else set()  # of the unit, not of a block within it
        sisters = [
            other for other in units
            if other.rpartition(".")[0] == unit.rpartition(".")[0] and modules.looks_like(unit, other)
        ]  # fmt: skip
        for layer in {layer for other in sisters for op in modules.members(other) for layer in op.layers}:
            by_layer[layer] = tuple({*by_layer.get(layer, ()), *about})
    found.by_layer = by_layer


def _plan(found: Marked, modules: Modules, units: Sequence[str], opened: set[str], kinds: Mapping[str, str]) -> Plan:
    stages = [stage for stage in modules.stages() if len(modules.members(stage)) > 1 and stage not in units]
    agreeing = [
        stage for stage in stages
        if not any(found.rows_of(op) for op in modules.members(stage)) and _is_closed(modules.members(stage), found.ops)
    ]  # fmt: skip
    closing = [(stage, stage_title(stage, kinds.get(stage, "")), ()) for stage in agreeing]
    alone = [unit for unit in units if not any(_within(unit, stage) for stage in agreeing)]
    closing += [(unit, _title(unit, kinds), ()) for unit in alone if unit not in opened]
    ops = [_told_apart(op, found) for op in closed(found.ops, closing)]
    frames = tuple(unit for unit in units if unit in opened)
    titles = {unit: _title(unit, kinds) for unit in frames}
    return Plan(ops, frames, titles, tuple(path for path, _, _ in closing))


def _is_closed(members: Sequence[Op], ops: Sequence[Op]) -> bool:
    """May a stage be one box? Not where others stand between its members, nor where what follows reads several of them:
    of an encoder it reads each level."""
    names = {op.name for op in members}
    read = {source for op in ops if op.name not in names for source in op.inputs if source in names}
    after: set[str] = set()
    for op in ops:
        if not (names | after).isdisjoint(op.inputs):
            after.add(op.name)
    others = after - names
    return len(read) < 2 and all(others.isdisjoint(op.inputs) for op in members)


def _within(path: str, stage: str) -> bool:
    return path == stage or path.startswith(f"{stage}.")


def _title(unit: str, kinds: Mapping[str, str]) -> str:
    """`conv2_x: Bottleneck`, `stages.0: ConvNeXtBlock`: a list of blocks is called by what holds it."""
    parent, kind = unit.rpartition(".")[0], kinds.get(unit, "")
    stage = next((path for path in upwards(parent) if path and kinds.get(path) not in CONTAINERS), parent)
    return joined_title(stage_title(stage, ""), part_title(unit, kind)) if stage else stage_title(unit, kind)


def _told_apart(op: Op, found: Marked) -> Op:
    """Ops of different rows are not folded to one; but those of a block that is called again are."""
    numbers = found.rows_of(op)
    single = tuple(row.number for row in found.rows if row.number in numbers and row.kind != SHARING)
    return op if op.kind == "tensor" else replace(op, inner=(op.inner, single))
