"""Xception. François Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017,
arXiv:1610.02357, Figure 5, read top to bottom.

As in the figure, batch normalisation follows every Conv and SeparableConv and is not drawn; the figure's ReLU
after each of the first two convolutions is part of `Conv`. Epsilon is 1e-3, as in the author's code (ports to
torch use 1e-5). Strided pooling pads one pixel on every side; the author's framework pads only right and
bottom where the size is even (here: 74 to 37), which shifts values and changes no shape or count: pooling="same".

What the paper varies are options: no residual connections (Figure 9), an activation between depthwise and
pointwise convolution (Figure 10), two fully connected layers of 4096 units (Table 2). Its ImageNet training drops out
half of the features before the classifier (dropout=0.5), which Figure 5 does not draw; on JFT, num_classes=17000.

`segments` is the spectrum of section 1.2: every separable convolution filters so many segments of its channels, each
jointly: segments=1 has regular 3x3 convolutions, segments="depthwise" is the paper's network. Its 1x1 convolution comes
after them, as in the author's code; order="pointwise-first" is the Inception module's. Where a convolution has fewer
channels than segments, it has one per channel. `width_multiplier` scales every width but the fully connected layers'.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn import ReLU

from archscope.networks import network
from archscope.networks.layers import Conv, Residual, repeated, series
from archscope.networks.segmented import SegmentedConv, SeparableConv, partitions

BETWEEN: dict[str, type[nn.Module] | None] = {"none": None, "relu": nn.ReLU, "elu": nn.ELU}


class MaxPoolSame(nn.MaxPool2d):
    """3x3 pooling with stride 2 that pads an even size at the right and bottom only, an odd one on every side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[-2:]
        return nn.functional.max_pool2d(x, 3, 2, padding=(height % 2, width % 2), ceil_mode=True)


POOLS: dict[str, Callable[[], nn.Module]] = {
    "symmetric": partial(nn.MaxPool2d, 3, 2, padding=1),
    "same": partial(MaxPoolSame, 3, 2),
}


class Block(Residual):
    """(ReLU, SeparableConv) for each step in `channels`; a strided block pools, and projects its shortcut."""

    def __init__(
        self,
        *channels: int,
        stride: int = 1,
        first_relu: bool = True,
        separable_conv: Callable[..., nn.Module] = SeparableConv,
        pool: Callable[[], nn.Module] = POOLS["symmetric"],
        residual: bool = True,
    ) -> None:
        layers = [layer for step in pairwise(channels) for layer in (ReLU(), separable_conv(*step))]
        shortcut = None
        if stride > 1:
            layers.append(pool())
            shortcut = Conv(channels[0], channels[-1], 1, stride, activation=None) if residual else None
        super().__init__(series(*layers[0 if first_relu else 1 :]), shortcut)
        self.residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = super().forward(x) if self.residual else self.body(x)
        return y


def classifier(channels: int, num_classes: int, fully_connected: bool) -> nn.Module:
    if not fully_connected:
        return nn.Linear(channels, num_classes)
    return series(
        fc1=nn.Linear(channels, 4096), relu1=ReLU(),
        fc2=nn.Linear(4096, 4096), relu2=ReLU(),
        fc3=nn.Linear(4096, num_classes),
    )  # fmt: skip


@network
def xception(
    num_classes: int = 1000,
    residual: bool = True,
    activation: Literal["none", "relu", "elu"] = "none",
    fully_connected: bool = False,
    dropout: float = 0.0,
    depth_multiplier: int = 1,
    middle_blocks: int = 8,
    pooling: Literal["symmetric", "same"] = "symmetric",
    segments: int | Literal["depthwise"] = "depthwise",
    order: Literal["depthwise-first", "pointwise-first"] = "depthwise-first",
    width_multiplier: float = 1.0,
) -> nn.Module:
    def c(channels: int) -> int:
        return max(1, round(channels * width_multiplier))

    partition = partitions(segments, c(1536) if order == "depthwise-first" else c(2048))
    unit = SeparableConv if segments == "depthwise" else partial(SegmentedConv, segments=partition, eps=1e-3)
    separable = partial(unit, depth_multiplier=depth_multiplier, order=order, between=BETWEEN[activation])
    block = partial(Block, separable_conv=separable, pool=POOLS[pooling], residual=residual)

    return series(
        entry_flow=series(                                                #    3 x 299 x 299
            Conv(3, c(32), 3, 2, "valid"),                                #   32 x 149 x 149
            Conv(c(32), c(64), 3, 1, "valid"),                            #   64 x 147 x 147
            block(c(64), c(128), c(128), stride=2, first_relu=False),     #  128 x  74 x  74
            block(c(128), c(256), c(256), stride=2),                      #  256 x  37 x  37
            block(c(256), c(728), c(728), stride=2),                      #  728 x  19 x  19
        ),
        middle_flow=series(*repeated(middle_blocks, block, c(728), c(728), c(728), c(728))),
        exit_flow=series(
            block(c(728), c(728), c(1024), stride=2),                     # 1024 x  10 x  10
            separable(c(1024), c(1536)), ReLU(),
            separable(c(1536), c(2048)), ReLU(),                          # 2048 x  10 x  10
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),                        # 2048
            *([nn.Dropout(dropout)] if dropout else []),
        ),
        classifier=classifier(c(2048), num_classes, fully_connected),
    )  # fmt: skip
