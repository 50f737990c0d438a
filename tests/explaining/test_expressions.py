"""What is written on a blackboard comes to what arithmetic says, and nothing else is evaluated."""

import pytest

from archscope.errors import ArchscopeError
from archscope.explaining.expressions import area, evaluate, plus, times, to_latex, volume


@pytest.mark.parametrize(
    ("text", "value", "latex"),
    [
        ("floor((299 + 2·0 - 3) / 2) + 1", 149, r"\left\lfloor \frac{299 + 2 \cdot 0 - 3}{2} \right\rfloor + 1"),
        ("864 · 149²", 19_181_664, r"864 \cdot 149^{2}"),
        ("1/728 + 1/3²", 1 / 728 + 1 / 9, r"\frac{1}{728} + \frac{1}{3^{2}}"),
        ("ceil(5 / 2)·1,000,000", 3_000_000, r"\left\lceil \frac{5}{2} \right\rceil \cdot 1{,}000{,}000"),
        ("max(1, 2,000, 3)", 2000, r"\operatorname{max}\left(1, 2{,}000, 3\right)"),
        ("8 - 2 - 3·2²", -6, r"8 - 2 - 3 \cdot 2^{2}"),
        ("12 / 2 / 3", 2, r"\frac{\frac{12}{2}}{3}"),
        ("-(3 - 5)·2¹⁰", 2048, r"-\left(3 - 5\right) \cdot 2^{10}"),
        ("1 / 3", 1 / 3, r"\frac{1}{3}"),
        ("+".join(["1"] * 900), 900, None),
    ],
)
def test_expressions(text: str, value: float, latex: str | None) -> None:
    assert evaluate(text) == pytest.approx(value, rel=1e-15)
    assert isinstance(evaluate(text), type(value))
    assert latex is None or to_latex(text) == latex


@pytest.mark.parametrize(
    "text", ["", "1 +", "(1", "1 2", "1/0", "x", "__import__('os')", "9**9", "1;2", "(" * 500 + "1" + ")" * 500, "²"]
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ArchscopeError):
        evaluate(text)


def test_writing() -> None:
    assert times(3, 3, "64/2", 32) == "3·3·(64/2)·32"
    assert plus(times(3, 3), 64, 64, 0) == "3·3 + 2·64"
    assert plus("1 + 2", "1 + 2") == "2·(1 + 2)"
    assert (plus(), times(), area(())) == ("0", "1", "1")
    assert (area((149, 149)), area((7, 5)), area((2, 4, 4))) == ("149²", "7·5", "2·4²")
    assert (volume((32, 149, 149)), volume((2048, 1, 1)), volume((1, 1))) == ("32·149²", "2,048", "1")
