"""What training keeps: the tensors that autograd saves in the forward pass for the backward pass."""

import re
from collections.abc import Iterable, Iterator, Set
from math import prod

from archscope.measures import measure
from archscope.measures.memory import storage_roots
from archscope.model.graph import Graph, Layer, Shape, bytes_of
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, summed

KEEP_OUTPUT = {"relu", "sigmoid", "tanh", "softmax", "log_softmax", "exp", "sqrt", "rsqrt", "reciprocal"}
"""Their derivative needs only what they returned."""

LINEAR = {"add", "sub", "rsub", "neg", "where", "masked_fill", "eq", "ne", "lt", "le", "gt", "ge", "sign", "floor"}
"""Their derivative needs no values; a product with a constant neither."""

NOTHING = {"view", "movement", "resampling"}

KEEP_RESULT_IN_PLACE = KEEP_OUTPUT | {"leaky_relu", "elu", "selu", "celu"}
"""Activations whose derivative can be told from what they wrote; of others torch copies what they overwrite."""


@measure
def training_memory(graph: Graph) -> tuple[Column, ...]:
    """Bytes kept by the layer that saves a tensor first; a tensor that two layers save counts once.

    As in training: batch normalisation uses batch statistics and dropout draws a mask of one byte an element (the
    CUDA kernel's; the CPU's are floats). Before the first trainable parameter nothing is kept. Weights, gradients
    and the optimiser's state are not included. None where torch's kernels decide themselves.
    """
    sizes = {name: bytes_of(tensor.shape, tensor.dtype) for name, tensor in graph.inputs.items()}
    sizes |= {layer.name: layer.output_bytes for layer in graph.layers}
    values: dict[str, int | float | None] = {
        layer.name: None if kept is None else (sum(sizes[name] for name in kept[0]) + kept[1]) * graph.batch
        for layer, kept in newly_kept(graph)
    }
    kept_column = summed("training_memory_bytes", "bytes", values)
    return kept_column, Column("training_peak_bytes", "bytes", _peak(graph, kept_column))


def newly_kept(graph: Graph) -> Iterator[tuple[Layer, tuple[Set[str], int] | None]]:
    """Of each layer the tensors that it is the first to save, by their storage roots, and bytes of what it keeps
    besides for one image; None where that is not known."""
    roots = storage_roots(graph)
    trainable = {name for name, tensor in graph.parameters.items() if tensor.trainable}
    differentiated: set[str] = set()
    saved: set[str] = set()
    for layer in graph.layers:
        trains = not trainable.isdisjoint(layer.parameters)
        if not trains and differentiated.isdisjoint(layer.inputs):
            yield layer, (frozenset(), 0)
            continue
        differentiated.add(layer.name)
        kept = kept_by(layer, trains)
        if kept is None:
            yield layer, None
            continue
        names, extra = kept
        new = {roots[name] for name in names} - saved
        saved |= new
        yield layer, (new, extra)


def _peak(graph: Graph, kept: Column) -> int | None:
    """What a step of SGD with momentum holds at its highest: weights and buffers, a gradient and a momentum for each
    weight that trains, the inputs, and what is kept for the backward pass. None where the last is not known."""
    if None in kept.values.values():
        return None
    stored = sum(tensor.bytes for tensor in (*graph.parameters.values(), *graph.buffers.values()))
    trained = sum(tensor.bytes for tensor in graph.parameters.values() if tensor.trainable)
    inputs = sum(tensor.bytes for tensor in graph.inputs.values()) * graph.batch
    return int(stored + 2 * trained + inputs + kept.total)


def kept_by(layer: Layer, trains: bool) -> tuple[Iterable[str], int] | None:
    """Names of the tensors that this layer's derivative needs, and bytes of what it keeps besides.

    `trains` says that some of its parameters are trainable.
    """
    category = CATEGORY.get(layer.operation)
    if category is None or category in {"attention", "recurrent"}:
        return None
    if category in NOTHING or layer.operation in LINEAR or not layer.inputs:
        return (), 0
    if category == "activation" and layer.memory == "in_place":
        return ((layer.name,), 0) if layer.operation in KEEP_RESULT_IN_PLACE else ((), layer.output_bytes)
    if layer.operation in KEEP_OUTPUT:
        return (layer.name,), 0
    if layer.parameters and not trains and category in {"convolution", "transposed convolution", "linear"}:
        return (), 0  # the weight alone
    if category == "elementwise" and len(layer.inputs) == 1 and layer.operation in {"mul", "div"}:
        return (layer.inputs if layer.parameters else ()), 0
    if category == "global pooling":
        mean = set(layer.output_shape[-_axes(layer) :]) == {1} and "avg" in layer.operation
        return (() if mean else layer.inputs), _statistics(layer)
    if category == "dropout":
        return (), _mask(layer) if layer.settings.get("p", 0.5) else 0
    if category == "reduction":
        return (() if layer.operation in {"mean", "sum", "argmax", "argmin"} else layer.inputs), 0
    if category == "embedding":
        return layer.inputs, 0
    return layer.inputs, _statistics(layer)


def _mask(layer: Layer) -> int:
    """Bytes of a dropout's mask: where whole channels are dropped, one number a channel."""
    if layer.operation == "dropout":
        return layer.output_elements
    given = _given(layer)
    return bytes_of(given if layer.operation == "alpha_dropout" else given[:2], layer.dtypes[0])


def _given(layer: Layer) -> Shape:
    """The shape of what a layer is given, batch included."""
    return layer.operand_shapes[0] if layer.operands else (1, *layer.output_shape)


def _axes(layer: Layer) -> int:
    """Of an image, as the operation's name says: 2 of `dropout2d`."""
    return int(re.findall(r"(\d)d", layer.operation)[0])


def _statistics(layer: Layer) -> int:
    """Bytes of a normalisation's mean and deviation, or of a max pooling's 64-bit indices."""
    if "max_pool" in layer.operation:
        return 8 * prod(layer.output_shape)
    if layer.operation == "local_response_norm":  # the squares, padded by its window; their mean, shifted; its power
        images, channels, *area = _given(layer)
        padded = channels + int(layer.settings["size"]) - 1
        return 2 * layer.output_bytes + bytes_of((images, padded, *area), layer.dtypes[0])
    if layer.operation == "batch_norm":
        return 2 * 4 * int(_given(layer)[1])
    if layer.operation == "instance_norm":
        return 2 * 4 * prod(_given(layer)[:2])
    if layer.operation == "group_norm":
        return 2 * 4 * int(layer.settings.get("num_groups", 1)) * int(_given(layer)[0])
    if layer.operation == "layer_norm":
        return 2 * 4 * prod(layer.output_shape[: -len(layer.settings["normalized_shape"])])
    return 0
