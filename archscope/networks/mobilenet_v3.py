"""MobileNetV3. Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam, "Searching for
MobileNetV3", ICCV 2019, arXiv:1905.02244, Tables 1 and 2; its block is Figure 4.

A gate squeezes to a quarter of the expanded channels (section 5.3) and is a hard sigmoid. `width_multiplier` scales
every layer, but below 1 not the last hidden one, and leaves multiples of 8; a block's expansion keeps its ratio to the
channels that enter, as in the authors' code. Convolutions marked NBN have a bias and no batch normalisation; they are
the fully connected layers. Table 2 has a gate (SE) in its row `conv2d, 1x1` of 576 channels, which the authors' code
and the ports leave out, and so does this one. Epsilon is 1e-3. Strided convolutions pad k // 2 on every side, the
authors' framework one pixel less on the left and top where the size is even, which shifts values and changes no shape
or count.
"""

from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, InvertedResidual, rounded, series, with_shortcut

Row = tuple[int, int, int, bool, Literal["RE", "HS"], int]
NONLINEARITIES: dict[str, type[nn.Module]] = {"RE": nn.ReLU, "HS": nn.Hardswish}

# Each row: kernel size, exp size, #out, SE, NL, s.
TABLE_1: list[Row] = [  # Large
    (3,  16,  16, False, "RE", 1),  # 112 x 112
    (3,  64,  24, False, "RE", 2),  #  56 x  56
    (3,  72,  24, False, "RE", 1),
    (5,  72,  40, True,  "RE", 2),  #  28 x  28
    (5, 120,  40, True,  "RE", 1),
    (5, 120,  40, True,  "RE", 1),
    (3, 240,  80, False, "HS", 2),  #  14 x  14
    (3, 200,  80, False, "HS", 1),
    (3, 184,  80, False, "HS", 1),
    (3, 184,  80, False, "HS", 1),
    (3, 480, 112, True,  "HS", 1),
    (3, 672, 112, True,  "HS", 1),
    (5, 672, 160, True,  "HS", 2),  #   7 x   7
    (5, 960, 160, True,  "HS", 1),
    (5, 960, 160, True,  "HS", 1),
]  # fmt: skip
TABLE_2: list[Row] = [  # Small
    (3,  16,  16, True,  "RE", 2),  #  56 x  56
    (3,  72,  24, False, "RE", 2),  #  28 x  28
    (3,  88,  24, False, "RE", 1),
    (5,  96,  40, True,  "HS", 2),  #  14 x  14
    (5, 240,  40, True,  "HS", 1),
    (5, 240,  40, True,  "HS", 1),
    (5, 120,  48, True,  "HS", 1),
    (5, 144,  48, True,  "HS", 1),
    (5, 288,  96, True,  "HS", 2),  #   7 x   7
    (5, 576,  96, True,  "HS", 1),
    (5, 576,  96, True,  "HS", 1),
]  # fmt: skip


class Bneck(InvertedResidual):
    """Figure 4."""


def mobilenet_v3(rows: list[Row], last: int, num_classes: int, width_multiplier: float) -> nn.Module:
    """A table: 3x3 convolution, its rows of bneck, and the efficient last stage of Figure 5."""

    def c(channels: int) -> int:
        return rounded(channels * width_multiplier)

    channels, unscaled = c(16), 16
    layers: dict[str, nn.Module] = {"conv1": Conv(3, channels, 3, 2, activation=nn.Hardswish)}  # 112 x 112
    for number, (kernel_size, exp_size, out, se, nl, s) in enumerate(rows, 1):
        expanded = rounded(channels * exp_size / unscaled)
        squeezed = rounded(expanded / 4) if se else 0
        body = Bneck(channels, c(out), expanded, kernel_size, s, squeezed, NONLINEARITIES[nl], nn.Hardsigmoid)
        layers[f"bneck{number}"] = with_shortcut(body, channels, c(out), s)
        channels, unscaled = c(out), out
    wide, widest = 6 * channels, rounded(last * max(1, width_multiplier))
    return series(
        **layers,
        conv2=Conv(channels, wide, 1, activation=nn.Hardswish),  # 7 x 7
        classifier=series(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            fc1=nn.Linear(wide, widest), hardswish=nn.Hardswish(), dropout=nn.Dropout(0.2),
            fc2=nn.Linear(widest, num_classes),
        ),
    )  # fmt: skip


@network
def mobilenet_v3_large(num_classes: int = 1000, width_multiplier: float = 1.0) -> nn.Module:
    return mobilenet_v3(TABLE_1, 1280, num_classes, width_multiplier)


@network
def mobilenet_v3_small(num_classes: int = 1000, width_multiplier: float = 1.0) -> nn.Module:
    return mobilenet_v3(TABLE_2, 1024, num_classes, width_multiplier)
