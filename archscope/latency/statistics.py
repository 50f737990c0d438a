"""From single times to what is reported of them."""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

STABLE_WITHIN = 0.05
WINDOW = 3
"""Steps are warm once the medians of two consecutive windows of so many differ by no more than STABLE_WITHIN."""


def percentiles(times: Sequence[float]) -> list[float]:
    """From the 1st to the 99th: linear between the two nearest order statistics, as numpy's default."""
    return quantiles(times if len(times) > 1 else [*times, *times], n=100, method="inclusive")


def summary_of(times_ms: Sequence[float], warmup: int) -> dict[str, Any]:
    """Median, 95th percentile, interquartile range and minimum in ms; how many were timed, after how many untimed."""
    p25, p75, p95 = (percentiles(times_ms)[n - 1] for n in (25, 75, 95))
    return {
        "median": median(times_ms),
        "p95": p95,
        "iqr": p75 - p25,
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
