"""What would fit: the largest batch whose predicted memory a device has. No torch here."""

from collections.abc import Mapping
from dataclasses import replace

from archscope.latency import Options
from archscope.measures.memory import memory
from archscope.measures.training_memory import training_memory
from archscope.model import units
from archscope.model.graph import Graph

STATES: Mapping[str, int] = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
"""Numbers that an optimizer keeps for each weight that trains."""


def predicted_bytes(graph: Graph, train: bool, optimizer: str = "momentum", on_cuda: bool = False) -> int:
    """Peak memory as predicted: of inference, or of weights, gradients, the optimizer's states, and what the backward
    pass needs or, if that is more, what the optimizer's step takes for itself."""
    *_, peak = memory(graph)
    if not train:
        return int(peak.total)
    kept, whole = training_memory(graph)
    trained = [tensor.bytes for tensor in graph.parameters.values() if tensor.trainable]
    states = STATES[optimizer] * sum(trained)
    needed = int(kept.total)
    if optimizer in ROOTS and trained:
        needed = max(needed, sum(trained) if on_cuda else 2 * max(trained))
    if whole.total is not None:  # which holds a momentum for each weight
        return int(whole.total - kept.total) - sum(trained) + states + needed
    return int(peak.total) + sum(trained) + states + needed  # at least: some layers do not say what they keep


ROOTS = frozenset({"adam", "adamw"})
"""Optimizers that take roots: on CUDA torch does so for all weights at once, on the CPU twice for one after another."""


def largest_batch(graph: Graph, options: Options, free: int) -> int:
    """The largest batch, of powers of two, that is predicted to fit; 0 if none does."""
    batch = 1
    while predicted_bytes(replace(graph, batch=batch), options.train, options.optimizer, options.on_cuda) <= free:
        batch *= 2
    return batch // 2


def fitting(graph: Graph, options: Options, free: int | None) -> str:
    """`batch 512 needs about 60.1 GiB, 40.0 GiB are free: --batch 256 would fit`."""
    predicted = predicted_bytes(graph, options.train, options.optimizer, options.on_cuda)
    needed = f"batch {graph.batch} needs about {units.size(predicted)}"
    if free is None:
        return f"{needed}: take a smaller --batch"
    if predicted <= free:  # workspaces, fragments, other processes
        needed = f"{needed} by prediction, more than {units.size(free)} in fact"
        return f"{needed}: take --batch {graph.batch // 2}" if graph.batch > 1 else needed
    batch = min(largest_batch(graph, options, free), graph.batch // 2)
    advice = f"--batch {batch} would fit" if batch else "not even --batch 1 would fit"
    return f"{needed}, {units.size(free)} are free: {advice}"
