"""What transformers have besides layers: caches that every layer gives, tables of positions, tensors seen otherwise."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.place.picture import Box
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences


class Layer(nn.Module):
    """Attention with a table of positions, its steps in one product; it gives keys and values too."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out, self.norm = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8)
        self.position = nn.Parameter(torch.zeros(2, 6, 6))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        q, k, v = self.qkv(self.norm(x)).view(1, 6, 3, 2, 4).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self.position.sigmoid() * 1.0)
        y = self.out(mixed.transpose(1, 2).reshape(1, 6, 8))
        return x + y.flatten(0, 1).reshape_as(y), {"keys": k + 0, "values": v.clone()}


class Decoder(nn.Module):
    def __init__(self, keeps: bool) -> None:
        super().__init__()
        self.embed, self.head, self.keeps = nn.Embedding(5, 8), nn.Linear(8, 5), keeps
        self.layers = nn.ModuleList(Layer() for _ in range(3))

    def forward(self, tokens: torch.Tensor) -> dict[str, Any]:
        x, kept = self.embed(tokens.view(-1).view(1, 6)), []
        for layer in self.layers:
            x, one = layer(x)
            kept.append(one)
        return {"logits": self.head(x), **({"cache": kept} if self.keeps else {})}


@cache
def decoder(keeps: bool) -> Report:
    return archscope.summarize(Decoder(keeps), input_data=torch.zeros(1, 6, dtype=torch.long))


def said(made: Diagram) -> list[str]:
    return [_said(box) for box in made.drawing.piece.boxes if box.op]


def _said(box: Box) -> str:
    return " ".join([box.title, *box.details, *([f"×{box.repeat}"] if box.repeat > 1 else [])])


@pytest.mark.parametrize("level", ["network", "flow"])
def test_what_every_layer_keeps_is_one_box(level: str) -> None:
    made = draw(decoder(keeps=True), DiagramOptions(level=level))
    (kept,) = [text for text in said(made) if text.startswith("Outputs")]
    assert kept.startswith("Outputs cache.0 to 2.keys, values")
    assert [text for text in said(made) if text.startswith("Layer ") and text.endswith("×3")]
    assert differences(made) == faults(made.drawing.piece) == []


def test_a_table_of_positions_stands_beside_what_reads_it() -> None:
    """No path crosses another, and what changes no number has no box: a view, a copy, a product with one."""
    made = draw(decoder(keeps=False), DiagramOptions(level="flow"))
    assert not any(line.curved for line in made.drawing.piece.lines)
    words = {text.split()[0] for text in said(made)}
    assert {"Embedding", "Sigmoid", "ScaledDotProductAttention"} <= words
    assert words.isdisjoint({"View", "Clone", "Scale", "Add", "ReshapeAs"})
    assert differences(made) == faults(made.drawing.piece) == []
    apart = {text.split()[0] for text in said(draw(decoder(keeps=False), DiagramOptions(level="layer")))}
    assert {"View", "Clone", "Scale", "ReshapeAs"} <= apart


def test_on_a_plate_a_decoder_that_repeats_reads_the_encoder_that_does() -> None:
    """Both are folded: the second one's line begins at the first one's box."""
    net = nn.Transformer(8, 2, 3, 3, 16, batch_first=True)
    data = {"src": torch.zeros(1, 5, 8), "tgt": torch.zeros(1, 4, 8)}
    made = draw(archscope.summarize(net, input_data=data), DiagramOptions(level="plate"))
    names = {op.name for op in made.drawing.plan.ops}
    assert names.issuperset(source for op in made.drawing.plan.ops for source in op.inputs)
    assert {"TransformerEncoderLayer ×3", "TransformerDecoderLayer ×3"} <= set(said(made))


class Up(nn.Module):
    def __init__(self, kept: int) -> None:
        super().__init__()
        self.kept, self.joined = nn.Conv2d(kept, 4, 1), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.joined(torch.cat([F.interpolate(x, scale_factor=2), self.kept(kept)], 1))
        return y.relu()


class Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(4 if i else 3, 4, 3, 2, 1) for i in range(4))
        self.up3, self.up2, self.up1 = Up(4), Up(4), Up(4)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        kept = []
        for layer in self.down:
            x = layer(x)
            kept.append(x)
        for up, skip in zip((self.up3, self.up2, self.up1), kept[2::-1], strict=True):
            x = up(x, skip)
        return {"0": {"scores": x, "labels": x.sigmoid()}}


def test_each_of_equal_modules_that_stand_apart_bears_its_own_name_on_a_plate() -> None:
    net = Pyramid()
    net.up3.joined = nn.Conv2d(8, 4, 1)
    made = draw(archscope.summarize(net, (3, 32, 32)), DiagramOptions(level="plate"))
    assert {"Up up3", "Up up2", "Up up1"} <= set(said(made)), said(made)
    assert not any("1.scores" in text for text in said(made))
