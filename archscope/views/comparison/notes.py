"""What a reader must know before comparing: where accuracies come from, and settings that differ."""

from collections.abc import Iterator
from itertools import groupby

from archscope.comparison import Comparison

SETTINGS = {
    "batch": "memory and times are of the whole batch",
    "dtype": "bytes and times differ with it",
    "mode": "training and inference do not run the same",
    "device": "times are each of its own machine",
}
"""What it means where a setting differs between the networks."""


def notes(comparison: Comparison) -> list[tuple[str, str]]:
    """(heading, text) lines."""
    return [
        *[("Published", said) for said in _sources(comparison)],
        *[("Note", said) for said in (*_differences(comparison), *_of_networks(comparison))],
    ]


def _sources(comparison: Comparison) -> Iterator[str]:
    """Networks whose numbers come from one source in one line."""
    found: dict[str, list[str]] = {}
    for i, label in enumerate(comparison.labels):
        accuracies = {f"top-{rank}": row[i] for rank, row in comparison.accuracies.items()}
        said = {name: accuracy.said() for name, accuracy in accuracies.items() if accuracy}
        for source, names in groupby(said, key=lambda name: said[name]):
            which = "" if len(set(said.values())) == 1 else f" {' and '.join(names)}"
            found.setdefault(source, []).append(label + which)
    for source, labels in found.items():
        yield f"{', '.join(labels)}: {source}"


def _differences(comparison: Comparison) -> Iterator[str]:
    if len({str(shape) for row in comparison.rows if row.quantity.name == "input_shape" for shape in row.values}) > 1:
        yield "inputs differ: every number is at the network's own input"
    for name, meaning in SETTINGS.items():
        values = [report.setting.get(name, "") for report in comparison.reports]
        if len(set(values)) > 1 and not (name == "batch" and len(comparison.by_batch()) > 1):
            said = ", ".join(f"{label} {value}" for label, value in zip(comparison.labels, values, strict=True))
            yield f"{name} differs ({said}): {meaning}"


def _of_networks(comparison: Comparison) -> Iterator[str]:
    for label, report in zip(comparison.labels, comparison.reports, strict=True):
        unknown = report.totals["operations"]["unknown"]
        if unknown:
            yield f"{label}: of unknown cost, and in no total: {', '.join(unknown)}"
        yield from (f"{label}: {note}" for note in report.graph.notes)
