"""How a point of a sweep is measured, and why where nothing fits. No torch until then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.comparison.limits import LIMITED, Finding, Limit
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.report import Report
from archscope.sweeping.grid import Place
from archscope.sweeping.points import Measured, Sweep
from archscope.sweeping.search import rescaled

if TYPE_CHECKING:
    from archscope.roofline import Ceilings

OFF_AT_MOST = 0.05
"""Where no scale comes nearer to what is to be held, the point is left out."""


@dataclass(frozen=True)
class Job:
    """A network that is swept, and how each of its points is measured."""

    target: str
    batch: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ceilings: "tuple[Ceilings, ...]" = ()
    dtype: str = ""
    hold: str = ""
    held: float = 0
    scaled: str = ""

    def report(self, place: Place) -> Report:
        from archscope.roofline import predict
        from archscope.summary import summarize

        options = {**self.options, **place.options}
        report = summarize(self.target, place.input_size or None, batch=self.batch, options=options)
        return predict(report, self.ceilings, self.dtype, self.batch or 0) if self.ceilings else report

    def at(self, place: Place) -> Measured:
        """What it costs there, or why it cannot be told."""
        try:
            return self._held(place) if self.hold else measured(self.report(place), place)
        except ArchscopeError as failure:
            return Measured(place, failure=str(failure))

    def _held(self, place: Place) -> Measured:
        """With the option that is scaled chosen so that the quantity is as nearly held as it can be."""
        tried: dict[float, Measured] = {}

        def cost(scale: float) -> float:
            scaled = place.with_option(self.scaled, scale)
            tried[scale] = measured(self.report(scaled), scaled)
            return float(tried[scale].values[self.hold])

        found = tried[rescaled(cost, self.held)]
        off = abs(found.values[self.hold] / self.held - 1)
        if off > OFF_AT_MOST:
            raise ArchscopeError(
                f"no {self.scaled} comes nearer to the {self.hold} that are held than {100 * off:.2g} %"
            )
        return found


def measured(report: Report, place: Place) -> Measured:
    """Every quantity of a report that can be limited, and its times."""
    values = {name: quantity.of(report) for name, quantity in LIMITED.items()}
    at_least = [
        name
        for name, quantity in LIMITED.items()
        if (column := report.columns.get(quantity.name)) and column.reduce == "sum" and None in column.values.values()
    ]
    for entry in report.totals.get("roofline") or ():
        values[f"bound_ms, {entry['device']}"] = entry["bound_ms"]
    if "wall_ms" in report.totals:
        values["latency_ms"] = report.totals["wall_ms"]["median"]
    return Measured(place, values, tuple(at_least))


def nothing_fits(made: Sweep, known: Sequence[Measured]) -> str:
    """The point that comes nearest to a limit which all break."""
    nearest = min(known, key=lambda point: max(map(_excess, point.broken(made.limits))))
    (worst, *_) = sorted(nearest.broken(made.limits), key=_excess, reverse=True)
    at = ", ".join(f"{name}={value}" for name, value in nearest.place.named().items())
    side = "over" if worst.limit.side == "max" else "under"
    amount, limit = (_amount(worst.limit, value) for value in (worst.found, worst.limit.value))
    return f"no point keeps to the limits: even {at} has {worst.limit.name} {amount}, {side} {limit}"


def _amount(limit: Limit, value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value or "unknown")
    return units.size(value) if limit.quantity.unit == "bytes" else units.count(value)


def _excess(finding: Finding) -> float:
    """How many times too much or too little it is."""
    found, limit = finding.found, finding.limit.value
    if not isinstance(found, int | float) or not found or not limit:
        return float("inf")
    if limit < 0:
        return found
    return found / limit if finding.limit.side == "max" else limit / found
