"""Networks with several resolutions at once, as a reader of the gallery would write them: archscope knows none of them.

HRNet: Wang et al., "Deep High-Resolution Representation Learning for Visual Recognition", arXiv:1908.07919, with three
resolutions. FPN: Lin et al., "Feature Pyramid Networks for Object Detection", arXiv:1612.03144, on a small encoder.
UNet++: Zhou et al., "UNet++: A Nested U-Net Architecture", arXiv:1807.10165, Figure 1a.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn


def unit(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()
    )


class ResidualUnit(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(unit(channels, channels), nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.body(x))


class Stage(nn.Module):
    """Four residual units on each resolution; then each gets what all the others found."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*[ResidualUnit(width) for _ in range(4)]) for width in channels)
        self.fuse = nn.ModuleDict()
        for i, own in enumerate(channels):
            for j, other in enumerate(channels):
                if j > i:
                    self.fuse[f"{j}_{i}"] = nn.Sequential(
                        nn.Conv2d(other, own, 1), nn.Upsample(scale_factor=2 ** (j - i))
                    )
                elif j < i:
                    steps = [unit(other, other, 2) for _ in range(i - j - 1)]
                    self.fuse[f"{j}_{i}"] = nn.Sequential(*steps, nn.Conv2d(other, own, 3, 2, 1))

    def forward(self, xs: list[torch.Tensor]) -> list[torch.Tensor]:
        found = [branch(x) for branch, x in zip(self.branches, xs, strict=True)]
        return [
            sum((self.fuse[f"{j}_{i}"](found[j]) for j in range(len(found)) if j != i), start=found[i])
            for i in range(len(found))
        ]


class HRNet(nn.Module):
    def __init__(self, channels: tuple[int, ...] = (32, 64, 128), classes: int = 19) -> None:
        super().__init__()
        self.stem = nn.Sequential(unit(3, 64, 2), unit(64, channels[0], 2))
        self.lower = nn.ModuleList(unit(a, b, 2) for a, b in pairwise(channels))
        self.stages = nn.ModuleList(Stage(channels[: n + 1]) for n in range(1, len(channels)))
        self.head = nn.Conv2d(sum(channels), classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = [self.stem(x)]
        for lower, stage in zip(self.lower, self.stages, strict=True):
            found = stage([*found, lower(found[-1])])
        same = [found[0], *(F.interpolate(x, size=found[0].shape[-2:]) for x in found[1:])]
        logits: torch.Tensor = self.head(torch.cat(same, 1))
        return logits


class FPN(nn.Module):
    def __init__(self, channels: tuple[int, ...] = (64, 128, 256, 512), width: int = 256) -> None:
        super().__init__()
        self.stem = unit(3, 64, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(unit(a, b, 2), *[ResidualUnit(b) for _ in range(2)]) for a, b in pairwise((64, *channels))
        )
        self.lateral = nn.ModuleList(nn.Conv2d(width_in, width, 1) for width_in in channels)
        self.output = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.stem(x)
        kept = [x := stage(x) for stage in self.stages]
        merged = self.lateral[-1](kept[-1])
        found = {f"p{len(kept) + 1}": self.output[-1](merged)}
        for i in reversed(range(len(kept) - 1)):
            merged = self.lateral[i](kept[i]) + F.interpolate(merged, scale_factor=2)
            found[f"p{i + 2}"] = self.output[i](merged)
        return found


class UNetPlusPlus(nn.Module):
    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 256), classes: int = 2) -> None:
        super().__init__()
        self.pool, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.x = nn.ModuleDict()
        for i, width in enumerate(channels):
            for j in range(len(channels) - i):
                given = j * width + channels[i + 1] if j else (3, *channels)[i]
                self.x[f"{i}_{j}"] = nn.Sequential(unit(given, width), unit(width, width))
        self.head = nn.Conv2d(channels[0], classes, 1)
        self.levels = len(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes = [[self.x["0_0"](x)]]
        for i in range(1, self.levels):
            nodes.append([self.x[f"{i}_0"](self.pool(nodes[-1][0]))])
        for j in range(1, self.levels):
            for i in range(self.levels - j):
                given = torch.cat([*nodes[i], self.up(nodes[i + 1][j - 1])], 1)
                nodes[i].append(self.x[f"{i}_{j}"](given))
        logits: torch.Tensor = self.head(nodes[0][-1])
        return logits
