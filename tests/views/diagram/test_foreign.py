"""Networks that archscope does not know: their pictures follow from the same rules."""

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.fuse import plain_ops
from archscope.views.diagram.sketch import View
from tests.views.diagram.checker import faults
from tests.views.diagram.encoders import UNet
from tests.views.diagram.rebuild import differences


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(32), nn.LayerNorm(32)
        self.query, self.key, self.value, self.out = (nn.Linear(32, 32) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.norm1(x)
        weights = (self.query(h) @ self.key(h).transpose(-1, -2)).softmax(-1)
        x = x + self.out(weights @ self.value(h))
        y: torch.Tensor = x + self.mlp(self.norm2(x))
        return y


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.head = nn.Conv2d(3, 32, 8, 8), nn.Linear(32, 10)
        self.encoder = nn.Sequential(*[Encoder() for _ in range(4)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.encoder(self.patches(x).flatten(2).transpose(1, 2)).mean(1))
        return y


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(3, 16, batch_first=True), nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc(self.lstm(x.mean(2).transpose(1, 2))[0][:, -1])
        return y


class Crossing(nn.Module):
    """Two paths that exchange what they have: not series-parallel."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.convs[0](x), self.convs[1](x)
        c, d = self.convs[2](a) + b, self.convs[3](b) * a
        y: torch.Tensor = torch.cat([self.convs[4](c), self.convs[5](d), c], 1)
        return y


class TwoOutputs(Crossing):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.convs[0](x)
        return self.convs[1](a), self.convs[3](self.convs[2](a)), a  # type: ignore[return-value]


class DenseLayer(nn.Module):
    """It reads the list of all features before it."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.norm, self.conv1 = nn.BatchNorm2d(in_channels), nn.Conv2d(in_channels, 16, 1)
        self.conv2 = nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        y: torch.Tensor = self.conv2(self.conv1(self.norm(torch.cat(features, 1)).relu()))
        return y


class DenseBlock(nn.Module):
    def __init__(self, in_channels: int, layers: int) -> None:
        super().__init__()
        for i in range(layers):
            self.add_module(f"layer{i}", DenseLayer(in_channels + 8 * i))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = [x]
        for layer in self.children():
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet(nn.Sequential):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block1 = nn.Conv2d(3, 16, 3, 2, 1), DenseBlock(16, 4)
        self.transition, self.block2 = nn.Conv2d(48, 24, 1), DenseBlock(24, 6)
        self.pool = nn.AdaptiveAvgPool2d(1)


class Concats(nn.Module):
    """Concatenations that begin alike, and yet none continues another."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        a, b, c = self.a(x), self.b(x), self.c(x)
        return torch.cat([a, b], 1), torch.cat([b, a, c], 1), torch.cat([a, b, c], 2)


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize("net", [UNet, ViT, Recurrent, Crossing, TwoOutputs, DenseNet, Concats])
def test_the_picture_is_the_network_and_nothing_overlaps(net: type[nn.Module], level: str) -> None:
    made = draw(archscope.summarize(net(), (3, 64, 64)), DiagramOptions(level=level))
    check(made)
    check(draw(made.report, DiagramOptions(level=level, direction="BT")))


def check(made: Diagram) -> None:
    assert differences(made) == []
    assert faults(made.drawing.piece) == []


def test_equal_dense_layers_are_drawn_once_though_each_concatenates_all_before() -> None:
    report = archscope.summarize(DenseNet(), (3, 64, 64))
    made = draw(report)
    assert [(frame.title, frame.repeat) for frame in made.drawing.piece.frames] == [
        ("block1: DenseLayer", 4), ("block2: DenseLayer", 6),
    ]  # fmt: skip
    assert "<title>block1.layer1.cat to block1.cat (4 alike)" in str(made)  # told where it is computed
    assert report.graph.layer["block1.cat"].inputs == ("stem", *(f"block1.layer{i}.conv2" for i in range(4)))
    assert not any(line.curved for line in made.drawing.piece.lines)


def test_a_concatenation_in_another_order_or_along_another_axis_stays_as_it_is() -> None:
    graph = archscope.summarize(Concats(), (3, 8, 8)).graph
    assert [op.inputs for op in plain_ops(graph) if op.join == "cat"] == [("a", "b"), ("b", "a", "c"), ("a", "b", "c")]


class Separable(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, channels, 3, 1, 1), nn.ReLU(), nn.Conv2d(channels, 8, 1, 1, 0))


class Detector(nn.Module):
    """All that is learned stands in one module; what makes boxes of its numbers stands in none."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential()
        for stage, count in enumerate((2, 3, 4), 1):
            self.backbone.add_module(f"layer{stage}", nn.Sequential(*[Encoders(stage) for _ in range(count)]))
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = boxes = self.head(self.backbone(x))
        for i in range(2, 40):
            x, boxes = (x * i).sin() + boxes / i, x - i
        return x + boxes


class Encoders(nn.Module):
    """Branches, more for a later stage."""

    def __init__(self, branches: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(Separable(8) for _ in range(branches + 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = sum(branch(x) for branch in self.branches) + x
        return y


def test_what_holds_nearly_everything_is_open_though_too_much_stands_outside_of_it() -> None:
    made = draw(archscope.summarize(Detector(), (8, 64, 64)), DiagramOptions(level="flow"))
    check(made)
    assert {frame.title for frame in made.drawing.piece.frames} >= {"Backbone"}
    shown = [box for box in made.drawing.piece.boxes if box.form != "point"]
    assert 10 < len(shown) <= 60


def conv(a: int, b: int, size: int) -> nn.Module:
    return nn.Conv2d(a, b, size, padding=size // 2)


class Cell(nn.Module):
    """Branches with windows of four sizes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for size in (1, 3, 5, 7):
            self.add_module(f"in{size}", conv(8, width, size))
            self.add_module(f"out{size}", conv(width, 2, size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        paths = [self.get_submodule(f"out{size}")(self.get_submodule(f"in{size}")(x)) for size in (1, 3, 5, 7)]
        return x + torch.cat(paths, 1)


def test_where_there_is_no_room_for_all_of_a_sort_the_most_frequent_one_is_open() -> None:
    widths = (4, 5, 6, 6, 6, 7, 9, 10, 11)
    made = draw(archscope.summarize(nn.Sequential(*map(Cell, widths)), (8, 16, 16)), DiagramOptions())
    check(made)
    assert [(frame.title, frame.repeat) for frame in made.drawing.piece.frames if frame.title] == [("Cell", 3)]
    assert sum(box.title == "Cell" for box in made.drawing.piece.boxes) == 6


def test_numbered_blocks_are_closed_by_themselves_and_not_with_the_flow_that_holds_them() -> None:
    made = draw(archscope.summarize("xception41"), DiagramOptions(level="flow"))
    check(made)
    titles = [box.title for box in made.drawing.piece.boxes]
    assert titles.count("Body") == 5, (
        "three of the entry flow, one for all eight of the middle flow, one of the exit flow"
    )
    assert titles[-6:] == ["SeparableConv"] * 3 + ["GlobalAvgPool", "Linear", "Output"]


class Pyramid(nn.Module):
    """What was there already stands before the pools of it, at the end of both bars."""

    def __init__(self) -> None:
        super().__init__()
        self.pools = nn.ModuleList(nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(3, i, 1)) for i in (1, 2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, *(pool(x) for pool in self.pools)], 1)


def test_an_identity_at_the_end_of_a_bar_is_a_straight_line() -> None:
    made = draw(archscope.summarize(Pyramid(), (3, 64, 64)), DiagramOptions(level="flow"))
    check(made)
    into = [line.points for line in made.drawing.piece.lines if line.target == "cat"]
    assert len(into) == 4
    assert all(len({x for x, _ in points}) == 1 for points in into)


def test_what_has_more_boxes_than_a_page_however_it_is_folded_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand sorts of modules, closed one after the other, each plan was."""
    kinds = [type(f"Kind{chr(97 + i // 9)}{chr(97 + i % 9)}", (nn.Sequential,), {}) for i in range(81)]
    blocks = [kind(nn.Conv2d(3, i, 1), nn.Conv2d(i, 3, 1)) for i, kind in enumerate(kinds, 1)]
    report = archscope.summarize(nn.Sequential(*blocks), (3, 8, 8))
    sketch, tried = View.sketch, []
    monkeypatch.setattr(View, "sketch", lambda *args, **kwargs: tried.append(1) or sketch(*args, **kwargs))
    check(draw(report, DiagramOptions(level="flow")))
    assert len(tried) < 9


def test_a_projection_beside_a_closed_body_is_a_shortcut_on_its_left() -> None:
    made = draw(archscope.summarize("seresnet50"), DiagramOptions(level="flow"))
    check(made)
    projections = [line for line in made.drawing.piece.lines if line.target.endswith("shortcut.conv")]
    assert [line.kind for line in projections] == ["shortcut"] * 4
