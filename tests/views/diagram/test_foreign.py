"""Networks that archscope does not know: their pictures follow from the same rules."""

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from tests.views.diagram.checker import faults
from tests.views.diagram.encoders import UNet
from tests.views.diagram.rebuild import drawn_edges, drawn_ops, true_edges


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


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize("net", [UNet, ViT, Recurrent, Crossing, TwoOutputs])
def test_the_picture_is_the_network_and_nothing_overlaps(net: type[nn.Module], level: str) -> None:
    made = draw(archscope.summarize(net(), (3, 64, 64)), DiagramOptions(level=level))
    check(made)
    check(draw(made.report, DiagramOptions(level=level, direction="BT")))


def check(made: Diagram) -> None:
    piece, ops = made.drawing.piece, made.drawing.ops
    assert drawn_ops(piece) == dict.fromkeys((op.name for op in ops), 1)
    assert drawn_edges(piece) == true_edges(made.report.graph, ops)
    assert [fault for fault in faults(piece) if made.options.direction == "TB"] == []
