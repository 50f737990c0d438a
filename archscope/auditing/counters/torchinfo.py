"""torchinfo.summary: `total_mult_adds`, from the weights and the output of each module that has no children."""

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import Count, Counter, Found, counter, whole_output
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

REASONS = {
    "transposed convolution": "transposed convolutions at their output's size",
    "convolution": "a convolution's bias, at every output element",
    "recurrent": "a recurrent layer's biases",
}


@counter
class Torchinfo(Counter):
    name = "torchinfo"
    package = "torchinfo"
    unit = "MACs"
    rules = """a bias as a product, normalisation by its parameters, a linear layer at one position only, transposed
        convolutions at their output's size; no functional operation, no attention"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        path = graph.module_of(layer)
        beside = layer.name.startswith(f"{path}.")  # once for a module: at what it is there for, or at its end
        if path not in graph.leaves or (beside and (path in graph.layer or layer.name not in graph.module_ends)):
            return Count(0, f"{layer.operation} not counted" if self.own(layer) else "")
        amount = self._of_weights(layer, graph, path)
        if amount == self.own(layer):
            return Count(amount)
        category = CATEGORY.get(layer.operation, layer.operation)
        if category == "linear":
            few = amount < self.own(layer)
            return Count(amount, "linear layers at one position only" if few else "a linear layer's bias")
        return Count(amount, REASONS.get(category, f"{category}: its parameters, once"))

    def _of_weights(self, layer: Layer, graph: Graph, path: str) -> int:
        """A convolution's at every pixel, a recurrent layer's at every step, others' once; of every image."""
        result = whole_output(layer)
        positions = prod(result[:1] + result[2:]) if "Conv" in graph.blocks[path] else prod(result[:1])
        total = 0
        for name in dict.fromkeys([*layer.parameters, *graph.held.get(path, ())]):  # another module may share one
            elements, kind = graph.parameters[name].elements, name.rpartition(".")[2]
            if kind in {"weight", "bias"}:
                total += elements * positions
            elif "weight" in kind or "bias" in kind:
                total += elements * prod(result[:2])
        return total

    def params(self, graph: Graph) -> Iterable[Count]:
        held = _held(graph)
        left: dict[str, int] = {}  # what a module holds beyond all that it contains, the deepest modules first
        total = 0
        for path in sorted(held, key=lambda path: path.count(".") + bool(path), reverse=True):
            if path in graph.leaves:
                left[path] = held[path]
            else:
                left[path] = held[path] - sum(left[inner] for inner in left if _is_within(inner, path))
            total += max(left[path], 0)
        twice = total - sum(tensor.elements for tensor in graph.parameters.values())
        if twice:
            yield Count(twice, "shared parameters, at every module that holds them")

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from torchinfo import summary

        counted = summary(module, input_data=list(arguments), verbose=0)
        return Found(counted.total_mult_adds, counted.total_params)


def _is_within(path: str, block: str) -> bool:
    return path != block and (not block or path.startswith(f"{block}."))


def _held(graph: Graph) -> dict[str, int]:
    """Parameters under each module that was called, each once a module."""
    names: dict[str, set[str]] = {"": set(graph.parameters)}
    for layer in graph.layers:
        path = graph.module_of(layer)
        while path:
            inside = names.setdefault(path, {name for name in graph.parameters if name.startswith(f"{path}.")})
            inside.update(layer.parameters)
            path = path.rpartition(".")[0]
    return {path: sum(graph.parameters[name].elements for name in held) for path, held in names.items()}
