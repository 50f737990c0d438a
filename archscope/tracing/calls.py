"""What one call of a torch function says: which operation it is, its settings, its window."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from archscope.model.graph import Shape, Window
from archscope.model.operations import ALIASES, CATEGORY
from archscope.model.text import shown
from archscope.tracing.shape_rules import pair

OPERATORS = {
    "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "invert": "bitwise_not",
}  # fmt: skip

TORCHS = frozenset({"aten", "prims", "torchvision", "higher_order"})
"""Libraries whose operators are known by their names alone."""

ARGUMENTS = {
    "convolution": "input weight bias stride padding dilation transposed output_padding groups",
    "conv1d conv2d conv3d": "input weight bias stride padding dilation groups",
    "conv_transpose1d conv_transpose2d conv_transpose3d":
        "input weight bias stride padding output_padding groups dilation",
    "avg_pool1d avg_pool2d avg_pool3d":
        "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "max_pool1d max_pool2d max_pool3d": "input kernel_size stride padding dilation ceil_mode",
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d": "input output_size",
    "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d": "input output_size return_indices",
    "linear": "input weight bias",
    "cat stack": "tensors dim",
    "add sub mul div pow rsub": "input other",
    "softmax log_softmax": "input dim",
    "mean sum amax amin argmax": "input dim keepdim",
    "var std": "input dim unbiased keepdim",
    "dropout alpha_dropout feature_alpha_dropout": "input p training inplace",
    "transpose": "input dim0 dim1",
    "squeeze unsqueeze": "input dim",
    "flatten": "input start_dim end_dim",
    "chunk": "input chunks dim",
    "split": "input split_size dim",
    "getitem": "input index",
    "setitem": "input index value",
    "pixel_shuffle": "input upscale_factor",
    "channel_shuffle": "input groups",
    "clamp": "input min max",
    "einsum": "equation",
    "cdist": "input other p",
    "fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft": "input n dim norm",
    "fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2 fft_hfft2 fft_ihfft2": "input s dim norm",
    "fft_fftn fft_ifftn fft_rfftn fft_irfftn fft_hfftn fft_ihfftn": "input s dim norm",
    "lstm gru rnn_tanh rnn_relu":
        "input hx weights has_biases num_layers dropout train bidirectional batch_first",
}  # fmt: skip
ARGUMENT_NAMES = {operation: names.split() for group, names in ARGUMENTS.items() for operation in group.split()}

DEFAULTS: dict[str, dict[str, Any]] = {
    "convolution": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    "transposed convolution": {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1},
    "pooling": {"padding": 0, "dilation": 1},
}
NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim"}
HANDLED = {"inplace", "kernel_size", "stride", "padding", "dilation", "groups"}
"""Settings that a Layer says in other fields."""


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
    if library not in TORCHS:
        return f"{library}::{name}", name.endswith("_")
    plain = name.strip("_").removeprefix("special_")
    return ALIASES.get(plain, plain), name.endswith("_")


def _library(function: Callable[..., Any]) -> str:
    """Whose operator it is: a user's own may bear any name, `add` for instance."""
    packet = getattr(function, "_overloadpacket", function)
    return str(getattr(packet, "_qualified_op_name", "aten::")).partition("::")[0]


@cache
def _parameter_names(function: Callable[..., Any], operation: str) -> list[str]:
    if operation in ARGUMENT_NAMES:
        return ARGUMENT_NAMES[operation]
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a builtin: its tensors are found all the same, its scalars stay unnamed
        return []


def bind(
    function: Callable[..., Any], operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name, defaults that decide the shape filled in."""
    names = _parameter_names(function, operation)
    if operation in {"lstm", "gru", "rnn_tanh", "rnn_relu"} and not isinstance(args[3], bool):
        names = [*names[:1], "batch_sizes", *names[1:-1]]  # a packed sequence brings its batch sizes
    bound = DEFAULTS.get(CATEGORY.get(operation, ""), {}) | dict(zip(names, args, strict=False))
    bound |= {NUMPY_WORDS.get(name, name): value for name, value in kwargs.items()}
    if operation in {"cat", "stack"}:
        bound.setdefault("dim", 0)
    return bound


def window_of(bound: Mapping[str, Any], operation: str, weight_shape: Shape | None) -> Window | None:
    """The window that the call slides, from its arguments and its weight's full shape."""
    if "conv" in operation and weight_shape is not None:
        kernel_size = tuple(weight_shape[2:])
    elif CATEGORY.get(operation) == "pooling" and "kernel_size" in bound:
        axes = int(operation[operation.index("pool") + 4])
        kernel_size = pair(bound["kernel_size"], axes)
    else:
        return None
    axes = len(kernel_size)
    dilation = pair(bound["dilation"], axes)
    stride = bound.get("stride")
    padding = bound["padding"]
    if padding == "same":  # torch puts the odd pixel on the right
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel_size, strict=True))
    return Window(
        kernel_size=kernel_size,
        stride=kernel_size if stride in (None, [], ()) else pair(stride, axes),
        padding=(0,) * axes if padding == "valid" else pair(padding, axes),
        dilation=dilation,
    )


def kind_of_convolution(bound: Mapping[str, Any], window: Window | None) -> str:
    """torch.convolution is all six of them: `conv_transpose2d`."""
    kind = "conv_transpose" if bound.get("transposed") else "conv"
    return f"{kind}{len(window.kernel_size)}d" if window else "convolution"


def settings_of(bound: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars among the arguments: what a reader or a comparison of two layers wants to know."""
    plain = {name: _plain(value) for name, value in bound.items() if name not in HANDLED and name[0] != "_"}
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return shown(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, slice):
        start, stop, step = ("" if number is None else number for number in (value.start, value.stop, value.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return None if None in items else items
    return None
