"""Printed tables, read back as a reader adds them up."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

EXACT = r"-|[\d,]+"
POWERS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class Line(NamedTuple):
    level: int
    repeat: int
    cells: list[str]


def number(cell: str) -> float:
    """`1.107 M` is 1,107,000; `-` is nothing."""
    digits, _, prefix = cell.partition(" ")
    return 0 if cell in {"-", "?"} else float(digits.replace(",", "")) * POWERS[prefix]


def added_up(lines: Sequence[Line], value: Callable[[Line], float]) -> float:
    """The sum of the lines that no further line details, each times the repeats that it stands under."""
    total, times = 0.0, [1]
    for i, line in enumerate(lines):
        times[line.level + 1 :] = [times[line.level] * line.repeat]
        detailed = i + 1 < len(lines) and lines[i + 1].level > line.level
        total += 0 if detailed else value(line) * times[-1]
    return total
