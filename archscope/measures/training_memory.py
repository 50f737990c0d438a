"""What training keeps: the tensors that autograd saves in the forward pass for the backward pass."""

import re
from collections.abc import Iterable, Iterator
from math import prod

from archscope.measures import measure
from archscope.measures.backward import Backward, Newly
from archscope.measures.kept_by_kernels import Kept, kept_by_kernel, mask
from archscope.measures.macs import UNSAID
from archscope.measures.memory import storage_roots
from archscope.measures.workspace import ONEDNN
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


@measure("training_memory_bytes", "training_peak_bytes")
def training_memory(graph: Graph) -> tuple[Column, ...]:
    """Bytes kept by the layer that saves a tensor first; a tensor that two layers save counts once.

    As in training on the CPU: batch normalisation uses batch statistics, dropout draws a mask of numbers, attention and
    recurrent layers keep what their kernels there do. Before the first trainable parameter nothing is kept. Weights,
    gradients and the optimiser's state are not included. None where nobody knows what a kernel keeps.
    """
    newly = list(newly_kept(graph))
    kept = kept_to_train(graph, newly)
    return kept, Column("training_peak_bytes", "bytes", _peak(graph, kept, newly))


def kept_to_train(graph: Graph, newly: Iterable[Newly]) -> Column:
    """In bytes, of what is `newly_kept` on one device or the other."""
    values: dict[str, int | float | None] = {
        layer.name: kept and sum([graph.bytes[name] for name in kept[0]]) + kept[1] * graph.times[layer.name]
        for layer, kept in newly
    }
    return summed("training_memory_bytes", "bytes", values)


def newly_kept(graph: Graph, on_cuda: bool = False) -> Iterator[Newly]:
    """Of each layer the tensors that it is the first to save, by their storage roots, and bytes of what it keeps
    besides for one image; None where that is not known. By the kernels of one device or the other: on CUDA a dropout's
    mask is of bytes."""
    roots, trains, with_derivative = storage_roots(graph), graph.trainable, graph.differentiated
    saved: set[str] = set()
    for layer in graph.layers:
        if layer.name not in with_derivative:
            yield layer, (frozenset(), 0)
            continue
        kept = kept_by(layer, not trains.isdisjoint(layer.parameters), graph.batch, on_cuda)
        if kept is None:
            yield layer, None
            continue
        names, extra = kept
        new = {roots[name] for name in names} - saved
        saved |= new
        yield layer, (new, extra)


def _peak(graph: Graph, kept: Column, newly: Iterable[Newly]) -> int | None:
    """What a step of SGD with momentum holds at its highest: weights and buffers, a momentum for each weight that
    trains, the inputs, and what the backward pass does. None where that is not known."""
    if None in kept.values.values():
        return None
    backward = Backward(graph, newly, ONEDNN)
    return held_throughout(graph) + sum(backward.gradient_bytes.values()) + backward.peak()


def held_throughout(graph: Graph) -> int:
    """Bytes of weights, buffers and inputs."""
    return sum(graph.held_bytes.values()) + sum(tensor.bytes for tensor in graph.inputs.values()) * graph.batch


def kept_by(layer: Layer, trains: bool, batch: int, on_cuda: bool) -> Kept | None:
    """Names of the tensors that this layer's derivative needs, and bytes of what it keeps besides.

    `trains` says that some of its parameters are trainable.
    """
    category = CATEGORY.get(layer.operation)
    try:
        return None if category is None else _kept(layer, category, trains, batch, on_cuda)
    except UNSAID:
        return None


def _kept(layer: Layer, category: str, trains: bool, batch: int, on_cuda: bool) -> Kept | None:
    if category in {"attention", "recurrent"}:
        return kept_by_kernel(layer, batch, on_cuda)
    if category in NOTHING or layer.operation in LINEAR or not layer.inputs:
        return (), 0
    if category == "activation" and layer.memory == "in_place":
        return ((layer.name,), 0) if layer.operation in KEEP_RESULT_IN_PLACE else ((), layer.output_bytes)
    if layer.operation in KEEP_OUTPUT:
        return (layer.name,), 0
    if layer.parameters and not trains and category in {"convolution", "transposed convolution", "linear"}:
        return (), 0  # the weight alone
    if category == "elementwise" and len(layer.inputs) == 1 and layer.operation in {"mul", "div"}:
        if any([operand.argument == "other" for operand in layer.operands]) and layer.operation == "div":
            return (layer.name, *(layer.inputs if layer.parameters else ())), 0
        return (layer.inputs if layer.parameters else ()), 0
    if category == "global pooling":
        mean = set(layer.output_shape[-_axes(layer) :]) == {1} and "avg" in layer.operation
        return (() if mean else layer.inputs), _statistics(layer)
    if category == "dropout":
        return (), _mask(layer, on_cuda) if layer.settings.get("p", 0.5) else 0
    if category == "reduction":
        if layer.operation in {"max", "min"} and len(layer.output_shapes) == 2:
            return (), 8 * prod(layer.output_shape)  # the places
        return (() if layer.operation in {"mean", "sum", "cumsum", "argmax", "argmin"} else layer.inputs), 0
    if category == "embedding":
        return layer.inputs, 0
    if layer.memory == "in_place":
        return layer.inputs[1:], layer.output_bytes  # a copy of what it overwrites
    return layer.inputs, _statistics(layer)


def _mask(layer: Layer, on_cuda: bool) -> int:
    """Bytes of a dropout's mask: where whole channels are dropped, one number a channel."""
    if layer.operation == "dropout":
        return mask(layer, layer.output_elements, on_cuda)
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
