"""Inception-ResNet-v2 as drawn. Szegedy, Ioffe, Vanhoucke, Alemi, "Inception-v4, Inception-ResNet and the Impact
of Residual Connections on Learning", AAAI 2017, arXiv:1602.07261, Figures 3, 7, 15 to 19 and Table 1.

The figures print widths that cannot be added to their inputs: 1154 in Figure 17 and 2048 in Figure 19. Reduction-A
gives 384 + 384 + 384 = 1152 channels and Reduction-B 1152 + 384 + 288 + 320 = 2144, so the linear convolutions
here give 1152 and 2144. They have a bias and neither batch normalisation nor activation. The stem's last 3x3
convolution has stride 2, which its figure omits. Residuals are scaled (section 3.3: 0.1 to 0.3; here the
authors' released 0.17, 0.10 and 0.20). The authors' released network of the same name is another one:
see inception_resnet_v2_released.py.
"""

from torch import nn

from archscope.layers import Concat, Conv, Residual, V, chain, series
from archscope.networks import network

ROW, COLUMN = (1, 7), (7, 1)


def stem() -> nn.Module:
    """Figure 3: 3 x 299 x 299 -> 384 x 35 x 35."""
    return series(
        Conv(3, 32, 3, 2, V),                                                   #  32 x 149 x 149
        Conv(32, 32, 3, 1, V),                                                  #  32 x 147 x 147
        Conv(32, 64, 3),                                                        #  64 x 147 x 147
        Concat(pool=nn.MaxPool2d(3, 2), conv=Conv(64, 96, 3, 2, V)),            # 160 x  73 x  73
        Concat(
            conv3x3=chain(160, (64, 1), (96, 3, 1, V)),
            conv7x7=chain(160, (64, 1), (64, COLUMN), (64, ROW), (96, 3, 1, V)),
        ),                                                                      # 192 x  71 x  71
        Concat(conv=Conv(192, 192, 3, 2, V), pool=nn.MaxPool2d(3, 2)),          # 384 x  35 x  35
    )  # fmt: skip


def inception_resnet(
    branches: Concat, width: int, channels: int, scale: float, activation: type[nn.Module] | None = nn.ReLU
) -> nn.Module:
    """`width` channels of concatenated branches, a linear 1x1 convolution back to `channels`, and the sum."""
    return Residual(series(branches, linear=nn.Conv2d(width, channels, 1)), scale=scale, activation=activation)


def inception_resnet_a(channels: int, scale: float) -> nn.Module:
    """Figure 16: 35 x 35."""
    branches = Concat(
        conv1x1=Conv(channels, 32),
        conv3x3=chain(channels, (32, 1), (32, 3)),
        double3x3=chain(channels, (32, 1), (48, 3), (64, 3)),
    )
    return inception_resnet(branches, 128, channels, scale)


def reduction_a(channels: int, k: int, l: int, m: int, n: int) -> nn.Module:  # noqa: E741  the paper's letters
    """Figure 7 with the widths of Table 1: 35 x 35 -> 17 x 17."""
    return Concat(
        conv3x3=Conv(channels, n, 3, 2, V),
        double3x3=chain(channels, (k, 1), (l, 3), (m, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def inception_resnet_b(channels: int, scale: float) -> nn.Module:
    """Figure 17: 17 x 17."""
    branches = Concat(
        conv1x1=Conv(channels, 192),
        conv7x7=chain(channels, (128, 1), (160, ROW), (192, COLUMN)),
    )
    return inception_resnet(branches, 384, channels, scale)


def reduction_b(channels: int) -> nn.Module:
    """Figure 18: 17 x 17 -> 8 x 8."""
    return Concat(
        conv3x3_wide=chain(channels, (256, 1), (384, 3, 2, V)),
        conv3x3=chain(channels, (256, 1), (288, 3, 2, V)),
        double3x3=chain(channels, (256, 1), (288, 3), (320, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def inception_resnet_c(
    channels: int, scale: float, activation: type[nn.Module] | None = nn.ReLU
) -> nn.Module:
    """Figure 19: 8 x 8."""
    branches = Concat(
        conv1x1=Conv(channels, 192),
        conv3x3=chain(channels, (192, 1), (224, (1, 3)), (256, (3, 1))),
    )
    return inception_resnet(branches, 448, channels, scale, activation)


def classifier(channels: int, num_classes: int) -> nn.Module:
    """Average pooling, dropout that keeps 0.8, softmax's logits."""
    return series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(channels, num_classes))


@network
def inception_resnet_v2(
    num_classes: int = 1000, scale_a: float = 0.17, scale_b: float = 0.10, scale_c: float = 0.20
) -> nn.Module:
    return series(                                                                          #    3 x 299 x 299
        stem=stem(),                                                                        #  384 x  35 x  35
        inception_resnet_a=series(*[inception_resnet_a(384, scale_a) for _ in range(5)]),
        reduction_a=reduction_a(384, k=256, l=256, m=384, n=384),                           # 1152 x  17 x  17
        inception_resnet_b=series(*[inception_resnet_b(1152, scale_b) for _ in range(10)]),
        reduction_b=reduction_b(1152),                                                      # 2144 x   8 x   8
        inception_resnet_c=series(*[inception_resnet_c(2144, scale_c) for _ in range(5)]),
        classifier=classifier(2144, num_classes),                                           # 2144
    )  # fmt: skip
