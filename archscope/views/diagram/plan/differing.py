"""What a picture of a difference opens: modules in which something differs; what agrees is closed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from archscope.differences.rows import Difference
from archscope.model.graph import Graph, Layer
from archscope.views.diagram.ops.names import joined_title, part_title, stage_title
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.forms import unit_paths
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules

OF_BLOCKS = {"repeats", "sharing"}
"""Kinds of rows that are about whole blocks: those are not opened for it."""

EXTRA = "+"
"""A layer that only the reader's network has, among the reference's, begins with it."""


@dataclass(frozen=True)
class Row:
    """A numbered row of a diff: the reference's layers that it is about, and those that only the reader's has."""

    number: int
    kind: str
    said: str
    layers: frozenset[str]
    missing: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()


@dataclass
class Marked:
    """The reference's Ops, with the reader's extra ones among them; by layer, the rows that are about it."""

    ops: list[Op]
    rows: Sequence[Row]
    by_layer: Mapping[str, tuple[int, ...]]
    kinds: Mapping[str, str]
    ends: dict[str, str] = field(default_factory=dict)

    def rows_of(self, op: Op) -> tuple[int, ...]:
        found = [number for one in op.each for layer in one.layers for number in self.by_layer.get(layer, ())]
        return tuple(sorted(set(found)))

    def words(self, row: Row, op: Op) -> str:
        """What a row says of this Op: of what it stands for, only that may be missing which the row has of it."""
        gone = [self.kinds[layer] for layer in op.layers if layer in row.missing and layer in self.kinds]
        return f"{', '.join(dict.fromkeys(gone))} missing" if gone and op.kind != "module" else row.said

    def is_missing(self, op: Op) -> bool:
        """Does the reader's network have nothing of it?"""
        gone = {layer for row in self.rows for layer in row.missing}
        return bool(op.layers) and gone.issuperset(op.layers)


def rows_of(differences: Sequence[Difference]) -> list[Row]:
    """What follows from other rows is no row of its own."""
    found: list[Row] = []
    for row in differences:
        if row.kind == "consequence":
            continue
        theirs = frozenset(b for _, b in row.layers if b)
        extra = () if row.kind in OF_BLOCKS else tuple(a for a, b in row.layers if a and not b)
        gone = frozenset() if row.kind in OF_BLOCKS else frozenset(b for a, b in row.layers if b and not a)
        found.append(Row(len(found) + 1, row.kind, short(row), theirs, gone, extra))
    return found


def short(row: Difference) -> str:
    """What a box says of a row, without its reasons: `stride 1 instead of 2`; of a block, how often it is there."""
    called = re.match(r"(\d+) calls? of one block, .*? has (\d+) blocks", row.what)
    if called:
        return f"shared, ×{called[1]} of {called[2]}"
    called = re.search(r"one block called (\d+) times", row.what)
    if called:
        return f"shared, ×{called[1]}"
    said = re.sub(r", in \d+ (layers|places)$", "", row.what)
    said = re.sub(r"^(\S+|convolution|batch normalisation): ", "", said)
    return re.sub(r"( instead of [^:,]+): .*", r"\1", said)


def marked(
    ops: Sequence[Op], rows: Sequence[Row], graph: Graph, reference: Graph, partner: Mapping[str, str]
) -> Marked:
    """The reference's Ops and, where they would stand, those that only `graph`, the reader's, has.

    `partner`: by the reader's layer, the reference's that stands for it.
    """
    by_layer: dict[str, tuple[int, ...]] = {}
    for row in rows:
        for layer in row.layers:
            by_layer[layer] = (*by_layer.get(layer, ()), row.number)
    kinds = {layer.name: layer.kind.removesuffix("2d") for layer in reference.layers}
    found = Marked(list(ops), rows, by_layer, kinds)
    for row in rows:
        for run in _runs(row.extra, graph):
            _insert(found, run, row, graph, partner)
            by_layer[f"{EXTRA}{run[0].name}"] = (row.number,)
    return found


def _runs(extra: Sequence[str], graph: Graph) -> list[list[Layer]]:
    """Extra layers that read each other, together."""
    runs: list[list[Layer]] = []
    for name in extra:
        layer = graph.layer.get(name)
        if layer is None:
            continue  # a parameter that nothing runs
        held = next((run for run in runs if any(one.name in layer.inputs for one in run)), None)
        if held is None:
            runs.append([layer])
        else:
            held.append(layer)
    return runs


def _insert(found: Marked, run: Sequence[Layer], row: Row, graph: Graph, partner: Mapping[str, str]) -> None:
    """An Op for these layers after what they read, before what reads that."""
    holder = {layer: op for op in found.ops for layer in op.layers}
    source = run[0].inputs[0] if run[0].inputs else ""
    seen = set()
    while source not in partner and source in graph.layer and graph.layer[source].inputs and source not in seen:
        seen.add(source)
        source = graph.layer[source].inputs[0]
    tensors = [op for op in found.ops if op.kind == "tensor"]
    anchor = holder.get(partner.get(source, ""), tensors[0] if tensors else None)
    if anchor is None:
        return
    name = f"{EXTRA}{run[0].name}"
    word = row.said.replace(" extra", "", 1) if len(run) > 1 else _word(run[0])  # the box says that it is extra
    extra = Op(name, "other", word, f"{anchor.path.rpartition('.')[0]}.{name}".lstrip("."), (name,), (anchor.name,),
               run[-1].output_shape, channels=anchor.channels, inner=row.number)  # fmt: skip
    at = found.ops.index(anchor) + 1
    later = [
        replace(op, inputs=tuple([name if source == anchor.name else source for source in op.inputs]))
        for op in found.ops[at:]
    ]  # fmt: skip
    found.ops = [*found.ops[:at], extra, *later]
    if not any(anchor.name in op.inputs for op in found.ops if op is not extra):
        found.ends |= dict.fromkeys(anchor.layers, name)


def _word(layer: Layer) -> str:
    kernel = " " + "×".join(map(str, layer.window.kernel_size)) if layer.window else ""
    return f"{layer.kind.removesuffix('2d') or layer.operation}{kernel}"


def plans(found: Marked, kinds: Mapping[str, str]) -> list[Plan]:
    """Ever simpler plans: modules are opened for fewer rows, those first given up that are about most of them."""
    modules = Modules(found.ops, kinds)
    units = [path for path in unit_paths(modules) if len(modules.members(path)) > 1]
    _mark_siblings(found, modules, units)
    touched = {
        row.number: [
            path for path in units
            if row.kind not in OF_BLOCKS and any(row.number in found.rows_of(op) for op in modules.members(path))
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


def _mark_siblings(found: Marked, modules: Modules, units: Sequence[str]) -> None:
    """A row about blocks is about each of them, so that they are drawn once."""
    numbers = {row.number for row in found.rows if row.kind in OF_BLOCKS}
    by_layer = dict(found.by_layer)
    for unit in units:
        about = {number for op in modules.members(unit) for number in found.rows_of(op) if number in numbers}
        sisters = [
            other for other in units
            if other.rpartition(".")[0] == unit.rpartition(".")[0] and modules.looks_like(unit, other)
        ]  # fmt: skip
        for layer in {layer for other in sisters for op in modules.members(other) for layer in op.layers}:
            by_layer[layer] = tuple({*by_layer.get(layer, ()), *about})
    found.by_layer = by_layer


def _plan(found: Marked, modules: Modules, units: Sequence[str], opened: set[str], kinds: Mapping[str, str]) -> Plan:
    stages = [stage for stage in modules.stages() if len(modules.members(stage)) > 1 and stage not in units]
    agreeing = [stage for stage in stages if not any(found.rows_of(op) for op in modules.members(stage))]
    closing = [(stage, stage_title(stage, kinds.get(stage, "")), ()) for stage in agreeing]
    alone = [unit for unit in units if not any(_within(unit, stage) for stage in agreeing)]
    closing += [(unit, _title(unit, kinds), ()) for unit in alone if unit not in opened]
    ops = [_told_apart(op, found) for op in closed(found.ops, closing)]
    frames = tuple(unit for unit in units if unit in opened)
    titles = {unit: _title(unit, kinds) for unit in frames}
    return Plan(ops, frames, titles, tuple(path for path, _, _ in closing))


def _within(path: str, stage: str) -> bool:
    return path == stage or path.startswith(f"{stage}.")


def _title(unit: str, kinds: Mapping[str, str]) -> str:
    """`conv2_x: Bottleneck`."""
    stage, title = unit.rpartition(".")[0], part_title(unit, kinds.get(unit, ""))
    return joined_title(stage_title(stage, ""), title) if stage else title


def _told_apart(op: Op, found: Marked) -> Op:
    """Ops of different rows are not folded to one; but those of rows about blocks are. What agrees is grey."""
    numbers = found.rows_of(op)
    single = tuple(row.number for row in found.rows if row.number in numbers and row.kind not in OF_BLOCKS)
    if op.kind == "tensor":
        return op
    return replace(op, inner=(op.inner, single), kind=op.kind if numbers else "agree" if not op.join else op.kind)
