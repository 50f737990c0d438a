"""Memory traffic: the fewest bytes that a layer must move, and the operations it does per byte."""

from operator import le

from archscope.measures import measure
from archscope.measures.elementwise import of_layer as elementwise_of
from archscope.measures.macs import of_layer as macs_of
from archscope.model.graph import BYTES_PER_ELEMENT, Graph, Layer, Shape, elements_of
from archscope.model.operations import CATEGORY
from archscope.model.report import Column, ratio, summed

SLIDING = {"convolution", "pooling"}
"""What reads its input through a window."""


@measure
def traffic(graph: Graph) -> tuple[Column, ...]:
    """Bytes moved (what a layer reads of its inputs, weights and buffers once, outputs written once; a view moves
    none) at `Graph.batch` images a pass, all arithmetic (2 x MACs + elementwise) and their ratio."""
    stored = {name: tensor.bytes for name, tensor in (*graph.parameters.items(), *graph.buffers.items())}
    width = {name: BYTES_PER_ELEMENT.get(tensor.dtype, 4) for name, tensor in graph.inputs.items()}
    width |= {layer.name: BYTES_PER_ELEMENT.get(layer.dtypes[0], 4) if layer.dtypes else 4 for layer in graph.layers}
    moved: dict[str, int | float | None] = {}
    arithmetic: dict[str, int | float | None] = {}
    for layer in graph.layers:
        operands = zip(layer.inputs, read_shapes(layer), strict=True)
        read = sum([elements_of(shape) * width[name] for name, shape in operands])
        weights = sum([stored[name] for name in (*layer.parameters, *layer.buffers)])
        if CATEGORY.get(layer.operation) == "embedding":
            weights = min(weights, layer.output_bytes * graph.batch)  # the rows that it is asked for, not its table
        bytes_moved = 0 if layer.memory == "view" else (read + layer.output_bytes) * graph.batch + weights
        moved[layer.name], arithmetic[layer.name] = bytes_moved, _arithmetic(layer, graph.batch)
    bytes_column = summed("bytes_moved", "bytes", moved)
    operations_column = summed("arithmetic_ops", "operations", arithmetic)
    return bytes_column, operations_column, ratio("intensity", "operations/byte", operations_column, bytes_column)


def read_shapes(layer: Layer) -> tuple[Shape, ...]:
    """What is read of each input: all of it, but for the positions that a stride larger than the kernel skips."""
    window, shapes = layer.window, layer.input_shapes
    if window is None or CATEGORY.get(layer.operation) not in SLIDING or not shapes:
        return shapes
    if all(map(le, window.stride, window.kernel_size)):
        return shapes
    axes = len(window.kernel_size)
    places = zip(shapes[0][-axes:], layer.output_shape[-axes:], window.kernel_size, strict=True)
    read = [min(length, windows * kernel) for length, windows, kernel in places]
    return ((*shapes[0][:-axes], *read), *shapes[1:])


def _arithmetic(layer: Layer, batch: int) -> int | None:
    multiplied, elementwise = macs_of(layer), elementwise_of(layer)
    return None if multiplied is None or elementwise is None else (2 * multiplied + elementwise) * batch
