"""What a node of known numbers makes: the operators by which a network computes sizes, run here on few numbers."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from archscope.model.graph import LARGEST_SIZE, Shape
from archscope.reading.onnx.model import DTYPES, MOST_KEPT, Stored, dtype_of

Known = tuple[Shape, str]
"""Whole shape and type of a tensor."""


def folded(node: Any, stored: Mapping[str, Stored], known: Mapping[str, Known]) -> Stored | None:
    """What a node makes, where that is known and small, or how large it is, where it is one number again and again; of
    what is `stored` and of tensors whose shapes are `known`."""
    if len(node.output) != 1 or node.domain not in ("", "ai.onnx"):
        return None
    if node.op_type in ("Shape", "Size"):
        return _measured(node, stored, known)
    if node.op_type not in FOLDS:
        return None
    import numpy

    name, given = node.output[0], [stored.get(each) if each else None for each in node.input]
    if any(each and (one is None or one.numbers is None) for each, one in zip(node.input, given, strict=True)):
        return None
    arrays: list[Any] = [None if one is None else one.numbers for one in given]
    try:
        if node.op_type == "ConstantOfShape":
            return _filled(name, [int(size) for size in arrays[0].reshape(-1)], node)
        if node.op_type in {"Tile", "Expand", "Range"} and elements_made(node.op_type, arrays) > MOST_KEPT:
            return None
        with numpy.errstate(all="ignore"):
            made = numpy.asarray(FOLDS[node.op_type](node, arrays))
    except Exception:  # of numpy: a node that is not as the standard has it
        return None
    if made.size > MOST_KEPT or str(made.dtype) not in DTYPES.values():
        return None
    return Stored(name, tuple(made.shape), str(made.dtype), made, owner=name)


def _measured(node: Any, stored: Mapping[str, Stored], known: Mapping[str, Known]) -> Stored | None:
    """The sizes of a tensor, or its number of elements, as a constant."""
    import numpy

    name = node.input[0] if node.input else ""
    if name not in stored and name not in known:
        return None
    shape = stored[name].shape if name in stored else known[name][0]
    attributes = {each.name: each.i for each in node.attribute}
    part = shape[attributes.get("start", 0) : attributes.get("end", len(shape))]
    numbers = numpy.array(prod(shape) if node.op_type == "Size" else part, "int64")
    return Stored(node.output[0], tuple(numbers.shape), "int64", numbers, owner=node.output[0])


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


def elements_made(operator: str, arrays: Sequence[Any]) -> float:
    """How many a node would make."""
    if operator == "Range":
        start, limit, delta = (float(array) for array in arrays)
        return (limit - start) / delta if delta else float("inf")
    if operator == "Tile":
        return float(arrays[0].size * prod(max(int(times), 0) for times in arrays[1]))
    return float(max(arrays[0].size, 1) * prod(max(int(size), 1) for size in arrays[1]))


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
