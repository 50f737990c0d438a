"""A sweep: a network at many settings, and what each costs. Plain data, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from archscope.comparison.limits import LIMITED, Finding, Limit
from archscope.model import units
from archscope.model.results import Pictured, Tabulated
from archscope.model.text import one_line
from archscope.sweeping.grid import Axes, Place

SCHEMA = "archscope.sweep/1"

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

    def unit(self, quantity: str) -> str:
        """In which a quantity is."""
        return LIMITED[quantity].unit if quantity in LIMITED else "ms"

    def values(self, quantity: str) -> list[Any]:
        """One quantity, point by point."""
        return [point.values.get(quantity) for point in self.points]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/sweep.md describes it."""
        return {
            "schema": SCHEMA, "target": self.target, "axes": {name: list(values) for name, values in self.axes.items()},
            "setting": dict(self.setting), "units": {name: self.unit(name) for name in self.quantities},
            "limits": [{"quantity": each.name, each.side: each.value} for each in self.limits],
            "maximized": self.maximized or None,
            "largest": [
                {self.maximized: each.fits.place.options[self.maximized], "at": each.fits.place.named(),
                 "beyond": each.beyond.place.options[self.maximized]}
                for each in self.largest
            ],
            "hold": self.hold or None, "held": self.held or None, "scaled": self.scaled or None,
            "points": [
                {"at": point.place.named(), **point.values, "at_least": list(point.at_least),
                 "failure": point.failure or None}
                for point in self.points
            ],
        }  # fmt: skip

    def _about(self) -> str:
        over = " x ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        return f"{one_line(self.target)}: {units.counted(len(self.points), 'point')}, {over or 'as it comes'}"
