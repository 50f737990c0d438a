import pytest

from archscope.errors import ArchscopeError
from archscope.model.conditions import parse_conditions
from archscope.model.units import parse_number

FIELDS = {"a": 3, "b": 5.0, "c": None, "d": "Big-Net"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a=3", True), ("a == 3", True), ("a!=3", False), ("a<3", False), ("a<=3", True), ("a>2.9", True),
        ("b>=5", True),
        ("a=3 and b=4", False), ("a=3 or b=4", True), ("a=3, b=5", True), ("a=3 & b=5", True),
        ("a=0 and b=5 or a=3", True), ("a=3 or a=0 and b=0", True),
        ("c>0", False), ("c<0", False), ("c!=0", False),
        ("d=big_net", True), ("d = 'Big-Net'", True), ("d!=bignet", True), ("A=3", True),
        ("a<0.003k or a=0.003k", True),
    ],
)  # fmt: skip
def test_holds(text: str, holds: bool) -> None:
    assert parse_conditions(text, "abc", "d").hold(FIELDS) is holds


@pytest.mark.parametrize("text", ["", "a", "a<", "<3", "a<3 and", "a 3", "x<3", "a<b", "d>3"])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ArchscopeError):
        parse_conditions(text, "abc", "d")


@pytest.mark.parametrize(
    ("text", "number"),
    [("5M", 5e6), ("1.5 G", 1.5e9), ("22,855,952", 22_855_952), ("100MiB", 104_857_600), ("79 %", 79), ("2k", 2000),
     ("1e3", 1000), (".5", 0.5), ("-1", -1), ("1_000", 1000), ("3KIB", 3072)],
)  # fmt: skip
def test_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["", "M", "5Q", "5 M M", "1.2.3", "inf", "nan", "0x10", "1e400", "9" * 5000])
def test_no_numbers(text: str) -> None:
    with pytest.raises(ArchscopeError, match=r"is no number|is too large a number"):
        parse_number(text)
