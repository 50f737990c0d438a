"""The window that a call of a convolution or pooling slides, from torch's arguments: traced, or read from a file."""

from collections.abc import Mapping
from typing import Any

from archscope.model.graph import Shape, Window
from archscope.model.operations import CATEGORY

IN_WINDOW = frozenset({"kernel_size", "stride", "padding", "dilation"})
"""Arguments that a Layer says in its window, where it has one."""


def pair(value: Any, axes: int) -> Shape:
    """A torch size argument as one number per axis."""
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value) * axes if len(value) == 1 else tuple(value)


def window_of(bound: Mapping[str, Any], operation: str, weight_shape: Shape | None) -> Window | None:
    """The window that the call slides, from its arguments and its weight's full shape; what is not said is torch's."""
    if "conv" in operation and weight_shape is not None:
        kernel_size = tuple(weight_shape[2:])
    elif CATEGORY.get(operation) == "pooling" and "kernel_size" in bound:
        axes = int(operation[operation.index("pool") + 4])
        kernel_size = pair(bound["kernel_size"], axes)
    else:
        return None
    axes = len(kernel_size)

    def said(name: str, implied: Any) -> Any:
        value = bound.get(name)
        return implied if value in (None, [], ()) else value  # a stride of 0 is said, and wrong

    dilation, padding = pair(said("dilation", 1), axes), said("padding", 0)
    if padding == "same":  # torch puts the odd pixel on the right
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel_size, strict=True))
    return Window(
        kernel_size=kernel_size,
        stride=pair(said("stride", kernel_size if CATEGORY.get(operation) == "pooling" else 1), axes),
        padding=(0,) * axes if padding == "valid" else pair(padding, axes),
        dilation=dilation,
    )
