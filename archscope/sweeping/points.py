"""A sweep: a network at many settings, and what each costs. Plain data, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from archscope.cached import cached_property
from archscope.comparison.limits import LIMITED, SIDES, Finding, Limit
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.results import Pictured, Tabulated
from archscope.model.saved import parsed
from archscope.model.schema import SAVED_SWEEP
from archscope.model.text import one_line
from archscope.sweeping.grid import INPUT, Axes, Place, hashable

USUAL = ("params", "macs", "peak_memory", "receptive_field")
"""What is shown of every point; data have all that can be limited."""


@dataclass(frozen=True)
class Measured:
    """What a network costs at a place: each quantity that can be limited, and times where they were asked for.

    `at_least` names those on top of which come operations of unknown cost; `failure` says why there is nothing.
    """

    place: Place
    values: Mapping[str, Any] = field(default_factory=dict)
    at_least: tuple[str, ...] = ()
    failure: str = ""

    def broken(self, limits: tuple[Limit, ...]) -> tuple[Finding, ...]:
        """The limits that do not hold here."""
        found = []
        for limit in limits:
            value = self.values.get(limit.name)
            if isinstance(value, list):
                value = (max if limit.side == "max" else min)(value)
            known = None if value == "unknown" else value
            found.append(Finding("", limit, known, limit.name in self.at_least))
        return tuple(finding for finding in found if not finding.holds)


@dataclass(frozen=True)
class Largest:
    """The largest value of an option that keeps to the limits, and the next one, which does not."""

    fits: Measured
    beyond: Measured


@dataclass(frozen=True, repr=False)
class Sweep(Tabulated, Pictured):
    """A network over a grid of settings.

    `limits` are what all points keep to. With `maximized`, an option, there are no other points than the `largest` of
    each combination of the rest, and those next to them. `held` is what all points come to in the quantity `hold`, as
    nearly as the option `scaled` allows. `left_out` of the points kept no limit, `asked` were to be measured.
    """

    KIND: ClassVar[str] = "sweep"

    target: str
    axes: Axes
    points: tuple[Measured, ...]
    setting: Mapping[str, Any]
    limits: tuple[Limit, ...] = ()
    maximized: str = ""
    largest: tuple[Largest, ...] = ()
    hold: str = ""
    held: float = 0
    scaled: str = ""
    left_out: int = 0
    asked: int = 0

    @cached_property
    def known(self) -> tuple[Measured, ...]:
        """The points that could be built and traced."""
        return tuple(point for point in self.points if not point.failure)

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """What some point has, in the order in which it is shown."""
        names = dict.fromkeys(name for point in self.known for name in point.values)
        return tuple(names)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """What is said of each point: the axes, and the option that was chosen for it."""
        chosen = [name for name in (self.maximized, self.scaled) if name and name not in self.axes]
        return (*self.axes, *chosen)

    @property
    def stopped(self) -> str:
        """How far it came, `after 2 of 9 points`, where it was stopped before its end. A search has two points."""
        done = len(self.points) - len(self.largest) + self.left_out  # what a search found has two
        asked = self.asked // 2 + self.left_out if self.maximized else self.asked
        what = "searches" if self.maximized else "points"
        return f"after {done:,} of {asked:,} {what}" if done < asked else ""

    def unit(self, quantity: str) -> str:
        """In which a quantity is."""
        return LIMITED[quantity].unit if quantity in LIMITED else "ms"

    def values(self, quantity: str) -> list[Any]:
        """One quantity, point by point."""
        return [point.values.get(quantity) for point in self.points]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/sweep.md describes it."""
        return {
            "schema": SAVED_SWEEP.written, "target": self.target,
            "axes": {name: list(values) for name, values in self.axes.items()},
            "setting": dict(self.setting), "units": {name: self.unit(name) for name in self.quantities},
            "limits": [{"quantity": each.name, each.side: each.value} for each in self.limits],
            "maximized": self.maximized or None,
            "largest": [
                {self.maximized: each.fits.place.options[self.maximized], "at": each.fits.place.named(),
                 "beyond": each.beyond.place.options[self.maximized]}
                for each in self.largest
            ],
            "hold": self.hold or None, "held": self.held or None, "scaled": self.scaled or None,
            "left_out": self.left_out, "asked": self.asked,
            "points": [
                {"at": point.place.named(), **point.values, "at_least": list(point.at_least),
                 "failure": point.failure or None}
                for point in self.points
            ],
        }  # fmt: skip

    def _about(self) -> str:
        over = " x ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        return f"{one_line(self.target)}: {units.counted(len(self.points), 'point')}, {over or 'as it comes'}"

    @classmethod
    def from_json(cls, text: str, source: str = "sweep") -> "Sweep":
        """Read back what `to_json` wrote. Raises ArchscopeError for anything else, naming `source`."""
        data = parsed(text, (SAVED_SWEEP,), source)
        points = tuple(map(_point, data["points"]))
        limits = tuple(
            Limit(side, row["quantity"], row[side]) for row in data["limits"] for side in SIDES if side in row
        )
        maximized = data["maximized"] or ""
        made = cls(
            data["target"], {name: tuple(map(hashable, values)) for name, values in data["axes"].items()}, points,
            data["setting"], limits, maximized, _largest(data["largest"], maximized, points, source),
            data["hold"] or "", data["held"] or 0, data["scaled"] or "",
            data.get("left_out", 0), data.get("asked", len(points)),
        )  # fmt: skip
        _check(made, source)
        return made


def _point(row: Mapping[str, Any]) -> Measured:
    values = {name: value for name, value in row.items() if name not in ("at", "at_least", "failure")}
    return Measured(_place(row["at"]), values, tuple(row["at_least"]), row["failure"] or "")


def _place(at: Mapping[str, Any]) -> Place:
    return Place({name: hashable(value) for name, value in at.items() if name != INPUT}, str(at.get(INPUT, "")))


def _largest(
    rows: Sequence[Mapping[str, Any]], option: str, points: Sequence[Measured], source: str
) -> tuple[Largest, ...]:
    """Each with its two points, which are among all. Raises ArchscopeError."""
    at = {str(point.place.named()): point for point in points}
    found = []
    for row in rows:
        fits = _place(row["at"])
        pair = [at.get(str(place.named())) for place in (fits, fits.with_option(option, hashable(row["beyond"])))]
        if pair[0] is None or pair[1] is None:
            raise ArchscopeError(f"{one_line(source)} is a broken archscope sweep: the largest is none of its points")
        found.append(Largest(pair[0], pair[1]))
    return tuple(found)


def _check(sweep: Sweep, source: str) -> None:
    """Raises ArchscopeError for quantities that there are not, for values of another kind than theirs, and for points
    that are not on the grid."""
    broken = f"{one_line(source)} is a broken archscope sweep"
    for name in filter(None, [*(limit.name for limit in sweep.limits), sweep.hold]):
        if name not in LIMITED:
            raise ArchscopeError(f"{broken}: no quantity named '{one_line(name)}'")
    values_of = {name: set(values) for name, values in sweep.axes.items()}
    needed = values_of.keys() - {sweep.maximized}  # which has no value where the search failed
    for i, point in enumerate(sweep.points):
        at = point.place.named()
        for name in sorted(needed | at.keys()):
            if name not in at or name not in sweep.options or at[name] not in values_of.get(name, at.values()):
                raise ArchscopeError(f"{broken}: points[{i}].at: '{one_line(name)}' has no value of the sweep's")
        for name in (*point.values, *point.at_least):
            value = point.values.get(name)
            if isinstance(value, list) != (name == "receptive_field") and not isinstance(value, str | None):
                raise ArchscopeError(f"{broken}: points[{i}].{one_line(name)} is of another kind")
            if name not in point.values:
                raise ArchscopeError(f"{broken}: points[{i}].at_least: there is no '{one_line(name)}'")
