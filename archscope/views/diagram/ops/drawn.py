"""The Ops of what is drawn, a network or a block of it, and the tensors where they end."""

from collections.abc import Sequence

from archscope.model.graph import Graph, Output
from archscope.views.diagram.ops.fuse import fused_ops, plain_ops
from archscope.views.diagram.ops.ops import Op, under
from archscope.views.diagram.ops.outputs import ends_of, results
from archscope.views.diagram.ops.sums import with_whole_sums


def drawn(graph: Graph, block: str, plain: bool = False) -> tuple[list[Op], Sequence[Output]]:
    """The Ops of a network or of a block of it, and the tensors where they end; `plain`: one Op a layer."""
    outputs: Sequence[Output] = results(graph)
    ops = plain_ops(graph) if plain else fused_ops(graph, block)
    if not plain:
        ops = with_whole_sums(ops, ends_of(ops, outputs))
    return within(ops, block, outputs) if block else (ops, outputs)


def within(ops: Sequence[Op], block: str, outputs: Sequence[Output]) -> tuple[list[Op], tuple[Output, ...]]:
    """The Ops of a block after an Op for each tensor that it reads, and the tensors that leave it, as they are made."""
    members = [op for op in ops if under(op.path, block) and op.kind != "tensor"]
    names = {op.name for op in members}
    by_name = {op.name: op for op in ops}
    entering = dict.fromkeys(source for op in members for source in op.inputs if source not in names)
    one = len(entering) == 1
    inputs = [
        Op(name, "tensor", "Input" if one else name, name, (), (), by_name[name].shape, channels=by_name[name].channels)
        for name in entering
    ]
    read, ends = {name for op in ops if op.name not in names for name in op.inputs}, {each.layer for each in outputs}
    left = [op for op in members if op.name in read or not ends.isdisjoint(op.layers)]
    return [*inputs, *members], tuple(Output(str(i), op.layers[-1], op.shape) for i, op in enumerate(left))
