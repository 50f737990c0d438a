"""ResNet. He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385, Table 1;
its blocks are Figure 5.

A shortcut is the identity; where the size changes it is a projection (option B of section 3.3). The table leaves open
which convolution of a bottleneck has the stride. `stride="1x1"` is the first one, as in the authors' Caffe release;
`stride="3x3"` is the network that torchvision and timm call ResNet ("v1.5"), with equal parameters and 6 % more MACs.
Epsilon is 1e-5. The max pooling pads one pixel on every side, as every torch port does; the authors' Caffe pads
none and rounds the size up, which shifts values and changes no shape or count.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, Residual, repeated, series

conv = partial(Conv, eps=1e-5)


def shortcut(in_channels: int, out_channels: int, stride: int, kernel_size: int = 1) -> nn.Module | None:
    """A projection where the size changes; None, the identity, elsewhere."""
    if stride == 1 and in_channels == out_channels:
        return None
    return conv(in_channels, out_channels, kernel_size, stride, activation=None)


class Block(Residual):
    """Figure 5, left: two 3x3 convolutions."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        body = series(conv(in_channels, out_channels, 3, stride), conv(out_channels, out_channels, 3, activation=None))
        super().__init__(body, shortcut(in_channels, out_channels, stride), activation=nn.ReLU)


class Bottleneck(Residual):
    """Figure 5, right: 1x1 to a quarter of the width (`widening` times that in Wide ResNets), 3x3 there, 1x1 back."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, stride_on: str = "1x1", widening: int = 1
    ) -> None:
        width = widening * out_channels // 4
        body = series(
            conv(in_channels, width, 1, stride if stride_on == "1x1" else 1),
            conv(width, width, 3, stride if stride_on == "3x3" else 1),
            conv(width, out_channels, 1, activation=None),
        )
        super().__init__(body, shortcut(in_channels, out_channels, stride), activation=nn.ReLU)


def stage(
    block: Callable[..., nn.Module], in_channels: int, out_channels: int, count: int, stride: int = 1
) -> nn.Sequential:
    """`count` blocks, the first of which changes the size."""
    first = block(in_channels, out_channels, stride)
    return series(first, *repeated(count - 1, block, out_channels, out_channels))


def classifier(channels: int, num_classes: int, *dropout: nn.Dropout) -> nn.Module:
    """Average pooling and a fully connected layer."""
    return series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *dropout, fc=nn.Linear(channels, num_classes))


def table_1(block: Callable[..., nn.Module], wide: int, counts: tuple[int, ...], num_classes: int) -> nn.Module:
    """Any column of Table 1. A stage of bottlenecks is four times as `wide`: the channels in brackets."""
    conv2_x, conv3_x, conv4_x, conv5_x = counts
    return series(                                                                     #   3        x 224 x 224
        conv1=conv(3, 64, 7, 2),                                                       #  64        x 112 x 112
        conv2_x=series(nn.MaxPool2d(3, 2, 1), *stage(block, 64, 64 * wide, conv2_x)),  #  64 (256)  x  56 x  56
        conv3_x=stage(block, 64 * wide, 128 * wide, conv3_x, stride=2),                # 128 (512)  x  28 x  28
        conv4_x=stage(block, 128 * wide, 256 * wide, conv4_x, stride=2),               # 256 (1024) x  14 x  14
        conv5_x=stage(block, 256 * wide, 512 * wide, conv5_x, stride=2),               # 512 (2048) x   7 x   7
        classifier=classifier(512 * wide, num_classes),
    )  # fmt: skip


# Table 1: blocks in conv2_x, conv3_x, conv4_x, conv5_x.
BLOCKS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
}
BOTTLENECKS = {
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}


@network(BLOCKS)
def resnet_of_blocks(conv2_x: int, conv3_x: int, conv4_x: int, conv5_x: int, /, num_classes: int = 1000) -> nn.Module:
    return table_1(Block, 1, (conv2_x, conv3_x, conv4_x, conv5_x), num_classes)


@network(BOTTLENECKS)
def resnet_of_bottlenecks(
    conv2_x: int, conv3_x: int, conv4_x: int, conv5_x: int, /,
    num_classes: int = 1000, stride: Literal["1x1", "3x3"] = "1x1",
) -> nn.Module:  # fmt: skip
    block = partial(Bottleneck, stride_on=stride)
    return table_1(block, 4, (conv2_x, conv3_x, conv4_x, conv5_x), num_classes)
