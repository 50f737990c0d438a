"""Xception. François Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
arXiv:1610.02357, Figure 5, read top to bottom.

As in the figure, batch normalisation follows every Conv and SeparableConv and is not drawn; the figure's ReLU
after each of the first two convolutions is part of `Conv`. Epsilon is 1e-3, as in the author's code (ports to
torch use 1e-5). Strided pooling pads one pixel on every side; the author's framework pads only right and
bottom where the size is even (here: 74 to 37), which shifts values and changes no shape or count.
"""

from itertools import pairwise

from torch import nn
from torch.nn import ReLU

from archscope.layers import Conv, Residual, SeparableConv, series
from archscope.networks import network


class Block(Residual):
    """(ReLU, SeparableConv) for each step in `channels`; a strided block pools, and projects its shortcut."""

    def __init__(self, *channels: int, stride: int = 1, first_relu: bool = True) -> None:
        layers = [layer for step in pairwise(channels) for layer in (ReLU(), SeparableConv(*step))]
        shortcut = None
        if stride > 1:
            layers.append(nn.MaxPool2d(3, stride, padding=1))
            shortcut = Conv(channels[0], channels[-1], 1, stride, activation=None)
        super().__init__(series(*layers[0 if first_relu else 1 :]), shortcut)


@network
def xception(num_classes: int = 1000) -> nn.Module:
    return series(
        entry_flow=series(                                    #    3 x 299 x 299
            Conv(3, 32, 3, 2, "valid"),                       #   32 x 149 x 149
            Conv(32, 64, 3, 1, "valid"),                      #   64 x 147 x 147
            Block(64, 128, 128, stride=2, first_relu=False),  #  128 x  74 x  74
            Block(128, 256, 256, stride=2),                   #  256 x  37 x  37
            Block(256, 728, 728, stride=2),                   #  728 x  19 x  19
        ),
        middle_flow=series(*[Block(728, 728, 728, 728) for _ in range(8)]),
        exit_flow=series(
            Block(728, 728, 1024, stride=2),                  # 1024 x  10 x  10
            SeparableConv(1024, 1536), ReLU(),
            SeparableConv(1536, 2048), ReLU(),                # 2048 x  10 x  10
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),            # 2048
        ),
        classifier=nn.Linear(2048, num_classes),
    )  # fmt: skip
