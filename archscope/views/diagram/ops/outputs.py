"""What a network gives: a box for each result, under the name by which it is returned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from archscope.model.graph import Graph, Output
from archscope.views.diagram.ops.ops import Op

WORD = "Output"


def results(graph: Graph) -> tuple[Output, ...]:
    """The results by name; of a report that does not say their names, the tensors of the layers that make them."""
    known = {name: tensor.shape for name, tensor in graph.inputs.items()}
    known |= {layer.name: layer.output_shape for layer in graph.layers}
    unnamed = [Output(str(i), name, known[name]) for i, name in enumerate(graph.outputs)]
    return graph.named_outputs or tuple(unnamed)


def with_outputs(ops: Sequence[Op], given: Sequence[Output]) -> list[Op]:
    """The Ops, and one after them for each of these results. A box that is called Output is one already."""
    holder = {name: op for op in ops for one in op.each for name in one.layers} | {op.name: op for op in ops}
    made: list[Op] = []
    called: list[Op] = []
    for i, last in _runs(given, holder):
        output = given[i]
        source = holder[output.layer]
        if len(given) == 1 and is_output(source):
            called.append(source)
            continue
        own = source.layers[-1:] == (output.layer,) or not source.layers  # else views are drawn within the box
        channels = source.channels if len(source.shape) == len(output.shape) and own else None
        name = f"output:{output.name or i}"
        word = f"{WORD}s {i + 1} to {last + 1}" if last > i else _word(output, i, len(given))
        made.append(Op(name, "tensor", word, name, (), (source.name,), output.shape, channels=channels))
    named = [replace(op, word=f"{WORD}: {op.word}") if op in called and op.word != WORD else op for op in ops]
    return [*named, *made]


def _runs(given: Sequence[Output], holder: Mapping[str, Op]) -> Iterator[tuple[int, int]]:
    """The first and the last of results in a row that are one box: one closed module gives them, they are of one shape,
    and have no names."""

    def look(i: int) -> tuple[object, ...]:
        source = holder[given[i].layer]
        return (source.name, given[i].shape) if source.kind == "module" and given[i].name.isdecimal() else (i,)

    for _, run in groupby(range(len(given)), look):
        places = list(run)
        yield places[0], places[-1]


def is_output(op: Op) -> bool:
    """Does its author call it so?"""
    return op.path.rpartition(".")[2].lower() == WORD.lower()


def ends_of(ops: Sequence[Op], given: Sequence[Output]) -> list[str]:
    """The names of the Ops where the network ends: the boxes of its results, or what makes them."""
    ends = {op.inputs[0]: op.name for op in ops if op.kind == "tensor" and op.inputs}
    holder = {name: op.name for op in ops for one in op.each for name in one.layers}
    made = dict.fromkeys(holder[output.layer] for output in given if output.layer in holder)
    return [*(op.name for op in ops if op.kind == "tensor" and op.inputs), *(name for name in made if name not in ends)]


def _word(output: Output, i: int, count: int) -> str:
    """`Output` alone, else `Output logits`, or the number of one that has no name."""
    if not output.name:
        return WORD
    place = f"{i + 1}" if output.name.isdecimal() else output.name
    return f"{WORD} {place}" if count > 1 or not output.name.isdecimal() else WORD
