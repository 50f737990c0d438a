"""The reference's Ops with what only the reader's network has among them, where it would stand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from archscope.differences.alignment import common_path
from archscope.model.connected import connected_parts
from archscope.model.graph import Graph, Layer
from archscope.views.diagram.ops.ops import EXTRA, Op
from archscope.views.diagram.plan.differing import REPEATS, Marked, Row, with_signs

FEW_EXTRA, LONGEST_WORD = 3, 48
"""So many extra layers in a row are told by name; letters of what a row calls them."""


@dataclass
class _Standing:
    """The reader's network, seen in these Ops: by layer or input, the Op that stands for it; of an extra Op, those of
    the reference that it comes from."""

    graph: Graph
    ops: list[Op]
    by_layer: dict[str, str]
    bases: dict[str, set[str]] = field(default_factory=dict)

    def source(self, name: str) -> Op | None:
        """What stands for a tensor of the reader's, or for what it is a view of."""
        seen: set[str] = set()
        while name not in self.by_layer and name not in seen and (layer := self.graph.layer.get(name)) and layer.inputs:
            seen.add(name)
            name = layer.inputs[0]
        return next((op for op in self.ops if op.name == self.by_layer.get(name)), None)

    def readers(self, names: Iterable[str]) -> set[str]:
        """The Ops that stand for what reads these layers, be it by way of what no Op stands for."""
        found: set[str] = set()
        waiting = list(names)
        seen = set(waiting)
        for name in waiting:
            for reader in self.graph.consumers[name]:
                if reader in self.by_layer:
                    found.add(self.by_layer[reader])
                elif reader not in seen:
                    seen.add(reader)
                    waiting.append(reader)
        return found


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
    holder = {layer: op.name for op in ops for layer in op.layers}
    tensors = [op.name for op in ops if op.kind == "tensor"]
    named = dict(zip(graph.inputs, tensors, strict=False)) | {a: holder[b] for a, b in partner.items() if b in holder}
    standing = _Standing(graph, found.ops, named)
    place = {layer.name: i for i, layer in enumerate(graph.layers)}
    extra = [(run, row, len(runs)) for row in rows for runs in [_runs(row.extra, graph, partner)] for run in runs]
    for run, row, runs in sorted(extra, key=lambda one: place[one[0][0].name]):
        _insert(standing, run, row, _run_word(run, row, runs), found.ends)
        by_layer[f"{EXTRA}{run[0].name}"] = (row.number,)
    return replace(found, ops=standing.ops)


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
    told = with_signs(row.what) if row.kind == REPEATS else row.said  # blocks by what holds them
    said = re.sub(r" extra| (once|twice|\d+ times) instead of .*", "", told)  # the box says that it is extra
    if len(said) <= LONGEST_WORD and (runs == 1 or f"in {runs} places" in row.what):
        return said
    if len(run) <= FEW_EXTRA:
        return " + ".join(map(_word, run))
    return f"{len(run)} layers, from {_word(run[0])} to {_word(run[-1])}"


def _insert(standing: _Standing, run: Sequence[Layer], row: Row, word: str, ends: dict[str, str]) -> None:
    """An Op for these layers after all that they read, before what reads them."""
    inside = {layer.name for layer in run}
    place = {op.name: i for i, op in enumerate(standing.ops)}
    read = [standing.source(name) for layer in run for name in layer.inputs if name not in inside]
    sources = [op for op in read if op] or [op for op in standing.ops if op.kind == "tensor"][:1]
    if not sources:
        return
    anchor = max(sources, key=lambda op: place[op.name])
    reading = standing.readers(inside)
    readers = [standing.ops[place[name]] for name in reading if place[name] > place[anchor.name]]
    if not readers and anchor.name in reading:  # between parts of one box: what reads that comes after
        readers = [op for op in standing.ops if anchor.name in op.inputs]
    into = anchor.name in reading and len({op.name for op in sources}) > 1  # beside a part of a box, such as its layer
    if into:
        sources = [op for op in sources if op is not anchor]
    name = f"{EXTRA}{run[0].name}"
    path = f"{_holder(run, row, standing, sources[0])}.{name.replace('.', ':')}".lstrip(".")
    extra = Op(name, "other", word, path, (name,), tuple(dict.fromkeys(op.name for op in sources)),
               run[-1].output_shape, channels=anchor.channels, inner=row.number)  # fmt: skip
    bases = {base for source in extra.inputs for base in (source, *standing.bases.get(source, ()))}
    standing.bases[name] = bases
    standing.by_layer |= dict.fromkeys(inside, name)
    if into:
        at = place[anchor.name]
        joined = replace(anchor, inputs=(*anchor.inputs, name))
        standing.ops = [*standing.ops[:at], extra, joined, *standing.ops[at + 1 :]]
        return
    at = place[anchor.name] + 1
    standing.ops = [*standing.ops[:at], extra, *_rewired(standing.ops[at:], extra, anchor, bases, readers)]
    if not any(anchor.name in op.inputs for op in standing.ops if op is not extra):
        ends |= dict.fromkeys(anchor.layers, name)


def _rewired(later: Sequence[Op], extra: Op, anchor: Op, bases: set[str], readers: Sequence[Op]) -> list[Op]:
    """What reads the extra layers reads them in the place of what they come from; a sum or concatenation that reads
    nothing of that, besides. Where it is not known, all that came after comes after them."""
    instead = {op.name for op in readers if not bases.isdisjoint(op.inputs)}
    besides = {op.name for op in readers if op.join} - instead
    if readers and not instead | besides:
        bases, instead = {anchor.name}, {op.name for op in later}
    return [
        replace(op, inputs=tuple(dict.fromkeys(extra.name if name in bases else name for name in op.inputs)))
        if op.name in instead
        else replace(op, inputs=(*op.inputs, extra.name)) if op.name in besides else op
        for op in later
    ]  # fmt: skip


def _holder(run: Sequence[Layer], row: Row, standing: _Standing, anchor: Op) -> str:
    """The reference's module that these layers would stand in. Blocks stand between what they read and what reads
    them; others with that of the two with which they share more of the reader's modules, as far up as those go, and
    within all that holds both."""
    graph = standing.graph
    before = next(iter(run[0].inputs), "")
    after = next((layer.name for layer in graph.layers if run[-1].name in layer.inputs), "")
    reading = next((op for op in standing.ops if op.name == standing.by_layer.get(after)), None)
    between = common_path([anchor.path, reading.path]) if reading else ""
    if row.kind == REPEATS and reading:
        return between
    shared = [common_path([run[0].name, other]) for other in (before, after)]
    beside, path, common = (before, anchor.path, shared[0])
    if reading and len(shared[1]) > len(shared[0]):  # both lead to the run: the longer one goes deeper
        beside, path, common = (after, reading.path, shared[1])
    above = beside.count(".") - (common.count(".") if common else -1)
    found = ".".join(path.split(".")[:-above])
    return max(found, between, key=lambda one: len(one.split(".")) if one else 0)


def _word(layer: Layer) -> str:
    kernel = " " + "×".join(map(str, layer.window.kernel_size)) if layer.window else ""
    called = layer.kind.removesuffix("2d") or layer.operation.replace("_", " ").title().replace(" ", "")
    return f"{called}{kernel}"
