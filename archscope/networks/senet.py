"""SENet. Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018, arXiv:1709.01507, Table 1 and Figure 3; for
SENet-154 the appendix.

A block is that of ResNet or ResNeXt with a squeeze-and-excitation gate on its body, before the sum; `reduction` is
the paper's r. The gate's fully connected layers have a bias and are 1x1 convolutions, as in the authors' Caffe
release. The release puts the stride of an SE-ResNet on the first 1x1 convolution, `stride="3x3"` where torchvision
does; SE-ResNeXt and SENet-154 have it on the 3x3. SENet-154 differs from SE-ResNeXt-152 (64x4d) so: half the
channels in the first 1x1 convolution of each block, three 3x3 convolutions for the first 7x7, 3x3 projections where
the resolution changes, and dropout of 0.2. Epsilon is 1e-5; the max pooling pads one pixel on every side, where the
authors' Caffe pads none and rounds the size up.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Residual, SqueezeExcitation, series
from archscope.networks.resnet import classifier, conv, shortcut, stage


class Block(Residual):
    """Table 1: the body's convolutions, the 3x3 one `width` wide, then the gate. `projection` is a kernel size."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, width: int, reduction: int,
        cardinality: int = 1, stride_on: str = "3x3", halved: bool = False, projection: int = 1,
    ) -> None:  # fmt: skip
        first = width // 2 if halved else width
        body = series(
            conv(in_channels, first, 1, stride if stride_on == "1x1" else 1),
            conv(first, width, 3, stride if stride_on == "3x3" else 1, groups=cardinality),
            conv(width, out_channels, 1, activation=None),
            se=SqueezeExcitation(out_channels, out_channels // reduction),
        )
        project = shortcut(in_channels, out_channels, stride, projection if stride > 1 else 1)
        super().__init__(body, project, activation=nn.ReLU)


def stages(counts: tuple[int, ...], channels: int, width: int, **options: Any) -> dict[str, nn.Module]:
    """The middle rows of Table 1, of blocks whose 3x3 convolution is `width` wide at first."""
    conv2_x, conv3_x, conv4_x, conv5_x = counts

    def block(times: int) -> Callable[..., nn.Module]:
        return partial(Block, width=times * width, **options)

    return {
        "conv2_x": series(nn.MaxPool2d(3, 2, 1), *stage(block(1), channels, 256, conv2_x)),  #  256 x 56 x 56
        "conv3_x": stage(block(2), 256, 512, conv3_x, stride=2),                             #  512 x 28 x 28
        "conv4_x": stage(block(4), 512, 1024, conv4_x, stride=2),                            # 1024 x 14 x 14
        "conv5_x": stage(block(8), 1024, 2048, conv5_x, stride=2),                           # 2048 x  7 x  7
    }  # fmt: skip


# Table 1: blocks in conv2_x, conv3_x, conv4_x, conv5_x.
SE_RESNETS = {
    "seresnet50": (3, 4, 6, 3),
    "seresnet101": (3, 4, 23, 3),
    "seresnet152": (3, 8, 36, 3),
}
SE_RESNEXTS = {
    "seresnext50_32x4d": (3, 4, 6, 3),
    "seresnext101_32x4d": (3, 4, 23, 3),
}


@network(SE_RESNETS)
def seresnet(
    conv2_x: int, conv3_x: int, conv4_x: int, conv5_x: int, /,
    num_classes: int = 1000, reduction: int = 16, stride: Literal["1x1", "3x3"] = "1x1",
) -> nn.Module:  # fmt: skip
    counts = (conv2_x, conv3_x, conv4_x, conv5_x)
    return series(                                                           #   3 x 224 x 224
        conv1=conv(3, 64, 7, 2),                                             #  64 x 112 x 112
        **stages(counts, 64, width=64, reduction=reduction, stride_on=stride),
        classifier=classifier(2048, num_classes),
    )  # fmt: skip


@network(SE_RESNEXTS)
def seresnext(
    conv2_x: int, conv3_x: int, conv4_x: int, conv5_x: int, /, num_classes: int = 1000, reduction: int = 16
) -> nn.Module:
    counts = (conv2_x, conv3_x, conv4_x, conv5_x)
    return series(                                                           #   3 x 224 x 224
        conv1=conv(3, 64, 7, 2),                                             #  64 x 112 x 112
        **stages(counts, 64, width=128, cardinality=32, reduction=reduction),
        classifier=classifier(2048, num_classes),
    )  # fmt: skip


@network
def senet154(num_classes: int = 1000, reduction: int = 16) -> nn.Module:
    return series(                                                           #   3 x 224 x 224
        conv1=series(conv(3, 64, 3, 2), conv(64, 64, 3), conv(64, 128, 3)),  # 128 x 112 x 112
        **stages(
            (3, 8, 36, 3), 128,
            width=256, cardinality=64, reduction=reduction, halved=True, projection=3,
        ),
        classifier=classifier(2048, num_classes, nn.Dropout(0.2)),
    )  # fmt: skip
