"""Res2Net. Gao, Cheng, Zhao, Zhang, Yang, Torr, "Res2Net: A New Multi-scale Backbone Architecture", TPAMI 2019,
arXiv:1904.01169, Figure 2(b), in ResNet-50 (Table 1).

`width` is the paper's w in conv2_x, 26, and `scale` its s, 4: the groups of channels that a block's 3x3 convolutions
pass on. In the first block of a stage, as in the authors' release, the groups do not add to each other, and the last
one is averaged over 3x3 pixels where it would pass as it is. The stride is on the 3x3 convolutions. Epsilon is 1e-5.
"""

from functools import partial

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Residual, repeated, series
from archscope.networks.resnet import classifier, conv, shortcut


class Hierarchy(nn.Module):
    """Figure 2(b): the channels in `scale` groups, each but the last convolved, with what the one before it gave."""

    def __init__(self, width: int, scale: int, stride: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.convs = nn.ModuleList([conv(width, width, 3, stride) for _ in range(scale - 1)])
        self.last = nn.AvgPool2d(3, stride, 1) if first else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *groups, last = x.chunk(len(self.convs) + 1, 1)
        outputs: list[torch.Tensor] = []
        for group, convolution in zip(groups, self.convs, strict=True):
            outputs.append(convolution(group + outputs[-1] if outputs and not self.first else group))
        return torch.cat([*outputs, self.last(last)], 1)


class Block(Residual):
    """1x1 convolution, the hierarchy in the place of a 3x3 convolution, 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, width: int, scale: int, first: bool) -> None:
        body = series(
            conv1=conv(in_channels, width * scale, 1),
            hierarchy=Hierarchy(width, scale, stride, first),
            conv3=conv(width * scale, out_channels, 1, activation=None),
        )
        super().__init__(body, shortcut(in_channels, out_channels, stride), activation=nn.ReLU)


def stage(in_channels: int, out_channels: int, blocks: int, stride: int, width: int, scale: int) -> nn.Module:
    block = partial(Block, width=width * out_channels // 256, scale=scale)
    others = repeated(blocks - 1, block, out_channels, out_channels, 1, first=False)
    return series(block(in_channels, out_channels, stride, first=True), *others)


@network
def res2net50(num_classes: int = 1000, width: int = 26, scale: int = 4) -> nn.Module:
    if scale < 2:
        raise ValueError(f"scale is 2 or more, not {scale}: with one group it is ResNet-50")
    return series(                                                            #    3 x 224 x 224
        conv1=conv(3, 64, 7, 2),                                              #   64 x 112 x 112
        maxpool=nn.MaxPool2d(3, 2, 1),                                        #   64 x  56 x  56
        conv2_x=stage(64, 256, 3, 1, width, scale),                           #  256 x  56 x  56
        conv3_x=stage(256, 512, 4, 2, width, scale),                          #  512 x  28 x  28
        conv4_x=stage(512, 1024, 6, 2, width, scale),                         # 1024 x  14 x  14
        conv5_x=stage(1024, 2048, 3, 2, width, scale),                        # 2048 x   7 x   7
        classifier=classifier(2048, num_classes),
    )  # fmt: skip
