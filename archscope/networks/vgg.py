"""VGG. Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
arXiv:1409.1556, Table 1, columns A, B, D and E.

Every convolution is 3x3 with stride 1 and padding 1, a ReLU follows, and 2x2 max-pooling with stride 2 ends each
stage. Dropout of 0.5 follows both hidden fully connected layers. `batch_norm` is not in the paper: it normalises
after every convolution, which keeps its bias, with epsilon 1e-5, as torchvision's vgg*_bn do. Column A with
response normalisation and column C are not here.
"""

from torch import nn
from torch.nn import Conv2d, MaxPool2d, ReLU

from archscope.networks import network
from archscope.networks.alexnet import fully_connected
from archscope.networks.layers import series

TABLE_1 = {
    "vgg11": ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    "vgg13": ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    "vgg16": ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    "vgg19": ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512)),
}
"""Channels of the convolutions in each of the five stages: the rows of the table between two max-poolings."""


def stage(in_channels: int, widths: tuple[int, ...], batch_norm: bool) -> nn.Module:
    """3x3 convolutions, each with its ReLU."""
    layers: list[nn.Module] = []
    for width in widths:
        norm = [nn.BatchNorm2d(width)] if batch_norm else []
        layers += [Conv2d(in_channels, width, 3, padding=1), *norm, ReLU()]
        in_channels = width
    return series(*layers)


@network(TABLE_1)
def vgg(
    conv1: tuple[int, ...],
    conv2: tuple[int, ...],
    conv3: tuple[int, ...],
    conv4: tuple[int, ...],
    conv5: tuple[int, ...],
    /,
    num_classes: int = 1000,
    batch_norm: bool = False,
) -> nn.Module:
    return series(                                                          #   3 x 224 x 224
        conv1=stage(3, conv1, batch_norm), pool1=MaxPool2d(2),              #  64 x 112 x 112
        conv2=stage(64, conv2, batch_norm), pool2=MaxPool2d(2),             # 128 x  56 x  56
        conv3=stage(128, conv3, batch_norm), pool3=MaxPool2d(2),            # 256 x  28 x  28
        conv4=stage(256, conv4, batch_norm), pool4=MaxPool2d(2),            # 512 x  14 x  14
        conv5=stage(512, conv5, batch_norm), pool5=MaxPool2d(2),            # 512 x   7 x   7
        classifier=fully_connected(512 * 7 * 7, num_classes),
    )  # fmt: skip
