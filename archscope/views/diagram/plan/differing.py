"""What a picture of a difference opens: modules in which something differs; what agrees is closed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from archscope.differences.alignment import common_path
from archscope.differences.rows import Difference
from archscope.model.connected import connected_parts
from archscope.model.graph import Graph, Layer
from archscope.views.diagram.ops.names import joined_title, part_title, stage_title
from archscope.views.diagram.ops.ops import Op, upwards
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.forms import unit_paths
from archscope.views.diagram.plan.levels import CONTAINERS, Plan
from archscope.views.diagram.plan.modules import Modules

SHARING = "sharing"
"""The kind of rows that are about each call of a block: all of them stand in the picture."""

REPEATS = "repeats"
"""The kind of rows that are about blocks which one network has more of."""

FEW_EXTRA, LONGEST_WORD = 3, 48
"""So many extra layers in a row are told by name; letters of what a row calls them."""

EXTRA = "+"
"""A layer that only the reader's network has, among the reference's, begins with it."""


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
    called = re.search(r"one block called (\d+) times", row.what)
    if called:
        return f"shared, ×{called[1]}"
    said = re.sub(r", in \d+ (layers|places)$", "", row.what)
    said = re.sub(r"( instead of [^:,]+): .*", r"\1", said)
    said = re.sub(
        r"^(\S+|[\w ]+(?<! extra)(?<! missing)(?<! order)): (?!.* times )", "", said
    )  # the box says what it is
    return _with_signs(said)


def _with_signs(said: str) -> str:
    """`3×3`, as boxes write it."""
    return re.sub(r"(?<=\d)x(?=\d)", "×", said)


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
    found = Marked(list(ops), rows, by_layer, kinds, frozenset(partner.values()))
    for row in rows:
        runs = _runs(row.extra, graph, partner)
        for run in runs:
            _insert(found, run, row, _run_word(run, row, len(runs)), graph, partner)
            by_layer[f"{EXTRA}{run[0].name}"] = (row.number,)
    return found


def _runs(extra: Sequence[str], graph: Graph, partner: Mapping[str, str]) -> list[list[Layer]]:
    """Extra layers that read each other, be it by way of what is in no row, together; a parameter that nothing runs
    is none."""
    known = {name: graph.layer[name] for name in extra if name in graph.layer}
    readers: dict[str, list[str]] = {name: [] for name in known}
    for name, layer in known.items():
        waiting, seen = list(layer.inputs), set(layer.inputs)
        while waiting:
            source = waiting.pop()
            if source in readers:
                readers[source].append(name)
            elif source in graph.layer and source not in partner:
                waiting += set(graph.layer[source].inputs) - seen
                seen.update(graph.layer[source].inputs)
    return [[known[name] for name in part] for part in connected_parts(list(known), readers.__getitem__)]


def _run_word(run: Sequence[Layer], row: Row, runs: int) -> str:
    """What the row says, where that is of each run; else which layers it is."""
    if len(run) == 1:
        return _word(run[0])
    told = _with_signs(row.what) if row.kind == REPEATS else row.said  # blocks by what holds them
    said = re.sub(r" extra| (once|twice|\d+ times) instead of .*", "", told)  # the box says that it is extra
    if len(said) <= LONGEST_WORD and (runs == 1 or f"in {runs} places" in row.what):
        return said
    if len(run) <= FEW_EXTRA:
        return " + ".join(map(_word, run))
    return f"{len(run)} layers, from {_word(run[0])} to {_word(run[-1])}"


def _insert(found: Marked, run: Sequence[Layer], row: Row, word: str, graph: Graph, partner: Mapping[str, str]) -> None:
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
    path = f"{_holder(run, row, graph, holder, partner, anchor)}.{name.replace('.', ':')}".lstrip(".")
    extra = Op(name, "other", word, path, (name,), (anchor.name,), run[-1].output_shape,
               channels=anchor.channels, inner=row.number)  # fmt: skip
    at = found.ops.index(anchor) + 1
    later = [
        replace(op, inputs=tuple([name if source == anchor.name else source for source in op.inputs]))
        for op in found.ops[at:]
    ]  # fmt: skip
    found.ops = [*found.ops[:at], extra, *later]
    if not any(anchor.name in op.inputs for op in found.ops if op is not extra):
        found.ends |= dict.fromkeys(anchor.layers, name)


def _holder(
    run: Sequence[Layer], row: Row, graph: Graph, holder: Mapping[str, Op], partner: Mapping[str, str], anchor: Op
) -> str:
    """The reference's module that these layers would stand in. Blocks stand between what they read and what reads
    them; others with that of the two with which they share more of the reader's modules, as far up as those go."""
    before = next(iter(run[0].inputs), "")
    after = next((layer.name for layer in graph.layers if run[-1].name in layer.inputs), "")
    reading = holder.get(partner.get(after, ""))
    if row.kind == REPEATS and reading:
        return common_path([anchor.path, reading.path])
    shared = [common_path([run[0].name, other]) for other in (before, after)]
    beside, path, common = (before, anchor.path, shared[0])
    if reading and len(shared[1]) > len(shared[0]):  # both lead to the run: the longer one goes deeper
        beside, path, common = (after, reading.path, shared[1])
    above = beside.count(".") - (common.count(".") if common else -1)
    return ".".join(path.split(".")[:-above])


def _word(layer: Layer) -> str:
    kernel = " " + "×".join(map(str, layer.window.kernel_size)) if layer.window else ""
    called = layer.kind.removesuffix("2d") or layer.operation.replace("_", " ").title().replace(" ", "")
    return f"{called}{kernel}"


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


def _mark_siblings(found: Marked, modules: Modules, units: Sequence[str]) -> None:
    """A row about the calls of a block is about each of them, so that they are drawn once."""
    numbers = {row.number for row in found.rows if row.kind == SHARING}
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
    """Ops of different rows are not folded to one; but those of a block that is called again are. What agrees is
    grey."""
    numbers = found.rows_of(op)
    single = tuple(row.number for row in found.rows if row.number in numbers and row.kind != SHARING)
    if op.kind == "tensor":
        return op
    return replace(op, inner=(op.inner, single), kind=op.kind if numbers else "agree" if not op.join else op.kind)
