"""torchscan.crawl_module: the `macs` of its modules, by a formula for each type that it has one for."""

from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import Count, Counter, Found, base_type, counter, given_elements
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

KNOWN = ("Conv", "Linear", "BatchNorm", "Pool")
"""In the names of the module types that it has a formula for, and of most of their subclasses, which it knows too."""


@counter
class Torchscan(Counter):
    name = "torchscan"
    package = "torchscan"
    unit = "MACs"
    rules = """batch normalisation 2 an element, pooling by its kernel, transposed convolutions at their output's size;
        no functional operation, no attention, no recurrent layer"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        leaf = graph.module_of(layer) in graph.leaves
        if not leaf or not any(known in base_type(layer, graph) for known in KNOWN):
            return Count(0, f"{layer.operation} not counted" if self.own(layer) else "")
        category = CATEGORY.get(layer.operation)
        if layer.operation == "batch_norm":
            each = 2 if layer.parameters else 1
            return Count(each * given_elements(layer), f"batch normalisation: {each} an element")
        if category in {"pooling", "global pooling"}:
            return Count(self._pooling(layer), "pooling by its kernel")
        if category == "transposed convolution" and layer.window:
            channels = layer.operand_shapes[0][1] // layer.groups
            kernel = layer.window.kernel_size
            amount = layer.output_elements * channels * prod(kernel) + 4 * len(kernel)
            return Count(amount, "transposed convolutions at their output's size")
        if category in {"convolution", "linear"}:
            return Count(self.own(layer))
        return Count(0, f"{layer.operation} not counted" if self.own(layer) else "")

    def _pooling(self, layer: Layer) -> int:
        """Kernel - 1 additions or comparisons an output element; an average divides, once an axis.

        A kernel given as one number is taken along one axis only, so a square one is assumed to be such.
        """
        axes = int(layer.operation.partition("pool")[2][0])
        dividing = axes if "avg" in layer.operation else 0
        if layer.window and not layer.operation.startswith("adaptive"):
            sides = set(layer.window.kernel_size)
            kernel = min(sides) if len(sides) == 1 else prod(layer.window.kernel_size)
            return layer.output_elements * (kernel - 1 + dividing)
        sizes = zip(layer.operand_shapes[0][-axes:], layer.output_shape[-axes:], strict=True)
        kernel = prod(i // o if i % o == 0 else i % o + 1 for i, o in sizes)
        return layer.output_elements * (kernel - 1 + dividing)

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from torchscan import crawl_module

        totals: Any = crawl_module(module, args=arguments)["totals"]
        return Found(totals["macs"]["known_value"], totals["parameters"]["value"])
