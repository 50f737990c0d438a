"""Inception-ResNet-v2 as released: the network of the authors' TF-slim weights, also in Keras and timm.

Szegedy, Ioffe, Vanhoucke, Alemi, AAAI 2017, arXiv:1602.07261, does not draw this network: its stem is
Inception-v3's, one Inception module widens the 35x35 grid to 320 channels, the blocks repeat 10, 20 and 10 times
(block35, block17, block8 in the release), and a 1x1 convolution to 1536 channels ends it. The last 8x8 block is
not scaled and has no activation. Of the two networks of this name only this one has "roughly the cost" of
Inception-v4 that the paper speaks of.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.inception_v3 import auxiliary_head, average_pool, reference_stem
from archscope.networks.inception_v4 import (
    classifier,
    inception_resnet_a,
    inception_resnet_b,
    inception_resnet_c,
    reduction_a,
    resnet_reduction_b,
)
from archscope.networks.layers import Concat, Conv, WithAuxiliaryHeads, chain, repeated, series


def mixed() -> nn.Module:
    """The one plain Inception module: 192 x 35 x 35 -> 320 x 35 x 35."""
    return Concat(
        conv1x1=Conv(192, 96),
        conv5x5=chain(192, (48, 1), (64, 5)),
        double3x3=chain(192, (64, 1), (96, 3), (96, 3)),
        pool=series(average_pool(), Conv(192, 64)),
    )


@network
def inception_resnet_v2_released(
    num_classes: int = 1000,
    aux: bool = False,
    scale_a: float = 0.17,
    scale_b: float = 0.10,
    scale_c: float = 0.20,
) -> nn.Module:
    stages = dict(                                                                          #    3 x 299 x 299
        stem=reference_stem(),                                                              #  192 x  35 x  35
        mixed=mixed(),                                                                      #  320 x  35 x  35
        inception_resnet_a=series(*repeated(10, inception_resnet_a, 320, scale_a)),
        reduction_a=reduction_a(320, k=256, l=256, m=384, n=384),                           # 1088 x  17 x  17
        inception_resnet_b=series(*repeated(20, inception_resnet_b, 1088, scale_b)),
        reduction_b=resnet_reduction_b(1088),                                               # 2080 x   8 x   8
        inception_resnet_c=series(
            *repeated(9, inception_resnet_c, 2080, scale_c),
            inception_resnet_c(2080, 1.0, activation=None),
        ),
        conv=Conv(2080, 1536),                                                              # 1536 x   8 x   8
        classifier=classifier(1536, num_classes),                                           # 1536
    )  # fmt: skip
    heads = {"inception_resnet_b": auxiliary_head(1088, num_classes)}  # Inception-v3's
    return WithAuxiliaryHeads(stages, heads) if aux else series(**stages)
