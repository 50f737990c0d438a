"""Learned queries: what a detection transformer's decoder begins with is no activation, but a parameter."""

from functools import cache
from typing import Any, Literal

import pytest
import torch
from torch import nn

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import DiagramOptions, draw
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_transformers import said

Level = Literal["network", "flow", "layer"]


class Detector(nn.Module):
    """A transformer whose decoder is given `queries` alone, over `features` of an image."""

    def __init__(self, layers: int = 3) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 16, 4, 4), nn.Linear(16, 5)
        self.transformer = nn.Transformer(16, 2, layers, layers, 32, batch_first=True)
        self.queries = nn.Parameter(torch.zeros(6, 16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.stem(x).flatten(2).transpose(1, 2)
        made: torch.Tensor = self.head(self.transformer(features, self.queries.expand(len(x), -1, -1)))
        return made


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 32), nn.Linear(32, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.two(self.one(x).relu())
        return y


class Asked(nn.Module):
    """Equal modules in a row, what is computed of a parameter and then reads the last of them, and a head."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Linear(8, 8)
        self.names = [f"block{i}" for i in range(blocks)]
        for name in self.names:
            self.add_module(name, Block())
        self.queries, self.head = nn.Parameter(torch.zeros(4, 8)), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for name in self.names:
            x = self.get_submodule(name)(x)
        made: torch.Tensor = self.head(self.queries.sigmoid().tanh() @ x.transpose(-1, -2))
        return made


@cache
def detector(layers: int) -> Report:
    return archscope.summarize(Detector(layers).eval(), (3, 16, 16))


def shown(report: Report, level: Level) -> list[str]:
    made = draw(report, DiagramOptions(level=level))
    assert differences(made) == faults(made.drawing.piece) == []
    return said(made)


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize("layers", [2, 3])
def test_attention_over_queries_alone_says_its_sizes(level: Level, layers: int) -> None:
    texts = shown(detector(layers), level)
    assert not any("shared weights" in text for text in texts)
    assert not any("MultiheadAttention" in text and "16, 2 heads" not in text for text in texts)
    if level == "layer":
        assert sum("MultiheadAttention 16, 2 heads" in text.replace(" 16 2", " 16, 2") for text in texts) >= 2


def test_layers_of_a_decoder_are_told_apart_by_what_they_read() -> None:
    """The first one adds the queries themselves; none of them has a projection."""
    texts = [text for text in shown(detector(2), "flow") if "DecoderLayer" in text]
    assert texts == ["TransformerDecoderLayer 16-16-32-16, with Add queries", "TransformerDecoderLayer 16-16-32-16"]


class Linears(nn.Module):
    """Two projections of the same queries; `tied` with one weight."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.queries, self.key, self.value = nn.Parameter(torch.zeros(4, 8)), nn.Linear(8, 8), nn.Linear(8, 8)
        if tied:
            self.value.weight = self.key.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        key, value = self.key(self.queries), self.value(self.queries)
        made: torch.Tensor = (x @ key.transpose(0, 1)).softmax(-1) @ value
        return made


@pytest.mark.parametrize("tied", [False, True])
def test_what_layers_read_is_no_weight_of_theirs(tied: bool) -> None:
    made = draw(archscope.summarize(Linears(tied), (4, 8)), DiagramOptions(level="layer"))
    assert sum("shared weights" in text for text in said(made)) == 2 * tied


@pytest.mark.parametrize("blocks", [2, 3])
def test_what_is_computed_of_queries_parts_no_row(blocks: int) -> None:
    made: Any = draw(archscope.summarize(Asked(blocks), (4, 8)), DiagramOptions(level="flow"))
    assert differences(made) == faults(made.drawing.piece) == []
    assert [frame.repeat for frame in made.drawing.piece.frames if frame.repeat > 1] == [blocks]
