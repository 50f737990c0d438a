"""Blocks in a row that differ in their dilations alone are drawn once, with the dilations of all; no box says those of
windows that it does not stand for."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences


class Residual(nn.Module):
    def __init__(self, width: int, dilation: int, kernel: int = 3) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.narrow(self.wide(x).relu())


class Skipping(nn.Module):
    """A block of a WaveNet: what goes on, and what all blocks give to one stack."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.gated = nn.Conv1d(width, 2 * width, 2, dilation=dilation)
        self.on, self.skip = nn.Conv1d(width, width, 1), nn.Conv1d(width, 24, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        value, gate = self.gated(F.pad(x, (self.dilation, 0))).chunk(2, 1)
        made = value.tanh() * gate.sigmoid()
        return x + self.on(made), self.skip(made)


class WaveNet(nn.Module):
    def __init__(self, *dilations: int) -> None:
        super().__init__()
        self.first, self.last = nn.Conv1d(8, 16, 1), nn.Conv1d(24, 8, 1)
        self.blocks = nn.ModuleList([Skipping(16, dilation) for dilation in dilations])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, skips = self.first(x), []
        for block in self.blocks:
            x, skip = block(x)
            skips.append(skip)
        return self.last(torch.stack(skips).sum(0).relu())


class Forked(nn.Module):
    """Each block's tensor goes on to a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Residual(8, 2**i) for i in range(4)])
        self.heads = nn.ModuleList([nn.Conv1d(8, 4 + i, 1) for i in range(4)])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        made = []
        for block, head in zip(self.blocks, self.heads, strict=True):
            x = block(x)
            made.append(head(x))
        return made


def residuals(*dilations: int, kernel: int = 3) -> nn.Module:
    return nn.Sequential(nn.Conv1d(8, 16, 1), *[Residual(16, one, kernel) for one in dilations], nn.Conv1d(16, 8, 1))


def drawn(module: nn.Module, level: str) -> Diagram:
    """Read back too: no box says dilations that it does not have."""
    made = draw(reported(module), DiagramOptions(level=level))
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    return made


def reported(module: nn.Module) -> Report:
    return archscope.summarize(module.eval(), input_size=(8, 400))


def told(made: Diagram) -> list[str]:
    facts = [fact for box in made.drawing.piece.boxes if box.op for fact in box.op.facts if "dilation" in fact]
    return [fact[fact.index("dilation") :] for fact in facts]


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize(
    ("dilations", "said"),
    [
        ((1, 2, 4, 8, 16, 32), "1, 2, 4 … 32"),
        ((1, 2, 5, 1, 2, 5), "2 × (1, 2, 5)"),
        ((2, 4, 8, 2, 4, 8), "2 × (2, 4, 8)"),
        ((1, 3, 9), "1, 3, 9"),
    ],
)
def test_blocks_that_differ_in_their_dilation_are_one_with_those_of_all(
    level: str, dilations: tuple[int, ...], said: str
) -> None:
    made = drawn(residuals(*dilations), level)

    assert told(made) == [f"dilation {said}"]
    assert max(one.repeat for one in (*made.drawing.piece.boxes, *made.drawing.piece.frames)) == len(dilations)


@pytest.mark.parametrize("dilations", [(1, 2), (3, 1, 4, 15, 9, 2, 6, 5), (4, 4, 4)])
def test_few_blocks_and_dilations_without_a_rule_are_told_one_by_one(dilations: tuple[int, ...]) -> None:
    made = drawn(residuals(*dilations), "network")

    assert told(made) == [f"dilation {one}" for one in dict.fromkeys(dilations) if one > 1]


@pytest.mark.parametrize("level", ["network", "flow"])
def test_blocks_that_all_give_to_one_are_one_box(level: str) -> None:
    made = drawn(WaveNet(1, 2, 4, 8, 1, 2, 4, 8), level)

    (blocks,) = [box for box in made.drawing.piece.boxes if box.repeat > 1]
    assert blocks.repeat == 8
    assert blocks.details == ("32-16-24, dilation 2 × (1, 2, 4, 8), each to Stack",)


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_blocks_that_are_not_drawn_as_one_say_their_own_dilation(level: str) -> None:
    made = drawn(Forked(), level)

    assert told(made) == ["dilation 2", "dilation 4", "dilation 8"]


def test_one_block_of_a_row_says_its_own_dilation() -> None:
    made = draw(reported(residuals(1, 2, 4, 8)), DiagramOptions(level="layer", block="3"))

    assert told(made) == ["dilation 4"]


@pytest.mark.parametrize("level", ["network", "flow"])
def test_no_box_says_the_dilations_of_some_of_its_windows(level: str) -> None:
    """Those of a stage are of all its blocks; blocks that say theirs are told apart by no more."""
    body = nn.Sequential(Residual(16, 1, kernel=5), *[Residual(16, 2**i) for i in range(1, 5)])
    alone = nn.Sequential(nn.Conv1d(8, 16, 1), body, nn.Sequential(nn.Conv1d(16, 16, 3), nn.Conv1d(16, 8, 3)))
    held = nn.Sequential(nn.Conv1d(8, 16, 1), nn.Sequential(body, nn.Conv1d(16, 16, 5)), *alone[2:], nn.Conv1d(8, 8, 7))

    assert told(drawn(alone, level)) == ["dilation 2, 4, 8, 16"]
    assert told(drawn(held, level)) in ([], ["dilation 2, 4, 8, 16"])
