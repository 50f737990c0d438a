"""What is typed becomes the values of options, exactly."""

from typing import Any

import pytest

from archscope import ArchscopeError
from archscope.sweeping.grid import Place, axes_of, parse_axis, places


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("middle_blocks=4,8", "middle_blocks", (4, 8)),
        ("width-multiplier=0.1:0.5:0.1", "width_multiplier", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("width=0.25:1:0.25", "width", (0.25, 0.5, 0.75, 1)),
        ("n=1:4", "n", (1, 2, 3, 4)),
        ("n=1:3,8,8", "n", (1, 2, 3, 8)),
        ("stem=reference,table1", "stem", ("reference", "table1")),
        ("aux=true,false", "aux", (True, False)),
        ("sizes=[1,2],[3]", "sizes", ((1, 2), (3,))),
    ],
)
def test_axes(typed: str, name: str, values: tuple[Any, ...]) -> None:
    assert parse_axis(typed) == (name, values)


def test_fractions_without_a_step_go_by_thousandths() -> None:
    _, values = parse_axis("w=0.5:1.5")
    assert (len(values), values[:2], values[-1]) == (1001, (0.5, 0.501), 1.5)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("width", "write option=values, such as middle_blocks=4,8"),
        ("width=1:", "write a range as first:last:step"),
        ("width=a:b", "write a range as first:last:step"),
        ("width=2:1:0.5", "a range goes up"),
        ("width=1:2:0", "a range goes up"),
        ("width=1:nan", "a range goes up|write a range"),
        ("n=1:1000000", "1,000,000 values; at most 100,000"),
    ],
)
def test_mistakes(typed: str, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        parse_axis(typed)


def test_every_combination_the_last_axis_fastest() -> None:
    axes = axes_of(["a=1,2", "b=x"], ["32,3x64x64"])
    assert axes == {"a": (1, 2), "b": ("x",), "input": ("32", "3x64x64")}
    assert places(axes) == [
        Place({"a": a, "b": "x"}, size) for a in (1, 2) for size in ("32", "3x64x64")
    ]  # fmt: skip
    with pytest.raises(ArchscopeError, match="--set a is there twice"):
        axes_of(["a=1", "a=2"])
    with pytest.raises(ArchscopeError, match="1,000,000 points; at most"):
        places({name: tuple(range(100)) for name in "abc"})
