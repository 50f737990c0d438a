import numpy
import pytest

from archscope.latency.statistics import interval_of_median, is_warm, percentiles, summary_of


@pytest.mark.parametrize("times", [[3.0], [2.0, 1.0], [5.0, 1.0, 4.0, 2.0, 9.0, 7.0]])
def test_percentiles_are_numpys(times: list[float]) -> None:
    assert percentiles(times) == pytest.approx(numpy.percentile(times, range(1, 100)))


def test_what_is_reported_of_times() -> None:
    times = [4.0, 1.0, 2.0, 3.0, 100.0]

    assert summary_of(times, warmup=7) == {
        "median": 3.0,
        "median_low": 1.0,
        "median_high": 100.0,
        "p99": pytest.approx(96.16),
        "p95": pytest.approx(80.8),
        "iqr": 2.0,
        "min": 1.0,
        "repeats": 5,
        "warmup": 7,
    }


@pytest.mark.parametrize(
    ("times", "warm"),
    [
        ([], False),
        ([1.0] * 5, False),
        ([1.0] * 6, True),
        ([9.0, 9.0, 1.0, 1.0, 1.0, 1.0], False),
        ([9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], True),
        ([1.0, 1.0, 1.0, 1.04, 1.04, 9.0], True),  # one disturbed step does not count
        ([1.0, 1.0, 1.0, 1.06, 1.06, 1.06], False),
    ],
)
def test_warm_is_as_fast_as_before(times: list[float], warm: bool) -> None:
    assert is_warm(times) is warm


@pytest.mark.parametrize("count", [5, 20, 101])
def test_the_true_median_lies_in_the_interval_as_often_as_said(count: int) -> None:
    """Of skewed times, as steps take: exponential ones, whose median is ln 2."""
    samples = numpy.random.default_rng(0).exponential(size=(2000, count))
    inside = [low <= numpy.log(2) <= high for low, high in map(interval_of_median, samples.tolist())]

    assert 0.93 <= numpy.mean(inside) <= 0.985


def test_more_times_tell_the_median_better() -> None:
    spread = numpy.random.default_rng(0).normal(10, 1, size=1000).tolist()
    widths = [high - low for low, high in (interval_of_median(spread[:count]) for count in (10, 100, 1000))]

    assert widths == sorted(widths, reverse=True)
