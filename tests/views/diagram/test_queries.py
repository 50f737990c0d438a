"""Learned queries: what a detection transformer's decoder begins with is no activation, but a parameter."""

from functools import cache
from typing import Any, Literal

import pytest
import torch
from torch import nn

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.plan.constants import beside_trunk
from archscope.views.diagram.plan.items import ENTRY
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


@pytest.mark.parametrize("layers", [2, 3])
def test_a_decoder_over_queries_is_drawn_once_beside_them(layers: int) -> None:
    """The first of its layers reads stored numbers where the others read the one before: both are a tensor."""
    texts = shown(detector(layers), "flow")
    assert [text for text in texts if "DecoderLayer" in text] == [f"TransformerDecoderLayer 16-16-32-16 ×{layers}"]
    assert "Queries 6×16" in texts


def test_queries_stand_beside_what_they_ask_not_at_the_top() -> None:
    """Though before that a sum reads other constants."""
    read = {"stem": [ENTRY], "conv": ["stem"], "rows": [], "columns": [], "cat": ["rows", "columns"],
            "sum": ["conv", "cat"], "queries": [], "decoder": ["sum", "queries"]}  # fmt: skip
    found = beside_trunk(read, ENTRY, lambda name: None)
    assert found["rows"] == found["columns"] == found["queries"] == ["stem"]
    assert [*found] == [*read]


class Reader(nn.Module):
    """A layer of a decoder; `asked` are added anew by each."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.other, self.norm = nn.Linear(8, 8), nn.Linear(8, 8), nn.LayerNorm(8)

    def forward(self, x: torch.Tensor, memory: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        x = x + self.own(x + asked)
        made: torch.Tensor = self.norm(x + (x @ self.other(memory).transpose(-1, -2)).softmax(-1) @ memory)
        return made


class Reading(nn.Module):
    """A decoder that begins with zeros, or ones of its own that no other reads; what each layer makes is normalised,
    and only the last is given."""

    def __init__(self, layers: int = 4) -> None:
        super().__init__()
        self.stem, self.norm, self.head = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)
        self.layers, self.asked = nn.ModuleList(Reader() for _ in range(layers)), nn.Embedding(5, 8)

    def forward(self, memory: torch.Tensor) -> torch.Tensor:
        memory = self.stem(memory)
        x, kept = torch.zeros(1, 5, 8, device=memory.device), []
        for layer in self.layers:
            x = layer(x, memory, self.asked.weight)
            kept.append(self.norm(x))
        made: torch.Tensor = self.head(kept[-1])
        return made


def test_a_decoder_that_begins_with_zeros_is_drawn_once() -> None:
    """Calls of its norm that nothing reads stand in no figure, but in what the picture says of what it leaves out."""
    report = archscope.summarize(Reading().eval(), (6, 4))
    texts = shown(report, "flow")
    assert [text for text in texts if text.startswith("Reader")] == ["Reader 8-8 ×4"]
    assert "Constant 5×8" in texts
    assert sum("LayerNorm" in text for text in texts) == 1
    assert "Layers 4 × Reader 8-8" in shown(report, "network")


class Tapped(nn.Module):
    """Blocks in a row, and a norm of what each makes, of which the last alone is given; `other`, too, is unread."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(4)), nn.LayerNorm(8)
        self.other, self.head = nn.Linear(8, 7), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for block in self.blocks:
            x = block(x)
            kept.append(self.norm(x))
        self.other(x)
        made: torch.Tensor = self.head(kept[-1])
        return made


def test_further_calls_that_nothing_reads_have_no_box() -> None:
    """They part no row of blocks, and the picture says that it leaves them out; a layer that nothing reads at all is
    there."""
    made: Any = draw(archscope.summarize(Tapped().eval(), (6, 8)), DiagramOptions(level="flow"))
    assert differences(made) == faults(made.drawing.piece) == []
    assert [frame.repeat for frame in made.drawing.piece.frames if frame.repeat > 1] == [4]
    assert sum("LayerNorm" in text for text in said(made)) == 1
    assert "Linear 7" in said(made)
    assert "3 LayerNorm" in made.svg


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
