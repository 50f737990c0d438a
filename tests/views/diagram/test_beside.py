"""Two networks side by side: both whole, a sign on what differs and on nothing else."""

from xml.etree import ElementTree

import pytest

from archscope.differences import Diff, compare
from archscope.views import render
from archscope.views.diagram.beside import marks, side_by_side
from tests.graphs import Net, report_of, six_layer_report


def diff(*filters: int) -> Diff:
    """A chain of convolutions with a ReLU against one of 8 and 16 filters without."""

    def report(filters: tuple[int, ...], relu: bool):
        net, before = Net(input=(3, 8, 8)), "input"
        for i, count in enumerate(filters):
            before = net.conv(f"conv{i}", before, count, 3, padding=1)
        if relu:
            net.add("relu", "relu", before)
        return report_of(net.graph("chain"))

    return compare(report(filters, True), report((8, 16), False))


def test_signs() -> None:
    mine, theirs = marks(diff(8, 12))
    assert mine == {"conv1": "!", "relu": "+"}
    assert theirs == {"conv1": "!"}


def test_what_follows_bears_no_sign() -> None:
    found = diff(4, 16)
    assert any(row.kind == "consequence" for row in found.differences)
    assert marks(found)[1] == {"conv0": "!"}


def test_both_stand_in_one_picture() -> None:
    svg = side_by_side(diff(8, 12))
    root = ElementTree.fromstring(svg)
    parts = [child for child in root if child.tag.endswith("svg")]
    assert len(parts) == 2
    assert float(parts[1].get("x", 0)) == float(parts[0].get("width", 0))
    assert float(root.get("width", 0)) == pytest.approx(sum(float(part.get("width", 0)) for part in parts))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert svg.count(">!</text>") == 2


def test_equal_networks_bear_none() -> None:
    report = six_layer_report()
    svg = side_by_side(compare(report, report))
    assert ">!</text>" not in svg
    assert ">+</text>" not in svg


def test_formats() -> None:
    found = diff(8, 12)
    assert render(found, "svg") == side_by_side(found)
    assert render(found, "png").startswith(b"\x89PNG")
