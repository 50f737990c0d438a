"""Modified aligned Xception. Chen, Zhu, Papandreou, Schroff, Adam, "Encoder-Decoder with Atrous Separable Convolution
for Semantic Image Segmentation" (DeepLabv3+), ECCV 2018, arXiv:1802.02611, Figure 4: Xception-65. The authors' release
also has 41 and 71, with a shorter middle flow and a longer entry flow.

The figure is Xception with more layers, strided separable convolutions for all max pooling, and batch normalisation
after each depthwise convolution. `relu="between"` follows section 3.3, which adds a ReLU there; as released ("before"),
a ReLU comes before each separable convolution instead, but for the last block, whose ReLUs are between and after.
Epsilon is 1e-3, as in the authors' code. Strided convolutions pad one pixel on every side.
"""

from itertools import pairwise
from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, Residual, series

Relu = Literal["before", "between"]


class SeparableConv(nn.Sequential):
    """Depthwise and pointwise convolution, each with batch normalisation."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, relu: Relu = "before") -> None:
        super().__init__()
        if relu == "before":
            self.relu = nn.ReLU()
        activation = nn.ReLU if relu == "between" else None
        self.depthwise = Conv(in_channels, in_channels, 3, stride, groups=in_channels, activation=activation)
        self.pointwise = Conv(in_channels, out_channels, 1, activation=activation)


def block(*channels: int, stride: int = 1, relu: Relu) -> nn.Module:
    """Three separable convolutions, the last with the stride, and a shortcut, a projection where the size changes."""
    steps = list(pairwise(channels))
    body = series(*[SeparableConv(*step, stride if step is steps[-1] else 1, relu) for step in steps])
    same_size = stride == 1 and channels[0] == channels[-1]
    return Residual(body, None if same_size else Conv(channels[0], channels[-1], 1, stride, activation=None))


FIGURE_4 = [(64, 128, 2), (128, 256, 2), (256, 728, 2)]
LONGER = [(64, 128, 2), (128, 256, 1), (256, 256, 2), (256, 728, 1), (728, 728, 2)]
# Of each block of the entry flow its channels in and out and its stride; and how many blocks the middle flow has.
VARIANTS = {
    "xception41": (FIGURE_4, 8),
    "xception65": (FIGURE_4, 16),
    "xception71": (LONGER, 16),
}


@network(VARIANTS)
def xception(
    blocks: list[tuple[int, int, int]], middle: int, /,
    num_classes: int = 1000, relu: Literal["before", "between"] = "before",
) -> nn.Module:  # fmt: skip
    entry = {f"block{i}": block(into, out, out, out, stride=s, relu=relu) for i, (into, out, s) in enumerate(blocks, 1)}
    return series(
        entry_flow=series(                                                         #    3 x 299 x 299
            Conv(3, 32, 3, 2),                                                     #   32 x 150 x 150
            Conv(32, 64, 3),                                                       #   64 x 150 x 150
            **entry,                                                               #  728 x  19 x  19
        ),
        middle_flow=series(
            **{f"block{i}": block(728, 728, 728, 728, relu=relu) for i in range(1, middle + 1)}
        ),
        exit_flow=series(
            block=block(728, 728, 1024, 1024, stride=2, relu=relu),                # 1024 x  10 x  10
            separableconv1=SeparableConv(1024, 1536, relu="between"),
            separableconv2=SeparableConv(1536, 1536, relu="between"),
            separableconv3=SeparableConv(1536, 2048, relu="between"),              # 2048 x  10 x  10
        ),
        classifier=series(nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc=nn.Linear(2048, num_classes)),
    )  # fmt: skip
