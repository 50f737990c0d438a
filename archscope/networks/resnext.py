"""ResNeXt. Xie, Girshick, Dollár, Tu, He, "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017,
arXiv:1611.05431, Table 1 and Figure 3; for CIFAR section 5.3.

A block has `cardinality` paths, each of `width` channels, which double from stage to stage. The three forms of
Figure 3 compute the same: `form="c"`, which the authors train, groups one convolution; "b" concatenates the paths,
"a" adds them. Batch normalisation follows every convolution and in form a, as it must there, the sum. As in the
authors' code the 3x3 convolution of a stage's first block has the stride, and epsilon is 1e-5. ResNeXt-152 is not
in the paper: it has the blocks of ResNet-152.

`segments` is the Xception paper's spectrum at constant width: the 3x3 convolutions of form c keep their cardinality x
width channels and filter so many segments of them, each jointly; "cardinality" is the paper's network, segments=1
has regular convolutions, segments="depthwise" one per channel, as has a convolution of fewer channels than segments.
(`cardinality` alone changes the width too.)
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Residual, series
from archscope.networks.resnet import classifier, conv, shortcut, stage
from archscope.networks.segmented import conv_over_segments, partitions

Segments = int | Literal["cardinality", "depthwise"]
Partition = Callable[[int], Sequence[int]]


class Sum(Concat):
    """Every branch reads the same input; their outputs are added."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs: list[torch.Tensor] = [branch(x) for branch in self._modules.values() if branch is not None]
        return sum(outputs[1:], outputs[0])


def form_a(in_channels: int, cardinality: int, width: int, out_channels: int, stride: int) -> nn.Module:
    def path() -> nn.Module:
        embedding = nn.Conv2d(width, out_channels, 1, bias=False)
        return series(conv(in_channels, width, 1), conv(width, width, 3, stride), conv3=embedding)

    return series(Sum(**{f"path{i}": path() for i in range(1, cardinality + 1)}), bn=nn.BatchNorm2d(out_channels))


def form_b(in_channels: int, cardinality: int, width: int, out_channels: int, stride: int) -> nn.Module:
    def path() -> nn.Module:
        return series(conv(in_channels, width, 1), conv(width, width, 3, stride))

    paths = Concat(**{f"path{i}": path() for i in range(1, cardinality + 1)})
    return series(paths, conv3=conv(cardinality * width, out_channels, 1, activation=None))


def form_c(
    in_channels: int, cardinality: int, width: int, out_channels: int, stride: int, partition: Partition | None = None
) -> nn.Module:
    """`partition` divides the channels of the 3x3 convolution in another way than the cardinality."""
    channels = cardinality * width
    sizes = partition(channels) if partition else (width,) * cardinality
    return series(
        conv(in_channels, channels, 1),
        conv_over_segments(sizes, 3, stride, eps=1e-5),
        conv(channels, out_channels, 1, activation=None),
    )


FORMS: dict[str, Callable[..., nn.Module]] = {"a": form_a, "b": form_b, "c": form_c}


class Block(Residual):
    """Figure 3."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        cardinality: int,
        width: int,
        form: Callable[..., nn.Module] = form_c,
    ) -> None:
        body = form(in_channels, cardinality, width, out_channels, stride)
        super().__init__(body, shortcut(in_channels, out_channels, stride), activation=nn.ReLU)


def blocks(
    cardinality: int, width: int, form: str, segments: Segments, widest: int
) -> Callable[[int], Callable[..., nn.Module]]:
    """The block of every stage, by how many times `width` it is wide, at most `widest` times."""
    paths = FORMS[form]
    if segments != "cardinality":
        if form != "c":
            raise ValueError(f"form {form} has its paths apart: segments go with form c")
        paths = partial(form_c, partition=partitions(segments, cardinality * width * widest))
    return lambda times: partial(Block, cardinality=cardinality, width=times * width, form=paths)


# Table 1: blocks in      conv2, conv3, conv4, conv5, cardinality C, width d
TABLE_1 = {
    "resnext50_32x4d":   (3,     4,     6,     3,     32,            4),
    "resnext101_32x4d":  (3,     4,     23,    3,     32,            4),
    "resnext101_64x4d":  (3,     4,     23,    3,     64,            4),
    "resnext152_32x4d":  (3,     8,     36,    3,     32,            4),
}  # fmt: skip


@network(TABLE_1)
def resnext(
    conv2: int, conv3: int, conv4: int, conv5: int, /,
    cardinality: int, width: int, num_classes: int = 1000, form: Literal["a", "b", "c"] = "c",
    segments: int | Literal["cardinality", "depthwise"] = "cardinality",
) -> nn.Module:  # fmt: skip
    block = blocks(cardinality, width, form, segments, widest=8)
    return series(                                                              #    3 x 224 x 224
        conv1=conv(3, 64, 7, 2),                                                #   64 x 112 x 112
        conv2=series(nn.MaxPool2d(3, 2, 1), *stage(block(1), 64, 256, conv2)),  #  256 x  56 x  56
        conv3=stage(block(2), 256, 512, conv3, stride=2),                       #  512 x  28 x  28
        conv4=stage(block(4), 512, 1024, conv4, stride=2),                      # 1024 x  14 x  14
        conv5=stage(block(8), 1024, 2048, conv5, stride=2),                     # 2048 x   7 x   7
        classifier=classifier(2048, num_classes),
    )  # fmt: skip


# Table 7:          cardinality C, width d
TABLE_7 = {
    "resnext29_8x64d":  (8,  64),
    "resnext29_16x64d": (16, 64),
}  # fmt: skip


@network(TABLE_7)
def resnext29(
    cardinality: int, width: int, num_classes: int = 10, form: Literal["a", "b", "c"] = "c",
    segments: int | Literal["cardinality", "depthwise"] = "cardinality",
) -> nn.Module:  # fmt: skip
    block = blocks(cardinality, width, form, segments, widest=4)
    return series(                                           #    3 x 32 x 32
        conv1=conv(3, 64, 3),                                #   64 x 32 x 32
        stage1=stage(block(1), 64, 256, 3),                  #  256 x 32 x 32
        stage2=stage(block(2), 256, 512, 3, stride=2),       #  512 x 16 x 16
        stage3=stage(block(4), 512, 1024, 3, stride=2),      # 1024 x  8 x  8
        classifier=classifier(1024, num_classes),
    )  # fmt: skip
