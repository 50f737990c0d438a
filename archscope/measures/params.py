"""Parameters, as stored and as used: a shared one counts once, at the layer that uses it first."""

from archscope.measures import measure
from archscope.model.graph import Graph
from archscope.model.report import Column


@measure("params", "trainable_params", "frozen_params", "unused_params", "buffers")
def params(graph: Graph) -> tuple[Column, ...]:
    """Trainable and frozen parameters, those the pass never touched, and buffers.

    `params` totals everything the network stores; its values per layer leave out `unused_params`. A counter
    (a buffer without axes, such as BN's number of batches) is no buffer here.
    """
    sizes = {name: tensor.elements for name, tensor in graph.parameters.items()}
    fixed = {name: size for name, size in sizes.items() if not graph.parameters[name].trainable}
    gathered = {name: tensor.elements for name, tensor in graph.buffers.items() if tensor.shape}
    by_layer = dict.fromkeys([layer.name for layer in graph.layers], 0)
    frozen_by_layer, buffers_by_layer = dict(by_layer), dict(by_layer)
    seen: set[str] = set()
    for layer in graph.layers:
        if layer.parameters:
            first = [name for name in layer.parameters if name not in seen]
            seen.update(first)
            by_layer[layer.name] = sum([sizes[name] for name in first])
            frozen_by_layer[layer.name] = sum([fixed.get(name, 0) for name in first])
        if layer.buffers:
            mine = [name for name in layer.buffers if name not in seen]
            seen.update(mine)
            buffers_by_layer[layer.name] = sum([gathered.get(name, 0) for name in mine])
    frozen, total, buffers = sum(fixed.values()), sum(sizes.values()), sum(gathered.values())
    unused = sum([size for name, size in sizes.items() if name not in seen])
    return (
        Column("params", "parameters", total, by_layer),
        Column("trainable_params", "parameters", total - frozen),
        Column("frozen_params", "parameters", frozen, frozen_by_layer),
        Column("unused_params", "parameters", unused),
        Column("buffers", "elements", buffers, buffers_by_layer),
    )
