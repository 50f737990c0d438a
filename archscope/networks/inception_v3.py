"""Inception-v3. Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception Architecture for Computer
Vision", CVPR 2016, arXiv:1512.00567, Figures 5, 6, 7 and 10.

This is the reference network (the authors' released one, also in Keras, torchvision and timm), not Table 1 taken
literally, whose cost the paper's abstract contradicts. It differs from Table 1 so: a 1x1 convolution to 80
channels, then 3x3 to 192 and a pooling; the first module gives 256 channels; 5x5 stays in the 35x35 modules; four
17x17 modules and two 8x8, the reductions being the others. stem="table1" is the table to the letter: three 35x35
modules without 5x5 and five at 17x17 (their widths are not printed; here 128, 160, 160, 160, 192), its last 3x3
padded, since its size demands it. Average pooling does not count padding, as in the authors' framework
(torchvision's port counts it). Dropout keeps 0.8.
"""

from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, Size, V, WithAuxiliaryHeads, chain, repeated, series


def reference_stem() -> nn.Module:
    """3 x 299 x 299 -> 192 x 35 x 35."""
    return series(
        Conv(3, 32, 3, 2, V),       #  32 x 149 x 149
        Conv(32, 32, 3, 1, V),      #  32 x 147 x 147
        Conv(32, 64, 3),            #  64 x 147 x 147
        nn.MaxPool2d(3, 2),         #  64 x  73 x  73
        Conv(64, 80),
        Conv(80, 192, 3, 1, V),     # 192 x  71 x  71
        nn.MaxPool2d(3, 2),         # 192 x  35 x  35
    )  # fmt: skip


def table_1_stem() -> nn.Module:
    """3 x 299 x 299 -> 288 x 35 x 35."""
    return series(
        Conv(3, 32, 3, 2, V),       #  32 x 149 x 149
        Conv(32, 32, 3, 1, V),      #  32 x 147 x 147
        Conv(32, 64, 3),            #  64 x 147 x 147
        nn.MaxPool2d(3, 2),         #  64 x  73 x  73
        Conv(64, 80, 3, 1, V),      #  80 x  71 x  71
        Conv(80, 192, 3, 2, V),     # 192 x  35 x  35
        Conv(192, 288, 3),          # 288 x  35 x  35
    )  # fmt: skip


def average_pool() -> nn.Module:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


def inception_a(channels: int, pool: int, kernel_size: int = 5) -> nn.Module:
    """Figure 5: 35 x 35, 64 + 64 + 96 + `pool` channels out. The figure's second branch is 3x3, the reference's 5x5."""
    return Concat(
        conv1x1=Conv(channels, 64),
        **{f"conv{kernel_size}x{kernel_size}": chain(channels, (48, 1), (64, kernel_size))},
        double3x3=chain(channels, (64, 1), (96, 3), (96, 3)),
        pool=series(average_pool(), Conv(channels, pool)),
    )


def reduction_a() -> nn.Module:
    """Figure 10: 288 x 35 x 35 -> 768 x 17 x 17."""
    return Concat(
        conv3x3=Conv(288, 384, 3, 2, V),
        double3x3=chain(288, (64, 1), (96, 3), (96, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def inception_b(width: int) -> nn.Module:
    """Figure 6 with n = 7: 768 x 17 x 17 -> 768 x 17 x 17."""
    row, column = (1, 7), (7, 1)
    return Concat(
        conv1x1=Conv(768, 192),
        conv7x7=chain(768, (width, 1), (width, row), (192, column)),
        double7x7=chain(768, (width, 1), (width, column), (width, row), (width, column), (192, row)),
        pool=series(average_pool(), Conv(768, 192)),
    )


def reduction_b() -> nn.Module:
    """768 x 17 x 17 -> 1280 x 8 x 8."""
    return Concat(
        conv3x3=chain(768, (192, 1), (320, 3, 2, V)),
        conv7x7=chain(768, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, V)),
        pool=nn.MaxPool2d(3, 2),
    )


def split(channels: int, *kernel_sizes: Size) -> nn.Module:
    """The fork that ends the branches of Figure 7."""
    row, column = kernel_sizes
    return Concat(conv1x3=Conv(channels, 384, row), conv3x1=Conv(channels, 384, column))


def inception_c(channels: int) -> nn.Module:
    """Figure 7: 8 x 8, 2048 channels out."""
    return Concat(
        conv1x1=Conv(channels, 320),
        conv3x3=series(Conv(channels, 384), split(384, (1, 3), (3, 1))),
        double3x3=series(Conv(channels, 448), Conv(448, 384, 3), split(384, (1, 3), (3, 1))),
        pool=series(average_pool(), Conv(channels, 192)),
    )


def auxiliary_head(channels: int, num_classes: int) -> nn.Module:
    """The side classifier on the last 17 x 17 grid, with batch normalisation (section 4)."""
    return series(
        nn.AvgPool2d(5, 3),         # channels x 5 x 5
        Conv(channels, 128),
        Conv(128, 768, 5, 1, V),    # 768 x 1 x 1
        nn.Flatten(),
        fc=nn.Linear(768, num_classes),
    )  # fmt: skip


@network
def inception_v3(
    num_classes: int = 1000, aux: bool = False, stem: Literal["reference", "table1"] = "reference"
) -> nn.Module:
    if stem == "table1":
        start, widths = table_1_stem(), [128, 160, 160, 160, 192]
        modules = repeated(3, inception_a, 288, 64, kernel_size=3)
    else:
        start, widths = reference_stem(), [128, 160, 160, 192]
        modules = [inception_a(192, 32), inception_a(256, 64), inception_a(288, 64)]
    stages = {
        "stem": start,                      #  192 x  35 x  35
        "inception_a": series(*modules),    #  288 x  35 x  35
        "reduction_a": reduction_a(),       #  768 x  17 x  17
        "inception_b": series(*[inception_b(width) for width in widths]),
        "reduction_b": reduction_b(),       # 1280 x   8 x   8
        "inception_c": series(inception_c(1280), inception_c(2048)),
        "classifier": series(
            nn.AdaptiveAvgPool2d(1),        # 2048
            nn.Flatten(),
            nn.Dropout(0.2),
            fc=nn.Linear(2048, num_classes),
        ),
    }  # fmt: skip
    return WithAuxiliaryHeads(stages, {"inception_b": auxiliary_head(768, num_classes)}) if aux else series(**stages)
