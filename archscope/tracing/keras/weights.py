"""What Keras stores, as torch's functions take it: kernels with their axes in torch's order."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from archscope.model.stored import Axes
from archscope.tracing.keras.layouts import ChannelsFirst
from archscope.tracing.records import Source


def seen(layout: ChannelsFirst, variable: Any, axes: Sequence[int], shape: Sequence[int] = ()) -> torch.Tensor:
    """A variable with its axes in torch's order, read as of this `shape` first."""
    said = str(Axes(tuple(shape or variable.shape), tuple(axes)))
    return shown_as(
        layout, variable, said, lambda stored: (stored.reshape(tuple(shape)) if shape else stored).permute(*axes)
    )


def shown_as(
    layout: ChannelsFirst, variable: Any, said: str, show: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """A variable as torch's function takes it, and how that is said: the same stored tensor all the same."""
    stored: torch.Tensor = variable._value
    sources = layout.tracer.sources
    source: Source | None = sources.of(stored)
    with torch._C.DisableTorchFunction():
        shown = show(stored if layout.tracer.real else sources.twin(stored))
    if source is not None:
        sources.tag(shown, source, None, (0, (said,)))
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
