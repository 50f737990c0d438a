"""Feature maps as blocks: each shape of the trace, its sides by their logarithm, what is kept for later above."""

from itertools import groupby, pairwise
from math import log2
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.blocks import SIDE_A_DOUBLING
from archscope.views.diagram.drawing import Diagram
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.picture import Box
from archscope.views.diagram.place.style import DEEP, SMALL, Style
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.sketch import View
from archscope.views.diagram.there_and_back import _way, there_and_back
from archscope.views.diagram.volume import _maps
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
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(width * 3, width, 3, 1, 1) for width in widths)

    def forward(self, maps):
        y = maps[-1]
        for conv, one in zip(self.convs, maps[-2::-1], strict=True):
            y = conv(torch.cat([nn.functional.interpolate(y, scale_factor=2), one], 1))
        return y


class Encoder(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(Stage(a, b) for a, b in pairwise((3, *widths)))

    def forward(self, x):
        maps = []
        for stage in self.stages:
            maps.append(x := stage(x))
        return maps


class Deep(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.encoder = Encoder(*widths)
        self.decoder = Decoder(*widths[-2::-1])

    def forward(self, x):
        return self.decoder(self.encoder(x))


def test_a_decoder_is_open_though_the_stages_are_closed() -> None:
    piece = archscope.diagram(Deep(8, 16, 32, 64), (3, 64, 64), level="volume").drawing.piece
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
    net = Deep(8, 16, 32, 64)
    net.decoder = Pyramid()
    piece = archscope.diagram(net, (3, 64, 64), level="volume").drawing.piece
    assert [box.title.partition(" ")[0] for box in piece.boxes if box.kind == "module"][-1] == "Decoder:"
    assert len({box.op.spatial for box in piece.boxes if box.op}) == 5  # the encoder is open
    assert A4.scale(piece.right + 40, piece.height + 110) * SMALL > 6 and not faults(piece)


def test_a_long_way_there_and_back_has_two_rows_and_one_column_a_size() -> None:
    piece = archscope.diagram(Deep(8, 16, 32, 64, 128, 256), (3, 256, 256), level="volume").drawing.piece
    assert sum(box.title == "Concat" for box in piece.boxes) == 5
    assert A4.scale(piece.right + 40, piece.height + 110) * SMALL > 7 and not faults(piece)
    rows = sorted({round((box.top + box.bottom) / 2) for box in piece.boxes})
    assert len(rows) == 2
    reach: dict[Any, list[float]] = {}
    for box in piece.boxes:
        assert box.op
        reach.setdefault(box.op.spatial, []).extend((box.left, box.right))
    columns = [(min(found), max(found)) for found in reach.values()]  # from the largest map to the smallest
    assert all(one[1] < two[0] for one, two in pairwise(columns))
    boxes = {box.name: box for box in piece.boxes}
    kept = [line for line in piece.lines if line.kind == "skip"]
    assert len(kept) == 5 and all(boxes[line.source].top < boxes[line.target].top for line in kept)
    flow = [line for line in piece.lines if line.kind == "flow"]
    assert len(flow) == len(reach) - 1 + 5
    assert {len(line.points) for line in flow} == {2, 4}


def test_what_is_kept_of_the_way_back_leaves_a_block_beside_what_reaches_it() -> None:
    there, one, two = (
        Box(name, "conv", 0.0, top, 8.0, top + 20.0, depth=10.0)
        for name, top in zip("abc", (0.0, 60.0, 60.0), strict=True)
    )
    (_, *_, reached), (left, *_) = _way(there, one, 40.0).points, _way(one, two, 30.0).points
    assert reached[1] == left[1] and reached[0] != left[0]


class Sideways(nn.Module):
    """A decoder that gives the same size again and again, which no row of ever larger maps shows."""

    def forward(self, maps):
        y = maps[-1]
        for one in maps[-2::-1]:
            large = nn.functional.interpolate(y, size=one.shape[2:])
            low = nn.functional.avg_pool2d(torch.cat([large, one], 1), 2)
            y = nn.functional.interpolate(low, size=one.shape[2:])
        return y


def test_there_and_back_is_for_sizes_that_fall_and_rise() -> None:
    net = Deep(8, 16, 32, 64)
    net.decoder = Sideways()
    graph = archscope.trace(net, (3, 64, 64))
    ops, outputs = drawn(graph, "")
    maps = _maps(View(outputs, Style(), True, "", plain=False).sketch(Plan(ops, every=True)).series)
    groups = [list(group) for _, group in groupby(maps, key=lambda one: one.sides)]
    assert there_and_back(groups, Style()) is None
    falling = groups[: 1 + min(range(len(groups)), key=lambda i: groups[i][0].sides)]
    assert there_and_back(falling, Style()) is None
    assert there_and_back([*falling, *falling[-2:0:-1]], Style())
    assert there_and_back([*falling, falling[-2], falling[1], falling[2]], Style()) is None


def test_lines_of_blocks_are_joined() -> None:
    piece = volume("xception").drawing.piece
    boxes = {box.name: box for box in piece.boxes}
    joining = [line for line in piece.lines if boxes[line.target].top > boxes[line.source].bottom]
    lines = {round((box.top + box.bottom) / 2) for box in piece.boxes}
    assert len(joining) == len(lines) - 1 > 1
    assert not faults(piece)


def test_what_an_activation_gives_after_equal_blocks_is_what_is_read() -> None:
    ops = archscope.diagram(Deep(8, 16, 32, 64), (3, 64, 64), level="volume", block="encoder.stages.1").drawing.ops
    assert all(op.inputs for op in ops[1:])
    ops = archscope.diagram(nn.Sequential(*Encoder(8, 16, 32, 64).stages), (3, 64, 64), level="volume").drawing.ops
    assert len(ops) > 10 and all(op.inputs for op in ops[1:])


def test_stages_are_drawn_where_letters_would_be_too_small() -> None:
    piece = volume("shufflenet_v1").drawing.piece
    assert [box.title.partition(" ")[0] for box in piece.boxes if box.kind == "module"] == [
        "stage2",
        "stage3",
        "stage4",
    ]
