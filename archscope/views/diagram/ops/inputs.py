"""What a network reads, or a block of it: a box for each tensor, unless there are very many."""

from collections.abc import Sequence
from dataclasses import replace

from archscope.views.diagram.ops.ops import Op, Ops

SEVERAL = "several sizes"
"""Said of tensors in one box that are not of one size."""

MOST_TENSORS = 30
"""More that one box reads or gives are one box: no reader follows each line."""


def with_few_inputs(ops: list[Op], word: str) -> list[Op]:
    """The Ops, those of many tensors that the same Ops read as one, of this word, which knows the others."""
    tensors = [op for op in ops if op.kind == "tensor"]
    if len(tensors) <= MOST_TENSORS:
        return ops
    readers = Ops(ops).readers
    read: dict[tuple[str, ...], list[Op]] = {}
    for op in tensors:
        read.setdefault(tuple(readers[op.name]), []).append(op)
    many = [alike for alike in read.values() if len(alike) > MOST_TENSORS]
    first = {op.name: alike[0].name for alike in many for op in alike}
    whole = {alike[0].name: _as_one(alike, word) for alike in many}
    told = [
        op if first.keys().isdisjoint(op.inputs)
        else replace(op, inputs=tuple(dict.fromkeys(first.get(name, name) for name in op.inputs)))
        for op in ops
    ]  # fmt: skip
    return [whole[op.name] if op.name in first else op for op in told if first.get(op.name, op.name) == op.name]


def _as_one(tensors: Sequence[Op], word: str) -> Op:
    if len({op.shape for op in tensors}) > 1:
        tensors = [replace(op, shape=(), facts=(SEVERAL,)) for op in tensors]
    first, *others = [replace(op, word=word) for op in tensors]
    return replace(first, copies=tuple(others))
