"""Network in Network. Lin, Chen, Yan, "Network In Network", ICLR 2014, arXiv:1312.4400, Figure 2: three mlpconv
layers and global average pooling, here with the widths of the authors' released CIFAR-10 model, which the paper
does not print.

An mlpconv layer is a convolution and two 1x1 convolutions, each with its ReLU. As in the release the first pooling
takes the maximum and the second the average (the text says maximum for both), and a last partial window counts its
pixels only (32 to 16, 16 to 8). Dropout of 0.5 follows both poolings. CIFAR-100 is num_classes=100.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.layers import ConvReLU, chain, series


def mlpconv(in_channels: int, kernel_size: int, *widths: int) -> nn.Module:
    first, *others = widths
    return chain(in_channels, (first, kernel_size), *[(width, 1) for width in others], unit=ConvReLU)


@network
def nin_cifar10(num_classes: int = 10) -> nn.Module:
    return series(                                      #   3 x 32 x 32
        mlpconv1=mlpconv(3, 5, 192, 160, 96),           #  96 x 32 x 32
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),       #  96 x 16 x 16
        dropout1=nn.Dropout(0.5),
        mlpconv2=mlpconv(96, 5, 192, 192, 192),         # 192 x 16 x 16
        pool2=nn.AvgPool2d(3, 2, ceil_mode=True),       # 192 x  8 x  8
        dropout2=nn.Dropout(0.5),
        mlpconv3=mlpconv(192, 3, 192, 192, num_classes),
        classifier=series(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )  # fmt: skip
