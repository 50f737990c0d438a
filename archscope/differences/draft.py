"""The steps of a network as far as they are written: what the rules see of those before, and add to. No torch."""

from typing import Any

from archscope.differences.steps import Step, hashable
from archscope.model.graph import Graph, Layer


class Draft:
    """The steps of `graph` so far, in execution order. `cats`: its concatenations, by axis and operands."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps: list[Step] = []
        self.cats: dict[tuple[int, ...], Step] = {}

    def keep(self, step: Step) -> Step:
        self.steps.append(step)
        return step

    def extra(self, kind: str, inputs: list[Step], layer: Layer, **facts: Any) -> Step:
        """A step that a layer does besides its own."""
        made = Step(kind, inputs, {name: hashable(value) for name, value in facts.items()}, layer, layer.name)
        made.shape = layer.output_shape
        return self.keep(made)
