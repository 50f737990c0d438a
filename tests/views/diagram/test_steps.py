"""Blocks in a row with something between them that reads one tensor, or of which one is called from elsewhere too."""

from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_queries import Block, Level
from tests.views.diagram.test_transformers import said


class Injected(nn.Module):
    """Each block's result, or what it reads where `before`, is a sum with what the first one is given."""

    def __init__(self, before: bool, blocks: int = 6) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = (
            nn.Linear(4, 8),
            nn.ModuleList(Block() for _ in range(blocks)),
            nn.Linear(8, 3),
        )
        self.before = before

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = x = self.stem(x)
        for block in self.blocks:
            x = block(x + first) if self.before else block(x) + first
        made: torch.Tensor = self.head(x)
        return made


class Embedding(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 8), *(nn.Linear(8, 8) for _ in range(8)))


class Modulated(nn.Module):
    """A block with an embedding of its own for what all of them are given."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.norm = Embedding(), nn.LayerNorm(8)
        self.wide = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.wide(self.norm(x) * self.embedding(t))
        return y


class Conditioned(nn.Module):
    """The head calls the first block's embedding again: that block is unlike the others."""

    def __init__(self, blocks: int = 4) -> None:
        super().__init__()
        self.stem, self.blocks = nn.Linear(4, 8), nn.ModuleList(Modulated() for _ in range(blocks))
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, t)
        first: Any = self.blocks[0]
        made: torch.Tensor = self.head(x * first.embedding(t))
        return made


def shown(made: Diagram) -> list[str]:
    assert differences(made) == faults(made.drawing.piece) == []
    return said(made)


@pytest.mark.parametrize(("before", "times"), [(False, 6), (True, 5)])
def test_blocks_with_a_sum_between_that_reads_one_tensor_are_one_box(before: bool, times: int) -> None:
    """Where the sum comes before each block, none follows the last."""
    texts = shown(draw(archscope.summarize(Injected(before), (6, 4)), DiagramOptions(level="flow")))
    assert [text for text in texts if "Block" in text] == [f"Blocks 32-8, then + ×{times}"]


@pytest.mark.parametrize("level", ["network", "flow"])
def test_a_block_that_is_unlike_the_others_is_not_opened_for_what_they_hold(level: Level) -> None:
    given = torch.zeros(1, 6, 4), torch.zeros(1, 1, 4)
    texts = shown(draw(archscope.summarize(Conditioned(), input_data=given), DiagramOptions(level=level)))
    if level == "network":
        assert any("4 × Modulated" in text for text in texts)
        assert len(texts) < 10
