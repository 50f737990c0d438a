"""One layer of each kind that counters disagree on, and small networks of the kinds that they trip over."""

from collections.abc import Callable

import torch
from torch import nn

PROBES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Conv2d(8, 16, 3)": (lambda: nn.Conv2d(8, 16, 3, padding=1), (8, 16, 16)),
    "Conv2d, no bias": (lambda: nn.Conv2d(8, 16, 3, padding=1, bias=False), (8, 16, 16)),
    "ConvTranspose2d(8, 16, 2, 2)": (lambda: nn.ConvTranspose2d(8, 16, 2, 2), (8, 16, 16)),
    "Linear(32, 16)": (lambda: nn.Linear(32, 16), (32,)),
    "Linear at 10 positions": (lambda: nn.Linear(32, 16), (10, 32)),
    "BatchNorm2d(8)": (lambda: nn.BatchNorm2d(8), (8, 16, 16)),
    "LayerNorm(32)": (lambda: nn.LayerNorm(32), (10, 32)),
    "ReLU": (nn.ReLU, (8, 16, 16)),
    "SiLU": (nn.SiLU, (8, 16, 16)),
    "Sigmoid": (nn.Sigmoid, (8, 16, 16)),
    "Softmax": (lambda: nn.Softmax(-1), (10, 32)),
    "MaxPool2d(3, 2)": (lambda: nn.MaxPool2d(3, 2, 1), (8, 16, 16)),
    "AvgPool2d(2)": (lambda: nn.AvgPool2d(2), (8, 16, 16)),
    "AdaptiveAvgPool2d(1)": (lambda: nn.AdaptiveAvgPool2d(1), (8, 16, 16)),
    "Upsample, nearest": (lambda: nn.Upsample(scale_factor=2), (8, 16, 16)),
    "LSTM(16, 24)": (lambda: nn.LSTM(16, 24, batch_first=True), (7, 16)),
}
"""Each with an input of one image or sequence, without the batch; every layer stands in a Sequential."""


class Attention(nn.Module):
    """Two transformer layers on patches: nn.MultiheadAttention, a class token, a position embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 32))
        self.positions = nn.Parameter(torch.zeros(1, 17, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        y: torch.Tensor = self.head(self.norm(self.encoder(x))[:, 0])
        return y


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 24, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.lstm(x)[0][:, -1])
        return y


class Tied(nn.Module):
    """Two layers with one weight, one of them called twice, and a parameter of the network's own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(32, 32), nn.Linear(32, 32)
        self.second.weight = self.first.weight
        self.offset = nn.Parameter(torch.zeros(32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.second(self.first(self.second(x)) + self.offset)
        return y


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "attention": (Attention, (3, 32, 32)),
    "recurrent": (Recurrent, (7, 16)),
    "tied": (Tied, (32,)),
}
