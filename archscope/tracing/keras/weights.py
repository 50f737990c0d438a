"""What Keras stores, as torch's functions take it: kernels with their axes in torch's order."""

from collections.abc import Sequence
from typing import Any

import torch

from archscope.model.stored import Axes
from archscope.tracing.keras.layouts import ChannelsFirst
from archscope.tracing.records import Source


def seen(layout: ChannelsFirst, variable: Any, axes: Sequence[int], shape: Sequence[int] = ()) -> torch.Tensor:
    """A variable with its axes in torch's order, read as of this `shape` first: the same stored tensor all the same."""
    stored: torch.Tensor = variable._value
    source: Source | None = layout.tracer.sources.of(stored)
    with torch._C.DisableTorchFunction():
        if not layout.tracer.real:
            stored = layout.tracer.sources.twin(stored)
        shown = (stored.reshape(tuple(shape)) if shape else stored).permute(*axes)
    if source is not None:
        said = str(Axes(tuple(shape or stored.shape), tuple(axes)))
        layout.tracer.sources.tag(shown, source, None, (0, (said,)))
    return shown


def kernel(layout: ChannelsFirst, variable: Any) -> torch.Tensor:
    """Of a convolution: height, width, in, out becomes out, in, height, width."""
    axes = len(variable.shape)
    return seen(layout, variable, (axes - 1, axes - 2, *range(axes - 2)))


def depthwise_kernel(layout: ChannelsFirst, variable: Any) -> torch.Tensor:
    """Height, width, channels, multiplier becomes channels * multiplier, 1, height, width."""
    *size, channels, multiplier = variable.shape
    axes = len(size)
    return seen(layout, variable, (axes + 1, axes, *range(axes)), (*size, 1, channels * multiplier))


def value(variable: Any) -> torch.Tensor | None:
    return None if variable is None else variable._value
