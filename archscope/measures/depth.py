"""Depth: the longest path in weighted layers, the number that papers count in different ways."""

from collections.abc import Set

from archscope.measures import measure
from archscope.model.graph import Graph, Layer, is_depthwise, is_pointwise
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column


@measure("depth", "depth_separable_as_one", "conv_layers", "linear_layers")
def depth(graph: Graph) -> tuple[Column, ...]:
    """Weighted layers on the longest path, as executed and with a separable convolution as one; and how many
    convolutions and linear layers there are in all."""
    kinds = [CATEGORY.get(layer.operation, "") for layer in graph.layers]
    longest, halves = longest_path(graph), separable_halves(graph)
    return (
        Column("depth", "layers", longest),
        Column("depth_separable_as_one", "layers", longest_path(graph, halves) if halves else longest),
        Column("conv_layers", "layers", sum("convolution" in kind for kind in kinds)),
        Column("linear_layers", "layers", kinds.count("linear")),
    )


def longest_path(graph: Graph, uncounted: Set[str] = frozenset()) -> int:
    """Weighted layers on the longest path, some of them not counted."""
    depth = dict.fromkeys(graph.inputs, 0)
    for layer in graph.layers:
        weighted = layer.parameters and CATEGORY.get(layer.operation) in WEIGHTED and layer.name not in uncounted
        depth[layer.name] = max([depth[name] for name in layer.inputs], default=0) + bool(weighted)
    return max(depth.values(), default=0)


def is_first_half(graph: Graph, layer: Layer) -> bool:
    """A depthwise convolution that only a pointwise one reads."""
    if not is_depthwise(layer):
        return False
    readers = graph.consumers[layer.name]
    return len(readers) == 1 and is_pointwise(graph.layer[readers[0]])


def separable_halves(graph: Graph) -> set[str]:
    """The layers that are left out where a separable convolution counts as one."""
    return {layer.name for layer in graph.layers if is_first_half(graph, layer)}
