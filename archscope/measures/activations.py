"""Activations: elements that convolutions, linear layers and products write (Radosavovic et al., CVPR 2020,
"Designing Network Design Spaces", section 3; fvcore and timm count the same)."""

from archscope.measures import measure
from archscope.measures.macs import of_layer
from archscope.model.graph import Graph
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column, summed


@measure("activations")
def activations(graph: Graph) -> tuple[Column, ...]:
    """Output elements of one image, per layer that multiplies and accumulates."""
    values: dict[str, int | float | None] = {}
    for layer in graph.layers:
        macs = of_layer(layer) if layer.operation not in CATEGORY else 0
        multiplies = macs or CATEGORY.get(layer.operation) in WEIGHTED
        values[layer.name] = None if macs is None else layer.output_elements if multiplies else 0
    return (summed("activations", "elements", values),)
