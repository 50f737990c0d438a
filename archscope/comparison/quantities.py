"""What networks are compared by: quantities, their values in each Report, and their ratios to the first. No torch."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from archscope.latency.statistics import interval_of_median
from archscope.model.report import Report
from archscope.papers.accuracy import Accuracy
from archscope.registry import unknown

Group = Literal["setting", "shape", "counts", "memory", "accuracy", "time", "outputs"]


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


def receptive_field(report: Report) -> Any:
    """Pixels along each axis, or in a word that an element sees everything or that nobody knows."""
    word = (report.totals.get("receptive_field_scope") or {}).get("is")
    return word if word in {"global", "unknown"} else _total("receptive_field", "size")(report)


def input_shape(report: Report) -> Any:
    """A list of sizes, or one of lists where there are several inputs."""
    shapes = [list(tensor.shape) for tensor in report.graph.inputs.values()]
    return shapes[0] if len(shapes) == 1 else shapes


QUANTITIES = (
    Quantity("input_shape", "Input", "setting", "", input_shape),
    Quantity("params", "Parameters", "counts", "parameters", _total("params")),
    Quantity("macs", "MACs", "counts", "MACs", _total("macs")),
    Quantity("flops", "FLOPs", "counts", "FLOPs", _total("flops")),
    Quantity("activations", "Activations", "counts", "elements", _total("activations")),
    Quantity("depth_separable_as_one", "Depth", "shape", "layers", _total("depth_separable_as_one")),
    Quantity("receptive_field", "Receptive field", "shape", "pixels", receptive_field),
    Quantity("batch", "Batch", "setting", "images", lambda report: report.setting["batch"]),
    Quantity("weight_bytes", "Weights", "memory", "bytes", _total("weight_bytes")),
    Quantity("peak_memory_bytes", "Inference peak", "memory", "bytes", _total("peak_memory_bytes")),
    Quantity("training_memory_bytes", "Kept to train", "memory", "bytes", _total("training_memory_bytes")),
    Quantity("measured_peak_memory_bytes", "Measured peak", "memory", "bytes", _total("measured_peak_memory_bytes")),
    
    Quantity("latency_median_ms", "Latency, median", "time", "ms", _total("wall_ms", "median")),
    Quantity("latency_p95_ms", "Latency, p95", "time", "ms", _total("wall_ms", "p95")),
    Quantity("latency_p99_ms", "Latency, p99", "time", "ms", _total("wall_ms", "p99")),
    Quantity("latency_iqr_ms", "Latency, IQR", "time", "ms", _total("wall_ms", "iqr")),
    Quantity("device_ms", "Device time", "time", "ms", _total("device_ms", "median")),
    Quantity("overhead_ms", "Overhead, idle", "time", "ms", _total("overhead_ms")),
    Quantity("first_step_ms", "First step", "time", "ms", _total("first_step_ms")),
    Quantity("compile_ms", "Compiling", "time", "ms", _total("compile_ms")),
    Quantity("images_per_s", "Images/s", "time", "images/s", _total("images_per_s")),
    Quantity("training_steps_per_s", "Training steps/s", "time", "steps/s", _total("training_steps_per_s")),
    Quantity("energy_per_image_j", "Energy an image", "time", "J", _total("energy_per_image_j")),
    Quantity("max_abs_difference", "Largest difference", "outputs", "difference", _total("max_abs_difference")),
    Quantity("max_rel_difference", "Relative difference", "outputs", "difference", _total("max_rel_difference")),
)  # fmt: skip
"""In the order they are shown; memory and time are of the whole batch."""

ACCURACY = {rank: Quantity(f"top{rank}_accuracy", f"Top-{rank}, published", "accuracy", "%", lambda _: None)
            for rank in (1, 5)}  # fmt: skip

SHORT = {
    "input": "input_shape", "depth": "depth_separable_as_one", "weights": "weight_bytes", "peak": "peak_memory_bytes",
    "latency": "latency_median_ms", "latency_ms": "latency_median_ms", "top1": "top1_accuracy", "top5": "top5_accuracy",
}  # fmt: skip
"""What a reader may call a quantity besides."""


def check_quantities(names: Iterable[str]) -> None:
    """Before anything is traced or measured. Raises ArchscopeError for one that no network can have."""
    known = [quantity.name for quantity in (*QUANTITIES, *ACCURACY.values())]
    for name in names:
        if not name.startswith("bound_ms"):  # its devices are those that are predicted for
            find_quantity(name, known)


def find_quantity(name: str, known: Collection[str]) -> str:
    """The quantity of this name. Raises ArchscopeError."""
    found = SHORT.get(name, name)
    if found not in known:
        raise unknown(
            "quantity of these networks", name, [*known, *(short for short in SHORT if SHORT[short] in known)]
        )
    return found


@dataclass(frozen=True)
class Row:
    """A quantity of every network. `ratios` are to the first network; accuracies have differences instead. `intervals`
    are where the ratios of steps in turns lie with 95 % confidence."""

    quantity: Quantity
    values: tuple[Any, ...]
    ratios: tuple[float | None, ...]
    intervals: tuple[tuple[float, float] | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        relation = "differences" if self.quantity.group == "accuracy" else "ratios"
        said = {"name": self.quantity.name, "unit": self.quantity.unit, "values": list(self.values)}
        if self.quantity.group == "setting":
            return said
        told = {"ratio_intervals": [each and list(each) for each in self.intervals]} if any(self.intervals) else {}
        return said | {relation: list(self.ratios)} | told


def rows_of(reports: Sequence[Report], accuracies: Mapping[int, Sequence[Accuracy | None]]) -> tuple[Row, ...]:
    """Every quantity that one of the networks has."""
    rows = [_row(quantity, reports) for quantity in (*QUANTITIES, *_bounds(reports))]
    rows += [_accuracy_row(quantity, accuracies[rank]) for rank, quantity in ACCURACY.items()]
    return tuple(row for row in rows if any(value is not None for value in row.values))


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
    if quantity.name not in FROM_PAIRS:
        return Row(quantity, values, ratios)
    pairs = [[ratio ** FROM_PAIRS[quantity.name] for ratio in paired_ratios(report, reports[0])] for report in reports]
    return Row(
        quantity,
        values,
        tuple(median(own) if own else ratio for own, ratio in zip(pairs, ratios, strict=True)),
        tuple(interval_of_median(own) if own and i else None for i, own in enumerate(pairs)),
    )


FROM_PAIRS = {"latency_median_ms": 1, "images_per_s": -1, "training_steps_per_s": -1}
"""Ratios that follow from steps taken in turns: of the times, or of their inverses."""


def paired_ratios(report: Report, first: Report) -> list[float]:
    """The ratios of the steps of two networks that were timed in turns, which what slows both leaves as they are; none
    where they were not."""
    turns = report.setting.get("turns")
    if not turns or turns != first.setting.get("turns"):
        return []
    times, others = (each.totals.get("wall_times_ms") or () for each in (report, first))
    return [own / other for own, other in zip(times, others, strict=False) if other > 0 and own > 0]


def _ratio(value: Any, first: Any) -> float | None:
    """The ratio of two numbers; of two sizes, that of their means; none of words."""
    if isinstance(value, str) or isinstance(first, str):
        return None
    if isinstance(value, list) and isinstance(first, list):
        value, first = sum(value) / len(value), sum(first) / len(first)
    if value is None or not first or min(value, first) < 0:  # an overhead may be negative: there is no ratio to it
        return None
    return float(value / first)


def _accuracy_row(quantity: Quantity, accuracies: Sequence[Accuracy | None]) -> Row:
    """Accuracies in percent and their differences to the first in percentage points; None between two datasets."""
    first, percents = accuracies[0], tuple(own and own.percent for own in accuracies)
    differences = tuple(
        round(own.percent - first.percent, 3) if own and first and own.data == first.data else None
        for own in accuracies
    )
    return Row(quantity, percents, differences)
