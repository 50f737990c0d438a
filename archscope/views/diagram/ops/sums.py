"""Sums of many: `a + b + c` is two additions in a trace and one + in a figure, as in ResNeXt's form (a)."""

from collections.abc import Sequence
from dataclasses import replace

from archscope.views.diagram.ops.ops import Op, Ops


def with_whole_sums(ops: Sequence[Op], outputs: Sequence[str]) -> list[Op]:
    """The Ops with each addition that only the next addition of its module reads drawn within that one."""
    readers = Ops(ops).readers
    sums: dict[str, Op] = {}
    within: set[str] = set()
    for op in ops:
        if op.join != "add":
            continue
        parts = [sums[name] for name in op.inputs if _is_part(name, op, sums, readers) and name not in outputs]
        names = {part.name for part in parts}
        inputs = [source for name in op.inputs for source in (sums[name].inputs if name in names else (name,))]
        layers = tuple(layer for one in (*parts, op) for layer in one.layers)
        sums[op.name] = replace(op, inputs=tuple(dict.fromkeys(inputs)), layers=layers)
        within |= names
    return [sums.get(op.name, op) for op in ops if op.name not in within]


def _is_part(name: str, op: Op, sums: dict[str, Op], readers: dict[str, list[str]]) -> bool:
    return name in sums and readers[name] == [op.name] and _module(sums[name]) == _module(op)


def _module(op: Op) -> str:
    return op.path.rpartition(".")[0]
