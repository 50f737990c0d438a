"""EfficientNetV2. Tan, Le, "EfficientNetV2: Smaller Models and Faster Training", ICML 2021, arXiv:2104.00298, Table 4:
EfficientNetV2-S; its blocks are Figure 2.

A gate squeezes to a quarter of its block's input channels. Where Fused-MBConv expands nothing it is one convolution.
Stochastic depth, which only training sees, is left out. Epsilon is 1e-3. Strided convolutions pad k // 2 on every side,
the authors' framework one pixel less on the left and top where the size is even.
"""

from functools import partial

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, InvertedResidual, row, series, with_shortcut

conv = partial(Conv, activation=nn.SiLU)


class MBConv(InvertedResidual):
    """Figure 2, left."""


class FusedMBConv(nn.Sequential):
    """Figure 2, right: one convolution expands and filters; where nothing is expanded it is all there is."""

    def __init__(self, in_channels: int, out_channels: int, expanded: int, stride: int) -> None:
        super().__init__()
        if expanded == in_channels:
            self.conv = conv(in_channels, out_channels, 3, stride)
        else:
            self.expand = conv(in_channels, expanded, 3, stride)
            self.project = Conv(expanded, out_channels, 1, activation=None)


def mbconv(expansion: int, in_channels: int, out_channels: int, layers: int, stride: int) -> nn.Module:
    """A row of Table 4: MBConv, k3x3, SE0.25."""

    def block(entering: int, leaving: int, stride: int) -> nn.Module:
        wide = expansion * entering
        body = MBConv(entering, leaving, wide, 3, stride, entering // 4, nn.SiLU, gate_activation=nn.SiLU)
        return with_shortcut(body, entering, leaving, stride)

    return row(block, in_channels, out_channels, layers, stride, "mbconv")


def fused_mbconv(expansion: int, in_channels: int, out_channels: int, layers: int, stride: int) -> nn.Module:
    """A row of Table 4: Fused-MBConv, k3x3."""

    def block(entering: int, leaving: int, stride: int) -> nn.Module:
        body = FusedMBConv(entering, leaving, expansion * entering, stride)
        return with_shortcut(body, entering, leaving, stride)

    return row(block, in_channels, out_channels, layers, stride, "fused_mbconv")


@network
def efficientnet_v2_s(num_classes: int = 1000) -> nn.Module:
    return series(                                     #    3 x 384 x 384
        stage0=conv(3, 24, 3, 2),                      #   24 x 192 x 192
        stage1=fused_mbconv(1, 24, 24, 2, 1),          #   24 x 192 x 192
        stage2=fused_mbconv(4, 24, 48, 4, 2),          #   48 x  96 x  96
        stage3=fused_mbconv(4, 48, 64, 4, 2),          #   64 x  48 x  48
        stage4=mbconv(4, 64, 128, 6, 2),               #  128 x  24 x  24
        stage5=mbconv(6, 128, 160, 9, 1),              #  160 x  24 x  24
        stage6=mbconv(6, 160, 256, 15, 2),             #  256 x  12 x  12
        stage7=series(
            conv(256, 1280, 1),                        # 1280 x  12 x  12
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(1280, num_classes),
        ),
    )  # fmt: skip
