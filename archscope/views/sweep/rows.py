"""The words that every table of a sweep shows: headings, cells, and what to know of the numbers. No torch."""

from collections.abc import Sequence
from typing import Any

from archscope.comparison.limits import LIMITED, Limit
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.registry import unknown
from archscope.sweeping.grid import INPUT, Axes
from archscope.sweeping.points import USUAL, Measured, Sweep
from archscope.views import Options
from archscope.views.comparison.grids import cell
from archscope.views.tables.timing import measured_on

SHORT = {"params": "Parameters", "macs": "MACs", "flops": "FLOPs", "latency_ms": "Latency"}
"""Headings that are not a quantity's own."""


def columns(found: Sweep, options: Options) -> list[str]:
    """The quantities that are shown. Raises ArchscopeError for one that there is not."""
    if options.columns:
        return [quantity_of(found, name) for name in options.columns]
    return [name for name in found.quantities if name in USUAL or name not in LIMITED]


def check_can_be_shown(axes: Axes, names: Sequence[str], more: Sequence[str], is_chart: bool) -> None:
    """Before anything is measured. `more` are quantities beside those that every point has. Raises ArchscopeError."""
    known = [*LIMITED, *more]
    for name in names:
        if name not in known:
            raise unknown("quantity of this sweep", name, known)
    numbers = (all(place_on_axis(axis, value) is not None for value in values) for axis, values in axes.items())
    if is_chart and not any(number and len(axes[axis]) > 1 for axis, number in zip(axes, numbers, strict=True)):
        raise ArchscopeError(NOTHING_TO_DRAW)


NOTHING_TO_DRAW = "nothing to draw: no option of this sweep has several numbers as its values"


def quantity_of(found: Sweep, name: str) -> str:
    known = [own for own in found.quantities if own == name or own.partition(",")[0] == name]
    if not known:
        raise unknown("quantity of this sweep", name, found.quantities)
    return known[0]


def heading(name: str) -> str:
    if name.startswith("bound_ms, "):
        return f"Bound, {name.partition(', ')[2]}"
    return SHORT.get(name) or (LIMITED[name].heading if name in LIMITED else name)


def _headings(found: Sweep, shown: Sequence[str]) -> list[str]:
    marks = [""] if is_marked(found) else []
    return [*(name.replace("_", " ") for name in found.options), *map(heading, shown), *marks]


def is_marked(found: Sweep) -> bool:
    """Is there something to say of some point?"""
    return bool(found.maximized) or any(point.failure for point in found.points)


def places_of(found: Sweep, point: Measured) -> list[Any]:
    named = point.place.named()
    return [named.get(name, "") for name in found.options]


def _cells(found: Sweep, point: Measured, shown: Sequence[str]) -> list[str]:
    places = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in places_of(found, point)]
    values = [_value(found, point, name) for name in shown]
    return [*places, *values, *([_mark(found, point)] if is_marked(found) else [])]


def _value(found: Sweep, point: Measured, name: str) -> str:
    """With `+` where operations of unknown cost come on top."""
    shown = cell(found.unit(name), point.values.get(name))
    return f"{shown}+" if name in point.at_least else shown


def _mark(found: Sweep, point: Measured) -> str:
    """Of a search: whether it fits, or which limit it breaks. Why one failed stands below."""
    if point.failure:
        return "failed"
    broken = point.broken(found.limits)
    return f"breaks {', '.join(finding.limit.name for finding in broken)}" if broken else "fits"


def limit_words(limit: Limit) -> str:
    amount = units.size(limit.value) if limit.quantity.unit == "bytes" else units.count(limit.value)
    return f"{limit.name.replace('_', ' ')} at {'most' if limit.side == 'max' else 'least'} {amount}"


def notes(found: Sweep) -> list[tuple[str, str]]:
    """Heading and text of each line below the table."""
    said = []
    if found.limits:
        words = ", ".join(map(limit_words, found.limits))
        if found.maximized:
            kept = f"the largest {found.maximized.replace('_', ' ')} that fits, and the next, which does not"
            without = f"; nothing fits in {found.left_out} of the combinations" if found.left_out else ""
            said.append(("Limits", f"{words}: {kept}{without}"))
        else:
            said.append(("Limits", f"{words}: kept by {len(found.known):,} of {found.asked:,} points"))
    if found.hold:
        off = max((abs(point.values[found.hold] / found.held - 1) for point in found.known), default=0)
        amount = cell(found.unit(found.hold), found.held)
        said.append(
            ("Held", f"{found.hold.replace('_', ' ')} {amount} by {found.scaled}; all within {100 * off:.2g} %")
        )
    if any(point.at_least for point in found.points):
        said.append(("+", "operations of unknown cost come on top"))
    said += [("Failed", text) for text in failures(found)]
    if found.stopped:
        said.append(("Stopped", found.stopped))
    if measured := found.setting.get("measured"):
        said.append(("Measured on", measured_on(measured)))
    return [*said, ("Setting", f"batch {found.setting['batch']}; counts are of one image")]


MOST_NAMED = 3
"""Places that are named of those that failed for one reason."""


def failures(found: Sweep) -> list[str]:
    """Why points failed, or whole searches: those of one reason in one line."""
    reasons: dict[str, list[str]] = {}
    for point in found.points:
        if point.failure:
            place = ", ".join(f"{name}={value}" for name, value in point.place.named().items())
            reasons.setdefault(point.failure, []).append(place)
    return [f"{_places(places)}{reason}" for reason, places in reasons.items()]


def _places(places: Sequence[str]) -> str:
    more = f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return f"{'; '.join(places[:MOST_NAMED])}{more}: " if any(places) else ""


def rows(found: Sweep, shown: Sequence[str]) -> list[list[str]]:
    return [_headings(found, shown), *(_cells(found, point, shown) for point in found.points)]


def words(found: Sweep, count: int) -> list[int]:
    """Which of so many columns are read from the left: options that are no numbers, and what is said of a point."""
    places = zip(*(places_of(found, point) for point in found.points), strict=True)
    named = [
        i
        for i, (name, values) in enumerate(zip(found.options, places, strict=False))
        if name != INPUT and not all(is_number(value) for value in values if value != "")  # a failed search has none
    ]
    return [*named, *([count - 1] if is_marked(found) else [])]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def size_of_input(value: str) -> float:
    """The last side of a size, by which inputs stand on an axis."""
    return float(value.replace(",", "x").rpartition("x")[2])


def place_on_axis(name: str, value: Any) -> float | None:
    """Where a value stands on an axis; None of a word."""
    if name == INPUT:
        return size_of_input(value)
    return float(value) if is_number(value) else None
