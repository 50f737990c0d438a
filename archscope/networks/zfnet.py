"""ZFNet. Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, arXiv:1311.2901,
Figure 3, read from left to right.

As the figure's caption says, ReLU, then pooling, then contrast normalisation across maps (AlexNet's constants; its
order is the other way round). The figure's sizes need one pixel of padding in the first layer, none in the
second, and pools that take a last partial window (110 to 55, 26 to 13). `wide` is Table 2's and Table 3's larger
model with 512, 1024 and 512 maps in layers 3 to 5.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.alexnet import fully_connected, response_norm
from archscope.networks.layers import ConvReLU, V, series


def pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


@network
def zfnet(num_classes: int = 1000, wide: bool = False) -> nn.Module:
    maps3, maps4, maps5 = (512, 1024, 512) if wide else (384, 384, 256)
    return series(                                          #   3 x 224 x 224
        conv1=ConvReLU(3, 96, 7, 2, padding=1),             #  96 x 110 x 110
        pool1=pool(),                                       #  96 x  55 x  55
        norm1=response_norm(),
        conv2=ConvReLU(96, 256, 5, 2, V),                   # 256 x  26 x  26
        pool2=pool(),                                       # 256 x  13 x  13
        norm2=response_norm(),
        conv3=ConvReLU(256, maps3, 3),                      # 384 x  13 x  13
        conv4=ConvReLU(maps3, maps4, 3),                    # 384 x  13 x  13
        conv5=ConvReLU(maps4, maps5, 3),                    # 256 x  13 x  13
        pool5=pool(),                                       # 256 x   6 x   6
        classifier=fully_connected(maps5 * 6 * 6, num_classes),
    )  # fmt: skip
