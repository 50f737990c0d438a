"""Memory of inference: weights, outputs, and the peak by liveness. `Graph.batch` images at a time."""

from collections.abc import Mapping

from archscope.measures import measure
from archscope.measures.kept_by_kernels import passing_forward
from archscope.model.graph import Graph
from archscope.model.report import Column, summed


@measure("weight_bytes", "output_bytes", "peak_memory_bytes")
def memory(graph: Graph) -> tuple[Column, ...]:
    """Bytes of weights and outputs per layer, and what is alive while each layer runs; the total is the peak.

    A tensor lives from the layer that computes it to the last that reads it or a view of it; a view or an in-place
    result adds none. The caller's input and all weights and buffers live throughout. While a recurrent layer runs, the
    gates of all its steps do, and a MultiheadAttention's projections and scores; other workspaces and the allocator's
    rounding are not counted.
    """
    stored = graph.held_bytes
    weight_bytes: dict[str, int | float | None] = {}
    seen: set[str] = set()
    for layer in graph.layers:
        read = (*layer.parameters, *layer.buffers)
        weight_bytes[layer.name] = sum([stored[name] for name in read if name not in seen]) if read else 0
        seen.update(read)
    all_weights = sum(stored.values())
    output_bytes: dict[str, int | float | None] = {
        layer.name: graph.bytes[layer.name] if layer.memory == "new" else 0 for layer in graph.layers
    }
    alive = _alive(graph, all_weights)
    return (
        Column("weight_bytes", "bytes", all_weights, weight_bytes),
        summed("output_bytes", "bytes", output_bytes),
        Column("peak_memory_bytes", "bytes", max(alive.values(), default=all_weights), alive, reduce="max"),
    )


def storage_roots(graph: Graph) -> dict[str, str]:
    """For each input and layer, the one whose memory it lives in: itself, or what it views or overwrites."""
    roots = {name: name for name in graph.inputs}
    for layer in graph.layers:
        shares = layer.memory != "new" and layer.inputs
        roots[layer.name] = roots[layer.inputs[0]] if shares else layer.name
    return roots


def last_reads(graph: Graph, roots: Mapping[str, str]) -> dict[str, int]:
    """The place of the last layer that reads what lives in each storage root; behind all of what stays."""
    last_read = {roots[layer.name]: i for i, layer in enumerate(graph.layers)}
    for i, layer in enumerate(graph.layers):
        for name in layer.inputs:
            last_read[roots[name]] = i
    return last_read | {roots[name]: len(graph.layers) for name in (*graph.inputs, *graph.outputs)}


def _alive(graph: Graph, weights: int) -> dict[str, int]:
    roots = storage_roots(graph)
    last_read = last_reads(graph, roots)
    ends: dict[int, list[str]] = {}
    for root, i in last_read.items():
        ends.setdefault(i, []).append(root)
    now = weights + sum([graph.bytes[name] for name in graph.inputs])
    alive = {}
    for i, layer in enumerate(graph.layers):
        if roots[layer.name] == layer.name:
            now += graph.bytes[layer.name]
        given = sum([graph.bytes[name] for name in layer.inputs])
        alive[layer.name] = now + passing_forward(layer, graph.batch, given)
        now -= sum([graph.bytes[root] for root in ends.get(i, ())])
    return alive
