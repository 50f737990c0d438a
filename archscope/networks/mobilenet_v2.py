"""MobileNetV2. Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR
2018, arXiv:1801.04381, Table 2; its block is Table 1 and Figure 4d.

`width_multiplier` scales every layer, but below 1 not the last convolution. Channels are rounded to multiples of 8, and
an expansion of 1 is no convolution, as in the authors' TF-slim code. `linear=False` puts ReLU6 after each bottleneck
too, and `shortcuts=False` leaves its shortcut out: the comparisons of Figure 6. The table's last 1x1 convolution is the
fully connected layer. Epsilon is 1e-3, as in TF-slim. Strided convolutions pad one pixel on every side; the authors'
framework pads only right and bottom where the size is even, which shifts values and changes no shape or count.
"""

from functools import partial

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, InvertedResidual, rounded, row, series, with_shortcut


class Bottleneck(InvertedResidual):
    """Table 1 and Figure 4d."""


@network
def mobilenet_v2(
    num_classes: int = 1000, width_multiplier: float = 1.0, linear: bool = True, shortcuts: bool = True
) -> nn.Module:
    def c(channels: int) -> int:
        return rounded(channels * width_multiplier)

    def bottleneck(t: int, in_channels: int, out_channels: int, n: int, s: int) -> nn.Module:
        """A row of Table 2: the first of n bottlenecks has the stride, all have the expansion t."""

        def block(entering: int, leaving: int, stride: int) -> nn.Module:
            body = Bottleneck(entering, leaving, t * entering, 3, stride, linear=linear)
            return with_shortcut(body, entering, leaving, stride) if shortcuts else body

        return row(block, in_channels, out_channels, n, s, "bottleneck")

    conv = partial(Conv, activation=nn.ReLU6)
    last = rounded(1280 * max(1, width_multiplier))
    return series(                                         #    3 x 224 x 224
        conv1=conv(3, c(32), 3, 2),                        #   32 x 112 x 112
        bottlenecks1=bottleneck(1, c(32), c(16), 1, 1),    #   16 x 112 x 112
        bottlenecks2=bottleneck(6, c(16), c(24), 2, 2),    #   24 x  56 x  56
        bottlenecks3=bottleneck(6, c(24), c(32), 3, 2),    #   32 x  28 x  28
        bottlenecks4=bottleneck(6, c(32), c(64), 4, 2),    #   64 x  14 x  14
        bottlenecks5=bottleneck(6, c(64), c(96), 3, 1),    #   96 x  14 x  14
        bottlenecks6=bottleneck(6, c(96), c(160), 3, 2),   #  160 x   7 x   7
        bottlenecks7=bottleneck(6, c(160), c(320), 1, 1),  #  320 x   7 x   7
        conv2=conv(c(320), last, 1),                       # 1280 x   7 x   7
        classifier=series(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(last, num_classes)
        ),
    )  # fmt: skip
