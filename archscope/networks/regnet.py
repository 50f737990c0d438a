"""RegNet. Radosavovic, Kosaraju, Girshick, He, Dollár, "Designing Network Design Spaces", CVPR 2020, arXiv:2003.13678,
Figures 15 and 16; their body is Figure 3 and their block Figure 4.

The widths of all blocks follow from four numbers by equations 2 to 4, in multiples of 8 and then of the group width,
which is no more than a stage is wide. `bottleneck_ratio` is the paper's b, which its best networks leave at 1. RegNetY
is RegNetX with a squeeze-and-excitation gate after each 3x3 convolution, to a quarter of what enters the block (section
4.3). Epsilon is 1e-5.
"""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from math import log

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Residual, SqueezeExcitation, row, series
from archscope.networks.resnet import classifier, conv, shortcut


def widths_of(depth: int, w_0: float, w_a: float, w_m: float) -> list[tuple[int, int]]:
    """Equations 2 to 4: how wide each stage is, and how many blocks it has."""
    linear = [w_0 + w_a * j for j in range(depth)]
    steps = [round(log(u / w_0) / log(w_m)) for u in linear]
    quantised = [8 * round(w_0 * w_m**s / 8) for s in steps]
    return [(width, len(list(blocks))) for width, blocks in groupby(quantised)]


class Block(Residual):
    """Figure 4: 1x1, 3x3 in groups, a gate in RegNetY, 1x1."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, group_width: int, bottleneck_ratio: int, gated: bool
    ) -> None:
        width = out_channels // bottleneck_ratio
        gate = {"se": SqueezeExcitation(width, in_channels // 4)} if gated else {}
        body = series(
            conv1=conv(in_channels, width, 1),
            conv2=conv(width, width, 3, stride, groups=width // group_width),
            **gate,
            conv3=conv(width, out_channels, 1, activation=None),
        )
        super().__init__(body, shortcut(in_channels, out_channels, stride), activation=nn.ReLU)


def regnet(
    depth: int, w_0: int, w_a: float, w_m: float, group_width: int, num_classes: int, bottleneck_ratio: int, gated: bool
) -> nn.Module:
    """Figure 3: a stem, four stages, a head."""
    stages: dict[str, nn.Module] = {}
    channels = 32
    for number, (wide, blocks) in enumerate(widths_of(depth, w_0, w_a, w_m), 1):
        g = min(group_width, wide // bottleneck_ratio)
        width = g * bottleneck_ratio * round(wide / (g * bottleneck_ratio))
        block: Callable[..., nn.Module] = partial(Block, group_width=g, bottleneck_ratio=bottleneck_ratio, gated=gated)
        stages[f"stage{number}"] = row(block, channels, width, blocks, 2)  # 56, 28, 14, 7
        channels = width
    return series(
        stem=conv(3, 32, 3, 2),  # 32 x 112 x 112
        **stages,
        head=classifier(channels, num_classes),
    )


# Depth d, w_0, w_a, w_m, group width g.
FIGURE_15 = {
    "regnet_x_400mf": (22, 24, 24.48, 2.54, 16),
    "regnet_x_800mf": (16, 56, 35.73, 2.28, 16),
    "regnet_x_1_6gf": (18, 80, 34.01, 2.25, 24),
    "regnet_x_3_2gf": (25, 88, 26.31, 2.25, 48),
    "regnet_x_8gf": (23, 80, 49.56, 2.88, 120),
    "regnet_x_16gf": (22, 216, 55.59, 2.1, 128),
    "regnet_x_32gf": (23, 320, 69.86, 2.0, 168),
}
FIGURE_16 = {
    "regnet_y_400mf": (16, 48, 27.89, 2.09, 8),
    "regnet_y_800mf": (14, 56, 38.84, 2.4, 16),
    "regnet_y_1_6gf": (27, 48, 20.71, 2.65, 24),
    "regnet_y_3_2gf": (21, 80, 42.63, 2.66, 24),
    "regnet_y_8gf": (17, 192, 76.82, 2.19, 56),
    "regnet_y_16gf": (18, 200, 106.23, 2.48, 112),
    "regnet_y_32gf": (20, 232, 115.89, 2.53, 232),
}


@network(FIGURE_15)
def regnet_x(
    depth: int,
    w_0: int,
    w_a: float,
    w_m: float,
    group_width: int,
    /,
    num_classes: int = 1000,
    bottleneck_ratio: int = 1,
) -> nn.Module:
    return regnet(depth, w_0, w_a, w_m, group_width, num_classes, bottleneck_ratio, gated=False)


@network(FIGURE_16)
def regnet_y(
    depth: int,
    w_0: int,
    w_a: float,
    w_m: float,
    group_width: int,
    /,
    num_classes: int = 1000,
    bottleneck_ratio: int = 1,
) -> nn.Module:
    return regnet(depth, w_0, w_a, w_m, group_width, num_classes, bottleneck_ratio, gated=True)
