"""ShuffleNet. Zhang, Zhou, Lin, Sun, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
Devices", CVPR 2018, arXiv:1707.01083, Table 1; its units are Figure 2(b) and (c).

`groups` is the table's g (1, 2, 3, 4, 8), `width_multiplier` the scale factor s of section 3.3, `shuffle=False` the
comparison of Table 3. A bottleneck has a quarter of its unit's output channels. Stage 2's first pointwise convolution
is not grouped, since its input has few channels. The pooled shortcut comes first where two are concatenated, as in the
authors' release. Epsilon is 1e-5. The pooling pads one pixel on every side.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, Residual, series


class ChannelShuffle(nn.Module):
    """Figure 1(c): the channels of each group are dealt out to all groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        grouped = x.view(batch, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(batch, channels, height, width)


def branch(
    in_channels: int, out_channels: int, bottleneck: int, stride: int, groups: int, shuffle: bool, first: bool
) -> nn.Module:
    """Figure 2's right column: 1x1 group convolution, shuffle, depthwise convolution, 1x1 group convolution."""
    conv1_groups = 1 if first else groups
    shuffled = {"shuffle": ChannelShuffle(groups)} if shuffle and groups > 1 else {}
    return series(
        gconv1=Conv(in_channels, bottleneck, 1, groups=conv1_groups, eps=1e-5),
        **shuffled,
        dwconv=Conv(bottleneck, bottleneck, 3, stride, groups=bottleneck, activation=None, eps=1e-5),
        gconv2=Conv(bottleneck, out_channels, 1, groups=groups, activation=None, eps=1e-5),
    )


def stage(in_channels: int, out_channels: int, repeat: int, groups: int, shuffle: bool, first: bool) -> nn.Module:
    """A stage: a unit of stride 2, whose shortcut is pooled and concatenated, and `repeat` that add."""
    bottleneck = out_channels // 4
    halving = series(
        concat=Concat(
            avgpool=nn.AvgPool2d(3, 2, 1),
            body=branch(in_channels, out_channels - in_channels, bottleneck, 2, groups, shuffle, first),
        ),
        relu=nn.ReLU(),
    )
    others = [
        Residual(branch(out_channels, out_channels, bottleneck, 1, groups, shuffle, False), activation=nn.ReLU)
        for _ in range(repeat)
    ]
    return series(**{f"unit{i}": unit for i, unit in enumerate([halving, *others], 1)})


# Table 1: output channels of stage 2 for g groups; each further stage has twice as many.
STAGE_2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


@network
def shufflenet_v1(
    num_classes: int = 1000, groups: int = 3, width_multiplier: float = 1.0, shuffle: bool = True
) -> nn.Module:
    if groups not in STAGE_2:
        raise ValueError(f"groups is one of {', '.join(map(str, STAGE_2))}, not {groups}")
    c1, c = int(24 * width_multiplier), int(STAGE_2[groups] * width_multiplier)
    return series(                                                           #   3 x 224 x 224
        conv1=Conv(3, c1, 3, 2, eps=1e-5),                                   #  24 x 112 x 112
        maxpool=nn.MaxPool2d(3, 2, 1),                                       #  24 x  56 x  56
        stage2=stage(c1, c, 3, groups, shuffle, first=True),                 # 240 x  28 x  28
        stage3=stage(c, 2 * c, 7, groups, shuffle, first=False),             # 480 x  14 x  14
        stage4=stage(2 * c, 4 * c, 3, groups, shuffle, first=False),         # 960 x   7 x   7
        classifier=series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc=nn.Linear(4 * c, num_classes)),
    )  # fmt: skip
