"""Keras layers as the torch function that each is: with its bias, its padding, its kernel in torch's order.

Keras' torch backend writes a convolution as one, a reshaped bias and an addition, a fully connected layer as a product,
a batch normalisation as four products and sums. A layer that is not in this table, or that does more than its class
says (quantised, low-rank, of mixed precision), is seen by what it calls.
"""

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch.nn import functional as F

from archscope.tracing.keras.layouts import ChannelsFirst, first_of, flat, flattened_from, last, plain, to_first
from archscope.tracing.keras.sequences import embedding, recurrent
from archscope.tracing.keras.weights import depthwise_kernel, kernel, seen, value

Rule = Callable[..., Any]
Sides = list[tuple[int, int]]


def rule_for(layer: Any) -> Rule | None:
    """The function that a layer of Keras' own is; None for a class that computes otherwise than its base."""
    for kind in type(layer).__mro__:
        rule = RULES.get(kind.__name__)
        if rule is not None and kind.__module__.startswith("keras."):
            own = type(layer).call is kind.call and _is_plain(layer)  # type: ignore[attr-defined]
            return rule if own else None
    return None


def _is_plain(layer: Any) -> bool:
    changed = getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None) is not None
    return not changed and layer.compute_dtype == layer.variable_dtype


# ---- images -----------------------------------------------------------------------------------------------------


def image(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """What a layer with a format reads, channels first."""
    return to_first(x) if layer.data_format == "channels_last" else plain(x)


def shown(layer: Any, made: torch.Tensor) -> torch.Tensor:
    return last(made) if layer.data_format == "channels_last" else made


def same_padding(sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Sides:
    """Before and after, as many as make `ceil(size / stride)` windows; the odd one comes after."""
    totals = [
        max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    return [(total // 2, total - total // 2) for total in totals]


def padded(x: torch.Tensor, sides: Sides, mode: str = "constant", value: float = 0.0) -> tuple[torch.Tensor, Any]:
    """What a window slides over, and its padding argument: the sides themselves where they are equal."""
    if all(before == after for before, after in sides):
        return x, tuple(before for before, _ in sides)
    flat_sides = [number for pair in reversed(sides) for number in pair]
    return F.pad(x, flat_sides, mode, value if mode == "constant" else None), (0,) * len(sides)


def _convolved(layer: Any, x: torch.Tensor, weight: torch.Tensor, bias: Any, groups: int, stride: Any) -> torch.Tensor:
    axes = layer.rank
    sides = [(0, 0)] * axes
    if layer.padding == "same":
        sides = same_padding(x.shape[2:], weight.shape[2:], stride, layer.dilation_rate)
    elif layer.padding == "causal":
        sides = [(layer.dilation_rate[0] * (layer.kernel_size[0] - 1), 0)]
    x, padding = padded(x, sides)
    convolve = getattr(F, f"conv{axes}d")
    made: torch.Tensor = convolve(x, weight, bias, tuple(stride), padding, tuple(layer.dilation_rate), groups)
    return made


def _activated(layer: Any, made: torch.Tensor) -> torch.Tensor:
    return made if layer.activation is None else layer.activation(made)


def conv(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    x, weight = image(layer, x), kernel(layout, layer._kernel)
    groups = x.shape[1] // weight.shape[1]
    made = _convolved(layer, x, weight, value(layer.bias), groups, layer.strides)
    return _activated(layer, shown(layer, made))


def depthwise(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    x = image(layer, x)
    weight = depthwise_kernel(layout, layer.kernel)
    made = _convolved(layer, x, weight, value(layer.bias), x.shape[1], layer.strides)
    return _activated(layer, shown(layer, made))


def separable(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    """Two convolutions, each a part of its own. Keras strides in the first one and dilates in both."""
    x = image(layer, x)
    deep = depthwise_kernel(layout, layer.depthwise_kernel)
    point = kernel(layout, layer.pointwise_kernel)
    each = layer._modules["depthwise"](lambda: _convolved(layer, x, deep, None, x.shape[1], layer.strides))
    bias, rate = value(layer.bias), tuple(layer.dilation_rate)
    ones = (1,) * layer.rank
    convolve = getattr(F, f"conv{layer.rank}d")
    made = layer._modules["pointwise"](lambda: convolve(each, point, bias, ones, (0,) * layer.rank, rate))
    return _activated(layer, shown(layer, made))


def transposed(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    """Keras cuts what torch's padding and output padding do not say."""
    from keras.src.backend.common import backend_utils

    crops = backend_utils.compute_conv_transpose_output_crops_for_torch(
        tuple(x.shape), tuple(layer.kernel.shape), layer.strides, layer.padding, layer.output_padding,
        layer.dilation_rate,
    )  # fmt: skip
    if min(map(min, crops)) < 0:
        return NotImplemented
    x, weight = image(layer, x), kernel(layout, layer.kernel)
    padding = [before for before, _ in crops]
    more = [max(pad - after, 0) for pad, (_, after) in zip(padding, crops, strict=True)]
    convolve = getattr(F, f"conv_transpose{layer.rank}d")
    made = convolve(x, weight, value(layer.bias), tuple(layer.strides), padding, more, 1, tuple(layer.dilation_rate))
    cut = [max(after - pad, 0) for pad, (_, after) in zip(padding, crops, strict=True)]
    if any(cut):
        made = made[(slice(None), slice(None), *(slice(0, -n if n else None) for n in cut))]
    return _activated(layer, shown(layer, made))


def pooling(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    x = image(layer, x)
    axes, stride, average = len(layer.pool_size), tuple(layer.strides), layer.pool_mode == "average"
    sides = [(0, 0)] * axes
    if layer.padding == "same":
        sides = same_padding(x.shape[2:], layer.pool_size, stride, (1,) * axes)
    if average:  # Keras' torch backend repeats the edge where the sides differ
        x, padding = padded(x, sides, "replicate")
        made = getattr(F, f"avg_pool{axes}d")(x, tuple(layer.pool_size), stride, padding, False, False)
    else:
        x, padding = padded(x, sides, value=float("-inf"))
        made = getattr(F, f"max_pool{axes}d")(x, tuple(layer.pool_size), stride, padding)
    return shown(layer, made)


# ---- all else ---------------------------------------------------------------------------------------------------


def dense(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = None) -> Any:
    """Of channels that come last a 1x1 convolution; of a flattened image with the kernel's rows in torch's order."""
    variable, bias, shape = layer._kernel, value(layer.bias), flattened_from(x)
    units = int(variable.shape[1])
    first = first_of(x)
    if shape is not None and first is not None:
        channels, *size = shape
        axes = len(size)
        weight = seen(layout, variable, (axes + 1, axes, *range(axes)), (*size, channels, units))
        made = F.linear(first, _as_matrix(layout, weight), bias)
    elif first is not None:
        axes = x.dim() - 2
        weight = seen(layout, variable, (axes + 1, axes, *range(axes)), (*[1] * axes, *variable.shape))
        made = last(getattr(F, f"conv{axes}d")(first, weight, bias))
    else:
        made = F.linear(plain(x), seen(layout, variable, (1, 0)), bias)
    return _activated(layer, made)


def _as_matrix(layout: ChannelsFirst, weight: torch.Tensor) -> torch.Tensor:
    """Out x all else, still what is stored."""
    with torch._C.DisableTorchFunction():
        matrix = weight.flatten(1)
    source = layout.tracer.sources.of(weight)
    if source is not None:
        layout.tracer.sources.tag(matrix, source, None, layout.tracer.sources.part(weight))
    return matrix


def einsum_dense(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = None) -> Any:
    """A fully connected layer, where the kernel's first axes are the last ones of what comes in, and its other axes are
    those of what goes out: heads and their widths, say."""
    given, stored, out = re.split(",|->", layer.equation.replace("...", ""))
    summed = "".join(each for each in stored if each not in out)
    new, kept = stored[len(summed) :], given[: len(given) - len(summed)]
    if not summed or (stored, given, out) != (summed + new, kept + summed, kept + new):
        return NotImplemented
    sizes = tuple(layer._kernel.shape)
    read, made_sizes = sizes[: len(summed)], sizes[len(summed) :]
    if layer.bias is not None and tuple(layer.bias.shape) != made_sizes:
        return NotImplemented
    weight = seen(layout, layer._kernel, (1, 0), (prod(read), prod(made_sizes)))
    bias = None if layer.bias is None else seen(layout, layer.bias, (0,), (prod(made_sizes),))
    x = plain(x)
    made = F.linear(x if len(read) == 1 else x.flatten(x.dim() - len(read)), weight, bias)
    return _activated(layer, made if len(new) == 1 else made.reshape(*made.shape[:-1], *made_sizes))


def batch_norm(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = None, mask: Any = None) -> Any:
    last_axis = layer.axis in (-1, x.dim() - 1)
    if getattr(layer, "renorm", False) or not (last_axis or layer.axis == 1):
        return NotImplemented
    first = first_of(x) if last_axis and flattened_from(x) is None else None
    if first is None:
        first = plain(x) if layer.axis == 1 or x.dim() == 2 else to_first(x)
    made = F.batch_norm(
        first, layer.moving_mean._value, layer.moving_variance._value, value(layer.gamma), value(layer.beta),
        bool(training and layer.trainable), round(1 - layer.momentum, 7), layer.epsilon,
    )  # fmt: skip
    return last(made) if last_axis and x.dim() > 2 else made


def layer_norm(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    """Along the last axis, as torch has it: an image is turned around before and after."""
    axes = [layer.axis] if isinstance(layer.axis, int) else [*layer.axis]
    if axes not in ([-1], [x.dim() - 1]) or getattr(layer, "rms_scaling", False):
        return NotImplemented
    made = F.layer_norm(plain(x), (x.shape[-1],), value(layer.gamma), value(layer.beta), layer.epsilon)
    return last(to_first(made)) if first_of(x) is not None and flattened_from(x) is None else made


def group_norm(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    last_axis = layer.axis in (-1, x.dim() - 1)
    if x.dim() == 2 or not (last_axis or layer.axis == 1):
        return NotImplemented
    first = to_first(x) if last_axis else plain(x)
    made = F.group_norm(first, layer.groups, value(layer.gamma), value(layer.beta), layer.epsilon)
    return last(made) if last_axis else made


def prelu(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    """With one slope, or one a channel."""
    *before, slopes = layer.alpha.shape
    if any(size != 1 for size in before):
        return NotImplemented
    weight = seen(layout, layer.alpha, (0,), (slopes,))
    return F.prelu(plain(x), weight) if x.dim() == 2 else last(F.prelu(to_first(x), weight))


def dropout(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = False) -> Any:
    if layer.noise_shape is not None:
        each = [size == 1 for size in layer.noise_shape[1:]]
        of_channels = len(each) == x.dim() - 1 and len(each) in range(2, 5) and all(each[:-1]) and not each[-1]
        return spatial_dropout(layout, layer, x, training) if of_channels else NotImplemented  # of whole images, say
    return F.dropout(x, layer.rate, bool(training))


def spatial_dropout(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = False) -> Any:
    """Of whole channels."""
    drop = getattr(F, f"dropout{x.dim() - 2}d")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return drop(plain(x), layer.rate, bool(training))
    return last(drop(to_first(x), layer.rate, bool(training)))


def alpha_dropout(layout: ChannelsFirst, layer: Any, x: torch.Tensor, training: Any = False) -> Any:
    return NotImplemented if layer.noise_shape is not None else F.alpha_dropout(x, layer.rate, bool(training))


def flatten(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    first = first_of(x)
    if first is None or flattened_from(x) is not None or layer.data_format != "channels_last":
        return plain(x).flatten(1)
    made = first.flatten(1)
    return made if all(size == 1 for size in first.shape[2:]) else flat(made, tuple(first.shape[1:]))


def upsampling(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    if getattr(layer, "interpolation", "nearest") != "nearest":  # a volume has no other
        return NotImplemented
    return shown(layer, F.interpolate(image(layer, x), scale_factor=tuple(map(float, layer.size)), mode="nearest"))


RULES: dict[str, Rule] = {
    **{f"Conv{axes}D": conv for axes in (1, 2, 3)},
    **{f"DepthwiseConv{axes}D": depthwise for axes in (1, 2)},
    **{f"SeparableConv{axes}D": separable for axes in (1, 2)},
    **{f"Conv{axes}DTranspose": transposed for axes in (1, 2, 3)},
    **{f"{kind}Pooling{axes}D": pooling for kind in ("Max", "Average") for axes in (1, 2, 3)},
    "Dense": dense,
    "EinsumDense": einsum_dense,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "PReLU": prelu,
    "Dropout": dropout,
    **{f"SpatialDropout{axes}D": spatial_dropout for axes in (1, 2, 3)},
    "AlphaDropout": alpha_dropout,
    "Flatten": flatten,
    **{f"UpSampling{axes}D": upsampling for axes in (2, 3)},
    "Embedding": embedding,
    "LSTM": recurrent,
    "GRU": recurrent,
    "SimpleRNN": recurrent,
}
"""By the names of Keras' classes. A rule gives NotImplemented where a layer's options make it another function."""
