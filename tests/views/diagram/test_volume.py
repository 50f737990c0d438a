"""Feature maps as blocks: each shape of the trace, its sides by their logarithm, what is kept for later above."""

from math import log2
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.style import DEEP, SMALL
from archscope.views.diagram.volume import SIDE_A_DOUBLING
from tests.views.diagram.checker import faults

UNET = f"{Path(__file__).parents[3] / 'docs' / 'gallery' / 'unet.py'}:UNet"


def volume(name: str, **options: object) -> Diagram:
    return archscope.diagram(name, level="volume", **options)  # type: ignore[arg-type]


def test_alexnet_has_the_maps_of_its_figure_2() -> None:
    piece = volume("alexnet").drawing.piece
    shapes = [(box.op.shape[1], box.op.shape[0]) for box in piece.boxes if box.op and len(box.op.shape) == 3]
    assert shapes == [(227, 3), (55, 96), (27, 96), (27, 256), (13, 256), (13, 384), (13, 384), (13, 256), (6, 256)]
    assert [box.op.shape for box in piece.boxes if box.op][-3:] == [(4096,), (4096,), (1000,)]


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet50", "inception_v4", UNET])
def test_blocks_are_as_high_as_their_maps_and_nothing_lies_on_a_word(name: str) -> None:
    piece = volume(name).drawing.piece
    assert faults(piece) == []
    for box in piece.boxes:
        if box.op and box.op.spatial and box.op.spatial[0] > 1 and len(box.op.shape) > 1:
            assert box.bottom - box.top == pytest.approx(SIDE_A_DOUBLING * log2(1 + box.op.spatial[0]))
            assert box.depth == pytest.approx(SIDE_A_DOUBLING * log2(1 + box.op.spatial[-1]))


def test_what_a_u_net_keeps_runs_from_the_encoder_to_the_concatenation_above_the_blocks() -> None:
    piece = volume(UNET).drawing.piece
    boxes = {box.name: box for box in piece.boxes}
    arcs = [line for line in piece.lines if line.kind == "skip"]
    assert len(arcs) == 4
    for line in arcs:
        source, target = boxes[line.source].op, boxes[line.target].op
        assert source and target and target.join == "cat"
        assert source.spatial == target.spatial
        assert min(y for _, y in line.points) < min(box.top for box in piece.boxes)
        for box, (x, y) in ((boxes[line.source], line.points[0]), (boxes[line.target], line.points[-1])):
            assert box.left + DEEP * box.depth < x < box.right + DEEP * box.depth  # on its back edge, and no other's
            assert y == box.top - DEEP * box.depth


def test_equal_layers_are_counted_under_their_block() -> None:
    rows = [row.text for row in volume("vgg16").drawing.piece.rows]
    assert rows.count("2 × Conv 3×3") == 2
    assert rows.count("3 × Conv 3×3") == 3
    assert "14×14×512" in rows


class Two(nn.Module):
    """Two inputs, one of them read twice, and a result of each."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

    def forward(self, x, y):
        return {"sum": self.one(x) + self.two(y), "other": self.two(x)}


class Nothing(nn.Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize("level", ["volume", "plate"])
@pytest.mark.parametrize(("net", "sizes"), [(Two(), ["x=3x8x8", "y=3x8x8"]), (Nothing(), "3x8x8")])
def test_any_network_is_drawn(net: nn.Module, sizes: Any, level: Any) -> None:
    made = archscope.diagram(net, sizes, level=level)
    assert "Input" in made.svg or ">x<" in made.svg
    for text in (made.to_dot(), made.to_mermaid(), made.to_drawio(), made.to_latex()):
        assert text


def test_every_format_has_it() -> None:
    made = volume("vgg16")
    assert made.to_dot().count(" -> ") == made.to_mermaid().count("-->") == len(made.drawing.piece.boxes) - 1
    assert "shape=cube" in made.to_drawio()
    assert "fill opacity" in made.to_latex()


def test_what_stands_below_a_volume_is_text_in_draw_io_too() -> None:
    evil = "<img src=x onerror=alert(1)>"

    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {evil: self.conv(x), "other": x}

    cells = ElementTree.fromstring(archscope.diagram(Named(), (3, 8, 8), level="volume").to_drawio()).iter("mxCell")
    said = [cell.get("value", "") for cell in cells]
    assert any("img src" in text for text in said)
    assert not any("<img" in text for text in said)  # draw.io sets it as HTML


class Results(nn.Module):
    """Two results of the input's own branches, one of them as large as what makes it."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.side = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 3, 1, 1)

    def forward(self, x):
        return {"low": self.down(x).mean((2, 3)), "high": self.side(x)}


def test_no_arrow_leads_from_a_result_and_each_has_its_block() -> None:
    made = archscope.diagram(Results(), (3, 32, 32), level="volume")
    results = {box.name for box in made.drawing.piece.boxes if box.title.startswith("Output")}
    assert len(results) == 2
    assert results.isdisjoint(line.source for line in made.drawing.piece.lines)
    assert {line.target for line in made.drawing.piece.lines} >= {"down", "side"}


class Between(nn.Module):
    """Blocks and what stands between them are in two lists, so that no stage can be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(*(nn.Conv2d(4 + i, 4 + i, 3, 1, 1) for _ in range(2))) for i in range(20)
        )
        self.between = nn.ModuleList(
            nn.Conv2d(4 + i, 5 + i, 2, 2) if i % 6 == 0 else nn.Conv2d(4 + i, 5 + i, 1) for i in range(20)
        )

    def forward(self, x):
        for block, between in zip(self.blocks, self.between, strict=True):
            x = between(x + block(x))
        return x


def test_many_maps_of_a_network_without_stages_can_be_read() -> None:
    made = archscope.diagram(Between(), (4, 64, 64), level="volume")
    piece = made.drawing.piece
    assert A4.scale(piece.right + 40, piece.height + 110) * SMALL > 6 and not faults(piece)


class Stage(nn.Sequential):
    """Blocks that add what they read, the first of half the size."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__(nn.Conv2d(before, width, 3, 2, 1), *(Added(width) for _ in range(4)))


class Added(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(width, 2 * width, 3, 1, 1), nn.Conv2d(2 * width, width, 3, 1, 1)

    def forward(self, x):
        return torch.relu(x + self.two(torch.relu(self.one(x))))


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(width * 3, width, 3, 1, 1) for width in (32, 16, 8))

    def forward(self, maps):
        y = maps[-1]
        for conv, one in zip(self.convs, maps[-2::-1], strict=True):
            y = conv(torch.cat([nn.functional.interpolate(y, scale_factor=2), one], 1))
        return y


class Deep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(Stage(a, b) for a, b in ((3, 8), (8, 16), (16, 32), (32, 64)))
        self.decoder = Decoder()

    def forward(self, x):
        maps = []
        for stage in self.stages:
            maps.append(x := stage(x))
        return self.decoder(maps)


def test_a_decoder_is_open_though_the_stages_are_closed() -> None:
    piece = archscope.diagram(Deep(), (3, 64, 64), level="volume").drawing.piece
    assert sum(box.title == "Concat" for box in piece.boxes) == 3
    assert faults(piece) == []


class Pyramid(nn.Module):
    """Maps of all stages at one width, those from further down added; then all at the size of the finest."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(width, 16, 1) for width in (8, 16, 32, 64))
        self.smooth = nn.ModuleList(nn.Conv2d(16, 8, 3, 1, 1) for _ in range(4))

    def forward(self, maps):
        y, found = self.sides[3](maps[3]), []
        for i in (2, 1, 0):
            found.append(y)
            y = self.sides[i](maps[i]) + nn.functional.interpolate(y, scale_factor=2)
        found = [smooth(one) for smooth, one in zip(self.smooth, [*found, y], strict=True)]
        return torch.cat([nn.functional.interpolate(one, size=32) for one in found], 1)


def test_a_decoder_is_closed_where_its_letters_would_be_too_small() -> None:
    net = Deep()
    net.decoder = Pyramid()
    piece = archscope.diagram(net, (3, 64, 64), level="volume").drawing.piece
    assert next(box for box in reversed(piece.boxes) if box.kind == "module").title.startswith("Decoder: Pyramid")
    assert A4.scale(piece.right + 40, piece.height + 110) * SMALL > 6 and not faults(piece)
