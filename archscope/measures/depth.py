"""Depth: the longest path in weighted layers, the number that papers count in different ways."""

from collections.abc import Set

from archscope.measures import measure
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column


@measure
def depth(graph: Graph) -> tuple[Column, ...]:
    """Weighted layers on the longest path, as executed and with a separable convolution as one; and how many
    convolutions and linear layers there are in all."""
    kinds = [CATEGORY.get(layer.operation, "") for layer in graph.layers]
    return (
        Column("depth", "layers", longest_path(graph)),
        Column("depth_separable_as_one", "layers", longest_path(graph, separable_halves(graph))),
        Column("conv_layers", "layers", sum("convolution" in kind for kind in kinds)),
        Column("linear_layers", "layers", kinds.count("linear")),
    )


def longest_path(graph: Graph, uncounted: Set[str] = frozenset()) -> int:
    """Weighted layers on the longest path, some of them not counted."""
    depth = dict.fromkeys(graph.inputs, 0)
    for layer in graph.layers:
        weighted = CATEGORY.get(layer.operation) in WEIGHTED and layer.parameters and layer.name not in uncounted
        depth[layer.name] = max([depth[name] for name in layer.inputs], default=0) + bool(weighted)
    return max(depth.values(), default=0)


def is_depthwise(layer: Layer) -> bool:
    """A convolution that gives each input channel its own kernels."""
    if CATEGORY.get(layer.operation) != "convolution" or not layer.input_shapes or layer.window is None:
        return False
    return 1 < layer.groups == layer.input_shapes[0][-len(layer.window.kernel_size) - 1]


def is_first_half(graph: Graph, layer: Layer) -> bool:
    """A depthwise convolution that only a pointwise one reads."""
    if not is_depthwise(layer):
        return False
    readers = graph.consumers[layer.name]
    return len(readers) == 1 and is_pointwise(graph.layer[readers[0]])


def separable_halves(graph: Graph) -> set[str]:
    """The layers that are left out where a separable convolution counts as one."""
    return {layer.name for layer in graph.layers if is_first_half(graph, layer)}


def is_pointwise(layer: Layer) -> bool:
    """A 1x1 convolution."""
    kernel_size = layer.window.kernel_size if layer.window else ()
    return CATEGORY.get(layer.operation) == "convolution" and set(kernel_size) == {1}
