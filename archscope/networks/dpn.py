"""DPN. Chen, Li, Xiao, Jin, Yan, Feng, "Dual Path Networks", NeurIPS 2017, arXiv:1707.01629, Table 1; its block is
Figure 2(d).

Batch normalisation and ReLU come before each convolution of a block, and after the last block. What flows from block to
block is one tensor: the residual path's channels, to which each block adds, and after them the densely connected
path's, which each block lengthens. Where a stage begins, a 1x1 convolution gives it both. The fully connected layer is
a 1x1 convolution in the authors' release, which is the same function. Epsilon is 1e-3.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Conv, series


def bn_relu_conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> nn.Module:
    pad = kernel_size // 2
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, pad, groups=groups, bias=False)
    return series(bn=nn.BatchNorm2d(in_channels, 1e-3), relu=nn.ReLU(), conv=conv)


class DualPathBlock(nn.Module):
    """Of what the body gives, `residual` channels are added to as many, and the others concatenated to all."""

    def __init__(self, body: nn.Module, projection: nn.Module | None, residual: int) -> None:
        super().__init__()
        self.body = body
        self.projection = nn.Identity() if projection is None else projection
        self.residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        path = self.projection(x)
        body = self.body(x)
        added = path[:, : self.residual] + body[:, : self.residual]
        return torch.cat([added, path[:, self.residual :], body[:, self.residual :]], 1)


def stage(
    in_channels: int, width: int, residual: int, dense: int, blocks: int, groups: int, stride: int = 2
) -> tuple[nn.Module, int]:
    """A row of Table 1, [1x1 width; 3x3 width; 1x1 residual (+dense)] x blocks, and how many channels leave it."""
    made: dict[str, nn.Module] = {}
    for number in range(1, blocks + 1):
        first = number == 1
        body = series(
            conv1=bn_relu_conv(in_channels, width, 1),
            conv2=bn_relu_conv(width, width, 3, stride if first else 1, groups),
            conv3=bn_relu_conv(width, residual + dense, 1),
        )
        projection = bn_relu_conv(in_channels, residual + 2 * dense, 1, stride) if first else None
        made[f"block{number}"] = DualPathBlock(body, projection, residual)
        in_channels = residual + 3 * dense if first else in_channels + dense
    return series(**made), in_channels


@network
def dpn92(num_classes: int = 1000) -> nn.Module:
    conv2, c2 = stage(64, 96, 256, 16, 3, 32, stride=1)
    conv3, c3 = stage(c2, 192, 512, 32, 4, 32)
    conv4, c4 = stage(c3, 384, 1024, 24, 20, 32)
    conv5, c5 = stage(c4, 768, 2048, 128, 3, 32)
    return series(                              #    3 x 224 x 224
        conv1=Conv(3, 64, 7, 2),                #   64 x 112 x 112
        maxpool=nn.MaxPool2d(3, 2, 1),          #   64 x  56 x  56
        conv2=conv2,                            #  336 x  56 x  56
        conv3=conv3,                            #  704 x  28 x  28
        conv4=conv4,                            # 1552 x  14 x  14
        conv5=conv5,                            # 2688 x   7 x   7
        classifier=series(
            bn=nn.BatchNorm2d(c5, 1e-3), relu=nn.ReLU(),
            pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(c5, num_classes),
        ),
    )  # fmt: skip
