import numpy
import pytest

from archscope.latency.statistics import is_warm, percentiles, summary_of


@pytest.mark.parametrize("times", [[3.0], [2.0, 1.0], [5.0, 1.0, 4.0, 2.0, 9.0, 7.0]])
def test_percentiles_are_numpys(times: list[float]) -> None:
    assert percentiles(times) == pytest.approx(numpy.percentile(times, range(1, 100)))


def test_what_is_reported_of_times() -> None:
    times = [4.0, 1.0, 2.0, 3.0, 100.0]

    assert summary_of(times, warmup=7) == {
        "median": 3.0,
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
