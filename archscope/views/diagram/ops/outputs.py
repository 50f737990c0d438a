"""What a network gives: a box for each result, under the name by which it is returned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
    joined = _joined(given, holder)
    for i, output in enumerate(given):
        source = holder[output.layer]
        if joined.get(i, i) != i:
            continue
        if len(given) == 1 and is_output(source):
            called.append(source)
            continue
        own = source.layers[-1:] == (output.layer,) or not source.layers  # else views are drawn within the box
        channels = source.channels if len(source.shape) == len(output.shape) and own else None
        name = f"output:{output.name or i}"
        last = max((k for k, first in joined.items() if first == i), default=i)
        word = f"{WORD}s {i + 1} to {last + 1}" if last > i else _word(output, i, len(given))
        made.append(Op(name, "tensor", word, name, (), (source.name,), output.shape, channels=channels))
    named = [replace(op, word=f"{WORD}: {op.word}") if op in called and op.word != WORD else op for op in ops]
    return [*named, *made]


def _joined(given: Sequence[Output], holder: Mapping[str, Op]) -> dict[int, int]:
    """Results in a row that one closed box gives, of one shape and without names, by the first of them: one box."""
    found: dict[int, int] = {}
    for i, output in enumerate(given):
        source = holder[output.layer]
        alike = i > 0 and (holder[given[i - 1].layer], given[i - 1].shape) == (source, output.shape)
        numbered = output.name.isdecimal() and len({*source.layers}) > 1
        found[i] = found[i - 1] if alike and numbered and source.kind == "module" else i
    return found


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
