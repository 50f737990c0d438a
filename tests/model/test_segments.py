"""Which counts of segments a text names, and what they are called."""

import pytest

from archscope.errors import ArchscopeError
from archscope.model.segments import in_order, name_of, parse_partition, parse_segments, sizes_said, usual


@pytest.mark.parametrize(
    ("text", "channels", "expected"),
    [
        ("1,3,depthwise", 12, [1, 3, 12]),
        ("1, 2, depthwise", None, [1, 2, "depthwise"]),
        ("powers", 12, [1, 2, 4, 8, 12]),
        ("powers", 16, [1, 2, 4, 8, 16]),
        ("powers", 1, [1]),
        ("all-divisors", 12, [1, 2, 3, 4, 6, 12]),
        ("all-divisors", 13, [1, 13]),
        ("1,2,3,4,8,...,256", 256, [1, 2, 3, 4, 8, 16, 32, 64, 128, 256]),
        ("3,...,20", None, [3, 6, 12, 20]),
        ("4,...,4", None, [4, 4]),
        ("3,powers", 4, [3, 1, 2, 4]),
    ],
)
def test_segments(text: str, channels: int | None, expected: list[object]) -> None:
    assert parse_segments(text, channels) == expected


@pytest.mark.parametrize("text", ["", ",", "abc", "1,x", "-1", "1.5", "...", "1,...", "...,4", "0,...,4", "powers"])
def test_segments_that_say_nothing(text: str) -> None:
    with pytest.raises(ArchscopeError, match="--segments"):
        parse_segments(text)


def test_the_usual_points_have_the_three_segments_of_the_figures() -> None:
    assert in_order(usual(256)) == [1, 2, 3, 4, 8, 16, 32, 64, 128, 256]
    assert in_order(usual(2)) == [1, 2]


def test_partition() -> None:
    assert parse_partition("64,128, 32,32") == parse_partition("64+128+32+32") == (64, 128, 32, 32)
    for text in ("", "a", "64,,3", "64,0", "-3"):
        with pytest.raises(ArchscopeError, match="--partition"):
            parse_partition(text)


@pytest.mark.parametrize(
    ("partition", "sizes", "name"),
    [
        ((256,), "256", "regular convolution"),
        ((1,), "1", "regular convolution"),
        ((128, 128), "2 x 128", "ResNeXt-like, cardinality 2"),
        ((86, 85, 85), "86 + 2 x 85", "Inception-like"),
        ((64, 128, 32, 32), "64 + 128 + 2 x 32", "Inception-like"),
        ((64, 128), "64 + 128", "Inception-like"),
        ((3, 3, 2, 2, 2), "2 x 3 + 3 x 2", "uneven groups"),
        ((8,) * 32, "32 x 8", "ResNeXt-like, cardinality 32"),
        ((1, 1, 1), "3 x 1", "depthwise separable"),
    ],
)
def test_names(partition: tuple[int, ...], sizes: str, name: str) -> None:
    assert (sizes_said(partition), name_of(partition)) == (sizes, name)
