"""The order of a concatenation: what it is given first stands first, in data and in the picture."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.ops.fuse import fused_ops


class Joining(nn.Module):
    """`function(self, x)` concatenated, and a convolution of that."""

    def __init__(self, function: Callable[[nn.Module, torch.Tensor], list[torch.Tensor]], channels: int) -> None:
        super().__init__()
        self.function = function
        self.one, self.two = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.last = nn.Conv2d(channels, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat(self.function(self, x), 1))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        (lambda net, x: [net.one(x), x[:, :2]], ("one", "input")),
        (lambda net, x: [x[:, :2], net.one(x)], ("input", "one")),
        (lambda net, x: [net.one(x), x[:, :2].transpose(2, 3).contiguous()], ("one", "input")),
    ],
)  # fmt: skip
def test_a_slice_of_the_input_keeps_its_place(
    parts: Callable[[nn.Module, torch.Tensor], list[torch.Tensor]], read: tuple[str, ...]
) -> None:
    report = archscope.summarize(Joining(parts, 6), (3, 8, 8))
    (concat,) = [op for op in fused_ops(report.graph) if op.join == "cat"]
    assert concat.inputs == read


@pytest.mark.parametrize("level", ["flow", "layer"])
@pytest.mark.parametrize("turned", [False, True])
def test_branches_stand_in_the_order_in_which_they_are_joined(turned: bool, level: str) -> None:
    def parts(net: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
        made = [net.one(x), net.two(x)]
        return made[::-1] if turned else made

    report = archscope.summarize(Joining(parts, 8), (3, 8, 8))
    boxes = {box.name: box.left for box in draw(report, DiagramOptions(level=level)).drawing.piece.boxes}
    assert (boxes["two"] < boxes["one"]) is turned


def test_windows_beside_each_other_are_of_one_height_whatever_they_say() -> None:
    made = draw(archscope.summarize("inception_v4"), DiagramOptions(block="inception_a"))
    boxes = [box for box in made.drawing.piece.boxes if box.form == "box" and box.op and box.op.kernel]
    assert {box.title for box in boxes} == {"AvgPool 3×3", "Conv 1×1", "Conv 3×3"}
    assert len({box.bottom - box.top for box in boxes}) == 1
