"""What `archscope diff` prints: the verdict, rows that sum up, a sign that a reader cannot misread."""

import json

import pytest

from archscope.differences import Diff, Proof, compare
from archscope.views import Options
from archscope.views.differences import formats, more
from tests.graphs import Net, report_of, six_layer_report


def small(filters: int, name: str = "small") -> Diff:
    """A network of one convolution with so many filters against one with 8."""

    def report(count: int, name: str):
        net = Net(input=(3, 8, 8))
        net.add("relu", "relu", net.conv("conv", "input", count, 3, padding=1))
        return report_of(net.graph(name))

    return compare(report(filters, name), report(8, "reference"))


def test_table() -> None:
    lines = str(small(6)).splitlines()
    assert lines[:2] == ["small against reference, at 3x8x8", "different"]
    assert [line.split() for line in lines[3:7]] == [
        ["Parameters", "MACs"],
        ["6", "filters", "instead", "of", "8", "54", "fewer", "3,456", "fewer"],
        ["conv"],
        ["sum", "of", "the", "rows", "54", "fewer", "3,456", "fewer"],
    ]
    assert "small: 162 parameters, 10,368 MACs" in lines


def test_identical() -> None:
    report = six_layer_report()
    said = str(compare(report, report))
    assert "identical up to names" in said
    assert "sum of the rows" not in said


@pytest.mark.parametrize(("amount", "said"), [(0, "-"), (3456, "3,456 fewer"), (-3456, "3,456 more")])
def test_rows_say_how_much_more_ones_own_network_has(amount: int, said: str) -> None:
    assert more(amount) == said


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_table_keeps_to_the_width(width: int) -> None:
    said = formats()["table"](small(6), Options(width=width))
    assert max(map(len, said.splitlines())) <= width


def test_json() -> None:
    data = json.loads(small(6).to_json())
    assert data["schema"] == "archscope.diff/1"
    assert data["verdict"] == "different"
    assert data["differences"] == [
        {"kind": "width", "a": "conv", "b": "conv", "what": "6 filters instead of 8", "params": 54, "macs": 3456,
         "count": 1, "training": False, "layers": [["conv", "conv"]]}
    ]  # fmt: skip
    assert data["totals"] == {"params": 54, "macs": 3456}
    assert data["b"]["params"] - data["a"]["params"] == 54


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_untrusted_names_are_escaped(name: str) -> None:
    said = formats()[name](small(6, name="<script>|x"), Options())
    assert "<script>" not in said
    assert "6 filters instead of 8" in said


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (Proof(3, 1e-16), "3 tensors copied, outputs differ by 1.0e-16 of the largest (float64): equal"),
        (Proof(3, 0.5), "3 tensors copied, outputs differ by 5.0e-01 of the largest (float64): NOT equal"),
        (Proof(reason="fc has no partner"), "the weights cannot be copied: fc has no partner"),
    ],
)
def test_what_the_weights_showed(proof: Proof, said: str) -> None:
    for form in ("table", "markdown", "html"):
        assert f"weights: {said}" in formats()[form](small(6).proven(proof), Options(width=200))
