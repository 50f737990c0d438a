"""What shape each tensor has: onnx's inference and the folding of small constants, in turns until nothing changes.

Sizes are computed within a model, from `Shape` to `Reshape`; without their values little can be inferred. Folding runs
here, on so few numbers: a model may ask for any amount of memory.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from archscope.model.graph import LARGEST_SIZE, Shape
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

Known = tuple[Shape, str]


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
        return (
            prod(arrays[0].reshape(-1).astype(float).tolist()) if len(arrays) == 1 else _elements(node.op_type, arrays)
        )
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
        made = _folded(node, model, known) if node.op_type in FOLDS or node.op_type in ("Shape", "Size") else None
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


def _folded(node: Any, model: Model, known: Mapping[str, Known]) -> Stored | None:
    """What a node makes, if that is known and small: or how large, where it is one number again and again."""
    import numpy

    if len(node.output) != 1 or not (node.input or node.op_type in FOLDS) or node.domain not in ("", "ai.onnx"):
        return None
    name = node.output[0]
    if node.op_type in ("Shape", "Size"):
        stored = model.stored.get(node.input[0])
        if stored is None and node.input[0] not in known:
            return None
        shape = stored.shape if stored else known[node.input[0]][0]
        attributes = {each.name: each.i for each in node.attribute}
        part = shape[attributes.get("start", 0) : attributes.get("end", len(shape))]
        numbers = numpy.array(prod(shape) if node.op_type == "Size" else part, "int64")
        return Stored(name, tuple(numbers.shape), "int64", numbers, owner=name)
    given = [model.stored.get(each) if each else None for each in node.input]
    if any(each and (one is None or one.numbers is None) for each, one in zip(node.input, given, strict=True)):
        return None
    arrays: list[Any] = [None if one is None else one.numbers for one in given]
    try:
        if node.op_type == "ConstantOfShape":
            return _filled(name, [int(size) for size in arrays[0].reshape(-1)], node)
        if node.op_type in {"Tile", "Expand", "Range"} and _elements(node.op_type, arrays) > MOST_KEPT:
            return None
        with numpy.errstate(all="ignore"):
            made = numpy.asarray(FOLDS[node.op_type](node, arrays))
    except Exception:  # of numpy: a node that is not as the standard has it
        return None
    if made.size > MOST_KEPT or str(made.dtype) not in DTYPES.values():
        return None
    return Stored(name, tuple(made.shape), str(made.dtype), made, owner=name)


def _filled(name: str, sizes: Sequence[int], node: Any) -> Stored | None:
    """One number again and again: of which, if there are many, the shape alone."""
    import numpy

    value = next((each.t for each in node.attribute if each.name == "value"), None)
    dtype = dtype_of(value.data_type) if value is not None else "float32"
    if len(sizes) > 16 or any(size < 0 for size in sizes) or prod(sizes) > LARGEST_SIZE:
        return None
    if prod(sizes) > MOST_KEPT or dtype not in FILLED:
        return Stored(name, tuple(sizes), dtype, generated=True, owner=name)
    filling: Any = 0
    if value is not None:
        raw = numpy.frombuffer(value.raw_data, dtype) if value.raw_data else getattr(value, FILLED[dtype])
        filling = raw[0] if len(raw) else 0
    return Stored(name, tuple(sizes), dtype, numpy.full(sizes, filling, dtype), generated=True, owner=name)


FILLED = {"float32": "float_data", "int64": "int64_data", "int32": "int32_data", "bool": "int32_data",
          "float64": "double_data", "float16": "int32_data"}  # fmt: skip


def _elements(operator: str, arrays: Sequence[Any]) -> float:
    """How many a node would make."""
    if operator == "Range":
        start, limit, delta = (float(array) for array in arrays)
        return (limit - start) / delta if delta else float("inf")
    if operator == "Tile":
        return float(arrays[0].size * prod(max(int(times), 0) for times in arrays[1]))
    return float(max(arrays[0].size, 1) * prod(max(int(size), 1) for size in arrays[1]))


# ---- what is folded --------------------------------------------------------------------------------------------


def _attribute(node: Any, name: str, default: Any) -> Any:
    for each in node.attribute:
        if each.name == name:
            return list(each.ints) if each.ints else each.i
    return default


def _axes(node: Any, arrays: Sequence[Any], place: int = 1) -> Any:
    given = arrays[place].reshape(-1).tolist() if len(arrays) > place and arrays[place] is not None else None
    return _attribute(node, "axes", given)


def _slice(node: Any, arrays: Sequence[Any]) -> Any:
    starts, ends = (
        _attribute(node, name, None) or arrays[place].reshape(-1).tolist()
        for place, name in ((1, "starts"), (2, "ends"))
    )
    axes = _axes(node, arrays, 3) or range(len(starts))
    steps = arrays[4].reshape(-1).tolist() if len(arrays) > 4 else [1] * len(starts)
    index = [slice(None)] * arrays[0].ndim
    for axis, *parts in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(*parts)
    return arrays[0][tuple(index)]


def _unsqueeze(node: Any, arrays: Sequence[Any]) -> Any:
    import numpy

    return numpy.expand_dims(arrays[0], tuple(_axes(node, arrays)))


def _squeeze(node: Any, arrays: Sequence[Any]) -> Any:
    axes = _axes(node, arrays)
    return arrays[0].squeeze(tuple(axes) if axes else None)


def _cast(node: Any, arrays: Sequence[Any]) -> Any:
    return arrays[0].astype(dtype_of(_attribute(node, "to", 1)))


def _reduced(how: str) -> Callable[[Any, Sequence[Any]], Any]:
    def reduce(node: Any, arrays: Sequence[Any]) -> Any:
        axes = _axes(node, arrays)
        return getattr(arrays[0], how)(tuple(axes) if axes else None, keepdims=bool(_attribute(node, "keepdims", 1)))

    return reduce


def _reshape(node: Any, arrays: Sequence[Any]) -> Any:
    sizes = [arrays[0].shape[i] if size == 0 else int(size) for i, size in enumerate(arrays[1])]
    return arrays[0].reshape(sizes)


def _of_numpy(name: str) -> Callable[[Any, Sequence[Any]], Any]:
    def fold(node: Any, arrays: Sequence[Any]) -> Any:
        import numpy

        return getattr(numpy, name)(*arrays)

    return fold


def _divide(node: Any, arrays: Sequence[Any]) -> Any:
    """Of integers towards zero."""
    import numpy

    if arrays[0].dtype.kind in "iu":
        return numpy.trunc(arrays[0] / arrays[1]).astype(arrays[0].dtype)
    return arrays[0] / arrays[1]


def _concat(node: Any, arrays: Sequence[Any]) -> Any:
    import numpy

    return numpy.concatenate(arrays, _attribute(node, "axis", 0))


def _range(node: Any, arrays: Sequence[Any]) -> Any:
    import numpy

    return numpy.arange(*[array.item() for array in arrays], dtype=arrays[0].dtype)


FOLDS: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "ConstantOfShape": lambda node, arrays: None,  # see `_filled`
    "Concat": _concat,
    "Slice": _slice,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Cast": _cast,
    "Reshape": _reshape,
    "Range": _range,
    "Div": _divide,
    "Gather": lambda node, arrays: arrays[0].take(arrays[1].astype("int64"), _attribute(node, "axis", 0)),
    "Transpose": lambda node, arrays: arrays[0].transpose(_attribute(node, "perm", None)),
    "ReduceProd": _reduced("prod"),
    "ReduceSum": _reduced("sum"),
    "ReduceMax": _reduced("max"),
    "ReduceMin": _reduced("min"),
    **{
        operator: _of_numpy(name)
        for operator, name in {
            "Add": "add", "Sub": "subtract", "Mul": "multiply", "Mod": "mod", "Neg": "negative", "Floor": "floor",
            "Ceil": "ceil", "Sqrt": "sqrt", "Abs": "abs", "Equal": "equal", "Less": "less", "Greater": "greater",
            "Not": "logical_not", "And": "logical_and", "Or": "logical_or", "Where": "where", "Max": "maximum",
            "Min": "minimum", "Pow": "power", "Tile": "tile", "Expand": "broadcast_to",
        }.items()
    },
}  # fmt: skip
"""How a node of small constants becomes one: the operators that compute sizes."""
