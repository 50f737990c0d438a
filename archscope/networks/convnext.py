"""ConvNeXt. Liu, Mao, Wu, Feichtenhofer, Darrell, Xie, "A ConvNet for the 2020s", CVPR 2022, arXiv:2201.03545, Table 9
and section 3; its block is Figure 4.

Layer normalisation is over the channels of each pixel. A branch's output is scaled channel by channel (layer scale,
Appendix A.1), by 1e-6 before training. `kernel_size` is that of the depthwise convolutions, which section 2.5 varies.
Stochastic depth, which only training sees, is left out. Epsilon is 1e-6, as in the authors' code.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Residual, series


class LayerNorm(nn.LayerNorm):
    """Layer normalisation of channels x height x width, over the channels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class LayerScale(nn.Module):
    """Each channel times a number that is learnt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(1e-6 * torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma[:, None, None]


class Block(nn.Sequential):
    """Figure 4, right: each channel's surroundings, then an inverted bottleneck of 1x1 convolutions."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)
        self.norm = LayerNorm(channels, 1e-6)
        self.conv1 = nn.Conv2d(channels, 4 * channels, 1)
        self.gelu = nn.GELU()
        self.conv2 = nn.Conv2d(4 * channels, channels, 1)
        self.scale = LayerScale(channels)


def stage(channels: int, blocks: int, kernel_size: int) -> dict[str, nn.Module]:
    return {f"block{i}": Residual(Block(channels, kernel_size)) for i in range(1, blocks + 1)}


def downsample(in_channels: int, out_channels: int) -> dict[str, nn.Module]:
    """Section 2.6: normalisation and a 2x2 convolution of stride 2, between stages."""
    return {"norm": LayerNorm(in_channels, 1e-6), "downsample": nn.Conv2d(in_channels, out_channels, 2, 2)}


# Section 3: channels C and blocks B of the four stages.
VARIANTS = {
    "convnext_tiny": ((96, 192, 384, 768), (3, 3, 9, 3)),
    "convnext_small": ((96, 192, 384, 768), (3, 3, 27, 3)),
    "convnext_base": ((128, 256, 512, 1024), (3, 3, 27, 3)),
    "convnext_large": ((192, 384, 768, 1536), (3, 3, 27, 3)),
}


@network(VARIANTS)
def convnext(
    channels: tuple[int, int, int, int], blocks: tuple[int, int, int, int], /,
    num_classes: int = 1000, kernel_size: int = 7,
) -> nn.Module:  # fmt: skip
    c2, c3, c4, c5 = channels
    b2, b3, b4, b5 = blocks
    return series(                                                             #   3 x 224 x 224, ConvNeXt-T
        stem=series(conv=nn.Conv2d(3, c2, 4, 4), norm=LayerNorm(c2, 1e-6)),    #  96 x  56 x  56
        res2=series(**stage(c2, b2, kernel_size)),                             #  96 x  56 x  56
        res3=series(**downsample(c2, c3), **stage(c3, b3, kernel_size)),       # 192 x  28 x  28
        res4=series(**downsample(c3, c4), **stage(c4, b4, kernel_size)),       # 384 x  14 x  14
        res5=series(**downsample(c4, c5), **stage(c5, b5, kernel_size)),       # 768 x   7 x   7
        classifier=series(
            pool=nn.AdaptiveAvgPool2d(1), norm=LayerNorm(c5, 1e-6), flatten=nn.Flatten(), fc=nn.Linear(c5, num_classes),
        ),
    )  # fmt: skip
