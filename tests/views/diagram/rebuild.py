"""What a placed picture says of the network: its operations and tensors, read back from boxes, frames and lines."""

import itertools
import re
from collections import Counter

from archscope.model.graph import Graph
from archscope.views.diagram.drawing import Diagram, find_block
from archscope.views.diagram.ops.fuse import fused_ops, plain_ops
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.outputs import results
from archscope.views.diagram.place.picture import Box, Frame, Piece
from archscope.views.diagram.plan.repeats import BESIDE

Edge = tuple[str, str]


def differences(made: Diagram) -> list[str]:
    """One sentence for each operation that is not drawn once, and each tensor that picture or Graph have alone."""
    block = find_block(made.report, made.options)
    return differences_of(made.drawing.piece, made.drawing.ops, made.report.graph, block=block)


def differences_of(piece: Piece, ops: list[Op], graph: Graph, given: str = "", block: str = "") -> list[str]:
    """`differences` of a part whose Ops these are; names of tensors that it is given begin with `given`. `block`: it is
    drawn."""
    counted = drawn_ops(piece)
    told = [f"{name} is drawn {counted[name]} times" for name in {op.name for op in ops} | {*counted}
            if counted[name] != 1]  # fmt: skip
    told += [f"the steps of {op.name} do not read alike" for op in ops if op.copies and not are_steps(op)]
    drawn = {(source.removeprefix(given), target) for source, target in drawn_edges(piece)}
    told += dilation_faults(piece, graph)
    true = true_edges(graph, ops, block) | (drawn & stored_edges(graph, ops, {source for source, _ in drawn}))
    told += [f"no line leads from {source} to {target}" for source, target in sorted(true - drawn)]
    return told + [f"a line leads from {source} to {target}" for source, target in sorted(drawn - true)]


def dilation_faults(piece: Piece, graph: Graph) -> list[str]:
    """One sentence for each box that says other dilations than the windows that it stands for have: of several told,
    all of them, each as often as the others in the row."""
    faults = []
    for box in piece.boxes:
        for fact in [fact for fact in (box.op.facts if box.op else ()) if fact.startswith("dilation ")]:
            names = {name for op in (box.op, *box.copies, *box.alike) for one in op.each for name in one.layers}
            windows = [layer.window for layer in graph.layers if layer.name in names and layer.window]
            held = [window.dilation[0] for window in windows if set(window.kernel_size) != {1}]
            said = dilations_told(fact)
            if {*said} - {*held} or (len(said) > 1 and ({*said} != {*held} or len(held) % len(said))):
                faults.append(f"{box.name} says {fact}, its windows have {held}")
    return faults


def dilations_told(fact: str) -> list[int]:
    """`dilation 2 × (1, 2, 4 … 16)` as numbers, one for each block."""
    told = re.fullmatch(r"dilation (?:(\d+) × \()?([\d, ]+?)(?: … (\d+))?\)?", fact)
    if not told:
        return []  # windows that are not as high as they are wide
    numbers = [int(number) for number in told[2].split(", ")]
    while told[3] and numbers[-1] < int(told[3]):
        numbers.append(2 * numbers[-1])
    return numbers * int(told[1] or 1)


def drawn_ops(piece: Piece) -> Counter[str]:
    """How often each operation is drawn, folded copies included."""
    within_repeats = {one.name for frame in piece.frames for copy in frame.copies for op in copy for one in op.each}
    names = [op.name for box in piece.boxes if not is_virtual(box) for op in (box.op, *box.copies) if op]
    counted = Counter(names)
    counted.update(within_repeats)
    return counted


def is_virtual(box: Box) -> bool:
    """A point, a bar or a tensor's box between stages: it stands for no operation."""
    return box.op is None or (box.op.kind == "tensor" and not box.op.path)


def drawn_edges(piece: Piece) -> set[Edge]:
    """The tensors between operations as drawn."""
    edges = {(_end(line.source, piece, line.role == "enter"), _end(line.target, piece, line.role != "leave"))
             for line in piece.lines}  # fmt: skip
    frames = {frame.name: frame for frame in piece.frames}
    for box in piece.boxes:
        if is_virtual(box):
            edges = _without(edges, [box.name])
        elif box.copies and not (box.op and box.op.copies):
            edges = _unfolded(edges, box)
    for frame in sorted(frames.values(), key=lambda frame: len(frame.ops)):
        edges = _opened(edges, frame)
    return edges


def _end(name: str, piece: Piece, entering: bool) -> str:
    if any(frame.name == name for frame in piece.frames):
        return f"{name}:in" if entering else f"{name}:out"
    return name


def _without(edges: set[Edge], names: list[str]) -> set[Edge]:
    for name in names:
        before = {source for source, target in edges if target == name}
        after = {target for source, target in edges if source == name}
        edges = {edge for edge in edges if name not in edge} | {(a, b) for a in before for b in after}
    return edges


def _unfolded(edges: set[Edge], box: Box) -> set[Edge]:
    chain = [box.name, *(op.name for op in box.copies)]
    moved = {(chain[-1] if source == box.name else source, target) for source, target in edges}
    return moved | set(itertools.pairwise(chain))


def _opened(edges: set[Edge], frame: Frame) -> set[Edge]:
    """The edges with a frame's copies told, and the frame gone."""
    into, out = f"{frame.name}:in", f"{frame.name}:out"
    if frame.copies:
        own = {op.name for op in frame.ops}
        heads = {target for source, target in edges if source == into}
        ends = {source for source, target in edges if target == out}
        inner = {edge for edge in edges if own.issuperset(edge)}
        if not frame.beside:
            edges = {edge for edge in edges if edge[1] != out}
        last = frame.ops
        for copy in frame.copies:
            here = dict(zip((op.name for op in frame.ops), (op.name for op in copy), strict=True))
            before = dict(zip((op.name for op in frame.ops), (op.name for op in last), strict=True))
            edges = edges | {(here[a], here[b]) for a, b in inner}
            if frame.beside:
                edges = edges | {(into, here[head]) for head in heads} | {(here[end], out) for end in ends}
            else:
                edges = edges | {(before[end], here[head]) for end in ends for head in heads}
            last = copy
        if not frame.beside:
            names = dict(zip((op.name for op in frame.ops), (op.name for op in last), strict=True))
            edges = edges | {(names[end], out) for end in ends}
    return _without(edges, [into, out])


def are_steps(op: Op) -> bool:
    """Does each step read the one before it, and else what the first one reads, or the one before that? Of those beside
    each other all read the same, which the box says."""
    if BESIDE in op.facts or op.kind == "tensor":
        return all(set(step.inputs) == set(op.inputs) for step in op.copies)
    names = [step.name for step in op.each]
    return all(
        names[i - 1] in step.inputs and {*op.inputs, *names[max(i - 2, 0) : i]} >= {*step.inputs}
        for i, step in enumerate(op.each) if i
    )  # fmt: skip


def true_edges(graph: Graph, ops: list[Op], block: str = "") -> set[Edge]:
    """The Graph's own edges between what the Ops stand for; steps of a loop are one, drawn as such."""
    owners, read = read_of(graph, block)
    owner = owners | {name: op.name for op in ops for name in op.layers}
    owner |= {name: op.name for op in ops for step in op.copies for name in step.layers or [step.name]}
    drawn = {name for op in ops for name in op.layers}
    given = {(owner.get(output.layer, output.layer), f"output:{output.name or i}")
             for i, output in enumerate(results(graph)) if output.layer}  # fmt: skip
    boxes = {op.name for op in ops if op.kind == "tensor"}
    if not any(name.startswith("output:") for name in boxes):  # a module, whose results have no names
        leaving = {owner[name] for name in leaving_of(graph, drawn)}
        given = {
            (op.inputs[0], op.name) for op in ops if op.name in boxes and leaving.issuperset(op.inputs) and op.inputs
        }
    return {edge for edge in given if edge[1] in boxes} | {
        (owner.get(source, source), owner[name])
        for name, sources in read.items() if name in drawn
        for source in sources if owner.get(source, source) != owner[name]
    }  # fmt: skip


def stored_edges(graph: Graph, ops: list[Op], sources: set[str]) -> set[Edge]:
    """Lines that may lead from boxes of stored tensors, also those of a panel's `sources`: to what is given these."""
    owner = read_of(graph)[0] | {name: op.name for op in ops for one in op.each for name in one.layers}
    boxes = [*[op.name for op in ops if not op.layers], *sources.difference(owner)]
    stored = {name.rpartition(".")[2].replace("/", ".") if "/" in name else name: name for name in boxes}
    return {
        (stored[operand.source], owner[layer.name])
        for layer in graph.layers for operand in layer.operands if operand.source in stored
    }  # fmt: skip


def leaving_of(graph: Graph, inside: set[str]) -> set[str]:
    """Those of these layers whose tensor is read by another layer, or is a result of the network."""
    read = {source for layer in graph.layers if layer.name not in inside for source in layer.inputs}
    return inside & (read | {output.layer for output in results(graph)})


_LATEST: list[tuple[Graph, str, tuple[dict[str, str], dict[str, tuple[str, ...]]]]] = []


def read_of(graph: Graph, block: str = "") -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The Op that each layer is drawn in where the network is drawn, or a block of it, and what each layer reads: once
    for all pictures of it in a row."""
    if not _LATEST or _LATEST[0][0] is not graph or _LATEST[0][1] != block:
        owners = {name: op.name for op in fused_ops(graph, block) for name in op.layers}
        _LATEST[:] = [(graph, block, (owners, chained_inputs(graph)))]
    return _LATEST[0][2]


def chained_inputs(graph: Graph) -> dict[str, tuple[str, ...]]:
    """What each layer reads, where a concatenation may read another for the tensors that this one concatenates.

    That they are the same tensors in the same order is asserted here.
    """
    read = {op.name: op.inputs for op in plain_ops(graph) if op.layers}
    for layer in graph.layers:
        told = read[layer.name]
        while told and told[0] not in layer.inputs:
            assert graph.layer[told[0]].operation == layer.operation
            told = (*read[told[0]], *told[1:])
        assert told == tuple(dict.fromkeys(layer.inputs))
    return read
