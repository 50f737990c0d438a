"""Output shapes of the everyday operations, in plain Python.

torch can tell every shape on the meta device, but the first such question imports a second's worth of Python
(its decompositions). These rules answer the common ones in microseconds; `None` means: ask torch. They never
judge: where sizes do not fit they return None too, and torch then words the error.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archscope.graph import Shape, Window
from archscope.operations import CATEGORY

Rule = Callable[[Sequence[Shape], Mapping[str, Any], Window | None], list[Shape] | None]


def pair(value: Any, axes: int) -> Shape:
    """A torch size argument as one number per axis."""
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value) * axes if len(value) == 1 else tuple(value)


def windowed(size: Shape, window: Window, ceil_mode: bool = False) -> Shape | None:
    """Spatial sizes after a window has slid over them."""
    sizes = []
    axes = zip(size, window.kernel_size, window.stride, window.padding, window.dilation, strict=True)
    for length, kernel, stride, padding, dilation in axes:
        room = length + 2 * padding - dilation * (kernel - 1) - 1
        if room < 0:
            return None
        steps = -(-room // stride) if ceil_mode else room // stride
        if ceil_mode and steps * stride >= length + padding:
            steps -= 1  # torch drops a window that starts in the right-hand padding
        sizes.append(steps + 1)
    return tuple(sizes)


def convolution(shapes: Sequence[Shape], settings: Mapping[str, Any], window: Window | None) -> list[Shape] | None:
    image, weight = shapes[:2]
    if window is None or len(image) != len(weight) or image[1] != weight[1] * settings["groups"]:
        return None
    if settings["padding"] == "same":
        return [(image[0], weight[0], *image[2:])]
    spatial = windowed(image[2:], window)
    return spatial and [(image[0], weight[0], *spatial)]


def pooling(shapes: Sequence[Shape], settings: Mapping[str, Any], window: Window | None) -> list[Shape] | None:
    image = shapes[0]
    if window is None or settings.get("return_indices") or len(image) != len(window.kernel_size) + 2:
        return None
    if any(2 * padding > kernel for padding, kernel in zip(window.padding, window.kernel_size, strict=True)):
        return None
    spatial = windowed(image[2:], window, bool(settings.get("ceil_mode")))
    return spatial and [(*image[:2], *spatial)]


def global_pooling(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    axes = len(shapes[0]) - 2
    size = settings.get("output_size")
    if axes < 1 or size is None or settings.get("return_indices") or (not isinstance(size, int) and None in size):
        return None
    return [(*shapes[0][:2], *pair(size, axes))]


def linear(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    activation, weight = shapes[:2]
    return [(*activation[:-1], weight[0])] if activation[-1:] == weight[1:] else None


def same(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    return [shapes[0]]


def batch_norm(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    channels = shapes[0][1:2]
    return [shapes[0]] if all(shape == channels for shape in shapes[1:]) else None


def layer_norm(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    axes = tuple(settings["normalized_shape"])
    return [shapes[0]] if shapes[0][-len(axes) :] == axes else None


def elementwise(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    if len(shapes) == 1 or all(shape == shapes[0] for shape in shapes):
        return [shapes[0]]
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    sizes = [{size for size in axis if size != 1} for axis in zip(*padded, strict=True)]
    return None if any(len(size) > 1 for size in sizes) else [tuple(next(iter(size), 1) for size in sizes)]


def cat(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    first, axis = shapes[0], settings["dim"]
    axis += len(first) if axis < 0 else 0
    if any(len(shape) != len(first) for shape in shapes) or not 0 <= axis < len(first):
        return None
    if any(shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :] for shape in shapes):
        return None
    return [(*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])]


def recurrent(shapes: Sequence[Shape], settings: Mapping[str, Any], _: Window | None) -> list[Shape] | None:
    sequence, hidden = shapes[0], shapes[1]
    directions = 2 if settings["bidirectional"] else 1
    return [(*sequence[:-1], directions * hidden[-1]), *shapes[1 : settings["states"] + 1]]


RULES: dict[str, Rule] = {
    "linear": linear, "batch_norm": batch_norm, "layer_norm": layer_norm, "cat": cat,
    "lstm": recurrent, "gru": recurrent, "rnn_tanh": recurrent, "rnn_relu": recurrent,
}  # fmt: skip
RULES |= {operation: convolution for operation in ("conv1d", "conv2d", "conv3d")}
RULES |= {operation: pooling for operation in ("max_pool2d", "avg_pool2d", "max_pool1d", "avg_pool1d")}
RULES |= {f"adaptive_{kind}_pool2d": global_pooling for kind in ("avg", "max")}
RULES |= {operation: elementwise for operation in ("add", "sub", "mul", "div", "rsub")}
RULES |= {
    operation: same
    for operation, category in CATEGORY.items()
    if category in {"activation", "dropout"} and operation not in {"glu", "prelu", "rrelu"}
}
RULES |= {operation: same for operation in ("softmax", "log_softmax", "local_response_norm", "group_norm")}


def output_shapes(
    operation: str, shapes: Sequence[Shape], settings: Mapping[str, Any], window: Window | None
) -> list[Shape] | None:
    """Shapes that `operation` gives for operands of these full shapes (batch included), or None if no rule knows."""
    rule = RULES.get(operation)
    return rule(shapes, settings, window) if rule else None
