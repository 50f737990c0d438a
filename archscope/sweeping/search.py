"""Finding the value of an option: the largest that fits, by bisection; the one that holds a quantity. No torch."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log
from typing import Any, TypeVar

T = TypeVar("T")

TRIES = 12
"""So many scales are tried at most to hold a quantity; it takes about five."""


def last_that_fits(candidates: Sequence[T], fits: Callable[[T], bool]) -> int:
    """The place of the last candidate that fits, where all before it do too and none behind it; -1 where none does.

    Asks log2 of their number, and always of the one that is returned and of the next.
    """
    low, high = -1, len(candidates)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(candidates[middle]) else (low, middle)
    return low


def falls(costs: Sequence[tuple[Any, float | None]]) -> tuple[Any, Any] | None:
    """Two values in a row between which a cost falls, if there are any: of an option on which it does not only grow."""
    known = [(value, cost) for value, cost in costs if cost is not None]
    for (value, cost), (after, next_cost) in pairwise(known):
        if next_cost < cost:
            return value, after
    return None


def rescaled(count: Callable[[float], float], wanted: float) -> float:
    """The scale of the widths, to four digits, at which `count` is nearest to `wanted`.

    Costs grow as a power of the scale, between its first and its second; the power is taken from the last two.
    """
    tried: dict[float, float] = {}
    scale, power = 1.0, 2.0
    while scale not in tried and len(tried) < TRIES:
        tried[scale] = count(scale)
        if not tried[scale]:
            break
        if len(tried) > 1:
            before, now = list(tried)[-2:]
            slope = log(tried[now] / tried[before]) / log(now / before)
            power = min(max(slope, 1.0), 2.0)
        scale = round(scale * (wanted / tried[scale]) ** (1 / power), 4)
    return min(tried, key=lambda scale: abs(tried[scale] - wanted))
