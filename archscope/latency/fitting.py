"""What would fit: the largest batch whose predicted memory a device has. No torch here."""

from dataclasses import replace

from archscope.latency import Options
from archscope.measures.memory import memory
from archscope.measures.training_memory import training_memory
from archscope.model import units
from archscope.model.graph import Graph


def predicted_bytes(graph: Graph, train: bool) -> int:
    """Peak memory as predicted: of inference, or of weights, gradients, momenta and what the backward pass needs."""
    *_, peak = memory(graph)
    if not train:
        return int(peak.total)
    kept, whole = training_memory(graph)
    if whole.total is not None:
        return int(whole.total)
    trained = sum(tensor.bytes for tensor in graph.parameters.values() if tensor.trainable)
    return int(peak.total + 2 * trained + kept.total)  # at least: some layers do not say what they keep


def largest_batch(graph: Graph, train: bool, free: int) -> int:
    """The largest batch, of powers of two, that is predicted to fit; 0 if none does."""
    batch = 1
    while predicted_bytes(replace(graph, batch=batch), train) <= free:
        batch *= 2
    return batch // 2


def fitting(graph: Graph, options: Options, free: int | None) -> str:
    """`batch 512 needs about 60.1 GiB, 40.0 GiB are free: --batch 256 would fit`."""
    predicted = predicted_bytes(graph, options.train)
    needed = f"batch {graph.batch} needs about {units.size(predicted)}"
    if free is None:
        return f"{needed}: take a smaller --batch"
    if predicted <= free:  # workspaces, fragments, other processes
        needed = f"{needed} by prediction, more than {units.size(free)} in fact"
        return f"{needed}: take --batch {graph.batch // 2}" if graph.batch > 1 else needed
    batch = min(largest_batch(graph, options.train, free), graph.batch // 2)
    advice = f"--batch {batch} would fit" if batch else "not even --batch 1 would fit"
    return f"{needed}, {units.size(free)} are free: {advice}"
