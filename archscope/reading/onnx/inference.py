"""What shape each tensor has: onnx's inference and the folding of small constants, in turns until nothing changes.

Sizes are computed within a model, from `Shape` to `Reshape`; without their values little can be inferred. Folding runs
in archscope, on few numbers (`folding`): a model may ask for any amount of memory.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

from archscope.model.graph import LARGEST_SIZE
from archscope.reading.onnx.folding import Known, elements_made, folded
from archscope.reading.onnx.model import (
    DTYPES,
    MOST_AXES,
    MOST_KEPT,
    MOST_NODES,
    Model,
    Stored,
    dtype_of,
    held_by,
    hold,
)

MOST_VISITED = 6 * MOST_NODES
"""Nodes in all turns: each follows sizes through one place more where they are computed, of which a network of windows
that are shifted and padded has dozens."""


def infer(model: Model, onnx: Any) -> tuple[dict[str, Known], str]:
    """Whole shape and type of each tensor that is known, and what inference says where it fails."""
    known: dict[str, Known] = {}
    failed, visited = "", 0
    while visited < MOST_VISITED:
        visited += max(len(model.graph.node), 1)
        follows = _longest_list(model) <= MOST_KEPT
        try:
            inferred = onnx.shape_inference.infer_shapes(model.proto, data_prop=follows).graph
        except Exception as error:  # of C++, whatever it says
            failed, inferred = str(error).strip().partition("\n")[0], model.graph
        for value in (*inferred.value_info, *inferred.output, *inferred.input):
            if (found := known_of(value)) is not None:
                known[value.name] = found
        if not _fold(model, known, onnx):
            break
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
    return known, failed


SAME_LENGTH = frozenset("Add Sub Mul Div Cast Gather Slice Squeeze Unsqueeze Identity Relu".split())
"""Operators through which onnx follows lists of sizes, and which make none longer than they are given."""


def _longest_list(model: Model) -> float:
    """Of the lists that onnx would write out as it follows sizes: each `Concat` may double one."""
    stored = model.stored.items()
    length: dict[str, float] = {name: each.elements for name, each in stored if each.numbers is not None}
    for node in model.graph.node:
        given = [length.get(name, 0) for name in node.input] or [0]
        found: float = 0
        if node.op_type == "Shape":
            found = MOST_AXES
        elif node.op_type in ("Range", "ConstantOfShape", "Tile", "Expand"):
            found = _made_long(node, model)
        elif node.op_type == "Concat" and all(given):
            found = sum(given)
        elif node.op_type in SAME_LENGTH and all(given):
            found = max(given)
        length |= dict.fromkeys(node.output, found)
    return max(length.values(), default=0)


def _made_long(node: Any, model: Model) -> float:
    """Elements of a list that a node makes of constants; 0 of none."""
    given = [model.stored.get(name) for name in node.input]
    arrays: list[Any] = [None if one is None else one.numbers for one in given]
    if not arrays or any(array is None for array in arrays):
        return 0
    try:
        if len(arrays) == 1:
            return float(prod(arrays[0].reshape(-1).astype(float).tolist()))
        return elements_made(node.op_type, arrays)
    except (TypeError, ValueError, IndexError):  # no numbers, or not as many
        return 0


def known_of(value: Any) -> Known | None:
    """None where an axis is not known, or cannot be."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    dims = tensor.shape.dim
    shape = tuple(axis.dim_value for axis in dims)
    if not all(axis.HasField("dim_value") and axis.dim_value >= 0 for axis in dims) or prod(shape) > LARGEST_SIZE:
        return None
    return shape, dtype_of(tensor.elem_type)


def _fold(model: Model, known: Mapping[str, Known], onnx: Any) -> bool:
    """Nodes of constants become constants themselves."""
    left, changed = [], False
    made_before = {name for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        taken = _branch(node, model, made_before, onnx) if node.op_type == "If" and node.input else None
        if taken is not None:
            left += taken
            changed = True
            continue
        made = folded(node, model.stored, known)
        if made is None:
            left.append(node)
            continue
        changed = True
        _store(made, model, onnx)
    if changed:
        del model.graph.node[:]
        model.graph.node.extend(left)
    return changed


def _store(made: Stored, model: Model, onnx: Any) -> None:
    """As if the file stored it."""
    model.stored[made.name] = made
    if made.numbers is not None:
        model.graph.initializer.append(onnx.numpy_helper.from_array(made.numbers, made.name))
    else:
        number = next(int(n) for n, name in DTYPES.items() if name == made.dtype)
        model.graph.input.append(onnx.helper.make_tensor_value_info(made.name, number, made.shape))


def _branch(node: Any, model: Model, names: set[str], onnx: Any) -> list[Any] | None:
    """The nodes that run in the place of one that branches on a known number: whether an axis has one element, say.
    Their names join those of the graph, and are none of its `names`."""
    asked = model.stored.get(node.input[0])
    if asked is None or asked.numbers is None or asked.elements != 1:
        return None
    name = "then_branch" if asked.numbers.item() else "else_branch"
    graph = next((each.g for each in node.attribute if each.name == name), None)
    if graph is None or len(graph.output) != len(node.output) or len(graph.node) + len(model.graph.node) > MOST_NODES:
        return None
    inside = {one.name for one in graph.initializer} | {made for one in graph.node for made in one.output}
    if not inside.isdisjoint(names) or not inside.isdisjoint(model.stored):
        return None
    names |= inside
    model.inner.pop("".join(node.output[:1]), None)
    for held in held_by(model.path, graph, onnx):
        _store(held, model, onnx)
    for one in graph.node:
        hold(model, one, onnx)
    nodes = [one for one in graph.node if one.op_type != "Constant" or one.output[0] not in model.stored]
    ends = zip(graph.output, node.output, strict=True)
    return nodes + [onnx.helper.make_node("Identity", [made.name], [given]) for made, given in ends if given]
