"""Activations: elements that convolutions, linear layers and products write (Radosavovic et al., CVPR 2020,
"Designing Network Design Spaces", section 3; fvcore and timm count the same)."""

from archscope.measures import measure
from archscope.model.graph import Graph
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column, summed


@measure
def activations(graph: Graph) -> tuple[Column, ...]:
    """Output elements of one image, per layer that multiplies and accumulates."""
    values: dict[str, int | float | None] = {}
    for layer in graph.layers:
        category = CATEGORY.get(layer.operation)
        values[layer.name] = None if category is None else layer.output_elements if category in WEIGHTED else 0
    return (summed("activations", "elements", values),)
