"""From records to layers: each gets the path of the module that it stands for, or a name in its block."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from torch import nn

from archscope.model.graph import COMPUTED, KERAS_LAYER, Graph, Layer, Operand, Shape, Tensor, less_batch
from archscope.model.operations import STATISTICS
from archscope.model.text import UNSHOWN, shown
from archscope.tracing.records import Given, Record

TORCHS = ("torch.nn.", "torch.ao.")
"""Where torch's own modules are defined."""


def operand_of(argument: str, shape: Shape, given: Given) -> Operand:
    kind, source, (output, views) = given
    return Operand(argument, kind, source.name, shape, output, views)


def layer_of(record: Record) -> Layer:
    effect, said = record.effect, record.effect.said
    operands = tuple(map(operand_of, said.arguments, said.shapes, record.operands))
    computed: list[Operand] = []
    parameters: dict[str, None] = {}
    buffers: dict[str, None] = {}
    for operand in operands:
        if operand.kind in COMPUTED:
            computed.append(operand)
        elif operand.kind == "parameter":
            parameters[operand.source] = None
        elif operand.kind == "buffer":
            buffers[operand.source] = None
    return Layer(
        name=record.name,
        kind=record.call.kind if record.main else effect.operation,
        operation=effect.operation,
        inputs=tuple([operand.source for operand in computed]),
        input_shapes=tuple([less_batch(operand.shape) for operand in computed]),
        output_shapes=effect.output_shapes,
        dtypes=effect.dtypes,
        window=said.window,
        groups=said.bound.get("groups", 1),
        settings=said.settings,
        parameters=tuple(parameters),
        buffers=tuple(buffers),
        memory=effect.memory,
        operands=operands,
        function=said.function,
    )


def _is_tree(blocks: Mapping[str, nn.Module]) -> bool:
    """Does each module stand in one place alone? All but the root are somebody's child, once or more."""
    return sum([len(block._modules) for block in blocks.values()]) < len(blocks)


def second_paths(blocks: Mapping[str, nn.Module]) -> dict[tuple[str, int], str]:
    """How a block calls a module that another has too, by the block's path and the module's id.

    One activation in all blocks of a network stands in each of them, as it is written there. What holds parameters or
    buffers is one module, wherever it is called: its weights are shared.
    """
    if _is_tree(blocks):
        return {}
    found: dict[tuple[str, int], str] = {}
    first = {id(block): path for path, block in blocks.items()}
    for path, block in blocks.items():
        for name, child in block._modules.items():
            own = f"{path}.{name}" if path else name
            if child is None or own in blocks or child._parameters or child._buffers or child._modules:
                continue
            if first[id(child)].rpartition(".")[0] != path:  # else this block has it under two names
                found.setdefault((path, id(child)), own)
    return found


def names_of(blocks: Mapping[str, nn.Module], again: Mapping[tuple[str, int], str]) -> dict[str, int]:
    """Under how many paths each module stands that has several, also by its paths in other blocks (`second_paths`). Two
    names in one parent are one: `children()`, by which counters go through a network, gives each module once."""
    if _is_tree(blocks):
        return {}
    parents: dict[int, list[int]] = {id(block): [] for block in blocks.values()}
    for block in blocks.values():
        for child in {id(child) for child in block._modules.values() if child is not None}:
            parents.setdefault(child, []).append(id(block))
    if all(len(above) < 2 for above in parents.values()):
        return {}
    counted: dict[int, int] = {}

    def count(module: int) -> int:
        if module not in counted:
            counted[module] = 0  # of a circle
            counted[module] = sum(map(count, parents[module])) or 1
        return counted[module]

    paths = {path: id(block) for path, block in blocks.items()} | {path: module for (_, module), path in again.items()}
    return {path: times for path, module in paths.items() if (times := count(module)) > 1}


def bases(blocks: Mapping[str, nn.Module]) -> dict[str, str]:
    """The class of torch's that each module's class derives from, where that is another; of Keras' layers their own."""
    kinds = {kind: _base(kind) for kind in {type(module) for module in blocks.values()}}
    return {path: kinds[kind] for path, kind in ((path, type(m)) for path, m in blocks.items()) if kinds[kind]}


def _base(kind: type) -> str:
    """Nothing for torch's own."""
    if any(base.__module__.startswith("keras.") for base in kind.__mro__):
        return KERAS_LAYER
    base = next(base for base in kind.__mro__ if base.__module__.startswith(TORCHS))
    return "" if base is kind else base.__name__


def constant_buffers(layers: Iterable[Layer]) -> set[str]:
    """Buffers that operations read as they read a constant: all but the statistics that training gathers."""
    return {
        operand.source
        for layer in layers
        if layer.buffers
        for operand in layer.operands
        if operand.kind == "buffer" and operand.argument not in STATISTICS
    }


def readable(graph: Graph) -> Graph:
    """The graph with names that can be shown, where modules bear others: a terminal's escapes are no name."""
    if not UNSHOWN.search("".join(_said(graph))):
        return graph
    named = _Shown()
    inputs, parameters, buffers, constants = [named.tensors(table) for table in _tables(graph)]
    return replace(
        graph,
        name=shown(graph.name),
        inputs=inputs,
        layers=tuple(_renamed(layer, named) for layer in graph.layers),
        outputs=tuple(map(named, graph.outputs)),
        blocks={named(path): shown(kind) for path, kind in graph.blocks.items()},
        parameters=parameters,
        buffers=buffers,
        notes=tuple(map(shown, graph.notes)),
        constants=constants,
        named_outputs=tuple(
            replace(output, name=shown(output.name), layer=named(output.layer)) for output in graph.named_outputs
        ),
        results=_of_renamed(graph.results, named),
        unseen=tuple(map(named, graph.unseen)),
        bases={named(path): shown(kind) for path, kind in graph.bases.items()},
        names={named(path): times for path, times in graph.names.items()},
    )


def _tables(graph: Graph) -> tuple[Mapping[str, Tensor], ...]:
    return graph.inputs, graph.parameters, graph.buffers, graph.constants


def _said(graph: Graph) -> Iterator[str]:
    """All that users name: what layers are called is made of it."""
    yield graph.name
    yield from chain(graph.notes, graph.blocks, graph.blocks.values(), graph.bases.values(), *_tables(graph))
    yield from (output.name for output in graph.named_outputs)


class _Shown:
    """How each name is shown: two that are shown alike stay two."""

    def __init__(self) -> None:
        self._renamed: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._renamed:
            new = shown(name)
            while new in self._taken:
                new += "_"
            self._taken.add(new)
            self._renamed[name] = new
        return self._renamed[name]

    def tensors(self, of: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {self(name): tensor._replace(name=self(name), shares=self(tensor.shares)) for name, tensor in of.items()}


def _renamed(layer: Layer, named: Callable[[str], str]) -> Layer:
    return replace(
        layer,
        name=named(layer.name),
        kind=shown(layer.kind),
        inputs=tuple(map(named, layer.inputs)),
        parameters=tuple(map(named, layer.parameters)),
        buffers=tuple(map(named, layer.buffers)),
        operands=_of_renamed(layer.operands, named),
    )


def _of_renamed(operands: Iterable[Operand], named: Callable[[str], str]) -> tuple[Operand, ...]:
    return tuple(
        operand._replace(argument=shown(operand.argument), source=named(operand.source)) for operand in operands
    )
