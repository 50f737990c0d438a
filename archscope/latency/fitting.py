"""What would fit: the largest batch whose predicted memory a device has. No torch here."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

from archscope.latency import Options
from archscope.measures.backward import Backward
from archscope.measures.memory import running_bytes
from archscope.measures.training_memory import held_throughout, newly_kept
from archscope.measures.workspace import ONEDNN, Library
from archscope.model import units
from archscope.model.graph import Graph
from archscope.model.report import Column, Report
from archscope.roofline import converted

STATES: Mapping[str, int] = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
"""Numbers that an optimizer keeps for each weight that trains."""


def predicted_bytes(graph: Graph, train: bool, optimizer: str = "momentum", library: Library = ONEDNN) -> int:
    """Peak memory as predicted: of inference, or of weights, gradients, the optimizer's states, and what the backward
    pass needs or, if that is more, what the optimizer's step takes for itself."""
    running = running_bytes(graph, library)
    if not train:
        return running
    backward = Backward(graph, newly_kept(graph, library.on_cuda), library)
    trained = backward.gradient_bytes.values()
    states = STATES[optimizer] * sum(trained)
    needed = max(backward.peak(), sum(trained))
    if optimizer in ROOTS and trained:
        needed = max(needed, sum(trained) + (sum(trained) if library.on_cuda else 2 * max(trained)))
    return max(running, held_throughout(graph) + needed) + states


ROOTS = frozenset({"adam", "adamw"})
"""Optimizers that take roots: on CUDA torch does so for all weights at once, on the CPU twice for one after another."""


MOST_IMAGES = 2**20
"""No larger batch is looked at."""


def most_images(graph: Graph, train: bool, optimizer: str, memory_bytes: int, library: Library) -> int:
    """The largest batch that is predicted to fit into so much memory, which grows with it; 0 if none does."""

    def needed(images: int) -> int:
        return predicted_bytes(replace(graph, batch=images), train, optimizer, library)

    return bisect_right(range(1, MOST_IMAGES + 1), memory_bytes, key=needed)


def largest_batch(graph: Graph, options: Options, free: int) -> int:
    """The largest batch, of powers of two, that is predicted to fit; 0 if none does."""
    most = most_images(graph, options.train, options.optimizer, free, options.library)
    return 1 << (most.bit_length() - 1) if most else 0


def with_fits(report: Report, memory_bytes: int, dtype: str = "", optimizer: str = "momentum") -> Report:
    """The report with the largest batches, of inference and of training, that this much memory is predicted to hold."""
    dtype = dtype or report.setting["dtype"]
    graph = converted(report.graph, dtype)
    rows = [
        {
            "memory_bytes": memory_bytes,
            "dtype": dtype,
            "train": train,
            **({"optimizer": optimizer} if train else {}),
            "images": most_images(graph, train, optimizer, memory_bytes, Library.of("cuda", dtype)),
        }
        for train in (False, True)
    ]
    return replace(report, columns={**report.columns, "fits": Column("fits", "rows", rows)})


def climbing_batches(graph: Graph, options: Options, free: int | None) -> list[int]:
    """The graph's own batch, and that doubled again and again, as long as it is predicted to fit."""
    most = MOST_TRIED if free is None else min(MOST_TRIED, largest_batch(graph, options, free))
    batches = [graph.batch]
    while 2 * batches[-1] <= most:
        batches.append(2 * batches[-1])
    return batches


MOST_TRIED = 1024
"""Images at a time: no network gets faster by more."""


def fitting(graph: Graph, options: Options, free: int | None) -> str:
    """`batch 512 needs about 60.1 GiB, 40.0 GiB are free: --batch 256 would fit`."""
    predicted = predicted_bytes(graph, options.train, options.optimizer, options.library)
    needed = f"batch {graph.batch} needs about {units.size(predicted)}"
    if free is None:
        return f"{needed}: take a smaller --batch"
    if predicted <= free:  # workspaces, fragments, other processes
        needed = f"{needed} by prediction, more than {units.size(free)} in fact"
        return f"{needed}: take --batch {graph.batch // 2}" if graph.batch > 1 else needed
    batch = min(largest_batch(graph, options, free), graph.batch // 2)
    advice = f"--batch {batch} would fit" if batch else "not even --batch 1 would fit"
    return f"{needed}, {units.size(free)} are free: {advice}"
