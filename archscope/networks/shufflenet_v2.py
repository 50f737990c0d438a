"""ShuffleNetV2. Ma, Zhang, Zheng, Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
ECCV 2018, arXiv:1807.11164, Table 5; its units are Figure 3(c) and (d).

Half of the channels of a unit of stride 1 pass it by (channel split). Epsilon is 1e-5. The pooling pads one pixel on
every side.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, row, series
from archscope.networks.shufflenet import ChannelShuffle


def conv(in_channels: int, out_channels: int) -> nn.Module:
    return Conv(in_channels, out_channels, 1, eps=1e-5)


def dwconv(channels: int, stride: int) -> nn.Module:
    return Conv(channels, channels, 3, stride, groups=channels, activation=None, eps=1e-5)


def branch(in_channels: int, channels: int, stride: int) -> nn.Module:
    """Figure 3's right branches: 1x1 convolution, depthwise convolution, 1x1 convolution."""
    return series(conv1=conv(in_channels, channels), dwconv=dwconv(channels, stride), conv2=conv(channels, channels))


class Split(nn.Module):
    """Figure 3(c): one half of the channels as they are, the other through the branch."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        passed, other = x.chunk(2, dim=1)
        return torch.cat([passed, self.body(other)], 1)


def unit(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Figure 3(c) for stride 1, 3(d) for stride 2."""
    half = out_channels // 2
    if stride == 1:
        return series(split=Split(branch(half, half, 1)), shuffle=ChannelShuffle(2))
    left = series(dwconv=dwconv(in_channels, stride), conv=conv(in_channels, half))
    return series(concat=Concat(left=left, right=branch(in_channels, half, stride)), shuffle=ChannelShuffle(2))


# Table 5: output channels of stages 2, 3, 4 and of conv5.
TABLE_5 = {
    "shufflenet_v2_x0_5": (48, 96, 192, 1024),
    "shufflenet_v2_x1_0": (116, 232, 464, 1024),
    "shufflenet_v2_x1_5": (176, 352, 704, 1024),
    "shufflenet_v2_x2_0": (244, 488, 976, 2048),
}


@network(TABLE_5)
def shufflenet_v2(stage2: int, stage3: int, stage4: int, conv5: int, /, num_classes: int = 1000) -> nn.Module:
    return series(                                          #    3 x 224 x 224, 1x
        conv1=Conv(3, 24, 3, 2, eps=1e-5),                  #   24 x 112 x 112
        maxpool=nn.MaxPool2d(3, 2, 1),                      #   24 x  56 x  56
        stage2=row(unit, 24, stage2, 4, 2, "unit"),         #  116 x  28 x  28
        stage3=row(unit, stage2, stage3, 8, 2, "unit"),     #  232 x  14 x  14
        stage4=row(unit, stage3, stage4, 4, 2, "unit"),     #  464 x   7 x   7
        conv5=conv(stage4, conv5),                          # 1024 x   7 x   7
        classifier=series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc=nn.Linear(conv5, num_classes)),
    )  # fmt: skip
