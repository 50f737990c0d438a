"""Memory of inference: weights, outputs, and the peak by liveness. `Graph.batch` images at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, takewhile

from archscope.measures import measure
from archscope.measures.kept_by_kernels import passing_forward
from archscope.measures.workspace import Library
from archscope.model.graph import Graph, Layer
from archscope.model.report import Column, summed
from archscope.model.tree import LISTS


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
    roots = storage_roots(graph)
    alive = _alive(graph, all_weights, roots, last_reads(graph, roots))
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


def running_bytes(graph: Graph, library: Library) -> int:
    """The most bytes that torch holds as it runs the network, without gradients: beyond what `memory` counts, what each
    module that runs was given, which its call holds until it returns, and the copies that a library makes."""
    roots = storage_roots(graph)
    last_read = last_reads(graph, roots)
    for root, end in _held_by_calls(graph, roots):
        last_read[root] = max(last_read[root], end)
    weights = sum(graph.held_bytes.values())

    def beside(layer: Layer, given: int) -> int:
        own = sum([graph.parameters[name].bytes for name in layer.parameters])
        return library.forward_bytes(layer, graph.times[layer.name], given, own, graph.bytes[layer.name])

    return max(_alive(graph, weights, roots, last_read, beside).values(), default=weights)


def _held_by_calls(graph: Graph, roots: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """What the modules are given, by its storage root, and the place of the last layer that each of them runs: of the
    modules that read a tensor and did not make it the outermost, which returns last. Layers in a row of one module are
    one call of it."""
    place = {layer.name: i for i, layer in enumerate(graph.layers)}
    running: list[_Call] = []
    reads: list[tuple[str, _Call]] = []
    for i, layer in enumerate(graph.layers):
        within = accumulate(filter(None, graph.module_of(layer).split(".")), "{}.{}".format)
        paths = [path for path in within if graph.blocks.get(path) not in LISTS]
        same = sum(1 for _ in takewhile(lambda pair: pair[0].path == pair[1], zip(running, paths, strict=False)))
        running[same:] = [_Call(path, i) for path in paths[same:]]
        for call in running:
            call.end = i
        for name in layer.inputs:
            given = next((call for call in running if name in place and call.start > place[name]), None)
            if given:
                reads.append((roots[name], given))
    return ((root, call.end) for root, call in reads)


@dataclass(slots=True)
class _Call:
    """Of a module, from its first layer to its last, by their places."""

    path: str
    start: int
    end: int = 0


def _nothing(layer: Layer, given: int) -> int:
    return 0


def _alive(
    graph: Graph,
    weights: int,
    roots: Mapping[str, str],
    last_read: Mapping[str, int],
    beside: Callable[[Layer, int], int] = _nothing,
) -> dict[str, int]:
    """While each layer runs; and what is `beside` it, given so many bytes."""
    ends: dict[int, list[str]] = {}
    for root, i in last_read.items():
        ends.setdefault(i, []).append(root)
    now = weights + sum([graph.bytes[name] for name in graph.inputs])
    alive = {}
    for i, layer in enumerate(graph.layers):
        if roots[layer.name] == layer.name:
            now += graph.bytes[layer.name]
        given = sum([graph.bytes[name] for name in layer.inputs])
        alive[layer.name] = now + passing_forward(layer, graph.batch, given) + beside(layer, given)
        now -= sum([graph.bytes[root] for root in ends.get(i, ())])
    return alive
