"""DenseNet. Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks", CVPR 2017,
arXiv:1608.06993, Table 1 (DenseNet-BC).

As the table says, each of its convolutions is the sequence BN-ReLU-convolution; the first one is followed by BN and
ReLU instead, and BN and ReLU end the last dense block. Epsilon is 1e-5, and the pooling pads one pixel on every
side, as in the authors' code. `growth_rate` is the paper's k, `compression` its theta. By the count that gives the
other three their names, DenseNet-264 as the table prints it has 265 layers.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, series


def bn_relu_conv(in_channels: int, out_channels: int, kernel_size: int) -> nn.Module:
    """The composite function of section 3."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
    return series(bn=nn.BatchNorm2d(in_channels), relu=nn.ReLU(), conv=conv)


class DenseLayer(Concat):
    """What came in, and `growth_rate` channels computed from all of it through a bottleneck four times as wide."""

    def __init__(self, channels: int, growth_rate: int) -> None:
        super().__init__(
            identity=nn.Identity(),
            layer=series(
                conv1x1=bn_relu_conv(channels, 4 * growth_rate, 1),
                conv3x3=bn_relu_conv(4 * growth_rate, growth_rate, 3),
            ),
        )


def dense_block(channels: int, layers: int, growth_rate: int) -> nn.Module:
    return series(*[DenseLayer(channels + i * growth_rate, growth_rate) for i in range(layers)])


def transition(in_channels: int, out_channels: int) -> nn.Module:
    return series(conv1x1=bn_relu_conv(in_channels, out_channels, 1), pool=nn.AvgPool2d(2))


# Table 1: layers in dense block (1), (2), (3), (4)
TABLE_1 = {
    "densenet121": (6, 12, 24, 16),
    "densenet169": (6, 12, 32, 32),
    "densenet201": (6, 12, 48, 32),
    "densenet264": (6, 12, 64, 48),
}


@network(TABLE_1)
def densenet(
    layers1: int, layers2: int, layers3: int, layers4: int, /,
    growth_rate: int = 32, compression: float = 0.5, num_classes: int = 1000,
) -> nn.Module:  # fmt: skip
    k = growth_rate
    in1, out1 = 2 * k, (2 + layers1) * k  # channels before and after each dense block
    in2 = int(compression * out1)
    out2 = in2 + layers2 * k
    in3 = int(compression * out2)
    out3 = in3 + layers3 * k
    in4 = int(compression * out3)
    out4 = in4 + layers4 * k
    return series(                                      #    3 x 224 x 224, DenseNet-121
        convolution=Conv(3, in1, 7, 2, eps=1e-5),       #   64 x 112 x 112
        pooling=nn.MaxPool2d(3, 2, 1),                  #   64 x  56 x  56
        dense_block1=dense_block(in1, layers1, k),      #  256 x  56 x  56
        transition1=transition(out1, in2),              #  128 x  28 x  28
        dense_block2=dense_block(in2, layers2, k),      #  512 x  28 x  28
        transition2=transition(out2, in3),              #  256 x  14 x  14
        dense_block3=dense_block(in3, layers3, k),      # 1024 x  14 x  14
        transition3=transition(out3, in4),              #  512 x   7 x   7
        dense_block4=dense_block(in4, layers4, k),      # 1024 x   7 x   7
        classifier=series(
            bn=nn.BatchNorm2d(out4), relu=nn.ReLU(),
            pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(out4, num_classes),
        ),
    )  # fmt: skip
