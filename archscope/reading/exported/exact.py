"""What operations of ATen make of numbers, where numpy's numbers are torch's to the last bit. No torch."""

from collections.abc import Callable, Mapping
from typing import Any

from archscope.reading.exported.program import Known

Given = Mapping[str, Any]

TYPES = {"float32", "int64", "int32", "int16", "int8", "uint8", "bool"}
"""Those of which a program holds all digits of a few numbers."""

MAKERS = {"zeros", "ones", "full", "arange", "empty", "scalar_tensor"} | {
    f"{name}_like" for name in ("zeros", "ones", "full", "empty")
} | {f"new_{name}" for name in ("zeros", "ones", "full", "empty")}  # fmt: skip
"""Of a tensor that they are given they take no more than its size and type."""


def of_values(known: Known) -> Any:
    return _numpy().array(known.values, known.dtype).reshape(known.shape)


def numbers_of(array: Any) -> Any:
    """An array, of a single number too."""
    return _numpy().asarray(array)


def is_view(array: Any, base: Any) -> bool:
    return base is None or bool(_numpy().may_share_memory(array, base))


def _numpy() -> Any:
    import numpy

    return numpy


def _full(value: Any) -> Callable[[Given, Known], Any]:
    return lambda given, known: _numpy().full(known.shape, value, known.dtype)


def _filled(given: Given, known: Known) -> Any:
    value = given["fill_value"] if "fill_value" in given else given.get("value", given.get("s"))
    return _numpy().full(known.shape, value, known.dtype)


def _arange(given: Given, known: Known) -> Any:
    start, end, step = given.get("start", 0), given["end"], given.get("step", 1)
    if not all(type(number) is int for number in (start, end, step)) or known.shape != (len(range(start, end, step)),):
        raise ValueError("rounded in another way")
    return (start + step * _numpy().arange(*known.shape)).astype(known.dtype)


def _spread(value: Any, known: Known, dtype: Any = None) -> Any:
    """An operand over the whole result, without memory; in the result's type where a type is said."""
    array = _numpy().asarray(value)
    return _numpy().broadcast_to(array.astype(dtype or array.dtype), known.shape)


def _of_two(name: str) -> Callable[[Given, Known], Any]:
    """Arithmetic in the type of the result."""

    def computed(given: Given, known: Known) -> Any:
        if given.get("alpha", 1) != 1 or given.get("rounding_mode"):
            raise ValueError("another function")
        with _numpy().errstate(all="ignore"):
            return getattr(_numpy(), name)(*[_spread(given[each], known, known.dtype) for each in ("self", "other")])

    return computed


def _compared(name: str) -> Callable[[Given, Known], Any]:
    def computed(given: Given, known: Known) -> Any:
        types = {value.dtype for value in given.values() if hasattr(value, "dtype")}
        if len(types) > 1:
            raise ValueError("compared in a type of their own")
        return getattr(_numpy(), name)(*[_spread(given[each], known, *types) for each in ("self", "other")])

    return computed


def _masked(given: Given, known: Known) -> Any:
    return _numpy().where(
        _spread(given["mask"], known), _spread(given["value"], known, known.dtype), _spread(given["self"], known)
    )


def _where(given: Given, known: Known) -> Any:
    pair = [_spread(given[each], known, known.dtype) for each in ("self", "other")]
    return _numpy().where(_spread(given["condition"], known), *pair)


def _part(name: str) -> Callable[[Given, Known], Any]:
    def taken(given: Given, known: Known) -> Any:
        axis = given.get("dim", 0) % given["self"].ndim
        place: Any = given.get("index")
        if name == "slice":
            place = slice(given.get("start"), given.get("end"), given.get("step"))
        return given["self"][(slice(None),) * axis + (place, ...)]

    return taken


def _swapped(given: Given, known: Known) -> Any:
    return given["self"].swapaxes(given["dim0"], given["dim1"])


def _reshaped(given: Given, known: Known) -> Any:
    return given["self"].reshape(known.shape)


def _cast(given: Given, known: Known) -> Any:
    if given["self"].dtype.kind == "f" and "float" not in known.dtype and known.dtype != "bool":
        raise ValueError("what is out of range is anything")
    return given["self"].astype(known.dtype, copy=False)


def _copied(given: Given, known: Known) -> Any:
    return given["self"].copy()


EXACT: dict[str, Callable[[Given, Known], Any]] = {
    **{name: _full(0) for name in ("zeros", "zeros_like", "new_zeros", "zero")},
    **{name: _full(1) for name in ("ones", "ones_like", "new_ones")},
    **dict.fromkeys(("full", "full_like", "new_full", "fill", "scalar_tensor"), _filled),
    **dict.fromkeys(("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"), _reshaped),
    **dict.fromkeys(("clone", "lift_fresh_copy"), _copied),
    **dict.fromkeys(("detach", "alias", "lift_fresh", "contiguous"), lambda given, known: given["self"]),
    **{name: _of_two(numpy) for name, numpy in (("add", "add"), ("sub", "subtract"), ("mul", "multiply"),
                                               ("div", "divide"), ("maximum", "maximum"), ("minimum", "minimum"))},
    **{name: _compared(numpy) for name, numpy in (
        ("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
        ("ge", "greater_equal"), ("logical_and", "logical_and"), ("logical_or", "logical_or"))},
    "arange": _arange, "masked_fill": _masked, "where": _where, "to": _cast,
    "slice": _part("slice"), "select": _part("select"), "transpose": _swapped,
    "t": lambda given, known: given["self"].T,
    "permute": lambda given, known: given["self"].transpose(given["dims"]),
    "expand": lambda given, known: _numpy().broadcast_to(given["self"], known.shape),
    "logical_not": lambda given, known: _numpy().logical_not(given["self"]),
    "neg": lambda given, known: -given["self"],
    "abs": lambda given, known: abs(given["self"]),
}  # fmt: skip
