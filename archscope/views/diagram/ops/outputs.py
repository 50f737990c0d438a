"""What a network gives: a box for each result, under the name by which it is returned."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archscope.model.graph import COMPUTED, Graph, Output, less_batch
from archscope.views.diagram.ops.inputs import MOST_TENSORS, SEVERAL
from archscope.views.diagram.ops.ops import Op

WORD = "Output"
ALSO = ", "
"""Between the names of one tensor."""
STORED = Op("", "tensor", "", "", (), (), ())
"""Of what is returned as it is stored; no box."""

NUMBERED = re.compile(r"(?:(.*?[._]))?(\d+)((?:\..*)?)")
"""A name with a number as one of its parts."""


def results(graph: Graph) -> tuple[Output, ...]:
    """The results by name, by all names of one that is returned under several; of a report that does not say them, the
    tensors of the layers that make them. What is returned as it is stored, such as anchors, comes last, of no layer."""
    names: dict[tuple[str, int], list[str]] = {}
    for each in graph.results:
        names.setdefault((each.source, each.output), []).append(each.argument)
    called = {every[0]: ALSO.join(every) for every in names.values()}
    known = {name: tensor.shape for name, tensor in graph.inputs.items()}
    known |= {layer.name: layer.output_shape for layer in graph.layers}
    unnamed = [Output(str(i), name, known[name]) for i, name in enumerate(graph.outputs)]
    made = [replace(one, name=called.get(one.name, one.name)) for one in graph.named_outputs]
    stored = {each.source: each for each in reversed(graph.results) if each.kind not in COMPUTED}
    return (
        *(made or unnamed),
        *(Output(called[each.argument], "", less_batch(each.shape)) for each in reversed(stored.values())),
    )


def with_outputs(ops: Sequence[Op], given: Sequence[Output], block: str = "", together: bool = False) -> list[Op]:
    """The Ops, and one after them for each of these results, of the network or of a block of it, or `together` for all
    that one box gives. A box that is called Output is one already."""
    holder = {name: op for op in ops for one in op.each for name in one.layers} | {op.name: op for op in ops}
    holder[""] = STORED
    made: list[Op] = []
    called: list[Op] = []
    for alike in _groups(given, holder, MOST_TENSORS if not together else 1):
        i, output = alike[0], given[alike[0]]
        source = holder[output.layer]
        if len(given) == 1 and is_output(source):
            called.append(source)
            continue
        reads = tuple([one.name for step in source.each for one in step.members if output.layer in one.layers])
        name = f"{block}>{output.name or i}" if block else f"output:{output.name or i}"
        word = _word(output, i, len(given)) if len(alike) == 1 else _words([given[j].name for j in alike])
        same, axis = len({given[j].shape for j in alike}) == 1, _axis_of_channels(output, source)
        read = () if source is STORED else (source.name,)
        made.append(Op(name, "tensor", word, name, (), read, output.shape if same else (),
                       facts=() if same else (SEVERAL,), channels=axis, reads=reads))  # fmt: skip
    named = [replace(op, word=f"{WORD}: {op.word}") if op in called and op.word != WORD else op for op in ops]
    return [*named, *made]


def _axis_of_channels(output: Output, source: Op) -> int | None:
    """As the layer that makes a result leaves it, a view too that is drawn within the box."""
    every = (one for step in source.each for one in step.members or (step,))
    maker = next((one for one in every if output.layer in one.layers), source)
    views = {name: axis for name, _, axis in maker.views}
    same_rank = len(maker.shape) == len(output.shape)
    return views.get(output.layer, maker.channels if same_rank else None)


def _groups(given: Sequence[Output], holder: Mapping[str, Op], most: int) -> Iterator[list[int]]:
    """The results that are one box: one closed module gives them, they are of one shape, and their names are numbers,
    or begin alike and have one within; or one box gives more than `most`."""
    groups: dict[object, list[int]] = {}
    many = Counter(holder[output.layer].name for output in given)
    for i, output in enumerate(given):
        source = holder[output.layer]
        numbered = NUMBERED.fullmatch(output.name) if source.kind == "module" else None
        key = (source.name, output.shape, numbered[1]) if numbered else i
        groups.setdefault(source.name if many[source.name] > most else key, []).append(i)
    for alike in groups.values():
        if len(alike) > most or (len(alike) > 1 and _names([given[i].name for i in alike])):
            yield alike
        else:
            yield from ([i] for i in alike)


def _words(names: Sequence[str]) -> str:
    """`Outputs 1 to 12`, or how many there are of those whose names say nothing together."""
    said = _names(names) if all(map(NUMBERED.fullmatch, names)) else ""
    return f"{WORD}s {said}" if said else f"{len(names)} {WORD.lower()}s"


def _names(names: Sequence[str]) -> str:
    """`1 to 12` of those that are numbers from 0 on, `cache.layers.0 to 5.keys, values`; empty where these are not all
    of them."""
    parts = [found.groups() for name in names if (found := NUMBERED.fullmatch(name))]
    numbers = list(dict.fromkeys(int(number) for _, number, _ in parts))
    ends = list(dict.fromkeys(end for _, _, end in parts))
    if len(numbers) * len(ends) != len(names) or numbers != list(range(numbers[0], numbers[-1] + 1)):
        return ""
    stem = parts[0][0] or ""
    first = _counted(f"{stem}{numbers[0]}") if ends == [""] else f"{stem}{numbers[0]}"
    from_one = first != f"{stem}{numbers[0]}"
    more = f" to {numbers[-1] + from_one}" if len(numbers) > 1 else ""
    return f"{first}{more}{', '.join(ends).replace(', .', ', ')}"


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
    places = [_counted(name) for name in output.name.split(ALSO)]
    return f"{WORD} {ALSO.join(places)}" if count > 1 or not places[0].isdecimal() or len(places) > 1 else WORD


def _counted(name: str) -> str:
    """Places in tuples, from 1 on where there is nothing but these: `3.1` of `2.0`, but `features.0`."""
    places = name.split(".")
    return ".".join(f"{int(place) + 1}" for place in places) if all(map(str.isdecimal, places)) else name
