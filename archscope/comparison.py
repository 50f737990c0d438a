"""Several Reports side by side: every quantity of each network, and its ratio to the first. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, Literal

from archscope.accuracy import Accuracy, published
from archscope.breakdown import breakdown
from archscope.errors import ArchscopeError
from archscope.report import SCHEMA as REPORT_SCHEMA
from archscope.report import VERSION as REPORT_VERSION
from archscope.report import Report, parsed

SCHEMA = "archscope.compare"
VERSION = 1

Group = Literal["setting", "shape", "counts", "memory", "accuracy", "time"]


@dataclass(frozen=True)
class Quantity:
    """What is compared. `of` gives a report's value, None where it has none."""

    name: str
    heading: str
    group: Group
    unit: str
    of: Callable[[Report], Any]


def _total(name: str, key: str = "") -> Callable[[Report], Any]:
    """A total of the report; of a total with several numbers, the one of this key."""
    if not key:
        return lambda report: report.totals.get(name)
    return lambda report: (report.totals.get(name) or {}).get(key)


def _input(report: Report) -> Any:
    shapes = [list(tensor.shape) for tensor in report.graph.inputs.values()]
    return shapes[0] if len(shapes) == 1 else shapes


QUANTITIES = (
    Quantity("input_shape", "Input", "setting", "", _input),
    Quantity("params", "Parameters", "counts", "parameters", _total("params")),
    Quantity("macs", "MACs", "counts", "MACs", _total("macs")),
    Quantity("flops", "FLOPs", "counts", "FLOPs", _total("flops")),
    Quantity("activations", "Activations", "counts", "elements", _total("activations")),
    Quantity("depth_separable_as_one", "Depth", "shape", "layers", _total("depth_separable_as_one")),
    Quantity("receptive_field", "Receptive field", "shape", "pixels", _total("receptive_field", "size")),
    Quantity("batch", "Batch", "setting", "images", lambda report: report.setting["batch"]),
    Quantity("weight_bytes", "Weights", "memory", "bytes", _total("weight_bytes")),
    Quantity("peak_memory_bytes", "Inference peak", "memory", "bytes", _total("peak_memory_bytes")),
    Quantity("training_memory_bytes", "Kept to train", "memory", "bytes", _total("training_memory_bytes")),
    Quantity("measured_peak_memory_bytes", "Measured peak", "memory", "bytes", _total("measured_peak_memory_bytes")),
    
    Quantity("latency_median_ms", "Latency, median", "time", "ms", _total("wall_ms", "median")),
    Quantity("latency_p95_ms", "Latency, p95", "time", "ms", _total("wall_ms", "p95")),
    Quantity("latency_iqr_ms", "Latency, IQR", "time", "ms", _total("wall_ms", "iqr")),
    Quantity("device_ms", "Device time", "time", "ms", _total("device_ms", "median")),
    Quantity("overhead_ms", "Overhead, idle", "time", "ms", _total("overhead_ms")),
    Quantity("images_per_s", "Images/s", "time", "images/s", _total("images_per_s")),
    Quantity("training_steps_per_s", "Training steps/s", "time", "steps/s", _total("training_steps_per_s")),
)  # fmt: skip
"""In the order they are shown; memory and time are of the whole batch."""

ACCURACY = {rank: Quantity(f"top{rank}_accuracy", f"Top-{rank}, published", "accuracy", "%", lambda _: None)
            for rank in (1, 5)}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A quantity of every network. `ratios` are to the first network; accuracies have differences instead."""

    quantity: Quantity
    values: tuple[Any, ...]
    ratios: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        relation = "differences" if self.quantity.group == "accuracy" else "ratios"
        said = {"name": self.quantity.name, "unit": self.quantity.unit, "values": list(self.values)}
        return said if self.quantity.group == "setting" else said | {relation: list(self.ratios)}


@dataclass(frozen=True)
class Comparison:
    """Reports of several networks, or of one in several settings. What each says holds under its own setting.

    `failures` say which could not be measured, and why.
    """

    reports: tuple[Report, ...]
    failures: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each is called: the network's name, and where two have the same, what tells them apart."""
        names = [report.graph.name for report in self.reports]
        return tuple(
            name if names.count(name) == 1 else self._distinct(report)
            for name, report in zip(names, self.reports, strict=True)
        )

    def _distinct(self, report: Report) -> str:
        alike = [other for other in self.reports if other.graph.name == report.graph.name]
        if len({other.target for other in alike}) == len(alike):
            return Path(report.target).stem if report.target.endswith(".json") else report.target
        facts = [_facts(other) for other in alike]
        differing = [own for own, *others in zip(_facts(report), *facts, strict=True) if len(set(others)) > 1]
        number = "" if facts.count(_facts(report)) == 1 else f"no. {[*map(id, alike)].index(id(report)) + 1}"
        return ", ".join([report.graph.name, *differing, *filter(None, [number])])

    @cached_property
    def accuracies(self) -> Mapping[int, tuple[Accuracy | None, ...]]:
        """The published top-1 and top-5 accuracy of each network."""
        return {rank: published(self.reports, rank) for rank in ACCURACY}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every quantity that one of the networks has."""
        quantities = (*QUANTITIES, *_bounds(self.reports))
        rows = [_row(quantity, self.reports) for quantity in quantities]
        rows += [_accuracy_row(quantity, self.accuracies[rank]) for rank, quantity in ACCURACY.items()]
        return tuple(row for row in rows if any(value is not None for value in row.values))

    def by_batch(self) -> tuple["Comparison", ...]:
        """One comparison a batch, where the same networks are compared at several."""
        batches: dict[int, list[Report]] = {}
        for report in self.reports:
            batches.setdefault(report.setting["batch"], []).append(report)
        names = {tuple(report.graph.name for report in reports) for reports in batches.values()}
        return tuple(Comparison(tuple(reports)) for reports in batches.values()) if len(names) == 1 else (self,)

    def to_dict(self, by: str = "") -> dict[str, Any]:
        """Plain data; `by` adds where the costs go. docs/compare.md describes it."""
        data: dict[str, Any] = {
            "schema": f"{SCHEMA}/{VERSION}",
            "labels": list(self.labels),
            "quantities": [row.to_dict() for row in self.rows],
            "accuracy_sources": [
                {f"top{rank}": own and own.said() for rank, own in zip(ACCURACY, accuracies, strict=True)}
                for accuracies in zip(*self.accuracies.values(), strict=True)
            ],
            "failures": list(self.failures),
            "networks": [report.to_dict() for report in self.reports],
        }
        if by:
            parts = [[{"name": part.name, **part.values} for part in breakdown(report, by)] for report in self.reports]
            data["by"], data["parts"] = by, parts
        return data

    @classmethod
    def from_json(cls, text: str, source: str = "comparison") -> "Comparison":
        """Read back what `to_json` wrote; a saved report is a comparison of one. Raises ArchscopeError."""
        data = parsed(text, {SCHEMA: VERSION, REPORT_SCHEMA: REPORT_VERSION}, source)
        networks = data.get("networks") if data["schema"].startswith(SCHEMA) else [data]
        if not isinstance(networks, list) or not networks:
            raise ArchscopeError(f"{source} is a broken archscope comparison: it has no networks")
        return cls(tuple(Report.from_dict(network, source) for network in networks), tuple(data.get("failures", ())))

    def to_json(self, by: str = "") -> str:
        return self._render("json", by)

    def to_csv(self, by: str = "") -> str:
        return self._render("csv", by)

    def to_markdown(self, by: str = "") -> str:
        return self._render("markdown", by)

    def to_latex(self, by: str = "") -> str:
        return self._render("latex", by)

    def to_svg(self, plot: str = "") -> str:
        """A plot: `bars`, or the `tradeoff` of accuracy against cost; by default what suits so many networks."""
        return self._render("svg", plot=plot)

    def __str__(self) -> str:
        return self._render("table")

    def _repr_html_(self) -> str:
        return self._render("html")

    def _render(self, name: str, by: str = "", plot: str = "") -> str:
        from archscope.views.comparison import Choices, formats

        return str(formats()[name](self, Choices(by=by, plot=plot)))


def _facts(report: Report) -> tuple[str, ...]:
    """What may tell two reports of one network apart."""
    setting = report.setting
    shape = "x".join(map(str, _input(report)))
    return shape, f"batch {setting['batch']}", setting["device"], setting["dtype"], setting["mode"]


def _bounds(reports: Sequence[Report]) -> list[Quantity]:
    """The lower bound on the time, a quantity for each device that it is predicted for."""

    def on(device: str) -> Callable[[Report], Any]:
        return lambda report: next((one["bound_ms"] for one in _roofline(report) if one["device"] == device), None)

    devices = dict.fromkeys(one["device"] for report in reports for one in _roofline(report))
    return [Quantity(f"bound_ms, {name}", f"Bound, {name}", "time", "ms", on(name)) for name in devices]


def _roofline(report: Report) -> Sequence[Mapping[str, Any]]:
    return report.totals.get("roofline") or ()


def _row(quantity: Quantity, reports: Sequence[Report]) -> Row:
    values = tuple(map(quantity.of, reports))
    if quantity.group == "setting":
        return Row(quantity, values, (None,) * len(values))
    ratios = tuple(_ratio(value, values[0]) for value in values)
    if quantity.name in FROM_PAIRS:
        pairs = [paired_ratio(report, reports[0]) for report in reports]
        ratios = tuple(
            (pair and pair ** FROM_PAIRS[quantity.name]) or own for pair, own in zip(pairs, ratios, strict=True)
        )
    return Row(quantity, values, ratios)


FROM_PAIRS = {"latency_median_ms": 1, "images_per_s": -1, "training_steps_per_s": -1}
"""Ratios that follow from steps taken in turns: of the times, or of their inverses."""


def paired_ratio(report: Report, first: Report) -> float | None:
    """The median ratio of the steps of two networks that were timed in turns, which what slows both leaves as it is.

    None where they were not.
    """
    turns = report.setting.get("turns")
    if not turns or turns != first.setting.get("turns"):
        return None
    times, others = (each.totals.get("wall_times_ms") or () for each in (report, first))
    return median([own / other for own, other in zip(times, others, strict=False)]) if times and others else None


def _ratio(value: Any, first: Any) -> float | None:
    """The ratio of two numbers; of two sizes, that of their means."""
    if isinstance(value, list) and isinstance(first, list):
        value, first = sum(value) / len(value), sum(first) / len(first)
    return float(value / first) if value is not None and first else None


def _accuracy_row(quantity: Quantity, accuracies: Sequence[Accuracy | None]) -> Row:
    """Accuracies in percent and their differences to the first in percentage points; None between two datasets."""
    first, percents = accuracies[0], tuple(own and own.percent for own in accuracies)
    differences = tuple(
        round(own.percent - first.percent, 3) if own and first and own.data == first.data else None
        for own in accuracies
    )
    return Row(quantity, percents, differences)
