"""Small networks of the kinds that a device treats in its own way: `make bench-cuda` begins with them."""

import torch
from torch import nn


class Recurrent(nn.Module):
    """cuDNN runs it as one operation, over weights laid out in one piece."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(words)
        return self.head(states[:, -1])


class AsksAValue(nn.Module):
    """Waits for the device in the middle of a pass, which no CUDA graph can."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 8, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found = self.stem(image)
        return self.head(found) if found.mean().item() < 1e9 else found
