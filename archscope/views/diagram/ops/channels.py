"""Which axis of a tensor holds channels: the first of an image's, the last of a token's, neither of joined images.

Followed from layer to layer, so that every shape can be written in one order, whatever order the code computes in.
"""

from collections.abc import Mapping
from itertools import takewhile

from archscope.measures.einsum import letters
from archscope.model.graph import Graph, Layer, Shape
from archscope.model.operations import CATEGORY

Axis = int | None
"""Place in a Shape, which has no batch axis; None where nothing tells."""

ON_LAST_AXIS = {"linear", "product", "attention", "recurrent", "embedding"}
FEW = 4
"""So many channels, or fewer, has an image."""


def channel_axes(graph: Graph) -> Mapping[str, Axis]:
    """The axis of channels in each input and in each layer's (first) output, by name."""
    if channel_axes not in graph.derived:
        graph.derived[channel_axes] = _axes(graph)
    axes: Mapping[str, Axis] = graph.derived[channel_axes]
    return axes


def _axes(graph: Graph) -> dict[str, Axis]:
    axes: dict[str, Axis] = {name: _of_input(graph, name, tensor.shape) for name, tensor in graph.inputs.items()}
    shapes: dict[str, Shape] = {name: tensor.shape for name, tensor in graph.inputs.items()}
    for layer in graph.layers:
        axes[layer.name] = _of_layer(layer, axes, shapes)
        shapes[layer.name] = layer.output_shape
    return axes


def _of_input(graph: Graph, name: str, shape: Shape) -> Axis:
    """As the first window slides over it; else the axis that is as short as an image's."""
    if from_end := _under_window(graph, name, shape):
        return len(shape) - from_end
    if len(shape) < 3:
        return None
    return next((axis for axis in (0, 1, len(shape) - 1) if shape[axis] <= FEW), 0)


def _under_window(graph: Graph, name: str, shape: Shape) -> int:
    """How far from the end the first window that slides over a tensor has its channels, also after what was before
    them, such as time, was joined to the batch; 0 where none does."""
    waiting = [(name, shape, len(shape))]  # with how many of the last sizes are still the same
    while waiting:
        tensor, shown, same = waiting.pop()
        for layer in [graph.layer[reader] for reader in graph.consumers[tensor]]:
            if layer.window and len(layer.window.kernel_size) < len(shown):
                from_end = len(layer.window.kernel_size) + 1
                return from_end if from_end <= same else 0
            if CATEGORY.get(layer.operation) == "view":
                pairs = zip(reversed(shown), reversed(layer.output_shape), strict=False)
                kept = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
                waiting.append((layer.name, layer.output_shape, min(same, kept)))
    return 0


def _of_layer(layer: Layer, axes: Mapping[str, Axis], shapes: Mapping[str, Shape]) -> Axis:
    out, category = layer.output_shape, CATEGORY.get(layer.operation, "")
    if not out:
        return None
    if layer.window:
        rank = len(layer.window.kernel_size)
        return len(out) - rank - 1 if len(out) > rank else None
    if layer.operation == "einsum":
        return _of_einsum(layer, axes, shapes)
    over_one = layer.operation == "layer_norm" and len(layer.settings.get("normalized_shape", ())) == 1
    if category in ON_LAST_AXIS or over_one:
        return len(out) - 1
    known = [name for name in layer.inputs if axes.get(name) is not None]
    if not known:
        return None
    source = next((name for name in known if len(shapes[name]) == len(out)), known[0])
    axis = axes[source]
    keeps_axes = category != "view" and len(shapes[source]) == len(out)
    return axis if axis is None or keeps_axes else _moved(axis, shapes[source], out)


def _of_einsum(layer: Layer, axes: Mapping[str, Axis], shapes: Mapping[str, Shape]) -> Axis:
    """The channels of what it reads where these are left; else what its weights make of them, as in the 1x1 convolution
    `bchw,dc->bdhw`; else the last axis. Weights that are made for each image, as `bn,noikl->boikl`, have none."""
    rank, last = len(layer.output_shape), len(layer.output_shape) - 1
    try:
        names, result = letters(layer.settings.get("equation"), [len(operand.shape) for operand in layer.operands])
    except ValueError:
        return last
    read = [(name, one.source) for name, one in zip(names, layer.operands, strict=True) if one.source in shapes]
    made = [letter for letter in result if not any(letter in name for name, _ in read)]
    held = [
        name[axis - len(shapes[source])] for name, source in read
        if (axis := axes.get(source)) is not None and len(shapes[source]) - axis <= len(name)
    ]  # fmt: skip
    if read and len(made) > 1 and len(result) - len(made) < 2 and not set(held).intersection(result):
        return None
    letter = next((letter for letter in [*held, *made[-1:]] if letter in result), result[-1:])
    at = rank - len(result) + result.find(letter)
    return at if at >= 0 else None


def _moved(axis: int, before: Shape, after: Shape) -> Axis:
    """Where the channels are in what is shown otherwise: their axis may be another, found by its size."""
    size, last = before[axis], len(after) - 1
    if len(before) == len(after) and sum(one != two for one, two in zip(before, after, strict=True)) < 2:
        return axis  # a part of one axis, such as half of the channels
    if sorted(before) == sorted(after):  # axes in another order: what was first goes last, what was last first
        order = range(last, -1, -1) if axis < len(before) - 1 else range(last + 1)
        return next(at for at in order if after[at] == size)
    from_end = axis + len(after) - len(before)
    return next((at for at in (from_end, axis) if 0 <= at <= last and after[at] == size), None)


def joins_channels(layer: Layer, axis: Axis) -> bool:
    """Does a concatenation put channels beside each other, rather than images or positions?"""
    out = layer.output_shape
    rank = len(out)
    if axis is None:
        return rank < 3 or all(len(shape) == rank and shape[1:] == out[1:] for shape in layer.input_shapes)
    alike = [len(shape) == rank and (*shape[:axis], *shape[axis + 1 :]) == (*out[:axis], *out[axis + 1 :])
             for shape in layer.input_shapes]  # fmt: skip
    return all(alike)
