"""From single times to what is reported of them."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, median, quantiles
from typing import Any

STABLE_WITHIN = 0.05
WINDOW = 3
"""Steps are warm once the medians of two consecutive windows of so many differ by no more than STABLE_WITHIN."""


def percentiles(times: Sequence[float]) -> list[float]:
    """From the 1st to the 99th: linear between the two nearest order statistics, as numpy's default."""
    return quantiles(times if len(times) > 1 else [*times, *times], n=100, method="inclusive")


def is_busy(load: Sequence[float] | None, cores: int | None) -> bool:
    """Did other work take more than half of the cores in the minute before? Not where the system does not say."""
    return bool(load and cores and load[0] > cores / 2)


CONFIDENCE = 0.95
"""That the true median lies in the interval that is given for it."""


def interval_of_median(times: Sequence[float]) -> tuple[float, float]:
    """Where the true median lies with CONFIDENCE, whatever the times' distribution: two of the times, so far from the
    middle that as many of them fall on one side as a fair coin shows heads."""
    ordered, count = sorted(times), len(times)
    spread = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * sqrt(count) / 2
    first = max(0, int(count / 2 - spread))
    return ordered[first], ordered[count - 1 - first]


def summary_of(times_ms: Sequence[float], warmup: int) -> dict[str, Any]:
    """Median with its interval, 95th and 99th percentile, interquartile range and minimum in ms; how many were timed,
    after how many untimed."""
    p25, p75, p95, p99 = (percentiles(times_ms)[n - 1] for n in (25, 75, 95, 99))
    low, high = interval_of_median(times_ms)
    return {
        "median": median(times_ms),
        "median_low": low,
        "median_high": high,
        "p95": p95,
        "p99": p99,
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
