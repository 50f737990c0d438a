"""Stored tensors that stand where others are computed: learned queries, which the first of a row of modules reads where
the next one reads what that first one made; zeros, as the first step of a loop reads for a state."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from archscope.model.graph import COMPUTED, Graph, Layer, Operand, less_batch
from archscope.views.diagram.ops.label import is_view
from archscope.views.diagram.ops.names import own_name, pretty
from archscope.views.diagram.ops.ops import Op, under, upwards

NUMBERED = re.compile(r"(.*?)(\d+)")

FEWEST_STEPS = 3
"""So many calls of one layer make a loop."""

STORED = "stored"
"""The operation of a layer that stands for a stored tensor."""


def with_stored(graph: Graph) -> Graph:
    """The Graph with a layer for the tensor that a row of modules begins with, so that all of them are alike."""
    begun = {layer.name: found for layer in graph.layers if (found := list(_begins(layer, graph)))}
    for reader, loop, operand in _begin_loops(graph):
        if operand not in [known for _, known in begun.get(reader, ())]:
            begun.setdefault(reader, []).append((loop, operand))
    if not begun:
        return graph
    sources: dict[str, set[str]] = {}  # of several, such as states, none is what runs through the row
    for module, operand in itertools.chain(*begun.values()):
        sources.setdefault(module, set()).add(operand.source)
    held: dict[str, Layer] = {}
    layers = []
    for layer in graph.layers:
        stored = {one: _named(one, module) for module, one in begun.get(layer.name, ()) if len(sources[module]) == 1}
        held |= {name: _held(one, name) for one, name in stored.items()}
        layers.append(_reading(layer, stored) if stored else layer)
    return replace(graph, layers=(*held.values(), *layers))


def _held(operand: Operand, name: str) -> Layer:
    return Layer(name, operand.source, STORED, (), (), (less_batch(operand.shape),))


def as_stored(op: Op) -> Op:
    """The box of a stored tensor: no layer computes it."""
    word = pretty(own_name(op.name.replace("/", ".")))
    return replace(op, word=word, layers=(), facts=("×".join(map(str, op.shape)),))


def _begins(layer: Layer, graph: Graph) -> Iterator[tuple[str, Operand]]:
    """What of this layer's is stored elsewhere, where that of the same layer in the next module is made in this one,
    the module that is given it."""
    for operand in layer.operands:
        constant = operand.kind == "constant"  # which is called as what reads it first
        if operand.kind in COMPUTED or (under(operand.source, layer.name) and not constant):
            continue
        for module in upwards(layer.name.rpartition(".")[0]):
            if not module or (under(operand.source, module) and not constant):
                break
            after = graph.layer.get(_next(module, graph.blocks) + layer.name[len(module) :])
            if after and _are_alike(layer, after) and under(_made(operand.argument, after, graph), module):
                yield module, operand


def _begin_loops(graph: Graph) -> Iterator[tuple[str, str, Operand]]:
    """What a layer in the first step of a loop is given that is stored, where the same layer a step later is given what
    the first step made, after the module that holds all that a step does, which may be what is called again."""
    layers = [
        layer for layer in graph.layers if len(layer.operands) > 1 or not is_view(layer)
    ]  # of stored ones none is
    calls: dict[str, list[int]] = {}
    for i, layer in enumerate(layers):
        for name in layer.parameters:
            calls.setdefault(name, []).append(i)
    known: set[int] = set()  # layers of steps that were found
    for at in calls.values():
        length = at[1] - at[0] if len(at) >= FEWEST_STEPS and at[0] not in known else 0
        if not length or any(two - one != length for one, two in itertools.pairwise(at)):
            continue
        start = at[0]
        while start > max(at[0] - length + 1, 0) and _are_alike(layers[start - 1], layers[start - 1 + length]):
            start -= 1
        known.update(range(start, start + length))
        step, following = layers[start : start + length], layers[start + length : start + 2 * length]
        made = {layer.name for layer in step}
        around = upwards(step[0].name.rpartition(".")[0])
        module = next(path for path in around if all(under(name, path) for name in made))
        for layer, after in zip(step, following, strict=True) if all(map(_are_alike, step, following)) else ():
            for operand in layer.operands:
                if operand.kind not in COMPUTED and _made(operand.argument, after, graph) in made:
                    yield layer.name, module, operand


def _named(operand: Operand, module: str) -> str:
    """A name for its box; of a constant, which is called as what reads it first, one beside this module."""
    if operand.kind != "constant":
        return operand.source
    return ".".join(filter(None, [module.rpartition(".")[0], operand.source.replace(".", "/")]))


def _next(module: str, blocks: Mapping[str, str]) -> str:
    """The module of the same class that is the next by its number; one that is none where there is no such."""
    numbered = NUMBERED.fullmatch(module)
    following = f"{numbered[1]}{int(numbered[2]) + 1}" if numbered else ""
    return following if following in blocks and blocks[following] == blocks[module] else "."


def _are_alike(one: Layer, two: Layer) -> bool:
    return (one.operation, one.output_shapes) == (two.operation, two.output_shapes)


def _made(argument: str, layer: Layer, graph: Graph) -> str:
    """The layer that makes what this one is given as `argument`, views of it left out; nothing where none does."""
    source = next((one.source for one in layer.operands if one.argument == argument and one.kind == "layer"), "")
    while source in graph.layer and is_view(graph.layer[source]):
        source = next(iter(graph.layer[source].inputs), "")
    return source


def _reading(layer: Layer, stored: Mapping[Operand, str]) -> Layer:
    """The layer reading these as if they were computed."""
    operands = tuple(
        one._replace(kind="layer", source=stored[one], views=()) if one in stored else one for one in layer.operands
    )
    read = [one for one in operands if one.kind in COMPUTED]
    names = {one.source for one in stored}
    return replace(
        layer, operands=operands, inputs=tuple(one.source for one in read),
        input_shapes=tuple(less_batch(one.shape) for one in read),
        parameters=tuple(name for name in layer.parameters if name not in names),
    )  # fmt: skip
