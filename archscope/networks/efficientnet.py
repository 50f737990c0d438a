"""EfficientNet. Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
arXiv:1905.11946, Table 1, scaled by the authors' coefficients for B1 to B7 (section 3.3 and their code).

As section 4 says, the MBConv blocks have squeeze-and-excitation, and the activation is swish; a gate squeezes to a
quarter of its block's input channels. Stage 6 has a 14 x 14 input, where arXiv v1's Table 1 prints 28 x 28. The
authors' stochastic depth (drop connect), which only training sees, is left out. Epsilon is 1e-3, as in their code.
Strided convolutions pad k // 2 on every side; the authors' framework pads one pixel less on the left and top where
the size is even, which shifts values and changes no shape or count.

`segments` is the Xception paper's spectrum: where a block filters each channel alone, it filters so many segments of
its channels, each jointly; segments=1 has regular convolutions. Where there are fewer channels than segments, each is
filtered alone.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, Residual, SqueezeExcitation, rounded, series
from archscope.networks.segmented import conv_over_segments, partitions


class MBConv(nn.Sequential):
    """Expand, filter each channel, gate, project linearly."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int,
        kernel_size: int,
        stride: int,
        partition: Callable[[int], Sequence[int]],
    ) -> None:
        super().__init__()
        channels = in_channels * expansion
        if expansion > 1:
            self.expand = Conv(in_channels, channels, 1, activation=nn.SiLU)
        sizes = partition(channels)
        name = "depthwise" if max(sizes) == 1 else "spatial"
        self.add_module(name, conv_over_segments(sizes, kernel_size, stride, activation=nn.SiLU))
        self.se = SqueezeExcitation(channels, in_channels // 4, nn.SiLU)
        self.project = Conv(channels, out_channels, 1, activation=None)


def row(
    expansion: int,
    kernel_size: int,
    in_channels: int,
    out_channels: int,
    layers: int,
    stride: int = 1,
    *,
    partition: Callable[[int], Sequence[int]],
) -> nn.Module:
    """A row of Table 1: the first block changes the size, the others have a shortcut."""
    first = MBConv(in_channels, out_channels, expansion, kernel_size, stride, partition)
    others = [
        Residual(MBConv(out_channels, out_channels, expansion, kernel_size, 1, partition)) for _ in range(layers - 1)
    ]
    return series(**{f"mbconv{i}": block for i, block in enumerate([first, *others], 1)})


# Compound scaling: width, depth, dropout. The catalogue has the resolution: 224, 240, 260, 300, 380, 456, 528, 600.
SCALING = {
    "efficientnet_b0": (1.0, 1.0, 0.2),
    "efficientnet_b1": (1.0, 1.1, 0.2),
    "efficientnet_b2": (1.1, 1.2, 0.3),
    "efficientnet_b3": (1.2, 1.4, 0.3),
    "efficientnet_b4": (1.4, 1.8, 0.4),
    "efficientnet_b5": (1.6, 2.2, 0.4),
    "efficientnet_b6": (1.8, 2.6, 0.5),
    "efficientnet_b7": (2.0, 3.1, 0.5),
}


@network(SCALING)
def efficientnet(
    width: float, depth: float, dropout: float, /,
    num_classes: int = 1000, segments: int | Literal["depthwise"] = "depthwise",
) -> nn.Module:  # fmt: skip
    def c(channels: int) -> int:
        return rounded(width * channels)

    def n(layers: int) -> int:
        return ceil(depth * layers)

    mbconv = partial(row, partition=partitions(segments, 6 * c(320)))
    return series(                                              #    3 x 224 x 224, B0
        stage1=Conv(3, c(32), 3, 2, activation=nn.SiLU),        #   32 x 112 x 112
        stage2=mbconv(1, 3, c(32), c(16), n(1)),                #   16 x 112 x 112
        stage3=mbconv(6, 3, c(16), c(24), n(2), stride=2),      #   24 x  56 x  56
        stage4=mbconv(6, 5, c(24), c(40), n(2), stride=2),      #   40 x  28 x  28
        stage5=mbconv(6, 3, c(40), c(80), n(3), stride=2),      #   80 x  14 x  14
        stage6=mbconv(6, 5, c(80), c(112), n(3)),               #  112 x  14 x  14
        stage7=mbconv(6, 5, c(112), c(192), n(4), stride=2),    #  192 x   7 x   7
        stage8=mbconv(6, 3, c(192), c(320), n(1)),              #  320 x   7 x   7
        stage9=series(
            Conv(c(320), c(1280), 1, activation=nn.SiLU),       # 1280 x   7 x   7
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), fc=nn.Linear(c(1280), num_classes),
        ),
    )  # fmt: skip
