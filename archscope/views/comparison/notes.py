"""What a reader must know before comparing: where accuracies come from, and settings that differ."""

import re
from collections.abc import Iterator
from itertools import groupby

from archscope.comparison.quantities import paired_ratios
from archscope.comparison.report import Comparison
from archscope.model.text import listed
from archscope.views.comparison.grids import DAGGER, daggers, marks
from archscope.views.tables.timing import clock, differing, is_far, measured_on, noisy

SETTINGS = {
    "batch": "memory and times are of the whole batch",
    "dtype": "bytes and times differ with it",
    "mode": "training and inference do not run the same",
}
MEASURED = dict.fromkeys(
    ("device_name", "threads", "channels_last", "compile", "compile_mode", "backend", "cudnn_benchmark", "train",
     "optimizer", "amp", "torch"), "times differ with it"
)  # fmt: skip
"""What it means where a setting differs between the networks; the latter of those that were measured."""


CONVENTIONS = {
    "macs": ("MACs", "multiply-accumulates of one image in convolutions, linear layers and matrix products"),
    "flops": ("FLOPs", "twice the multiply-accumulates"),
    "activations": ("Activations", "elements that convolutions, linear layers and matrix products write"),
    "depth_separable_as_one": ("Depth", "layers with weights on the longest path, a separable convolution as one"),
    "peak_memory_bytes": ("Inference peak", "weights and the tensors alive at once, as computed"),
    "top1_accuracy": ("Top-1, top-5", "accuracies as published"),
}
"""What a number in a paper's table means."""


FRONT = "no other of these has as few MACs and a higher top-1 accuracy (the Pareto front)"
OTHER_DATA = "the weights saw other data than ImageNet-1k, which is no merit of the network"


def conventions(comparison: Comparison) -> list[tuple[str, str]]:
    """(heading, text) lines: what the quantities mean, said once."""
    return [CONVENTIONS[row.quantity.name] for row in comparison.rows if row.quantity.name in CONVENTIONS]


def notes(comparison: Comparison) -> list[tuple[str, str]]:
    """(heading, text) lines."""
    return [
        *[("Failed", said) for said in comparison.failures],
        *[("*", FRONT) for _ in range(marks(comparison))],
        *[(DAGGER, OTHER_DATA) for _ in range(any(daggers(comparison)))],
        *[("Accuracy" if comparison.results else "Published", said) for said in _sources(comparison)],
        *[("Measured on", said) for said in _measured_on(comparison)],
        *[("Clock", said) for said in _clocks(comparison)],
        *[("Noisy", said) for said in _noise(comparison)],
        *[
            ("Note", said)
            for said in (
                *_other_networks(comparison),
                *_other_sizes(comparison),
                *_of_times(comparison),
                *_differences(comparison),
                *_of_networks(comparison),
            )
        ],
    ]


def _sources(comparison: Comparison) -> Iterator[str]:
    """Networks whose numbers come from one source in one line; they are the same at every batch. None where no
    accuracy is shown, nor what follows from it."""
    if not marks(comparison) and not any(row.quantity.group == "accuracy" for row in comparison.rows):
        return
    comparison = comparison.by_batch()[0]
    found: dict[str, list[str]] = {}
    for i, label in enumerate(comparison.names):
        accuracies = {f"top-{rank}": row[i] for rank, row in comparison.accuracies.items()}
        said = {name: accuracy.said() for name, accuracy in accuracies.items() if accuracy}
        for source, names in groupby(said, key=lambda name: said[name]):
            which = "" if len(set(said.values())) == 1 else f" {' and '.join(names)}"
            found.setdefault(source, []).append(label + which)
    for source, labels in found.items():
        yield source if labels == [*comparison.names] else f"{listed(labels)}: {source}"


def _other_networks(comparison: Comparison) -> Iterator[str]:
    """Models of a file of results that have but the name of a network."""
    for label, why in zip(comparison.names, comparison.refused, strict=True):
        if why:
            yield f"{label}: no accuracy: {why}"


def _other_sizes(comparison: Comparison) -> Iterator[str]:
    """Accuracies of a file that were measured at another size than the costs beside them."""
    accuracies = comparison.accuracies[1] if comparison.results else ()
    for label, report, accuracy in zip(comparison.names, comparison.reports, accuracies, strict=False):
        found = PIXELS.search(accuracy.protocol) if accuracy else None
        side = str(next(iter(report.graph.inputs.values())).shape[-1])
        if found and found[1] != side:
            yield f"{label}: accuracy at {found[1]} pixels, costs at {side}"


PIXELS = re.compile(r"(\d+) pixels")


def _measured_on(comparison: Comparison) -> Iterator[str]:
    """What was measured in one setting in one line; the load is that of the first."""
    found: dict[str, tuple[list[str], str]] = {}
    for label, report in zip(comparison.names, comparison.reports, strict=True):
        if "wall_ms" in report.totals:
            alike = str([report.setting.get(name) for name in (*SETTINGS, *MEASURED)])
            found.setdefault(alike, ([], measured_on(report.setting)))[0].append(label)
    for labels, said in found.values():
        yield said if len(found) == 1 else f"{listed(labels)}: {said}"


def _clocks(comparison: Comparison) -> Iterator[str]:
    for label, report in zip(comparison.names, comparison.reports, strict=True):
        if report.setting.get("meanwhile"):
            yield f"{label}: {clock(report.setting['meanwhile'])}"


def _noise(comparison: Comparison) -> Iterator[str]:
    """What is noisy for one reason in one line."""
    found: dict[str, list[str]] = {}
    for label, report in zip(comparison.names, comparison.reports, strict=True):
        if "wall_ms" in report.totals and (noise := noisy(report)):
            found.setdefault(noise, []).append(label)
    for noise, labels in found.items():
        yield f"{listed(labels)}: {noise}"


def _of_times(comparison: Comparison) -> Iterator[str]:
    first, *others = comparison.reports
    if any(report.setting.get("train") for report in comparison.reports):
        yield "latency is that of training steps: forward, backward and the optimizer"
    if any(paired_ratios(report, first) for report in others):
        yield "networks took turns: ratios of latency and of rates are medians over pairs of steps"
    ratios = [row for row in comparison.rows if row.quantity.name == "latency_median_ms" and any(row.intervals)]
    for row in ratios:
        said = [
            f"{label} {interval[0]:.3f} to {interval[1]:.3f}"
            for label, interval in zip(comparison.names, row.intervals, strict=True)
            if interval
        ]
        yield f"the ratios of latency lie with 95 % confidence within: {', '.join(said)}"
    origins = {entry["origin"] for report in comparison.reports for entry in report.totals.get("roofline") or ()}
    if origins:
        yield f"a bound is the least time, layer by layer, from {' and '.join(sorted(origins))} peaks: no measurement"


LABELLED = ("threads", "compile", "compile_mode", "backend")
"""What a label says where one network is measured in several ways."""


def _differences(comparison: Comparison) -> Iterator[str]:
    if len({str(shape) for row in comparison.rows if row.quantity.name == "input_shape" for shape in row.values}) > 1:
        yield "inputs differ: every number is at the network's own input"
    everything = list(zip(comparison.names, comparison.reports, strict=True))
    timed = [(label, report) for label, report in everything if "wall_ms" in report.totals]
    of_one = len({report.graph.name for _, report in timed}) < len(timed)
    for names, reports in ((SETTINGS, everything), (MEASURED, timed)):
        for name, meaning in names.items():
            values = [report.setting.get(name, "") for _, report in reports]
            shown_elsewhere = (name == "batch" and len(comparison.by_batch()) > 1) or (name in LABELLED and of_one)
            if len(set(values)) > 1 and not shown_elsewhere:
                said = ", ".join(f"{label} {value}" for (label, _), value in zip(reports, values, strict=True))
                yield f"{name.replace('_', ' ')} differs ({said}): {meaning}"


def _of_networks(comparison: Comparison) -> Iterator[str]:
    for label, report in zip(comparison.names, comparison.reports, strict=True):
        unknown = report.totals["operations"]["unknown"]
        if unknown:
            yield f"{label}: of unknown cost, and in no total: {', '.join(unknown)}"
        yield from (f"{label}: {note}" for note in report.graph.notes)
        if is_far(report):
            yield f"{label}: outputs {differing(report)}"
