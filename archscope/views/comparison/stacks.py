"""What the bars of a comparison show: each quantity split by kind of layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archscope.comparison.breakdown import breakdown
from archscope.model import units
from archscope.model.report import Report

FEATURE_MAPS = "feature maps"
"""What is alive at the peak of inference besides the weights."""

POWERS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@dataclass(frozen=True)
class Panel:
    """One quantity of every network, by kind."""

    title: str
    unit: str
    stacks: Sequence[Mapping[str, float]]

    @property
    def totals(self) -> list[float]:
        return [sum(stack.values()) for stack in self.stacks]

    @property
    def axis(self) -> tuple[float, str]:
        """What the axis counts in, as a number and in words: 2**20, `MiB`."""
        if self.unit == "ms":
            return 1, "ms"
        longest = max(self.totals)
        scales, said = (BYTES, units.size(longest)) if self.unit == "bytes" else (POWERS, units.scaled(longest, 3))
        prefix = said.partition(" ")[2]
        return scales[prefix], prefix


def panels(reports: Sequence[Report]) -> list[Panel]:
    """Parameters, MACs, memory, and time where a report has it: measured, or else the bound on one device."""
    batches = {report.setting["batch"] for report in reports}
    batch = f"batch {batches.pop()}" if len(batches) == 1 else "its batch"
    found = [
        Panel("Parameters", "parameters", [_by_kind(report, "params") for report in reports]),
        Panel("MACs of one image", "MACs", [_by_kind(report, "macs") for report in reports]),
        Panel(f"Inference memory, {batch}", "bytes", [_memory(report) for report in reports]),
    ]
    for column, title in (("latency_ms", "Time of all layers"), ("bound_ms", "Lower bound on the time")):
        measured = [report for report in reports if column in report.table_columns]
        if measured:
            on = ", ".join(dict.fromkeys(_device(report, column) for report in measured))
            return [*found, Panel(f"{title}, {on}, {batch}", "ms", [_by_kind(report, column) for report in reports])]
    return found


def _device(report: Report, column: str) -> str:
    device: str = report.totals["roofline"][0]["device"] if column == "bound_ms" else report.setting["device_name"]
    return device


def _by_kind(report: Report, column: str) -> dict[str, float]:
    return {part.name: part.values.get(column) or 0 for part in breakdown(report, "kind", (column,))}


def _memory(report: Report) -> dict[str, float]:
    totals = report.totals
    return {**_by_kind(report, "weight_bytes"), FEATURE_MAPS: totals["peak_memory_bytes"] - totals["weight_bytes"]}
