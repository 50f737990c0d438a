"""Inception-v4, Inception-ResNet-v1 and Inception-ResNet-v2 as drawn. Szegedy, Ioffe, Vanhoucke, Alemi,
"Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017, arXiv:1602.07261,
Figures 3 to 19 and Table 1.

The stem's last 3x3 convolution has stride 2, which its figure omits. Branches are listed as in the authors' release,
pooling last; within a branch 1x7 and 7x1 follow each other as in the figures (the release has it the other way
round in the stem, in the longer branch of Inception-B and in Inception-C). Epsilon is 1e-3, average pools do not
count padding and dropout keeps 0.8, as in the release.

The residual networks end each block in a linear 1x1 convolution, with a bias and neither batch normalisation nor
activation, and scale it before the sum (section 3.3: 0.1 to 0.3; here the release's 0.17, 0.10 and 0.20). The figures
of Inception-ResNet-v2 print widths that cannot be added to their inputs: 1154 in Figure 17 and 2048 in Figure 19.
Reduction-A gives 384 + 384 + 384 = 1152 channels and Reduction-B 1152 + 384 + 288 + 320 = 2144, so the linear
convolutions here give 1152 and 2144. The authors' released network of the same name is another one: see
inception_resnet_v2_released.py.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.inception_v3 import auxiliary_head, average_pool
from archscope.networks.layers import Concat, Conv, Residual, V, WithAuxiliaryHeads, chain, repeated, series

ROW, COLUMN = (1, 7), (7, 1)
Activation = type[nn.Module] | None


# ---- the stems ------------------------------------------------------------------------------------------------


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


def resnet_v1_stem() -> nn.Module:
    """Figure 14: 3 x 299 x 299 -> 256 x 35 x 35."""
    return series(
        Conv(3, 32, 3, 2, V),       #  32 x 149 x 149
        Conv(32, 32, 3, 1, V),      #  32 x 147 x 147
        Conv(32, 64, 3),            #  64 x 147 x 147
        nn.MaxPool2d(3, 2),         #  64 x  73 x  73
        Conv(64, 80),
        Conv(80, 192, 3, 1, V),     # 192 x  71 x  71
        Conv(192, 256, 3, 2, V),    # 256 x  35 x  35
    )  # fmt: skip


# ---- the blocks of Inception-v4 -------------------------------------------------------------------------------


def inception_a() -> nn.Module:
    """Figure 4: 384 x 35 x 35."""
    return Concat(
        conv1x1=Conv(384, 96),
        conv3x3=chain(384, (64, 1), (96, 3)),
        double3x3=chain(384, (64, 1), (96, 3), (96, 3)),
        pool=series(average_pool(), Conv(384, 96)),
    )


def inception_b() -> nn.Module:
    """Figure 5: 1024 x 17 x 17."""
    return Concat(
        conv1x1=Conv(1024, 384),
        conv7x7=chain(1024, (192, 1), (224, ROW), (256, COLUMN)),
        double7x7=chain(1024, (192, 1), (192, ROW), (224, COLUMN), (224, ROW), (256, COLUMN)),
        pool=series(average_pool(), Conv(1024, 128)),
    )


def inception_c() -> nn.Module:
    """Figure 6: 1536 x 8 x 8."""
    return Concat(
        conv1x1=Conv(1536, 256),
        conv3x3=series(Conv(1536, 384), split(384)),
        double3x3=series(Conv(1536, 384), Conv(384, 448, (1, 3)), Conv(448, 512, (3, 1)), split(512)),
        pool=series(average_pool(), Conv(1536, 256)),
    )


def split(channels: int) -> nn.Module:
    """The fork that ends two branches of Figure 6."""
    return Concat(conv1x3=Conv(channels, 256, (1, 3)), conv3x1=Conv(channels, 256, (3, 1)))


# ---- the reductions -------------------------------------------------------------------------------------------


def reduction_a(channels: int, k: int, l: int, m: int, n: int) -> nn.Module:  # noqa: E741  the paper's letters
    """Figure 7 with the widths of Table 1: 35 x 35 -> 17 x 17."""
    return Concat(
        conv3x3=Conv(channels, n, 3, 2, V),
        double3x3=chain(channels, (k, 1), (l, 3), (m, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def reduction_b() -> nn.Module:
    """Figure 8: 1024 x 17 x 17 -> 1536 x 8 x 8."""
    return Concat(
        conv3x3=chain(1024, (192, 1), (192, 3, 2, V)),
        conv7x7=chain(1024, (256, 1), (256, ROW), (320, COLUMN), (320, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def resnet_reduction_b(channels: int, single: int = 288, double: tuple[int, int] = (288, 320)) -> nn.Module:
    """Figure 18; Figure 12 with 256 everywhere: 17 x 17 -> 8 x 8."""
    return Concat(
        conv3x3_wide=chain(channels, (256, 1), (384, 3, 2, V)),
        conv3x3=chain(channels, (256, 1), (single, 3, 2, V)),
        double3x3=chain(channels, (256, 1), (double[0], 3), (double[1], 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


# ---- the blocks of Inception-ResNet ---------------------------------------------------------------------------


def inception_resnet(
    branches: Concat, width: int, channels: int, scale: float, activation: Activation = nn.ReLU
) -> nn.Module:
    """`width` channels of concatenated branches, a linear 1x1 convolution back to `channels`, and the sum."""
    return Residual(series(branches, linear=nn.Conv2d(width, channels, 1)), scale=scale, activation=activation)


def inception_resnet_a(channels: int, scale: float, double: tuple[int, int] = (48, 64)) -> nn.Module:
    """Figure 16; Figure 10 with 32 everywhere: 35 x 35."""
    branches = Concat(
        conv1x1=Conv(channels, 32),
        conv3x3=chain(channels, (32, 1), (32, 3)),
        double3x3=chain(channels, (32, 1), (double[0], 3), (double[1], 3)),
    )
    return inception_resnet(branches, 64 + double[1], channels, scale)


def inception_resnet_b(
    channels: int, scale: float, single: int = 192, factorised: tuple[int, int, int] = (128, 160, 192)
) -> nn.Module:
    """Figure 17; Figure 11 with 128 everywhere: 17 x 17."""
    reduce, row, column = factorised
    branches = Concat(
        conv1x1=Conv(channels, single),
        conv7x7=chain(channels, (reduce, 1), (row, ROW), (column, COLUMN)),
    )
    return inception_resnet(branches, single + column, channels, scale)


def inception_resnet_c(
    channels: int, scale: float, activation: Activation = nn.ReLU, factorised: tuple[int, int] = (224, 256)
) -> nn.Module:
    """Figure 19; Figure 13 with 192 everywhere: 8 x 8."""
    row, column = factorised
    branches = Concat(
        conv1x1=Conv(channels, 192),
        conv3x3=chain(channels, (192, 1), (row, (1, 3)), (column, (3, 1))),
    )
    return inception_resnet(branches, 192 + column, channels, scale, activation)


# ---- the networks ---------------------------------------------------------------------------------------------


def classifier(channels: int, num_classes: int) -> nn.Module:
    """Average pooling, dropout that keeps 0.8, softmax's logits."""
    return series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(channels, num_classes))


@network
def inception_v4(num_classes: int = 1000, aux: bool = False) -> nn.Module:
    """Figure 9. The auxiliary head, Inception-v3's, is in the authors' release and not in the figure."""
    stages = dict(                                                          #    3 x 299 x 299
        stem=stem(),                                                        #  384 x  35 x  35
        inception_a=series(*repeated(4, inception_a)),
        reduction_a=reduction_a(384, k=192, l=224, m=256, n=384),           # 1024 x  17 x  17
        inception_b=series(*repeated(7, inception_b)),
        reduction_b=reduction_b(),                                          # 1536 x   8 x   8
        inception_c=series(*repeated(3, inception_c)),
        classifier=classifier(1536, num_classes),                           # 1536
    )  # fmt: skip
    return WithAuxiliaryHeads(stages, {"inception_b": auxiliary_head(1024, num_classes)}) if aux else series(**stages)


@network
def inception_resnet_v1(
    num_classes: int = 1000, scale_a: float = 0.17, scale_b: float = 0.10, scale_c: float = 0.20
) -> nn.Module:
    """Figure 15 with the blocks of version 1."""

    def a() -> nn.Module:
        return inception_resnet_a(256, scale_a, double=(32, 32))

    def b() -> nn.Module:
        return inception_resnet_b(896, scale_b, 128, factorised=(128, 128, 128))

    def c() -> nn.Module:
        return inception_resnet_c(1792, scale_c, factorised=(192, 192))

    return series(                                                          #    3 x 299 x 299
        stem=resnet_v1_stem(),                                              #  256 x  35 x  35
        inception_resnet_a=series(*repeated(5, a)),
        reduction_a=reduction_a(256, k=192, l=192, m=256, n=384),           #  896 x  17 x  17
        inception_resnet_b=series(*repeated(10, b)),
        reduction_b=resnet_reduction_b(896, 256, double=(256, 256)),        # 1792 x   8 x   8
        inception_resnet_c=series(*repeated(5, c)),
        classifier=classifier(1792, num_classes),                           # 1792
    )  # fmt: skip


@network
def inception_resnet_v2(
    num_classes: int = 1000, scale_a: float = 0.17, scale_b: float = 0.10, scale_c: float = 0.20
) -> nn.Module:
    """Figure 15 with the blocks of version 2."""
    return series(                                                                          #    3 x 299 x 299
        stem=stem(),                                                                        #  384 x  35 x  35
        inception_resnet_a=series(*repeated(5, inception_resnet_a, 384, scale_a)),
        reduction_a=reduction_a(384, k=256, l=256, m=384, n=384),                           # 1152 x  17 x  17
        inception_resnet_b=series(*repeated(10, inception_resnet_b, 1152, scale_b)),
        reduction_b=resnet_reduction_b(1152),                                               # 2144 x   8 x   8
        inception_resnet_c=series(*repeated(5, inception_resnet_c, 2144, scale_c)),
        classifier=classifier(2144, num_classes),                                           # 2144
    )  # fmt: skip
