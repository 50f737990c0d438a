"""Memory traffic: the fewest bytes that a layer must move, and the operations it does per byte."""

from collections.abc import Mapping
from operator import le

from archscope.measures import measure
from archscope.measures.elementwise import of_layer as elementwise_of
from archscope.measures.macs import of_layer as macs_of
from archscope.model.graph import BYTES_PER_ELEMENT, Graph, Layer, Shape, Tensor, bytes_of, elements_of
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, ratio, summed

SLIDING = {"convolution", "pooling"}
"""What reads its input through a window."""

LOOKUPS = frozenset({"embedding", "index_select", "gather", "take", "take_along_dim"})
"""What reads of a table as much as it returns, as a `getitem` does where an index is a tensor."""

TABLES = ("weight", "input")
"""torch's names of the argument that is looked up in."""


@measure("bytes_moved", "arithmetic_ops", "intensity")
def traffic(graph: Graph) -> tuple[Column, ...]:
    """Bytes moved (what a layer reads of its inputs, weights and buffers once, outputs written once; a view moves
    none) at `Graph.batch` images a pass, all arithmetic (2 x MACs + elementwise) and their ratio."""
    stored, times = {**graph.parameters, **graph.buffers}, graph.times
    width = {name: BYTES_PER_ELEMENT.get(tensor.dtype, 4) for name, tensor in graph.inputs.items()}
    width |= {layer.name: BYTES_PER_ELEMENT.get(layer.dtypes[0], 4) if layer.dtypes else 4 for layer in graph.layers}
    moved: dict[str, int | float | None] = {}
    arithmetic: dict[str, int | float | None] = {}
    for layer in graph.layers:
        images, bytes_moved = times[layer.name], 0
        if layer.memory != "view":
            operands = zip(layer.inputs, read_shapes(layer), strict=True)
            bytes_moved = graph.bytes[layer.name] + sum(
                [elements_of(shape) * width[name] * times[name] for name, shape in operands]
            )
            if layer.parameters or layer.buffers:
                parts = elements_read(layer, stored, images)
                bytes_moved += sum([bytes_of((elements,), stored[name].dtype) for name, elements in parts.items()])
        moved[layer.name], arithmetic[layer.name] = bytes_moved, _arithmetic(layer, images)
    bytes_column = summed("bytes_moved", "bytes", moved)
    operations_column = summed("arithmetic_ops", "operations", arithmetic)
    return bytes_column, operations_column, ratio("intensity", "operations/byte", operations_column, bytes_column)


def read_shapes(layer: Layer) -> tuple[Shape, ...]:
    """What is read of each input: all of it, but for the positions that a stride larger than the kernel skips, and what
    is not looked up in it."""
    window, shapes = layer.window, layer.input_shapes
    if looked_up(layer) and layer.operands and (layer.operands[0].source, *layer.inputs[1:]) == layer.inputs:
        return (min(shapes[0], layer.output_shape, key=elements_of), *shapes[1:])
    if window is None or CATEGORY.get(layer.operation) not in SLIDING or not shapes:
        return shapes
    if all(map(le, window.stride, window.kernel_size)):
        return shapes
    axes = len(window.kernel_size)
    places = zip(shapes[0][-axes:], layer.output_shape[-axes:], window.kernel_size, strict=True)
    read = [min(length, windows * kernel) for length, windows, kernel in places]
    return ((*shapes[0][:-axes], *read), *shapes[1:])


def elements_read(layer: Layer, stored: Mapping[str, Tensor], batch: int) -> dict[str, int]:
    """Of each weight and buffer: all of it, or as much as is shown of it, or looked up in it."""
    read = {name: stored[name].elements for name in (*layer.parameters, *layer.buffers)}
    rows, shown = looked_up(layer) * batch, dict[str, int]()
    if rows or any([operand.views for operand in layer.operands]):
        for operand in layer.operands:
            if operand.kind in ("parameter", "buffer"):
                part = rows if rows and operand.argument in TABLES else elements_of(operand.shape)
                shown[operand.source] = shown.get(operand.source, 0) + part
    if rows and not shown:  # an old report does not say which is given for what
        shown = dict.fromkeys(read, rows)
    return read | {name: min(read[name], part) for name, part in shown.items()} if shown else read


def looked_up(layer: Layer) -> int:
    """Elements that a layer reads of a table for one image: those it returns or averages; 0 if it looks none up."""
    if layer.operation == "embedding_bag":
        return elements_of(layer.input_shapes[0]) * layer.output_shape[-1] if layer.input_shapes else 0
    looks_up = layer.operation in LOOKUPS or (layer.operation == "getitem" and layer.memory == "new")
    return layer.output_elements if looks_up else 0


def _arithmetic(layer: Layer, batch: int) -> int | None:
    multiplied, elementwise = macs_of(layer), elementwise_of(layer)
    return None if multiplied is None or elementwise is None else (2 * multiplied + elementwise) * batch
