"""Calls of a layer whose result nothing reads, though that of another call of it is read: no figure has them."""

from collections.abc import Sequence
from dataclasses import replace

from archscope.model.graph import Graph
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.rewrites import CALL


def without_unread(ops: Sequence[Op], graph: Graph) -> list[Op]:
    """The Ops with each such call drawn within what it reads."""
    unread = {op.name for op in ops if op.layers and all(is_unread(name, graph) for name in op.layers)}
    calls = {_called(op) for op in ops if op.name not in unread}
    by_name = {op.name: op for op in ops}
    for op in [op for op in ops if op.name in unread and _called(op) in calls & graph.blocks.keys()]:
        holder = by_name.get(op.inputs[0]) if len(op.inputs) == 1 else None
        if holder and holder.layers:
            by_name[holder.name] = replace(holder, layers=(*holder.layers, *op.layers))
            del by_name[op.name]
    return list(by_name.values())


def is_unread(layer: str, graph: Graph) -> bool:
    """Does no layer read it, nor the network return it?"""
    return bool(graph.outputs) and layer not in graph.outputs and not graph.consumers[layer]


def _called(op: Op) -> str:
    return CALL.sub("", op.path)
