import pytest

from archscope.model.claims import Claim


@pytest.mark.parametrize(
    ("claim", "measured", "holds"),
    [
        (Claim("params", 22_855_952, "x"), 22_855_952, True),
        (Claim("params", 22_855_952, "x"), 22_855_953, False),
        (Claim("macs", 8.4e9, "x", digits=2), 8_357_403_496, True),
        (Claim("macs", 8.4e9, "x", digits=2), 8_340_000_000, False),
        (Claim("macs", 8.4e9, "x", digits=3), 8_357_403_496, False),
        (Claim("macs", 5e9, "x", digits=1), 5_713_216_096, False),
        (Claim("params", 25e6, "x", relation="<"), 24_999_999, True),
        (Claim("params", 25e6, "x", relation="<"), 25_000_000, False),
        (Claim("depth", 42, "x"), 42, True),
    ],
)
def test_as_precisely_as_it_is_printed(claim: Claim, measured: float, holds: bool) -> None:
    assert claim.holds(measured) == holds


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (Claim("params", 22_855_952, "Table 3"), "params 22,855,952 (Table 3)"),
        (Claim("top1_error", 21.2, "abstract", "percent"), "top1_error 21.2 (abstract, percent)"),
        (Claim("params", 25e6, "abstract", relation="<"), "params less than 25 M (abstract)"),
    ],
)
def test_said(claim: Claim, said: str) -> None:
    assert claim.said() == said
