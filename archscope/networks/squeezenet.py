"""SqueezeNet. Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer, "SqueezeNet: AlexNet-level accuracy with 50x fewer
parameters and <0.5MB model size", 2016, arXiv:1602.07360, Table 1 and Figure 2; 1.1 is the authors' later release.

The table's 111 x 111 after conv1 takes an image of 227 x 227, which the authors' Caffe files have, and not the 224 that
it prints; pooling rounds sizes up, as Caffe does. `bypass` is Figure 2's middle and right: shortcuts around every other
Fire module, and for "complex" 1x1 convolutions around the others; `squeeze_ratio` (section 5.1) is the filters of a
module's squeeze to those of its expand. 1.1 has 3 x 3 filters in conv1 and pools earlier.
"""

from functools import partial
from typing import Literal

from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, ConvReLU, Residual, V, series

Bypass = Literal["none", "simple", "complex"]


def fire(in_channels: int, squeeze: int, expand: int, bypass: Bypass = "none") -> nn.Module:
    """Figure 1: 1x1 convolutions squeeze; 1x1 and 3x3 convolutions, concatenated, expand."""
    module = series(
        squeeze=ConvReLU(in_channels, squeeze),
        expand=Concat(conv1x1=ConvReLU(squeeze, expand), conv3x3=ConvReLU(squeeze, expand, 3)),
    )
    if in_channels == 2 * expand:
        return module if bypass == "none" else Residual(module)
    return Residual(module, nn.Conv2d(in_channels, 2 * expand, 1)) if bypass == "complex" else module


def maxpool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def classifier(num_classes: int) -> nn.Module:
    """conv10 and avgpool10: a map a class, averaged."""
    return series(
        dropout=nn.Dropout(0.5),
        conv10=ConvReLU(512, num_classes, 1),
        avgpool10=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
    )


@network
def squeezenet1_0(
    num_classes: int = 1000, bypass: Literal["none", "simple", "complex"] = "none", squeeze_ratio: float = 0.125
) -> nn.Module:
    def module(in_channels: int, squeeze: int, expand: int) -> nn.Module:
        return fire(in_channels, max(1, round(squeeze * squeeze_ratio / 0.125)), expand, bypass)

    return series(                         #    3 x 227 x 227
        conv1=ConvReLU(3, 96, 7, 2, V),    #   96 x 111 x 111
        maxpool1=maxpool(),                #   96 x  55 x  55
        fire2=module(96, 16, 64),          #  128 x  55 x  55
        fire3=module(128, 16, 64),
        fire4=module(128, 32, 128),        #  256 x  55 x  55
        maxpool4=maxpool(),                #  256 x  27 x  27
        fire5=module(256, 32, 128),
        fire6=module(256, 48, 192),        #  384 x  27 x  27
        fire7=module(384, 48, 192),
        fire8=module(384, 64, 256),        #  512 x  27 x  27
        maxpool8=maxpool(),                #  512 x  13 x  13
        fire9=module(512, 64, 256),
        classifier=classifier(num_classes),
    )  # fmt: skip


@network
def squeezenet1_1(num_classes: int = 1000, bypass: Literal["none", "simple", "complex"] = "none") -> nn.Module:
    module = partial(fire, bypass=bypass)
    return series(                         #    3 x 227 x 227
        conv1=ConvReLU(3, 64, 3, 2, V),    #   64 x 113 x 113
        maxpool1=maxpool(),                #   64 x  56 x  56
        fire2=module(64, 16, 64),          #  128 x  56 x  56
        fire3=module(128, 16, 64),
        maxpool3=maxpool(),                #  128 x  28 x  28
        fire4=module(128, 32, 128),        #  256 x  28 x  28
        fire5=module(256, 32, 128),
        maxpool5=maxpool(),                #  256 x  14 x  14
        fire6=module(256, 48, 192),        #  384 x  14 x  14
        fire7=module(384, 48, 192),
        fire8=module(384, 64, 256),        #  512 x  14 x  14
        fire9=module(512, 64, 256),
        classifier=classifier(num_classes),
    )  # fmt: skip
