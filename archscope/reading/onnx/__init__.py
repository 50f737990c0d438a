"""ONNX files: from the operators of a model to its Graph, in torch's words, so that it is counted, drawn and compared
as a traced network is. The onnx package parses and infers shapes; nothing runs, and no external data is opened.

model          the file: nodes, and what is stored
sizes          the sizes of its inputs
inference      the shapes of all tensors
scopes         the modules that nodes ran in
node           one node, and what it becomes
operators/     how each operator is said
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import Graph, Tensor, less_batch
from archscope.model.input_sizes import Input
from archscope.model.units import counted
from archscope.reading.drafting import Draft, Value, said
from archscope.reading.onnx.inference import infer
from archscope.reading.onnx.model import Model, Stored, load, package
from archscope.reading.onnx.node import Node, Reading, written
from archscope.reading.onnx.operators import RULES, unknown
from archscope.reading.onnx.scopes import Scopes
from archscope.reading.onnx.sizes import set_sizes

AS_STORED = (
    "parameters as the file stores them: exporters fold batch normalisation into convolutions, store equal tensors "
    "once and leave out biases of zeros"
)
UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError)
"""What a rule raises where a node is not of the form that it knows."""


def read(path: str, wanted: Sequence[Input] = ()) -> tuple[Graph, int | None]:
    """The Graph of an ONNX file for inputs of these sizes, and the batch if one stood in front. Raises
    ArchscopeError."""
    model = load(path)
    inputs, images = set_sizes(model, wanted)
    known, failed = infer(model, package(path))
    reading = Reading(model, Draft(Path(path).stem), known)
    for name, (shape, dtype) in inputs.items():
        tensor = reading.draft.hold("input", Tensor(name, less_batch(shape), dtype))
        reading.values[name] = Value("input", tensor, shape, dtype)
    _read_nodes(reading)
    for stored in model.stored.values():  # what no node reads, but for numbers and what the graph computed with them
        if stored.owner == stored.name and stored.name not in reading.tensors and _is_weight(model, stored):
            reading.held(stored, "operand")
    reading.draft.notes += [AS_STORED, *_notes(reading, failed)]
    return reading.draft.graph(_results(reading)), images


def _is_weight(model: Model, stored: Stored) -> bool:
    return stored.dtype.startswith(("float", "bfloat")) and len(stored.shape) > 0 and not model.reads.get(stored.name)


def _read_nodes(reading: Reading) -> None:
    nodes = list(reading.model.graph.node)  # which keeps each the same object
    scopes = Scopes(reading.model.proto.producer_name, reading.draft)
    for proto in nodes:
        for name in proto.input:
            reading.readers[name] = proto
    for proto in nodes:
        if id(proto) in reading.taken or all(name in reading.model.stored for name in proto.output if name):
            continue
        _read(Node(proto, reading, attributes=_attributes(proto)), scopes)


def _read(node: Node, scopes: Scopes) -> None:
    reading, proto = node.reading, node.proto
    for name in proto.input:
        if name and name not in reading.values and name not in reading.model.stored:
            where = said(proto.name or node.operator)
            raise ArchscopeError(
                f"{reading.model.path}: {where} reads {said(name)}, which nothing before it makes: the nodes run in a "
                "circle, or out of order"
            )
    operation, weight = _own_weight(node)
    node.path, node.kind = scopes.of(proto, operation, weight)
    node.has_norm = bool(weight) and scopes.has_norm(proto)
    rule = RULES.get(node.operator)
    made = len(reading.draft.records)
    try:
        if rule is None or not node.is_known():
            raise LookupError
        rule(node)
    except UNREADABLE:
        reading.draft.undo(made)
        unknown(node)


def _own_weight(node: Node) -> tuple[str, str]:
    """Torch's name of a convolution or product, and the name of the weight that it has, if it is stored."""
    name = node.name(1)
    stored = node.reading.model.stored.get(name)
    if stored is None or node.proto.op_type not in {"Conv", "ConvTranspose", "Gemm", "MatMul"}:
        return "", ""
    axes = len(stored.shape) - 2
    return {"Conv": f"conv{axes}d", "ConvTranspose": f"conv_transpose{axes}d"}.get(node.proto.op_type, "linear"), name


def _attributes(proto: Any) -> dict[str, Any]:
    """By name: numbers, words and lists; tensors and graphs are not among them."""
    found: dict[str, Any] = {}
    for each in proto.attribute:
        kind = each.type
        if kind == each.FLOAT:
            found[each.name] = written(each.f)
        elif kind == each.INT:
            found[each.name] = each.i
        elif kind == each.STRING:
            found[each.name] = said(each.s.decode("utf-8", "replace"))
        elif kind == each.INTS:
            found[each.name] = list(each.ints)
        elif kind == each.FLOATS:
            found[each.name] = [written(number) for number in each.floats]
        elif kind == each.STRINGS:
            found[each.name] = [said(word.decode("utf-8", "replace")) for word in each.strings]
    return found


def _notes(reading: Reading, failed: str) -> list[str]:
    model, notes = reading.model, []
    if reading.unknown:
        first = next(iter(reading.unknown.values()))
        tensors = counted(len(reading.unknown), "tensor")
        notes.append(f"sizes of {tensors} are unknown, from {first} on: what is computed there is in no total")
    branching = sorted({node.op_type for node in model.graph.node if node.op_type in ("If", "Loop", "Scan")})
    if branching:
        notes.append(f"the file branches on its data ({', '.join(branching)}): what is within is not counted")
    if reading.merged:
        tensors = counted(len(reading.merged), "tensor")
        notes.append(f"{tensors} stored once for several modules, of equal numbers: counted for each of them")
    if failed:
        notes.append(f"onnx could not infer all shapes: {said(failed)}")
    sizes = [value.shape[0] for value in reading.values.values() if value.kind == "input" and len(value.shape) > 1]
    if sizes and sizes[0] > 1:
        notes.append(f"the file fixes a batch of {sizes[0]}: counts are of all")
    return notes


def _results(reading: Reading) -> list[tuple[str, Value]]:
    outputs = [output.name for output in reading.model.graph.output]
    found = []
    for name in outputs:
        stored = reading.model.stored.get(name)
        value = reading.held(stored, "operand") if stored else reading.values.get(name)
        if value is None:
            raise ArchscopeError(f"{reading.model.path}: its result {said(name)} is made by no node")
        found.append((said(name) if len(outputs) > 1 else "", value))
    return found
