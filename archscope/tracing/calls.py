"""What one call of a torch function says: which operation it is, its settings, its window."""

from collections.abc import Callable, Mapping, Sequence
from dis import opmap
from functools import cache, lru_cache
from types import CodeType
from typing import Any

import torch

from archscope.model.graph import Window
from archscope.model.operations import ALIASES, CATEGORY
from archscope.model.text import shown
from archscope.model.windows import IN_WINDOW
from archscope.tracing.quantised import plain_name
from archscope.tracing.signatures import signature_of

OPERATORS = {
    "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "invert": "bitwise_not", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip

PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device, torch.memory_format})
"""Types of arguments that hold no tensor: by far the most frequent, and so asked for first."""

TORCHS = frozenset({"aten", "prims", "torchvision", "higher_order"})
"""Libraries whose operators are known by their names alone."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "convolution": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "transposed convolution": {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1},
    "pooling": {"padding": 0, "dilation": 1},
    **{operation: {"dim": 0} for operation in ("cat", "stack")},
}
NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim"}

TENSOR = "tensor"
"""What stands for a tensor in a list of settings, an index say."""

NO_SETTINGS = (torch.device, torch.memory_format, torch.layout, torch.Generator)

REVERSED = {"truediv", "floordiv", "mod", "div", "matmul", "lshift", "rshift"}
"""Operators that Python may ask of the right operand, which then comes first: sums and products apart."""


@cache
def operation_name(function: Callable[..., Any]) -> tuple[str, bool]:
    """The functional name of a torch function, and whether it works in place: `Tensor.__iadd__` is `add`, True."""
    name = getattr(function, "__name__", type(function).__name__).partition(".")[0]
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
        if name == "setitem":
            return name, True
        in_place = name[0] == "i" and name[1:] in {*OPERATORS, "add", "sub", "mul", "div", "pow", "matmul"}
        reversed_operands = name[0] == "r" and name[1:] in {*OPERATORS, "add", "mul", "div", "matmul"}
        name = name[1:] if in_place or reversed_operands else name
        return OPERATORS.get(name, name), in_place
    library = _library(function)
    if library == "quantized":
        return plain_name(name), False
    if library not in TORCHS:
        return f"{library}::{name}", name.endswith("_")
    plain = name.strip("_").removeprefix("special_").removeprefix("quantized_").removesuffix("_dynamic")
    return ALIASES.get(plain, plain), name.endswith("_")


WRITTEN = {"F": torch.nn.functional, "torch": torch, "Tensor": torch.Tensor}
"""Where the functions that networks call stand, under the name that they are called by."""


METHODS = {getattr(torch.Tensor, name): getattr(torch.Tensor, f"__{name}__") for name in ("add", "mul", "matmul")}
"""Methods that torch also names where an operator was written, and the operator's own."""
OPERATOR = opmap["BINARY_OP"]


@lru_cache(4096)
def operator_or_method(method: Callable[..., Any], code: CodeType, place: int) -> Callable[..., Any]:
    """Which of the two a network wrote: `x * y` or `x.mul(y)`, at this place of its code."""
    called = code.co_code[place] != OPERATOR and method.__name__ in code.co_names  # `sum` calls an operator, too
    return method if called else METHODS[method]


@cache
def as_written(function: Callable[..., Any]) -> str:
    """How a network calls a torch function: `F.softmax`, `torch.softmax`, `Tensor.softmax`, `Tensor.__matmul__`."""
    name = getattr(function, "__name__", "")
    places = [place for place, owner in WRITTEN.items() if getattr(owner, name, None) is function]
    return f"{places[0]}.{name}" if places else name


def _library(function: Callable[..., Any]) -> str:
    """Whose operator it is: a user's own may bear any name, `add` for instance."""
    packet = getattr(function, "_overloadpacket", function)
    return str(getattr(packet, "_qualified_op_name", "aten::")).partition("::")[0]


def bind(
    function: Callable[..., Any], operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name, in the order of the call, and then what torch takes where the call does not say it."""
    signature = signature_of(function, operation, args, kwargs)
    names = list(signature.names)
    if operation in {"lstm", "gru", "rnn_tanh", "rnn_relu"} and not isinstance(args[3], bool):
        names = [*names[:1], "batch_sizes", *names[1:-1]]  # a packed sequence brings its batch sizes
    if _is_reversed(function):
        names[:2] = "other", "input"  # 2 / x is called as x.__rtruediv__(2)
    bound = _by_position(names, args)
    bound |= {NUMPY_WORDS.get(name, name): value for name, value in kwargs.items()}
    implied = DEFAULTS.get(CATEGORY.get(operation, ""), {}) | DEFAULTS.get(operation, {}) | dict(signature.defaults)
    return bound | {name: value for name, value in implied.items() if name not in bound}


def in_order(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by keyword in the order of the function's own names, in whatever order a call gives them."""
    if sum([isinstance(value, torch.Tensor) for value in kwargs.values()]) < 2:
        return kwargs
    places = signature_of(function, operation_name(function)[0], args, kwargs).places
    order = {name: places.get(name, len(places)) for name in kwargs}
    in_turn = sorted(order, key=order.__getitem__)
    return kwargs if in_turn == [*kwargs] else {name: kwargs[name] for name in in_turn}


def _by_position(names: Sequence[str], args: Sequence[Any]) -> dict[str, Any]:
    bound: dict[str, Any] = {}
    for place, value in enumerate(args):
        name = names[place] if place < len(names) else f"argument_{place}"
        if name.startswith("*"):
            rest = args[place:]
            alone = len(rest) == 1 and isinstance(rest[0], list | tuple)
            return bound | {name[1:]: list(rest[0] if alone else rest)}
        bound[name] = value
    return bound


@cache
def _is_reversed(function: Callable[..., Any]) -> bool:
    """`2 / x` and the like, which are recorded as the operation itself, its operands exchanged."""
    name = getattr(function, "__name__", "")
    return name[:3] == "__r" and name[3:-2] in REVERSED


def tensor_arguments(bound: Mapping[str, Any]) -> tuple[str, ...]:
    """Whose argument each tensor of the call is, in order: `input`, `weight`; `tensors.1` of a list."""
    told = [(name, value) for name, value in bound.items() if type(value) not in PLAIN]  # before a call for each
    return tuple([label for name, value in told for label in labels_of(name, value)])


def labels_of(name: str, value: Any) -> list[str]:
    """A name for each tensor in a nested argument or result, in order."""
    if isinstance(value, torch.Tensor):
        return [name]
    if isinstance(value, (list, tuple)):
        items: Any = () if PLAIN.issuperset(map(type, value)) else enumerate(value)
    elif isinstance(value, Mapping):
        items = value.items()
    elif hasattr(value, "__dataclass_fields__"):
        items = [(field, getattr(value, field)) for field in value.__dataclass_fields__]
    else:
        return []
    return [label for key, item in items for label in labels_of(f"{name}.{key}", item)]


def kind_of_convolution(bound: Mapping[str, Any], window: Window | None) -> str:
    """torch.convolution is all six of them: `conv_transpose2d`."""
    kind = "conv_transpose" if bound.get("transposed") else "conv"
    return f"{kind}{len(window.kernel_size)}d" if window else "convolution"


def settings_of(bound: Mapping[str, Any], window: Window | None) -> dict[str, Any]:
    """All arguments that are no tensors, as plain data: what else the function depends on. Devices and memory layouts
    are no part of it."""
    elsewhere = {"inplace", "groups"} | (IN_WINDOW if window else set())
    if isinstance(bound.get("padding"), str):
        elsewhere -= {"padding"}  # "same" is not in the window, which has what it comes to
    told = {name: value for name, value in bound.items() if name not in elsewhere and name[0] != "_"}
    plain = {name: _plain(value) for name, value in told.items() if not isinstance(value, torch.Tensor)}
    return {name: value for name, value in plain.items() if value is not None}


def call_said(operation: str, settings: Mapping[str, Any]) -> str:
    """`transpose(dim0=0, dim1=1)`."""
    return f"{operation}({', '.join(f'{name}={value}' for name, value in settings.items())})"


def _plain(value: Any) -> Any:
    """Numbers, words and lists; None for what is no setting."""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return shown(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, slice):
        start, stop, step = ("" if one is None else _plain(one) for one in (value.start, value.stop, value.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(value, list | tuple):
        told = [item for item in value if not isinstance(item, torch.Tensor | None)]
        return [_plain(item) for item in value] if told or not value else None
    if isinstance(value, torch.Tensor):
        return TENSOR
    if value is None or isinstance(value, NO_SETTINGS):
        return None
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return str(value) if isinstance(value, complex) else f"a {type(value).__name__}"
