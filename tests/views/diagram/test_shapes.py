"""Every shape is its box's own, and all of a picture in one order, whatever order the code computes in."""

from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.channels import channel_axes
from archscope.views.diagram.ops.fuse import fused_ops
from archscope.views.diagram.paint.heading import heading
from archscope.views.diagram.place.text import sizes
from tests.small_nets import Forward


class Tokens(nn.Module):
    """Patches as tokens, a square of them with channels last, and back to channels first."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.norm, self.mix = nn.Conv2d(3, 6, 4, 4), nn.LayerNorm(6), nn.Linear(6, 6)
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.patches(x).flatten(2).transpose(1, 2))
        x = self.mix(x.view(-1, 8, 12, 6)).relu()
        y: torch.Tensor = self.last(x.permute(0, 3, 1, 2))
        return y


def test_channels_are_followed_through_tokens_and_permutes() -> None:
    graph = archscope.trace(Tokens(), (3, 32, 48))
    axes = channel_axes(graph)
    said = [sizes(layer.output_shape, channels=axes[layer.name]) for layer in graph.layers]
    assert said == ["8×12×6", "96×6", "96×6", "96×6", "8×12×6", "8×12×6", "8×12×6", "8×12×6", "8×12×2"]
    first = [sizes(layer.output_shape, False, axes[layer.name]) for layer in graph.layers]
    assert {text for text in first if text.count("×") == 2} == {"6×8×12", "2×8×12"}


@pytest.mark.parametrize(
    ("equation", "weight", "said"),
    [
        ("bchw,dc->bdhw", (5, 4), ["Einsum 5, with w", "8×12×5"]),  # a 1x1 convolution
        ("...chw,dc->...dhw", (5, 4), ["Einsum 5, with w", "8×12×5"]),
        ("nctv,vw->nctw", (12, 9), ["Einsum 4, with w", "8×9×4"]),  # over the nodes of a graph
        ("bchw,chw->bc", (4, 8, 12), ["Einsum 4, with w", "4"]),
        ("bchw,cd->bhwd", (4, 5), ["Einsum 5, with w", "8×12×5"]),
        ("bchw,chwoikl->boikl", (4, 8, 12, 6, 5, 3, 2), ["Einsum with w"]),  # a kernel for each image
    ],
)
def test_the_channels_of_an_einsum_are_those_that_it_reads_or_its_weights_make(
    equation: str, weight: tuple[int, ...], said: list[str]
) -> None:
    net = Forward(
        lambda net, x: torch.einsum(equation, net.conv(x), net.w), conv=nn.Conv2d(3, 4, 3, padding=1),
        w=nn.Parameter(torch.zeros(weight)),
    )  # fmt: skip
    assert [text for text in shown(net, (3, 8, 12)) if text in said] == said


class Frames(nn.Module):
    """Two streams joined in a batch, and apart again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 10, 3, padding=1)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.conv(torch.cat([a, b])).mean((2, 3))


def shown(module: nn.Module, size: Any, **choices: Any) -> list[str]:
    made = draw(archscope.summarize(module, size), DiagramOptions(**choices))
    boxes = [" ".join([box.title, *box.details]) for box in made.drawing.piece.boxes]
    return boxes + [row.text for row in made.drawing.piece.rows]


def test_a_shape_is_said_once_in_its_box_or_beside_it() -> None:
    for name, block in (("inception_resnet_v2", "stem"), ("xception", "")):
        piece = draw(archscope.summarize(name), DiagramOptions(block=block)).drawing.piece
        for row in piece.rows:
            (box,) = [box for box in piece.boxes if box.top < row.y < box.bottom and abs(box.right - row.start) < 1]
            assert row.text not in box.details, box.name


class Halved(nn.Module):
    """Channels last, of which the second half is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.last = nn.Linear(6, 10), nn.Linear(5, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.last(self.mix(x.permute(0, 2, 3, 1)).chunk(2, -1)[1])
        return y


def test_a_part_of_the_channels_is_channels() -> None:
    graph = archscope.trace(Halved(), (6, 8, 9))
    axes = channel_axes(graph)
    assert {sizes(layer.output_shape, channels=axes[layer.name]) for layer in graph.layers} == {
        "8×9×6", "8×9×10", "8×9×5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("module", "size", "said"),
    [
        (nn.Conv1d(2, 4, 3), (2, 90), "90×2"),
        (nn.Sequential(nn.Flatten(0, 1), nn.Conv2d(3, 4, 3)), (8, 3, 9, 9), "8×9×9×3"),
    ],
)
def test_the_heading_says_the_size_as_the_input_s_box_does(module: nn.Module, size: tuple[int, ...], said: str) -> None:
    report = archscope.summarize(module, size)
    sentences = heading(report, DiagramOptions(), fused_ops(report.graph), channel_axes(report.graph))[1]
    assert sentences[0].endswith(f" at {said}.")


class Attending(nn.Module):
    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.first, self.attention = nn.Linear(8, 8), attention

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        y: torch.Tensor = x + self.attention(x, x, x)[0]
        return y


def test_what_attention_reads_with_its_axes_exchanged_keeps_its_shape() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    linear, *_ = fused_ops(archscope.trace(Attending(attention), (16, 8)))[1:]
    assert (linear.word, linear.shape) == ("Linear", (16, 8))


def test_images_joined_in_a_batch_are_no_channels() -> None:
    said = shown(Frames(), ["3x16x16", "3x16x16"])
    assert any("2×16×16×10" in text for text in said)
    assert not any("Filter concat" in text for text in said)
    assert any("Concat" in text for text in said)


@pytest.mark.parametrize(
    ("pool", "size", "facts"),
    [
        (nn.MaxPool2d(3, 2), 15, ("s2", "V")),
        (nn.MaxPool2d(3, 2, ceil_mode=True), 15, ("s2", "V")),  # nothing to round
        (nn.MaxPool2d(3, 2, ceil_mode=True), 16, ("s2", "ceil")),
        (nn.MaxPool2d(3, 2, padding=1), 16, ("s2",)),
        (nn.AvgPool2d(2), 16, ("s2",)),
    ],
)
def test_what_a_window_does_at_the_edge(pool: nn.Module, size: int, facts: tuple[str, ...]) -> None:
    made = archscope.diagram(nn.Sequential(nn.Conv2d(3, 4, 1), pool), (3, size, size))
    (box,) = [box for box in made.drawing.piece.boxes if box.kind == "pool"]
    assert box.op is not None
    assert box.op.facts == facts


def test_a_flatten_within_a_box_changes_no_map_and_drops_ones() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 5))
    assert "8×8×4" in shown(net, (3, 16, 16))
    assert not any("256" in text for text in shown(net, (3, 16, 16)))
    assert "4" in shown(nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), (3, 16, 16))


def test_dropout_of_nothing_is_not_drawn() -> None:
    def drawn(p: float) -> Diagram:
        made: Diagram = archscope.diagram(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(p)), (3, 8, 8))
        return made

    assert not any("Dropout" in box.title for box in drawn(0.0).drawing.piece.boxes)
    assert any("Dropout" in box.title for box in drawn(0.1).drawing.piece.boxes)


class Turned(nn.Module):
    """More views in a row than Python calls within calls."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(1200):
            x = x.mT
        result: torch.Tensor = self.conv(x)
        return result


def test_a_long_row_of_views_before_a_window() -> None:
    made = archscope.diagram(Turned(), (3, 4, 4), level="network")
    assert any(box.op and box.op.word == "Conv" for box in made.drawing.piece.boxes)


class Detections(nn.Module):
    """Two results of one resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.scores, self.hidden, self.boxes = nn.Conv2d(3, 16, 1), nn.Conv2d(16, 8, 1), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.scores(x)
        return scores, self.boxes(self.hidden(scores))


class Detecting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head, self.one, self.two = Detections(), nn.Conv2d(16, 5, 1), nn.Conv2d(4, 6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores, boxes = self.head(x)
        return torch.cat([self.one(scores), self.two(boxes)], 1)


def test_beside_a_closed_box_stand_all_sizes_that_are_read_of_it() -> None:
    made = archscope.diagram(Detecting(), (3, 8, 8), level="network")
    assert [row.text for row in made.drawing.piece.rows] == ["8×8×16, 8×8×4"]


def test_many_sizes_of_a_closed_box_are_several() -> None:
    net = Forward(lambda net, x: torch.cat([fc(x) for fc in net.fcs], 1),
                  fcs=nn.ModuleList(nn.Linear(8, i + 1) for i in range(40)))  # fmt: skip
    assert [row.text for row in archscope.diagram(net, (8,)).drawing.piece.rows] == ["several sizes", "820"]
