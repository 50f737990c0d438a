"""Depth: the longest path in weighted layers, the number that papers count in different ways."""

from archscope.graph import Graph, Layer
from archscope.measures import measure
from archscope.operations import CATEGORY, WEIGHTED
from archscope.report import Column


@measure
def depth(graph: Graph) -> tuple[Column, ...]:
    """Weighted layers on the longest path, as executed and with a separable convolution as one; and how many
    convolutions and linear layers there are in all."""
    kinds = [CATEGORY.get(layer.operation, "") for layer in graph.layers]
    return (
        Column("depth", "layers", _longest(graph, separable_as_one=False)),
        Column("depth_separable_as_one", "layers", _longest(graph, separable_as_one=True)),
        Column("conv_layers", "layers", sum("convolution" in kind for kind in kinds)),
        Column("linear_layers", "layers", kinds.count("linear")),
    )


def _longest(graph: Graph, separable_as_one: bool) -> int:
    depth = dict.fromkeys(graph.inputs, 0)
    for layer in graph.layers:
        below = max((depth[name] for name in layer.inputs), default=0)
        weighted = CATEGORY.get(layer.operation) in WEIGHTED and bool(layer.parameters)
        if weighted and separable_as_one and is_first_half(graph, layer):
            weighted = False
        depth[layer.name] = below + weighted
    return max(depth.values(), default=0)


def is_depthwise(layer: Layer) -> bool:
    """A convolution that gives each input channel its own kernels."""
    if CATEGORY.get(layer.operation) != "convolution" or not layer.input_shapes or layer.window is None:
        return False
    return 1 < layer.groups == layer.input_shapes[0][-len(layer.window.kernel_size) - 1]


def is_first_half(graph: Graph, layer: Layer) -> bool:
    """A depthwise convolution that only a pointwise one reads."""
    readers = [graph.layer[name] for name in graph.consumers[layer.name]]
    return is_depthwise(layer) and len(readers) == 1 and is_pointwise(readers[0])


def is_pointwise(layer: Layer) -> bool:
    """A 1x1 convolution."""
    return CATEGORY.get(layer.operation) == "convolution" and set(layer.window.kernel_size if layer.window else ()) == {
        1
    }
