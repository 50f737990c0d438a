"""BN-Inception. Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
Covariate Shift", ICML 2015, arXiv:1502.03167, Figure 5, a line of code a row.

Figure 5 contradicts itself: inception (4c) and (4d) print 576 channels, but their filters sum to 608.
`reading="filters"` keeps the filters, and 4e then gives 1056 channels instead of 1024; `reading="sizes"` keeps the
sizes, with a pool projection of 96 in both. The figure prints the size of what enters (3c) and (4e), which have
stride 2. As the appendix says, the first convolution is separable with depth multiplier 8; `separable_conv1=False`
is the plain 7x7 of most ports. Convolutions have no bias, epsilon is 1e-3 and average pools do not count padding,
as in TF-slim. Strided convolutions pad one pixel on every side (the authors' framework: right and bottom only),
strided poolings take a last partial window.
"""

from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, chain, series
from archscope.networks.segmented import SeparableConv


def pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def average_pool() -> nn.Module:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


def inception(
    channels: int,
    conv1x1: int,
    conv3x3: tuple[int, int],
    double3x3: tuple[int, int],
    projection: int,
    pooling: nn.Module | None = None,
) -> nn.Module:
    """Stride 1; pairs are the columns `reduce` and `filters`. Average pooling unless another is given."""
    return Concat(
        conv1x1=Conv(channels, conv1x1),
        conv3x3=chain(channels, (conv3x3[0], 1), (conv3x3[1], 3)),
        double3x3=chain(channels, (double3x3[0], 1), (double3x3[1], 3), (double3x3[1], 3)),
        pool=series(pooling or average_pool(), Conv(channels, projection)),
    )


def reduction(channels: int, conv3x3: tuple[int, int], double3x3: tuple[int, int]) -> nn.Module:
    """Stride 2: no 1x1 branch, and the pooling passes its channels through."""
    return Concat(
        conv3x3=chain(channels, (conv3x3[0], 1), (conv3x3[1], 3, 2)),
        double3x3=chain(channels, (double3x3[0], 1), (double3x3[1], 3), (double3x3[1], 3, 2)),
        pool=pool(),
    )


def separable() -> nn.Module:
    return series(SeparableConv(3, 64, 7, 2, depth_multiplier=8), nn.ReLU())


@network
def bn_inception(
    num_classes: int = 1000,
    reading: Literal["filters", "sizes"] = "filters",
    separable_conv1: bool = True,
) -> nn.Module:
    projection = {"filters": 128, "sizes": 96}[reading]
    grid14 = 480 + projection  # 608 or 576
    return series(                                                                          #    3 x 224 x 224
        conv1=separable() if separable_conv1 else Conv(3, 64, 7, 2),                        #   64 x 112 x 112
        pool1=pool(),                                                                       #   64 x  56 x  56
        conv2=chain(64, (64, 1), (192, 3)),                                                 #  192 x  56 x  56
        pool2=pool(),                                                                       #  192 x  28 x  28
        inception_3a=inception(192, 64, (64, 64), (64, 96), 32),                            #  256 x  28 x  28
        inception_3b=inception(256, 64, (64, 96), (64, 96), 64),                            #  320 x  28 x  28
        inception_3c=reduction(320, (128, 160), (64, 96)),                                  #  576 x  14 x  14
        inception_4a=inception(576, 224, (64, 96), (96, 128), 128),
        inception_4b=inception(576, 192, (96, 128), (96, 128), 128),
        inception_4c=inception(576, 160, (128, 160), (128, 160), projection),
        inception_4d=inception(grid14, 96, (128, 192), (160, 192), projection),
        inception_4e=reduction(grid14, (128, 192), (192, 256)),                             # 1056 x   7 x   7
        inception_5a=inception(448 + grid14, 352, (192, 320), (160, 224), 128),
        inception_5b=inception(1024, 352, (192, 320), (192, 224), 128, nn.MaxPool2d(3, 1, 1)),
        classifier=series(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),                                          # 1024
            fc=nn.Linear(1024, num_classes),
        ),
    )  # fmt: skip
