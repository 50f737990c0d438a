"""What papers count, and the conventions they count it by: functions from a part of a Report to a number. No torch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod

from archscope.cached import cached_property
from archscope.measures import elementwise
from archscope.measures.depth import longest_path, separable_halves
from archscope.model.claims import Number, Quantity
from archscope.model.graph import Layer, elements_of, is_depthwise, is_pointwise
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Report


def is_convolution(layer: Layer) -> bool:
    return CATEGORY.get(layer.operation) == "convolution"


KINDS: dict[str, Callable[[Layer], bool]] = {
    "1x1 convolutions": is_pointwise,
    "depthwise convolutions": is_depthwise,
    "other convolutions": lambda layer: is_convolution(layer) and not is_pointwise(layer) and not is_depthwise(layer),
    "linear layers": lambda layer: CATEGORY.get(layer.operation) == "linear",
}


@dataclass(frozen=True)
class Part:
    """What a number is about: all of a network, a block by its path, all but a block (`-path`), or a kind of layer."""

    report: Report
    block: str = ""

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """In execution order. Raises ValueError where the network runs no such layer."""
        found = tuple(filter(self._belongs, self.report.graph.layers))
        if not found:
            raise ValueError(f"{self.report.graph.name} runs nothing in '{self.block}'")
        return found

    def _belongs(self, layer: Layer) -> bool:
        if self.block in KINDS:
            return KINDS[self.block](layer)
        inside = f"{layer.name}.".startswith(f"{self.block.removeprefix('-')}.")
        return not self.block or inside != self.block.startswith("-")

    @property
    def whole(self) -> "Part":
        return Part(self.report)

    def total(self, column: str, layers: Iterable[Layer] | None = None) -> Number:
        """The column's total; of these layers, if given."""
        if layers is None and not self.block:
            total: Number = self.report.totals[column]
            return total
        values = self.report.columns[column].values
        return sum(values[layer.name] or 0 for layer in (self.layers if layers is None else layers))


Count = Callable[[Part], Quantity]


# ---- what is counted ------------------------------------------------------------------------------------------


def column(name: str) -> Count:
    return lambda part: part.total(name)


def share(count: Callable[[Part], Number]) -> Count:
    """Of the whole network's."""
    return lambda part: count(part) / count(part.whole)


def output_shape(part: Part) -> Quantity:
    return part.layers[-1].output_shape


def receptive_field(part: Part) -> Quantity:
    """Its height, in pixels of the input, where the part ends: at its last layer whose elements have a place in it.
    Raises ValueError where no layer's field is a number."""
    values = part.report.columns["receptive_field"].values
    placed = [values[layer.name] for layer in part.layers if values[layer.name] is not None]
    if not placed or not isinstance(placed[-1], list):
        raise ValueError(f"{part.report.graph.name} has no receptive field where '{part.block}' ends")
    height: int = placed[-1][0]
    return height


def connections(part: Part) -> Number:
    """LeCun et al. 1998: one a weight, bias or pooled pixel of every output, and one a stored number compared with."""
    total: Number = 0
    for layer in part.layers:
        category, outputs = CATEGORY.get(layer.operation), layer.output_elements
        if category in WEIGHTED:
            total += part.total("macs", [layer]) + (outputs if len(layer.parameters) > 1 else 0)
        elif category == "pooling" and layer.window:
            total += outputs * prod(layer.window.kernel_size)
        elif layer.operation in {"add", "sub"} and (layer.parameters or layer.buffers):
            total += outputs
    return total


def conv_outputs(part: Part) -> Number:
    """Radosavovic et al. 2020, `activations`: the size of the output tensors of all convolutions."""
    return sum(layer.output_elements for layer in part.layers if is_convolution(layer))


COUNTED: Mapping[str, Count] = {
    "params": column("params"),
    "macs": column("macs"),
    "params_share": share(lambda part: part.total("params")),
    "macs_share": share(lambda part: part.total("macs")),
    "depth": column("depth_separable_as_one"),
    "conv_layers": column("conv_layers"),
    "output_shape": output_shape,
    "receptive_field": receptive_field,
    "neurons": column("activations"),
    "conv_outputs": conv_outputs,
    "connections": connections,
    "weight_bytes": column("weight_bytes"),
}
"""Every quantity that can be recomputed, as docs/conventions.md counts it."""

NOT_RECOMPUTABLE = {
    "error": "takes the trained weights and the images",
    "accuracy": "takes the trained weights and the images",
    "second": "takes the machines it was measured on",
}
"""Why not, by the last word of the quantity."""


# ---- conventions ----------------------------------------------------------------------------------------------


def with_statistics(part: Part) -> Number:
    return part.total("params") + part.total("buffers")


def weights(part: Part) -> Number:
    """Elements of the kernels and matrices."""
    stored = part.report.graph.parameters
    weighted = [layer for layer in part.layers if CATEGORY.get(layer.operation) in WEIGHTED]
    shapes = [stored[name].shape for layer in weighted for name in layer.parameters]
    return sum(elements_of(shape) for shape in shapes if len(shape) > 1)


def without_gamma(part: Part) -> Number:
    """A normalised channel has a shift, a mean and a variance, and no scale."""
    normalised = [layer for layer in part.layers if layer.operation == "batch_norm"]
    return with_statistics(part) - part.total("params", normalised) // 2


def convolutions_only(part: Part) -> Number:
    return part.total("macs", filter(is_convolution, part.layers))


def on_one_path(part: Part) -> Number:
    graph = part.report.graph
    others = {layer.name for layer in graph.layers if not is_convolution(layer)}
    return longest_path(graph, others | separable_halves(graph))


def with_gates(part: Part) -> Number:
    """The elements that a squeeze averages and a gate multiplies are counted as well."""
    blocks = part.report.graph.blocks
    total = part.total("macs")
    for layer in part.layers:
        if any(blocks.get(path) == "SqueezeExcitation" for path in _ancestors(layer.name)):
            squeezes = CATEGORY.get(layer.operation) == "global pooling"
            total += elements_of(layer.input_shapes[0]) if squeezes else 0
            total += layer.output_elements if layer.operation == "mul" else 0
    return total


def _ancestors(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def with_normalisation(part: Part) -> Number:
    """Two a normalised element and one an activation."""
    counted = [layer for layer in part.layers if CATEGORY.get(layer.operation) in {"normalisation", "activation"}]
    return part.total("macs") + sum(elementwise.of_layer(layer) or 0 for layer in counted)


def as_it_enters(part: Part) -> Quantity:
    return (part.layers[-1].output_shape[0], *part.layers[0].input_shapes[0][1:])


CONVENTIONS: Mapping[str, Mapping[str, Count]] = {
    "batch normalisation's statistics counted": {"params": with_statistics},
    "batch normalisation without scale, its statistics counted": {"params": without_gamma},
    "weights only, no biases and no normalisation": {"params": weights, "params_share": share(weights)},
    "convolutions only": {"macs": convolutions_only},
    "on the longest path, a separable convolution as one": {"conv_layers": on_one_path},
    "squeezing and scaling counted": {"macs": with_gates},
    "normalisation and activation counted": {"macs": with_normalisation},
    "height and width as they enter": {"output_shape": as_it_enters},
}
"""Other ways to count, in the order they are tried: name -> quantity -> count."""

CUT = "digits cut instead of rounded"
