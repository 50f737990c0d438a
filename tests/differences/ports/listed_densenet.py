"""DenseNet-121 that keeps every feature map in a list and concatenates them all before each layer."""

import torch
from torch import nn


class ListedDenseNet(nn.Module):
    """`blocks`: layers of each dense block; `newest_first`: the order of the concatenation; `dropout` after each
    layer's 3x3; `pool` of the transitions, average or max; `norm_last` False: no BN and ReLU end the last block."""

    def __init__(self, blocks=(6, 12, 24, 16), newest_first=False, dropout=0.0, pool=nn.AvgPool2d, norm_last=True):
        super().__init__()
        self.newest_first = newest_first
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)
        )
        self.dense, self.between = nn.ModuleList(), nn.ModuleList()
        channels = 64
        for number, count in enumerate(blocks):
            self.dense.append(nn.ModuleList(
                nn.Sequential(
                    nn.BatchNorm2d(channels + 32 * i), nn.ReLU(True), nn.Conv2d(channels + 32 * i, 128, 1, bias=False),
                    nn.BatchNorm2d(128), nn.ReLU(True), nn.Conv2d(128, 32, 3, 1, 1, bias=False), nn.Dropout(dropout),
                )
                for i in range(count)
            ))  # fmt: skip
            channels += 32 * count
            if number < 3:
                between = [
                    nn.BatchNorm2d(channels),
                    nn.ReLU(True),
                    nn.Conv2d(channels, channels // 2, 1, bias=False),
                    pool(2),
                ]
                channels //= 2
            else:
                between = [nn.BatchNorm2d(channels), nn.ReLU(True)] if norm_last else []
            self.between.append(nn.Sequential(*between))
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x):
        x = self.stem(x)
        for layers, between in zip(self.dense, self.between, strict=True):
            features = [x]
            for layer in layers:
                new = layer(torch.cat(features, 1))
                features = [new, *features] if self.newest_first else [*features, new]
            x = between(torch.cat(features, 1))
        return self.fc(x.mean((2, 3)))
