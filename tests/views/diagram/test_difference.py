"""The difference as one picture: the reference once, each row at its node, everything else closed and grey."""

import re
from functools import cache
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import archscope
from archscope.differences import Diff, compare
from archscope.views import render
from archscope.views.diagram.difference import MOST_ROWS, as_svg, placed
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


class Beside(nn.Module):
    """A module, and another one whose result is added to its own."""

    def __init__(self, module: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.module, self.other = module, other

    def forward(self, x):
        return self.module(x) + self.other(x)


@cache
def beside() -> Diff:
    """MobileNetV2, whose first convolution has another beside it, before its normalisation."""
    net = archscope.build("mobilenet_v2")
    net.conv1.conv = Beside(net.conv1.conv, nn.Conv2d(3, 32, 1, 2))
    return archscope.diff(net, "mobilenet_v2")


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
    assert "1×1 convolution, 8 filters + tanh" in in_boxes
    assert in_boxes.count("extra") == 1


class Bottleneck(nn.Module):
    """A small residual block with a class of its own."""

    def __init__(self, bias: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 4, 1, bias=bias), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 8, 1))

    def forward(self, x):
        return self.body(x) + x


class Blocks(nn.Module):
    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = nn.Conv2d(3, 8, 1), nn.Sequential(*blocks), nn.Conv2d(8, 5, 1)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


def of_blocks(reader: list[nn.Module], reference: int) -> str:
    return as_svg(archscope.diff(Blocks(*reader), Blocks(*[Bottleneck() for _ in range(reference)]), (3, 20, 20)))


def test_a_block_that_is_missing_is_a_ghost_and_its_sisters_agree() -> None:
    svg = of_blocks([Bottleneck() for _ in range(3)], 4)
    shown = texts(svg)
    assert shown.count("3 blocks instead of 4") == shown.count("missing") == svg.count('stroke-dasharray="5 4"') == 1
    assert "×3" in shown
    assert "Module" not in shown[: shown.index("Input")]  # in the legend: no module is marked


def test_blocks_that_are_extra_stand_between_the_others_and_what_holds_them_is_told() -> None:
    shown = texts(of_blocks([Bottleneck() for _ in range(5)], 3))
    assert "blocks: 5 blocks instead of 3" in shown
    assert shown.count("extra") == 1
    said = " ".join(shown[: shown.index("Agrees")])
    assert "Dotted: extra." in said
    assert "Dashed" not in said


def test_a_missing_block_is_closed_where_others_are_open_and_frames_say_their_numbers() -> None:
    shown = texts(of_blocks([Bottleneck(), Bottleneck(True), Bottleneck()], 4))
    assert "Blocks: Bottleneck" in shown
    assert shown.count("missing") == 1
    assert "a bias where the reference has none" in shown


def test_layers_of_a_missing_repetition_that_is_no_module_are_only_missing() -> None:
    def layers(times: int) -> nn.Module:
        return nn.Sequential(*[nn.Conv2d(3, 3, 1) if i % 2 else nn.Tanh() for i in range(2 * times)])

    shown = texts(as_svg(archscope.diff(layers(3), layers(4), (3, 9, 9))))
    assert sum("instead of" in text for text in shown) == 1  # in the list
    assert shown.count("missing") >= 1


def test_all_that_differs_is_in_the_list_and_sums_up() -> None:
    def chain(filters: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, filters, 3), nn.ReLU(), nn.Conv2d(filters, 8, 3))

    shown = texts(as_svg(archscope.diff(chain(6), chain(4), (3, 9, 9))))
    rows = shown[shown.index("What differs") :]
    assert "what follows, in 1 layer" in rows
    assert "+144" in rows  # two filters more, which each of eight reads through nine weights


def test_words_in_a_box_are_broken_and_not_cut() -> None:
    def pooled(counted: bool) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.AvgPool2d(3, 1, 1, count_include_pad=counted))

    shown = texts(as_svg(archscope.diff(pooled(True), pooled(False), (3, 9, 9))))
    assert {"counts the padding (count_include_pad)", "where the reference leaves it out"} <= {*shown}
    assert not any("…" in text for text in shown)


class Level(nn.Sequential):
    def __init__(self, read: int) -> None:
        super().__init__(nn.Conv2d(read, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())


def test_a_number_does_not_stand_on_a_frame_s_title() -> None:
    reader = Blocks(Level(8), Level(8))
    reader.blocks[0][0] = nn.Conv2d(8, 8, 3, padding=1, bias=False)
    svg = ElementTree.fromstring(as_svg(archscope.diff(reader, Blocks(Level(8), Level(8)), (3, 20, 20))))
    title = next(one for one in svg.iter(f"{SVG}text") if one.text == "Blocks: Level")
    marks = [one for one in svg.iter(f"{SVG}rect") if one.get("class") == "f-mark"]
    assert len(marks) == 1
    assert float(marks[0].get("y", 0)) > float(title.get("y", 0)) + 2  # below what hangs under its line


class UNet(nn.Module):
    """Two levels, of which a decoder reads each."""

    def __init__(self, *up: nn.Module) -> None:
        super().__init__()
        self.down, self.pool = nn.ModuleList([Level(3), Level(8), Level(8)]), nn.MaxPool2d(2)
        self.up, self.dec = nn.ModuleList(up), nn.ModuleList([Level(16), Level(16)])

    def forward(self, x):
        first = self.down[0](x)
        second = self.down[1](self.pool(first))
        x = self.down[2](self.pool(second))
        for up, dec, kept in zip(self.up, self.dec, (second, first), strict=True):
            x = dec(torch.cat([up(x), kept], 1))
        return x


def test_an_encoder_that_agrees_is_closed_by_its_levels_and_what_is_extra_stands_before_what_reads_it() -> None:
    reference = UNet(*[nn.ConvTranspose2d(8, 8, 2, 2) for _ in range(2)])
    reader = UNet(*[nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 1)) for _ in range(2)])
    svg = as_svg(archscope.diff(reader, reference, (3, 32, 32)))
    shown = texts(svg)
    assert sum("Down" in text for text in shown) == 3
    assert shown.count("Upsample") == shown.count("extra") == 2
    assert shown.count("Concat") == 2  # the decoder, too


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"groups": 2, "bias": False}, 2), ({"groups": 2, "bias": False, "padding_mode": "reflect"}, 0)],
)
def test_a_box_says_two_rows_and_of_more_their_numbers(changes: dict[str, object], told: int) -> None:
    networks = [nn.Sequential(nn.Conv2d(4, 8, 3, padding=1, **each)) for each in (changes, {})]
    shown = texts(as_svg(archscope.diff(*networks, (4, 9, 9))))
    in_boxes = shown[shown.index("Input") :]
    assert {2: "1, 2", 3: "1–3"}[len(changes)] in in_boxes
    assert sum(words in in_boxes for words in ("groups 2 instead of 1", "no bias where the reference has one")) == told


@pytest.mark.parametrize("reference", ["inception_v4", "xception"])
def test_every_listed_row_stands_at_a_node(reference: str) -> None:
    """A box of many rows named the first four, and some rows no box at all."""
    diff = of("inception_v3", reference)
    made, page = placed(diff)
    told = " ".join([*page.marks.values(), *(" ".join(box.details).partition("rows ")[2] for box in made.boxes)])
    found = {int(number) for number in re.findall(r"\d+", told)}
    for first, last in re.findall(r"(\d+)–(\d+)", told):
        found |= set(range(int(first), int(last) + 1))
    assert found == set(range(1, min(len(rows_of(diff.differences)), MOST_ROWS) + 1))


def test_what_is_extra_beside_a_part_of_a_box_leads_into_the_box_and_the_trunk_past_it() -> None:
    """It read the box and ended there: the sum stands between the convolution and the normalisation of one box."""
    made, _ = placed(beside())
    (extra,) = [box for box in made.boxes if box.op and box.op.is_extra]
    first = next(box for box in made.boxes if box.title == "Conv")
    ends = {(line.source, line.target) for line in made.lines}
    assert {("input", extra.name), (extra.name, first.name)} <= ends
    assert len([target for _, target in ends if target == first.name]) == 2
    assert (first.name, extra.name) not in ends
    assert extra.right < first.x == pytest.approx(next(box for box in made.boxes if box.name == "input").x)


def test_a_block_that_is_called_twice_is_shared() -> None:
    net = archscope.build("resnet50")
    net.conv2_x = nn.Sequential(*net.conv2_x[:2], Called(net.conv2_x[2], 2))
    assert "shared, ×2" in texts(as_svg(archscope.diff(net, "resnet50")))


def test_what_agrees_is_grey_where_the_network_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archscope.views.diagram.difference.plans", lambda found, kinds: [])
    boxes = [box for box in placed(beside())[0].boxes if box.op and box.op.kind != "tensor"]
    assert {box.kind for box in boxes if not box.details or "extra" not in box.details} == {"agree"}
