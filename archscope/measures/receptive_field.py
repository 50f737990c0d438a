"""Receptive field: which input pixels an output element can see, per spatial axis, over all branches.

Each value carries, per axis, the input pixels between two neighbouring elements (the stride) and the interval of
input pixels that its first element sees. Windows widen the interval; where branches meet the hull is taken, so
differently aligned branches are right. Statistics and gates computed from the whole image (squeeze-and-excitation,
group norm) do not count: they say nothing about locality.
"""

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from archscope.measures import measure
from archscope.model.graph import Graph, Layer, Shape
from archscope.model.operations import CATEGORY
from archscope.model.report import Column


class Axis(NamedTuple):
    """`stride` input pixels an element; the first element sees input pixels `low` to `high`."""

    stride: int | Fraction
    low: int | Fraction
    high: int | Fraction


Field = tuple[Axis, ...] | None
"""None: the value has no position in the input any more, or archscope cannot tell."""

ONE = Axis(1, 0, 0)
POSITION_KEPT = {"activation", "elementwise", "normalisation", "softmax", "dropout", "movement", "view"}


@measure
def receptive_field(graph: Graph) -> tuple[Column, ...]:
    """Height and width in input pixels per layer; the total is that of the last layer with a position, and its
    stride. None after the network has pooled or flattened positions away."""
    found: dict[str, Field] = {name: (ONE,) * (len(tensor.shape) - 1) or None for name, tensor in graph.inputs.items()}
    sizes: dict[str, list[int] | None] = {}
    last: tuple[Axis, ...] | None = None
    for layer in graph.layers:
        field = found[layer.name] = of_layer(layer, [found[name] for name in layer.inputs])
        sizes[layer.name] = None if field is None else _size(field)
        last = field or last
    total = None if last is None else {"size": _size(last), "stride": [_plain(axis.stride) for axis in last]}
    return (Column("receptive_field", "pixels", total, sizes, reduce="last"),)


def _size(field: tuple[Axis, ...]) -> list[int]:
    return [ceil(axis.high) - floor(axis.low) + 1 for axis in field]


def _plain(number: int | Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def of_layer(layer: Layer, inputs: list[Field]) -> Field:
    """The field of a layer's output from its inputs'."""
    category = CATEGORY.get(layer.operation)
    if not inputs or category is None:
        return None
    first = inputs[0]
    if layer.window is not None and first is not None:
        slide = _spread if category == "transposed convolution" else _slide
        window = zip(
            first,
            layer.window.kernel_size,
            layer.window.stride,
            layer.window.padding,
            layer.window.dilation,
            strict=False,
        )
        return tuple(slide(*row) for row in window)
    if category == "resampling" and first is not None:
        return _resample(layer, first)
    if layer.operation == "pad" and first is not None:
        return _pad(layer, first)
    if category in POSITION_KEPT:
        return _merge(layer, inputs)
    return None


def _slide(axis: Axis, kernel: int, stride: int, padding: int, dilation: int) -> Axis:
    low = axis.low - padding * axis.stride
    return Axis(axis.stride * stride, low, axis.high + (dilation * (kernel - 1) - padding) * axis.stride)


def _spread(axis: Axis, kernel: int, stride: int, padding: int, dilation: int) -> Axis:
    """A transposed convolution: the hull over the phases of its stride."""
    reach = floor(Fraction(dilation * (kernel - 1) - padding, stride))
    ahead = floor(Fraction(padding + stride - 1, stride))
    return Axis(Fraction(axis.stride, stride), axis.low - reach * axis.stride, axis.high + ahead * axis.stride)


def _resample(layer: Layer, field: tuple[Axis, ...]) -> Field:
    before, after = layer.input_shapes[0][-len(field) :], layer.output_shape[-len(field) :]
    reach = 0 if "nearest" in str(layer.settings.get("mode", "nearest")) else 1
    return tuple(
        Axis(axis.stride * Fraction(old, new), axis.low - reach * axis.stride, axis.high + reach * axis.stride)
        for axis, old, new in zip(field, before, after, strict=True)
    )


def _pad(layer: Layer, field: tuple[Axis, ...]) -> Field:
    amounts = list(layer.settings.get("pad", []))
    lefts = (amounts[::2] + [0] * len(field))[: len(field)]  # torch lists the last axis first
    return tuple(
        Axis(axis.stride, axis.low - left * axis.stride, axis.high - left * axis.stride)
        for axis, left in zip(field, reversed(lefts), strict=True)
    )


def _merge(layer: Layer, inputs: list[Field]) -> Field:
    """The hull of all inputs that keep their positions; none where the layer rearranges them."""
    fields = []
    for field, shape in zip(inputs, layer.input_shapes, strict=True):
        if field is None or _is_gate(shape, layer.output_shape):
            continue
        if shape[-len(field) :] != layer.output_shape[-len(field) :]:
            return None
        fields.append(field)
    if len(fields) == 1:
        return fields[0]
    if not fields or any(len(field) != len(fields[0]) for field in fields):
        return None
    if any(len({axis.stride for axis in axes}) > 1 for axes in zip(*fields, strict=True)):
        return None
    return tuple(
        Axis(axes[0].stride, min(axis.low for axis in axes), max(axis.high for axis in axes))
        for axes in zip(*fields, strict=True)
    )


def _is_gate(shape: Shape, output_shape: Shape) -> bool:
    """One value a channel, broadcast over the positions."""
    return set(shape[1:]) <= {1} and set(output_shape[1:]) != {1}
