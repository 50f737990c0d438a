"""Arithmetic that no MAC count includes: one operation per arithmetic result, as docs/conventions.md tabulates."""

from math import prod

from archscope.measures import measure
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, summed

PER_OUTPUT = {"activation": 1, "elementwise": 1, "softmax": 5}
"""Softmax: maximum, difference, exponential, sum, quotient."""

STATISTICS = 5
"""Per element: mean 1, variance 2, normalise 2; scale and shift are 2 more."""

PER_RECURRENT_UNIT = {"lstm": 17, "gru": 14, "rnn_tanh": 3, "rnn_relu": 3}
"""Per hidden unit and step: two bias additions and an activation a gate, then the state's update."""


@measure
def elementwise(graph: Graph) -> tuple[Column, ...]:
    """Elementwise operations per layer; None for an operation that archscope does not know."""
    return (summed("elementwise_ops", "operations", {layer.name: of_layer(layer) for layer in graph.layers}),)


def of_layer(layer: Layer) -> int | None:
    """Elementwise operations of one layer, or None."""
    category = CATEGORY.get(layer.operation)
    if category is None:
        return None
    outputs = layer.output_elements
    inputs = prod(layer.input_shapes[0]) if layer.input_shapes else 0
    if category in PER_OUTPUT:
        return PER_OUTPUT[category] * outputs
    if category in {"convolution", "transposed convolution", "linear"}:
        return outputs if len(layer.parameters) > 1 else 0
    if category == "normalisation":
        return _normalisation(layer) * outputs
    if category == "pooling":
        return outputs * prod(layer.window.kernel_size) if layer.window else inputs
    if category in {"global pooling", "reduction"}:
        return inputs
    if category == "dropout":
        return outputs if layer.settings.get("training") else 0
    if category == "resampling":
        return outputs * _taps(layer)
    if category == "attention":
        return 6 * _scores(layer)
    if category == "recurrent":
        units = int(layer.settings.get("num_layers", 1)) * prod(layer.output_shape)
        return PER_RECURRENT_UNIT.get(layer.operation.removesuffix("_cell"), 0) * units
    return 0


def _normalisation(layer: Layer) -> int:
    if layer.operation == "batch_norm" and not layer.settings.get("training"):
        return 2  # known statistics fold into one scale and one shift
    return STATISTICS + (2 if layer.parameters else 0)


def _taps(layer: Layer) -> int:
    """Products and sums of one interpolated value."""
    axes = len(layer.output_shape) - 1
    taps = {"bicubic": 4, "nearest": 1, "nearest-exact": 1}.get(str(layer.settings.get("mode", "nearest")), 2)
    return 0 if taps == 1 else 2 * taps**axes - 1


def _scores(layer: Layer) -> int:
    query: list[int]
    key: list[int]
    query, key = layer.settings["operands"][:2]
    if layer.operation == "scaled_dot_product_attention":
        return prod(query[:-1]) * key[-2]
    heads = int(layer.settings.get("num_heads", 1)) * (query[1] if len(query) == 3 else 1)
    return heads * query[0] * key[0]
