"""GoogLeNet. Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich, "Going Deeper with
Convolutions", CVPR 2015, arXiv:1409.4842, Table 1, a line of code a row, and Figure 3.

The third branch is 5x5, as published (torchvision and TF-slim have 3x3). Every convolution has a bias and a ReLU and
none is normalised. The first layer is the plain 7x7 convolution of Figure 3; Table 1 counts it as a separable one
(2.7K parameters, 34M operations). Strided poolings take a last partial window, and response normalisation is
1 + 1e-4/5 times the sum over 5 channels, both as in BVLC's model, since the paper gives neither. `aux` adds the
auxiliary classifiers of Figure 3 on inception (4a) and (4d).
"""

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, ConvReLU, WithAuxiliaryHeads, chain, series


def pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def response_norm() -> nn.Module:
    return nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, k=1)


def inception(
    channels: int, conv1x1: int, reduce3x3: int, conv3x3: int, reduce5x5: int, conv5x5: int, projection: int
) -> nn.Module:
    """Figure 2(b), with the columns of Table 1."""
    return Concat(
        conv1x1=ConvReLU(channels, conv1x1),
        conv3x3=chain(channels, (reduce3x3, 1), (conv3x3, 3), unit=ConvReLU),
        conv5x5=chain(channels, (reduce5x5, 1), (conv5x5, 5), unit=ConvReLU),
        pool=series(nn.MaxPool2d(3, 1, 1), ConvReLU(channels, projection)),
    )


def auxiliary_head(channels: int, num_classes: int) -> nn.Module:
    """A side classifier on a 14 x 14 grid (section 5)."""
    return series(
        nn.AvgPool2d(5, 3),                                             # 4 x 4
        ConvReLU(channels, 128),
        nn.Flatten(),
        fc1=nn.Linear(128 * 4 * 4, 1024), relu=nn.ReLU(), dropout=nn.Dropout(0.7),
        fc2=nn.Linear(1024, num_classes),
    )  # fmt: skip


@network
def googlenet(num_classes: int = 1000, aux: bool = False) -> nn.Module:
    stages = {                                                          #    3 x 224 x 224
        "conv1": ConvReLU(3, 64, 7, 2),                                 #   64 x 112 x 112
        "pool1": pool(),                                                #   64 x  56 x  56
        "norm1": response_norm(),
        "conv2": chain(64, (64, 1), (192, 3), unit=ConvReLU),           #  192 x  56 x  56
        "norm2": response_norm(),
        "pool2": pool(),                                                #  192 x  28 x  28
        #                         #1x1  #3x3      #5x5    pool
        #                            reduce    reduce     proj
        "inception_3a": inception(192,  64,  96, 128, 16,  32,  32),    #  256 x  28 x  28
        "inception_3b": inception(256, 128, 128, 192, 32,  96,  64),    #  480 x  28 x  28
        "pool3": pool(),                                                #  480 x  14 x  14
        "inception_4a": inception(480, 192,  96, 208, 16,  48,  64),    #  512 x  14 x  14
        "inception_4b": inception(512, 160, 112, 224, 24,  64,  64),
        "inception_4c": inception(512, 128, 128, 256, 24,  64,  64),
        "inception_4d": inception(512, 112, 144, 288, 32,  64,  64),    #  528 x  14 x  14
        "inception_4e": inception(528, 256, 160, 320, 32, 128, 128),    #  832 x  14 x  14
        "pool4": pool(),                                                #  832 x   7 x   7
        "inception_5a": inception(832, 256, 160, 320, 32, 128, 128),
        "inception_5b": inception(832, 384, 192, 384, 48, 128, 128),    # 1024 x   7 x   7
        "classifier": series(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4),     # 1024
            linear=nn.Linear(1024, num_classes),
        ),
    }  # fmt: skip
    if not aux:
        return series(**stages)
    heads = {"inception_4a": auxiliary_head(512, num_classes), "inception_4d": auxiliary_head(528, num_classes)}
    return WithAuxiliaryHeads(stages, heads)
