"""From single times to what is reported of them."""

from collections.abc import Sequence
from statistics import median
from typing import Any

STABLE_WITHIN = 0.05
WINDOW = 3
"""Steps are warm once the medians of two consecutive windows of so many differ by no more than STABLE_WITHIN."""


def quantile(times: Sequence[float], share: float) -> float:
    """Linear between the two nearest order statistics, as numpy's default."""
    ordered = sorted(times)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def summary_of(times_ms: Sequence[float], warmup: int) -> dict[str, Any]:
    """Median, 95th percentile, interquartile range and minimum in ms; how many were timed, after how many untimed."""
    return {
        "median": median(times_ms),
        "p95": quantile(times_ms, 0.95),
        "iqr": quantile(times_ms, 0.75) - quantile(times_ms, 0.25),
        "min": min(times_ms),
        "repeats": len(times_ms),
        "warmup": warmup,
    }


def is_warm(times: Sequence[float]) -> bool:
    """Do the last steps take as long as those before them?"""
    if len(times) < 2 * WINDOW:
        return False
    before, last = median(times[-2 * WINDOW : -WINDOW]), median(times[-WINDOW:])
    return abs(last - before) <= STABLE_WITHIN * before
