"""Why a depthwise separable convolution is cheaper than the regular one that it replaces: 1/N + 1/k², with a layer's
own numbers (MobileNets, arXiv:1704.04861, section 3.1)."""

from dataclasses import dataclass
from math import prod

from archscope.explaining.expressions import Number, area, evaluate, number, times
from archscope.measures.depth import is_first_half
from archscope.measures.macs import of_layer as macs_of
from archscope.model.graph import Graph, Layer, is_depthwise, is_pointwise
from archscope.model.operations import CATEGORY


@dataclass(frozen=True)
class Saving:
    """MACs of a regular convolution and of the separable one, as expressions, and their ratio in short.

    `is_separable` says which of the two the network has; the other is what might stand in its place.
    """

    depthwise: str
    pointwise: str
    regular: str
    ratio: str
    is_separable: bool

    @property
    def value(self) -> Number:
        return evaluate(self.ratio)

    def of(self, which: str) -> Number:
        """MACs of `depthwise`, `pointwise` or `regular`."""
        return evaluate(getattr(self, which))


def saving_of(graph: Graph, layer: Layer) -> Saving | None:
    """Of a half of a depthwise separable convolution, or of a regular one of which it could take the place."""
    pair = _pair(graph, layer)
    if pair is not None:
        return _of_pair(*pair)
    if CATEGORY.get(layer.operation) != "convolution" or layer.groups != 1 or layer.window is None:
        return None
    channels, filters = _channels(layer)
    if prod(layer.window.kernel_size) == 1 or channels < 2:
        return None
    return _saving(layer.window.kernel_size, channels, 1, filters, layer, is_separable=False)


def _pair(graph: Graph, layer: Layer) -> tuple[Layer, Layer] | None:
    """The depthwise convolution and the pointwise one that alone reads it, through normalisation and activation too."""
    if is_pointwise(layer):
        before = _through(graph, layer, -1)
        return (before, layer) if before is not None and is_depthwise(before) else None
    if not is_depthwise(layer):
        return None
    if is_first_half(graph, layer):
        return layer, graph.layer[graph.consumers[layer.name][0]]
    after = _through(graph, layer, 1)
    return (layer, after) if after is not None and is_pointwise(after) else None


BETWEEN = {"normalisation", "activation", "dropout"}


def _through(graph: Graph, layer: Layer, way: int) -> Layer | None:
    """The next layer before or after that is neither normalisation nor activation; None where the path divides."""
    while True:
        names = layer.inputs if way < 0 else graph.consumers[layer.name]
        if len(names) != 1 or names[0] not in graph.layer:
            return None
        if way < 0 and len(graph.consumers[names[0]]) != 1:
            return None
        layer = graph.layer[names[0]]
        if CATEGORY.get(layer.operation) not in BETWEEN:
            return layer


def _of_pair(depthwise: Layer, pointwise: Layer) -> Saving | None:
    channels, made = _channels(depthwise)
    between, filters = _channels(pointwise)
    same_places = depthwise.output_shape[1:] == pointwise.output_shape[1:]
    if depthwise.window is None or made != between or pointwise.groups != 1 or not same_places:
        return None
    times_channels, left = divmod(made, channels)
    if left:
        return None
    found = _saving(depthwise.window.kernel_size, channels, times_channels, filters, depthwise, is_separable=True)
    paid = macs_of(depthwise), macs_of(pointwise)
    return found if (evaluate(found.depthwise), evaluate(found.pointwise)) == paid else None


def _channels(layer: Layer) -> tuple[int, int]:
    axes = len(layer.window.kernel_size) if layer.window else 0
    return layer.input_shapes[0][-axes - 1], layer.output_shape[-axes - 1]


def _saving(
    kernel: tuple[int, ...], channels: int, each: int, filters: int, layer: Layer, *, is_separable: bool
) -> Saving:
    """`each`: filters of the depthwise convolution for a channel."""
    window, places = area(kernel), area(layer.output_shape[-len(kernel) :])
    more = [each] if each > 1 else []
    return Saving(
        depthwise=f"{times(window, channels, *more)} · {places}",
        pointwise=f"{times(channels, *more, filters)} · {places}",
        regular=f"{times(window, channels, filters)} · {places}",
        ratio=f"{each}/{number(filters)} + {each}/{window if len(set(kernel)) == 1 else f'({window})'}",
        is_separable=is_separable,
    )
