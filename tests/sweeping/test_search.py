"""The last that fits, found by few questions, and asked of its neighbour too."""

from math import log2

import pytest

from archscope.sweeping.search import falls, last_that_fits, rescaled


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_the_last_that_fits(count: int) -> None:
    for last in {-1, 0, 1, count // 2, count - 2, count - 1} & set(range(-1, count)):
        asked: list[int] = []

        def fits(value: int, last: int = last, asked: list[int] = asked) -> bool:
            asked.append(value)
            return value <= last

        assert last_that_fits(range(count), fits) == last
        assert {last, last + 1} & set(range(count)) <= set(asked)
        assert len(asked) <= log2(count) + 2


def test_where_a_cost_falls() -> None:
    assert falls([(1, 5), (2, 5), (3, None), (4, 6)]) is None
    assert falls([(1, 5), (2, 7), (3, 6)]) == (2, 3)


@pytest.mark.parametrize("power", [1, 1.5, 2])
def test_a_scale_that_holds_a_cost(power: float) -> None:
    scale = rescaled(lambda scale: 1e6 * scale**power, 3e6)
    assert 1e6 * scale**power == pytest.approx(3e6, rel=1e-3)
