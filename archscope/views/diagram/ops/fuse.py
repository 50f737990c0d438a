"""From layers to Ops: a convolution, its normalisation and its activation are one box in every figure.

Nothing is dropped: each layer belongs to exactly one Op, and `absorbed` says what is drawn within another.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from archscope.model.graph import Graph, Layer, is_depthwise
from archscope.views.diagram.ops.channels import channel_axes
from archscope.views.diagram.ops.fusion import Fusion, category_of
from archscope.views.diagram.ops.label import HAS_OWN, Customs, class_of, kind_of, labelled, weight_of
from archscope.views.diagram.ops.ops import Op, in_order, inputs_of
from archscope.views.diagram.ops.rewrites import chained
from archscope.views.diagram.ops.stored import STORED, as_stored, with_stored
from archscope.views.diagram.ops.unread import unread_layers, without_unread

SQUASHING = {"sigmoid", "hardsigmoid", "tanh"}
"""What gates are made of."""


def fused_ops(graph: Graph, block: str = "") -> list[Op]:
    """The Ops of the levels network and flow, and of a block."""
    graph = with_stored(graph)
    fusion = Fusion(graph, block)
    made = []
    axes = channel_axes(graph)
    customs = Customs(
        axes, graph.parameters, shared(graph), _usual_activation(fusion), _most_are_normalised(fusion), fusion.computed,
        _gating(graph),
    )  # fmt: skip
    for root, layers in fusion.groups.items():
        node = fusion.units.get(root)
        path = node.path if node else fusion.functions[root].path if root in fusion.functions else root
        inputs = tuple(dict.fromkeys(map(fusion.root, _read(root, layers))))
        op = labelled(graph.layer[root], layers, path, inputs, customs, fusion.functions.get(root))
        made.append(as_stored(op) if graph.layer[root].operation == STORED else op)
    return in_order([*inputs_of(graph, axes), *without_unread(chained(made, graph), graph)])


def _read(root: str, layers: Iterable[Layer]) -> Iterator[str]:
    """What the layers of one Op read from outside, in the order in which its main one is given it, then the others."""
    own = {layer.name: layer for layer in layers}
    waiting, seen = [*reversed(own), root], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in own:
            yield name
        elif name not in seen:
            seen.add(name)
            waiting += reversed(own[name].inputs)


def plain_ops(graph: Graph) -> list[Op]:
    """The Ops of the level `layer`: one for each layer."""
    axes = channel_axes(graph)
    customs = Customs(axes, graph.parameters, shared(graph))
    known: dict[Any, Op] = {}
    made = [_alone(layer, customs, known) for layer in graph.layers]
    return in_order([*inputs_of(graph, axes), *chained(made, graph)])


def _alone(layer: Layer, customs: Customs, known: dict[Any, Op]) -> Op:
    """The Op of one layer: that of an equal call under this one's name. Equal calls of one pass have one object for
    their settings, which tells them fastest; the rest is what a label says besides."""
    axis, read = customs.axes[layer.name], tuple(dict.fromkeys(layer.inputs))
    weight = weight_of(layer) if customs.shared else ""
    named = layer.kind == layer.operation or not read
    own = weight if weight in customs.shared else layer.parameters if named else ()
    shapes = layer.input_shapes, layer.output_shapes, tuple([operand.shape for operand in layer.operands])
    call = layer.kind, layer.operation, id(layer.settings), id(layer.window), layer.groups, axis, len(read), own, shapes
    op = known.get(call)
    if op is None:
        return known.setdefault(call, labelled(layer, [layer], layer.name, read, customs))
    views = tuple([(layer.name, shape, axis) for _, shape, axis in op.views])
    return Op(layer.name, op.kind, op.word, layer.name, (layer.name,), read, op.shape, op.kernel, op.facts, op.join,
              channels=op.channels, shared=op.shared, views=views)  # fmt: skip


def shared(graph: Graph) -> frozenset[str]:
    """The weights that several layers have."""
    counted = Counter(weight_of(layer) for layer in graph.layers if category_of(layer) in {*HAS_OWN, "product"})
    return frozenset(name for name, count in counted.items() if name and count > 1)


def _most_are_normalised(fusion: Fusion) -> bool:
    groups = [
        layers for root, layers in fusion.groups.items() if "convolution" in category_of(fusion.graph.layer[root])
    ]
    having = [
        layers for layers in groups
        if any(category_of(layer) == "normalisation" and layer.name not in fusion.computed for layer in layers)
    ]  # fmt: skip
    return 2 * len(having) > len(groups)


def _usual_activation(fusion: Fusion) -> str:
    """The activation that most fused boxes have, which their labels need not name; gates count for nothing."""
    factors = {name for layer in _products(fusion.graph) for name in layer.inputs}
    counted = Counter(
        layer.kind
        for layers in fusion.groups.values() if len(layers) > 1
        for layer in layers
        if category_of(layer) == "activation" and not (layer.operation in SQUASHING and layer.name in factors)
    )  # fmt: skip
    return counted.most_common(1)[0][0] if counted else ""


def _products(graph: Graph) -> list[Layer]:
    return [layer for layer in graph.layers if layer.operation == "mul" and len(set(layer.inputs)) > 1]


def _gating(graph: Graph) -> frozenset[str]:
    """Activations that are multiplied with what has none, as in gated linear units, where most others may be alike."""
    activated = {layer.name for layer in graph.layers if category_of(layer) == "activation"}
    factors = [layer.inputs for layer in _products(graph)]
    units = [layer.name for layer in graph.layers if layer.operation == "glu"]  # the product is within
    return frozenset(
        [*units, *(name for names in factors for name in names if activated.isdisjoint({*names} - {name}))]
    )


def absorbed(ops: Iterable[Op], graph: Graph) -> str:
    """What is drawn within another operation's box: `25 Dropout, 14 GELU`."""
    counted: Counter[str] = Counter()
    unread = unread_layers(graph)
    for op in ops:
        for name in op.layers:
            layer = graph.layer[name]
            called = len(op.layers) > 1 and name in unread
            if op.kind != "module" and (called or (kind_of(layer) != op.kind and not is_depthwise(layer))):
                kind = layer.kind if category_of(layer) == "view" else class_of(layer.kind)
                counted["pointwise Conv" if kind == "Conv" else kind] += 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
