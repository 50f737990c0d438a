"""Wide ResNet. Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016, arXiv:1605.07146, Table 1 (WRN-28-10) and,
for ImageNet, Table 8 (WRN-50-2-bottleneck).

WRN-d-k has `depth` d, so 3 groups of (d - 4) / 6 blocks B(3,3), k times as wide as a ResNet's (`widening_factor`). Its
blocks put batch normalisation and ReLU before each convolution; where the width changes, the shortcut is a 1x1
convolution of what they give. `dropout` is between the two convolutions (section 2.4). WRN-50-2-bottleneck is ResNet-50
with 3x3 convolutions twice as wide, and their stride is on the 3x3, as in the authors' code. Epsilon is 1e-5.
"""

from functools import partial
from typing import Literal

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import row, series
from archscope.networks.resnet import Bottleneck, table_1


class Block(nn.Module):
    """Figure 1(c, d): BN, ReLU, 3x3 convolution, twice; a change of width reads the first BN and ReLU as well."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.preactivation = series(bn=nn.BatchNorm2d(in_channels), relu=nn.ReLU())
        self.body = series(
            conv1=nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            bn=nn.BatchNorm2d(out_channels),
            relu=nn.ReLU(),
            **({"dropout": nn.Dropout(dropout)} if dropout else {}),
            conv2=nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
        )
        same_size = stride == 1 and in_channels == out_channels
        self.shortcut = None if same_size else nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        activated = self.preactivation(x)
        body: torch.Tensor = self.body(activated)
        return body + (x if self.shortcut is None else self.shortcut(activated))


@network
def wrn28_10(num_classes: int = 10, depth: int = 28, widening_factor: int = 10, dropout: float = 0.0) -> nn.Module:
    n, rest = divmod(depth - 4, 6)
    if rest or n < 1:
        raise ValueError(f"depth is 6 n + 4, such as 16, 22, 28 or 40, not {depth}")
    k = widening_factor
    block = partial(Block, dropout=dropout)
    return series(                                            #   3 x 32 x 32
        conv1=nn.Conv2d(3, 16, 3, 1, 1, bias=False),          #  16 x 32 x 32
        conv2=row(block, 16, 16 * k, n),                      # 160 x 32 x 32
        conv3=row(block, 16 * k, 32 * k, n, stride=2),        # 320 x 16 x 16
        conv4=row(block, 32 * k, 64 * k, n, stride=2),        # 640 x  8 x  8
        classifier=series(
            bn=nn.BatchNorm2d(64 * k), relu=nn.ReLU(),
            avgpool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(64 * k, num_classes),
        ),
    )  # fmt: skip


@network
def wide_resnet50_2(
    num_classes: int = 1000, widening_factor: int = 2, stride: Literal["1x1", "3x3"] = "3x3"
) -> nn.Module:
    block = partial(Bottleneck, stride_on=stride, widening=widening_factor)
    return table_1(block, 4, (3, 4, 6, 3), num_classes)
