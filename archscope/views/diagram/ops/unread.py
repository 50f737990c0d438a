"""Calls of a layer whose result nothing reads, though that of another call of it is read: no figure has them."""

from collections.abc import Sequence
from dataclasses import replace

from archscope.model.graph import Graph
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.rewrites import CALL


def without_unread(ops: Sequence[Op], graph: Graph) -> list[Op]:
    """The Ops with each such call drawn within what it reads."""
    layers = unread_layers(graph)
    unread = {op.name for op in ops if op.layers and layers.issuperset(op.layers)}
    calls = {_called(op) for op in ops if op.name not in unread} & graph.blocks.keys() if unread else set()
    by_name = {op.name: op for op in ops}
    for op in [op for op in ops if op.name in unread and _called(op) in calls]:
        holder = by_name.get(op.inputs[0]) if len(op.inputs) == 1 else None
        if holder and holder.layers:
            by_name[holder.name] = replace(holder, layers=(*holder.layers, *op.layers))
            del by_name[op.name]
    return list(by_name.values())


def unread_layers(graph: Graph) -> set[str]:
    """Those that no layer reads, nor the network returns."""
    unread = {name for name in graph.layer if not graph.consumers[name]}
    return unread.difference(graph.outputs) if graph.outputs else set()


def _called(op: Op) -> str:
    return CALL.sub("", op.path)
