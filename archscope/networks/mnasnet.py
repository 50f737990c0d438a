"""MnasNet. Tan, Chen, Pang, Vasudevan, Sandler, Howard, Le, "MnasNet: Platform-Aware Neural Architecture Search for
Mobile", CVPR 2019, arXiv:1807.11626, Figure 7: MnasNet-A1.

A gate (SE) squeezes to a quarter of its block's input channels. The figure's last box, pooling and FC, begins with a
1x1 convolution of 1280 channels in the authors' code, which `width_multiplier` (the paper's depth multiplier, Table 4)
leaves as it is. Epsilon is 1e-3. Strided convolutions pad k // 2 on every side, the authors' framework one pixel less
on the left and top where the size is even, which shifts values and changes no shape or count.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, InvertedResidual, rounded, row, series, with_shortcut


class MBConv(InvertedResidual):
    """Figure 7(b) to (d)."""


def mbconv(t: int, k: int, in_channels: int, out_channels: int, n: int, s: int, se: bool = False) -> nn.Module:
    """A box of Figure 7: n blocks MBConv of expansion t and k x k convolutions, the first of which has the stride."""

    def block(entering: int, leaving: int, stride: int) -> nn.Module:
        body = MBConv(entering, leaving, t * entering, k, stride, entering // 4 if se else 0, nn.ReLU)
        return with_shortcut(body, entering, leaving, stride)

    return row(block, in_channels, out_channels, n, s, "mbconv")


@network
def mnasnet_a1(num_classes: int = 1000, width_multiplier: float = 1.0) -> nn.Module:
    def c(channels: int) -> int:
        return rounded(channels * width_multiplier)

    return series(                                                 #    3 x 224 x 224
        conv1=Conv(3, c(32), 3, 2),                                #   32 x 112 x 112
        sepconv=mbconv(1, 3, c(32), c(16), 1, 1),                  #   16 x 112 x 112
        mbconv1=mbconv(6, 3, c(16), c(24), 2, 2),                  #   24 x  56 x  56
        mbconv2=mbconv(3, 5, c(24), c(40), 3, 2, se=True),         #   40 x  28 x  28
        mbconv3=mbconv(6, 3, c(40), c(80), 4, 2),                  #   80 x  14 x  14
        mbconv4=mbconv(6, 3, c(80), c(112), 2, 1, se=True),        #  112 x  14 x  14
        mbconv5=mbconv(6, 5, c(112), c(160), 3, 2, se=True),       #  160 x   7 x   7
        mbconv6=mbconv(6, 3, c(160), c(320), 1, 1),                #  320 x   7 x   7
        classifier=series(
            Conv(c(320), 1280, 1),                                 # 1280 x   7 x   7
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(1280, num_classes),
        ),
    )  # fmt: skip
