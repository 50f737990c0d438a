"""MobileNet. Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam, "MobileNets: Efficient Convolutional
Neural Networks for Mobile Vision Applications", 2017, arXiv:1704.04861, Table 1; its unit is Figure 3, right.

The table prints stride 2 for the last depthwise convolution, on 7 x 7, where its own sizes need stride 1.
`width_multiplier` is the paper's alpha (1, 0.75, 0.5, 0.25), with at least 8 channels as in the authors' TF-slim code;
the resolution multiplier is the input's size. `separable=False` is Table 4's network of full convolutions. Epsilon is
1e-3, as in TF-slim. Strided convolutions pad one pixel on every side; the authors' framework pads only right and
bottom where the size is even, which shifts values and changes no shape or count.

`segments` is the Xception paper's spectrum: each `Conv dw` filters so many segments of its channels, each jointly;
segments=1 has regular 3x3 convolutions where those were (and keeps the 1x1 that follow, which separable=False has not).
A convolution of fewer channels than segments has one per channel.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, repeated, series
from archscope.networks.segmented import conv_over_segments, partitions


class DepthwiseSeparable(nn.Sequential):
    """Two rows of the table: `Conv dw` and a 1x1 `Conv`, each with batch normalisation and ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, partition: Callable[[int], Sequence[int]]
    ) -> None:
        super().__init__()
        sizes = partition(in_channels)
        self.add_module("depthwise" if max(sizes) == 1 else "spatial", conv_over_segments(sizes, 3, stride))
        self.pointwise = Conv(in_channels, out_channels, 1)


def full_convolution(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    return Conv(in_channels, out_channels, 3, stride)


@network
def mobilenet_v1(
    num_classes: int = 1000,
    width_multiplier: float = 1.0,
    separable: bool = True,
    segments: int | Literal["depthwise"] = "depthwise",
) -> nn.Module:
    def c(channels: int) -> int:
        return max(8, int(channels * width_multiplier))

    if not separable and segments != "depthwise":
        raise ValueError("segments go with separable=True: full convolutions have none")
    partition = partitions(segments, c(1024))
    unit = partial(DepthwiseSeparable, partition=partition) if separable else full_convolution

    return series(                                 #    3 x 224 x 224
        Conv(3, c(32), 3, 2),                      #   32 x 112 x 112
        unit(c(32), c(64)),                        #   64 x 112 x 112
        unit(c(64), c(128), stride=2),             #  128 x  56 x  56
        unit(c(128), c(128)),
        unit(c(128), c(256), stride=2),            #  256 x  28 x  28
        unit(c(256), c(256)),
        unit(c(256), c(512), stride=2),            #  512 x  14 x  14
        *repeated(5, unit, c(512), c(512)),
        unit(c(512), c(1024), stride=2),           # 1024 x   7 x   7
        unit(c(1024), c(1024)),
        classifier=series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc=nn.Linear(c(1024), num_classes)),
    )  # fmt: skip
