"""Equal ways to say the same that show the structure: a concatenation that continues an earlier one reads that."""

import re
from collections.abc import Sequence
from dataclasses import replace

from archscope.model.graph import Graph, Layer
from archscope.model.tree import LISTS
from archscope.views.diagram.ops.ops import Op

CALL = re.compile(r"_\d+$")
"""At the end of the name of an operation, or of a layer that is called again."""
MOST_CALLS = 64
"""So often does a step of a loop call one operation, at most."""
SCALAR, SPAN = re.compile(r"[×÷+−]-?[\d.]+(e[+-]?\d+)?"), " … "


def chained(ops: Sequence[Op], graph: Graph) -> list[Op]:
    """`cat(a, b, c)` as `cat(cat(a, b), c)` where `cat(a, b)` is computed too, as dense layers that keep a list do.

    Each then stands with what it adds: in the module of `c`, as if that ended by concatenating what it was given.
    """
    op_of = {op.name: op for op in ops}
    before = _continued([graph.layer[op.name] for op in ops if op.join == "cat"])
    moved = {}
    for name in {**before, **dict.fromkeys(before.values())}:
        op = op_of[name]
        held = op_of[before[name]].inputs if name in before else op.inputs[:1]
        added = [source for source in op.inputs if source not in held]
        path = _joined(op.path, [op_of[source].path for source in added if source in op_of])
        path = op.path if graph.blocks.get(path.rpartition(".")[0]) in LISTS else path
        moved[name] = replace(op, path=path, inputs=(before[name], *added) if name in before else op.inputs)
    return [moved.get(op.name, op) for op in ops]


def _continued(layers: Sequence[Layer]) -> dict[str, str]:
    """By the name of a concatenation, that of the one which has most of its first inputs, in their order."""
    made = {_key(layer, len(layer.inputs)): layer.name for layer in layers}
    found = {}
    for layer in layers:
        keys = (_key(layer, count) for count in range(len(layer.inputs) - 1, 1, -1))
        before = next((made[key] for key in keys if key in made), "")
        if before:
            found[layer.name] = before
    return found


def _key(layer: Layer, count: int) -> tuple[object, ...]:
    return layer.operation, layer.settings.get("dim"), *layer.inputs[:count]


def _joined(path: str, added: Sequence[str]) -> str:
    """The path of a concatenation in the module, beside its own, that all it adds comes from."""
    own = path.split(".")
    modules = {tuple(_module_beside(own, other.split("."))) for other in added}
    module = modules.pop() if len(modules) == 1 else ()
    return ".".join([*module, own[-1]]) if module else path


def _module_beside(own: Sequence[str], other: Sequence[str]) -> Sequence[str]:
    shared = 0
    while shared < min(len(own), len(other)) and own[shared] == other[shared]:
        shared += 1
    return other[: shared + 1] if shared + 1 < len(other) else ()


def with_spans(ops: Sequence[Op]) -> list[Op]:
    """The Ops with the constants of all calls of one operation as one fact, `×0.5 … ×0.02`: steps of a loop, which
    calls layers again, are alike where they differ in no more."""
    if not any(op.shared for op in ops):
        return list(ops)
    calls: dict[str, list[Op]] = {}
    for op in ops:
        if len(op.facts) == 1 and SCALAR.fullmatch(op.facts[0]):
            calls.setdefault(CALL.sub("", op.path), []).append(op)
    spans: dict[str, str] = {}
    for alike in map(_at_one_place, calls.values()):
        for place in alike:
            if len({op.facts for op in place}) > 1:
                span = f"{place[0].facts[0]}{SPAN}{place[-1].facts[0]}"
                spans |= dict.fromkeys((op.name for op in place), span)
    return [replace(op, facts=(spans[op.name],)) if op.name in spans else op for op in ops]


def _at_one_place(calls: Sequence[Op]) -> list[Sequence[Op]]:
    """The calls of one operation by their place in the step of a loop that calls it several times: so many times as
    leave most places without a change."""

    def places(times: int) -> list[Sequence[Op]]:
        return [calls[i::times] for i in range(times)]

    def unchanged(times: int) -> float:
        return sum(len({op.facts for op in place}) == 1 for place in places(times)) / times

    return places(max(range(1, min(MOST_CALLS, len(calls) // 2) + 1), key=unchanged, default=1))


def is_concat_of_one(layer: Layer) -> bool:
    """A list of features with one in it, concatenated: what went in comes out."""
    return layer.operation == "cat" and layer.input_shapes == layer.output_shapes
