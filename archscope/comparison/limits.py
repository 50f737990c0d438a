"""Limits on what a network may cost: which hold of a Report, and which are broken. No torch."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any, ClassVar, Literal

from archscope.comparison.quantities import QUANTITIES, Quantity
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.model.results import Tabulated
from archscope.model.units import parse_number
from archscope.registry import canonical, unknown

Side = Literal["max", "min"]

SIDES: tuple[Side, ...] = ("max", "min")
KEYS = ("target", "input", "batch", *SIDES)
"""What a table of limits may have."""

SHORT = {
    "depth_separable_as_one": "depth", "weight_bytes": "weights", "peak_memory_bytes": "peak_memory",
    "training_memory_bytes": "training_memory",
}  # fmt: skip
"""What a limit calls a quantity, where that is not the report's name."""

LIMITED = {
    SHORT.get(quantity.name, quantity.name): quantity
    for quantity in QUANTITIES
    if quantity.group in {"shape", "counts", "memory"} and not quantity.name.startswith("measured")
}
"""What can be limited, by the name that a limit gives it."""


@dataclass(frozen=True)
class Limit:
    """The most (`max`) or the least (`min`) that a quantity may be, in its own unit; `why` says what that follows from,
    where it was not given."""

    side: Side
    name: str
    value: float
    why: str = ""

    @property
    def quantity(self) -> Quantity:
        return LIMITED[self.name]


@dataclass(frozen=True)
class Finding:
    """A limit held against a report. `found` is None where archscope does not know; then nothing is known to hold.

    A field that is `global` is as large as any image. `at_least`: operations of unknown cost come on top of what was
    found.
    """

    target: str
    limit: Limit
    found: float | Literal["global"] | None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.found == "global":
            return self.limit.side == "min"
        if self.found is None or (self.limit.side == "max" and self.at_least):
            return False
        return self.found <= self.limit.value if self.limit.side == "max" else self.found >= self.limit.value


@dataclass(frozen=True, repr=False)
class Findings(Tabulated):
    """Every limit of every target that was checked."""

    KIND: ClassVar[str] = "findings"

    findings: tuple[Finding, ...]

    def _about(self) -> str:
        return f"{len(self.findings)} limits, {len(self.broken)} broken"

    @property
    def broken(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.holds)

    def to_dict(self) -> dict[str, Any]:
        rows = [
            {
                "target": each.target, "quantity": each.limit.name, "unit": each.limit.quantity.unit,
                each.limit.side: each.limit.value, "found": each.found, "holds": each.holds,
            }
            for each in self.findings
        ]  # fmt: skip
        return {"schema": "archscope.check/1", "holds": not self.broken, "limits": rows}


@dataclass(frozen=True)
class Task:
    """A target with its limits, and how it is to be measured."""

    target: str
    limits: tuple[Limit, ...]
    inputs: tuple[str, ...] = ()
    batch: int | None = None


def parse_limit(side: Side, item: str, option: str = "") -> Limit:
    """`params=5M`, `peak_memory=100MiB`, as an `option` of the command line. Raises ArchscopeError."""
    name, equals, value = item.partition("=")
    where = f"{option or f'--{side}'} {item}: "
    if not equals:
        raise ArchscopeError(f"{where}write quantity=limit, such as params=5M")
    return _limit(side, name, value, where)


def _limit(side: Side, name: str, value: Any, where: str) -> Limit:
    return Limit(side, find_limited(name), parse_number(str(value), where))


def find_limited(name: str) -> str:
    """The quantity of this name that can be limited. Raises ArchscopeError."""
    known = SHORT.get(canonical(name), canonical(name))
    if known not in LIMITED:
        raise unknown("quantity to limit", name, LIMITED)
    return known


ALLOWED = re.compile(r"([+-]?)(.+?)(%?)")


def parse_allowed(item: str, old: Report) -> tuple[Limit, ...]:
    """`macs=+1%`: how far a quantity may be from that of an older report, as limits. Raises ArchscopeError.

    With + it may grow so far, with - shrink, without a sign either; `params=+10k` is an amount.
    """
    name, equals, written = item.partition("=")
    found = ALLOWED.fullmatch(written.strip())
    if not equals or found is None:
        raise ArchscopeError(f"--allow {item}: write quantity=+change, such as macs=+1% or params=+10k")
    quantity = find_limited(name)
    value = LIMITED[quantity].of(old)
    value = max(value) if isinstance(value, list | tuple) else value
    if not isinstance(value, int | float):
        raise ArchscopeError(
            f"--allow {item}: of {old.target} it is {value or 'unknown'}, so that no change can be told"
        )
    by = parse_number(found[2], f"--allow {item}: ")
    by = value * by / 100 if found[3] else by
    why = f"{old.target} has {value:,}, and {written.strip()} is allowed"
    sides: dict[str, tuple[Side, ...]] = {"+": ("max",), "-": ("min",), "": ("max", "min")}
    bounds = {"max": floor(value + by), "min": ceil(value - by)}  # what is counted is whole
    return tuple(Limit(side, quantity, bounds[side], why) for side in sides[found[1]])


def held_against(report: Report, limits: Iterable[Limit], target: str) -> list[Finding]:
    """Each limit with what the report says of it. Of a size, the side that is nearest to the limit."""
    findings = []
    for limit in limits:
        found = limit.quantity.of(report)
        if isinstance(found, list | tuple):
            found = (max if limit.side == "max" else min)(found)
        column = report.columns.get(limit.quantity.name)
        at_least = column is not None and column.reduce == "sum" and None in column.values.values()
        findings.append(Finding(target, limit, None if found == "unknown" else found, at_least))
    return findings


# ---- limits in a file ------------------------------------------------------------------------------------------


def tasks_of(path: Path, only: str = "") -> list[Task]:
    """The `[[tool.archscope.check]]` tables of a pyproject.toml, or only those of one target. Raises ArchscopeError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ArchscopeError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    tables = found.get("tool", {}).get("archscope", {}).get("check", [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise ArchscopeError(f"{path}: write [[tool.archscope.check]], a table for each target")
    return [task for task in (_task(table, path) for table in tables) if only in {"", task.target}]


def _task(table: Mapping[str, Any], path: Path) -> Task:
    where = f"{path}: [[tool.archscope.check]]"
    for key in table:
        if key not in KEYS:
            raise unknown(f"key of {where}", key, KEYS)
    target, batch = table.get("target"), table.get("batch")
    if not isinstance(target, str):
        raise ArchscopeError(f'{where}: a table needs its target = "net.py:Net"')
    if not (batch is None or (type(batch) is int and batch > 0)):
        raise ArchscopeError(f"{where} {target}: batch: a whole number of images, not {batch!r}")
    limits = []
    for side in SIDES:
        given = table.get(side, {})
        if not isinstance(given, Mapping):
            raise ArchscopeError(f'{where} {target}: {side}: write quantities with their limits, {{ params = "5M" }}')
        limits += [_limit(side, name, value, f"{where} {target}: {side} {name}: ") for name, value in given.items()]
    if not limits:
        raise ArchscopeError(f'{where} {target}: it has no limit, such as max = {{ params = "5M" }}')
    return Task(target, tuple(limits), tuple(_listed(table.get("input", []))), batch)


def _listed(inputs: str | int | Sequence[str]) -> list[str]:
    return [str(inputs)] if isinstance(inputs, str | int) else list(inputs)
