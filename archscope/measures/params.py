"""Parameters, as stored and as used: a shared one counts once, at the layer that uses it first."""

from archscope.measures import measure
from archscope.model.graph import Graph
from archscope.model.report import Column


@measure
def params(graph: Graph) -> tuple[Column, ...]:
    """Trainable and frozen parameters, those the pass never touched, and buffers.

    `params` totals everything the network stores; its values per layer leave out `unused_params`. A counter
    (a buffer without axes, such as BN's number of batches) is no buffer here.
    """
    stored = graph.parameters
    by_layer: dict[str, int] = {}
    frozen_by_layer: dict[str, int] = {}
    buffers_by_layer: dict[str, int] = {}
    seen: set[str] = set()
    for layer in graph.layers:
        first = [name for name in layer.parameters if name not in seen]
        seen.update(first)
        by_layer[layer.name] = sum([stored[name].elements for name in first])
        frozen_by_layer[layer.name] = sum([stored[name].elements for name in first if not stored[name].trainable])
        mine = [name for name in layer.buffers if name not in seen and graph.buffers[name].shape]
        seen.update(mine)
        buffers_by_layer[layer.name] = sum([graph.buffers[name].elements for name in mine])
    frozen = sum(tensor.elements for tensor in stored.values() if not tensor.trainable)
    total = sum(tensor.elements for tensor in stored.values())
    unused = sum(tensor.elements for name, tensor in stored.items() if name not in seen)
    buffers = sum(tensor.elements for tensor in graph.buffers.values() if tensor.shape)
    return (
        Column("params", "parameters", total, by_layer),
        Column("trainable_params", "parameters", total - frozen),
        Column("frozen_params", "parameters", frozen, frozen_by_layer),
        Column("unused_params", "parameters", unused),
        Column("buffers", "elements", buffers, buffers_by_layer),
    )
