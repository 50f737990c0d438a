"""A U-Net, as a reader of the gallery would write one: archscope knows no network of this name.

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015,
arXiv:1505.04597, Figure 1; with padding, so that nothing is cropped.
"""

from itertools import pairwise

import torch
from torch import nn

CHANNELS = (64, 128, 256, 512, 1024)


def twice(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.down = nn.ModuleList(twice(a, b) for a, b in pairwise((3, *CHANNELS)))
        self.pool = nn.MaxPool2d(2)
        self.raise_ = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(list(pairwise(CHANNELS))))
        self.up = nn.ModuleList(twice(b, a) for a, b in reversed(list(pairwise(CHANNELS))))
        self.head = nn.Conv2d(CHANNELS[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = [self.down[0](x)]
        for down in self.down[1:]:
            kept.append(down(self.pool(kept[-1])))
        y = kept.pop()
        for raise_, up in zip(self.raise_, self.up, strict=True):
            y = up(torch.cat([kept.pop(), raise_(y)], 1))
        logits: torch.Tensor = self.head(y)
        return logits
