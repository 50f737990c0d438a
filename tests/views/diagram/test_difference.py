"""The difference as one picture: the reference once, each row at its node, everything else closed and grey."""

from functools import cache
from xml.etree import ElementTree

import pytest
from torch import nn

import archscope
from archscope.differences import Diff, compare
from archscope.views import render
from archscope.views.diagram.difference import as_svg
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.style import SMALL
from archscope.views.diagram.plan.differing import rows_of
from tests.conftest import EVERYTHING
from tests.graphs import Net, report_of, six_layer_report
from tests.views.diagram.checker import size

SVG = "{http://www.w3.org/2000/svg}"


def chain(filters: tuple[int, ...], relu: bool = False, doubled: bool = False) -> Diff:
    """A chain of convolutions against one of 8 and 16 filters with a ReLU at its end."""

    def report(filters: tuple[int, ...], relu: bool):
        net, before = Net(input=(3, 8, 8)), "input"
        for i, count in enumerate(filters):
            before = net.conv(f"conv{i}", before, count, 3, padding=1)
        if relu:
            before = net.add("relu", "relu", before)
        if doubled and filters != (8, 16):
            net.add("softmax", "softmax", before)
        return report_of(net.graph("chain"))

    return compare(report(filters, relu), report((8, 16), True))


class Called(nn.Module):
    """A block called again and again."""

    def __init__(self, block: nn.Module, times: int) -> None:
        super().__init__()
        self.block, self.times = block, times

    def forward(self, x):
        for _ in range(self.times):
            x = self.block(x)
        return x


@cache
def shared() -> Diff:
    """Xception whose middle block is called seven times."""
    net = archscope.build("xception")
    net.middle_flow = Called(net.middle_flow[0], 7)
    return archscope.diff(net, "xception")


@cache
def of(name: str, reference: str) -> Diff:
    return archscope.diff(name, reference)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_each_row_is_told_at_its_node_and_below() -> None:
    shown = texts(as_svg(chain((8, 12), relu=True)))
    assert shown.count("12 filters instead of 16") == 2
    assert shown.count("1") == 2  # the number in the picture, and that of the row
    assert "−288" in shown  # 4 filters of 8 times 9 weights


def test_networks_are_called_as_in_their_papers() -> None:
    shown = texts(as_svg(of("resnet34", "resnet50")))
    assert "ResNet-34 against ResNet-50" in shown
    assert any("Drawn: ResNet-50, the reference" in text for text in shown)


def test_what_is_missing_is_a_dashed_ghost_and_a_part_of_a_box_is_named() -> None:
    svg = as_svg(of("resnet34", "resnet50"))
    assert texts(svg).count("missing") == svg.count('stroke-dasharray="5 4"') >= 3  # a projection, third convolutions
    assert "ReLU missing" in texts(svg)
    assert "relu missing" in [text.lower() for text in texts(as_svg(chain((8, 16))))]


def test_what_is_extra_has_a_box_before_the_result() -> None:
    svg = as_svg(chain((8, 12), relu=True, doubled=True))
    assert "extra" in texts(svg)
    assert svg.count('stroke-dasharray="1 3"') == 1


def test_equal_networks_are_grey() -> None:
    report = six_layer_report()
    shown = texts(as_svg(compare(report, report)))
    assert "Agrees" in shown
    assert "What differs" not in shown


def test_a_shared_block_is_drawn_once_with_how_often_it_is_called() -> None:
    shown = texts(as_svg(shared()))
    assert shown.count("shared, ×7 of 8") == 1
    assert shown.count("×8") == 1
    assert shown.count("SeparableConv") == 0  # entry and exit flow agree, and are closed


PAIRS = [("resnet34", "resnet50"), *([("inception_v3", "inception_v4")] if EVERYTHING else [])]


@pytest.mark.parametrize("names", PAIRS)
def test_any_difference_is_one_page(names: tuple[str, str]) -> None:
    found = of(*names)
    svg = as_svg(found)
    assert A4.scale(*size(svg)) * SMALL >= 6
    shown = texts(svg)
    assert all(str(row.number) in shown for row in rows_of(found.differences)[:24])


def test_formats() -> None:
    found = chain((8, 12))
    assert render(found, "svg") == as_svg(found)
    assert render(found, "png").startswith(b"\x89PNG")


def test_a_box_says_a_row_without_what_explains_it_and_extra_once() -> None:
    extended = nn.Sequential(nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, 1), nn.Tanh())
    shown = texts(as_svg(archscope.diff(extended, nn.Sequential(nn.Conv2d(4, 8, 3, groups=2)), (4, 9, 9))))
    in_boxes = shown[shown.index("Input") :]
    assert "groups 1 instead of 2" in in_boxes
    assert "1x1 convolution, 8 filters + tanh" in in_boxes
    assert in_boxes.count("extra") == 1
