"""MobileNet as its Keras code has it: padding layers, valid convolutions, ReLU6, a 1x1 convolution as the head."""

import torch
from torch import nn

ROWS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]


class KerasMobileNet(nn.Module):
    """`sides`: what ZeroPadding2D adds before a strided convolution, left and right; `ceiling` of the ReLU, none for
    ReLU; `dropout`; `softmax` at the end; `alpha`, the width; `missing`: the number of a block that is not there;
    `momentum` of the statistics, as torch counts it."""

    def __init__(
        self, sides=(1, 1), ceiling=None, dropout=0.0, softmax=False, alpha=1.0, missing=None, bias=False, momentum=0.1
    ):  # fmt: skip
        super().__init__()
        self.sides, self.ceiling, self.softmax, self.rate = sides, ceiling, softmax, dropout
        channels = int(32 * alpha)
        self.conv1 = nn.Conv2d(3, channels, 3, 2, bias=bias)
        self.conv1_bn = nn.BatchNorm2d(channels, 1e-3, momentum=momentum)
        self.rows = []
        for i, (width, stride) in enumerate(ROWS, start=1):
            if i == missing:
                continue
            filters = int(width * alpha)
            self.add_module(f"conv_dw_{i}", nn.Conv2d(channels, channels, 3, stride, groups=channels, bias=bias))
            self.add_module(f"conv_dw_{i}_bn", nn.BatchNorm2d(channels, 1e-3, momentum=momentum))
            self.add_module(f"conv_pw_{i}", nn.Conv2d(channels, filters, 1, bias=bias))
            self.add_module(f"conv_pw_{i}_bn", nn.BatchNorm2d(filters, 1e-3, momentum=momentum))
            self.rows.append((i, stride))
            channels = filters
        self.conv_preds = nn.Conv2d(channels, 1000, 1)

    def _pad(self, x, stride):
        before, after = self.sides if stride == 2 else (1, 1)
        return nn.functional.pad(x, (before, after, before, after))

    def _unit(self, name, x):
        x = getattr(self, f"{name}_bn")(getattr(self, name)(x))
        return torch.clamp(x, 0, self.ceiling) if self.ceiling else torch.relu(x)

    def forward(self, x):
        x = self._unit("conv1", self._pad(x, 2))
        for i, stride in self.rows:
            x = self._unit(f"conv_pw_{i}", self._unit(f"conv_dw_{i}", self._pad(x, stride)))
        x = nn.functional.adaptive_avg_pool2d(x, 1).reshape(-1, x.shape[1], 1, 1)
        x = self.conv_preds(nn.functional.dropout(x, self.rate, self.training)).reshape(-1, 1000)
        return x.softmax(1) if self.softmax else x
