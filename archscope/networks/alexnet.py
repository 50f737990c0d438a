"""AlexNet. Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
NeurIPS 2012, Figure 2, read from left to right.

The two halves of the figure are `groups=2` in conv2, conv4 and conv5, which see only the maps of their own GPU;
`groups=1` is the network on one GPU. The image is 227 x 227: with the figure's 224 the first layer cannot give
55 x 55. Response normalisation follows the ReLU, as in section 3.3: the sum over 5 channels times alpha = 1e-4,
which torch divides by 5, hence its 5e-4. Pools overlap (3x3 with stride 2). Dropout of 0.5 follows both hidden
fully connected layers.
"""

from torch import nn

from archscope.networks import network
from archscope.networks.layers import ConvReLU, V, series


def response_norm() -> nn.Module:
    """Section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75."""
    return nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)


def fully_connected(features: int, num_classes: int) -> nn.Module:
    """Two layers of 4096 units with dropout, and softmax's logits."""
    return series(
        nn.Flatten(),
        fc6=nn.Linear(features, 4096), relu6=nn.ReLU(), dropout6=nn.Dropout(0.5),
        fc7=nn.Linear(4096, 4096), relu7=nn.ReLU(), dropout7=nn.Dropout(0.5),
        fc8=nn.Linear(4096, num_classes),
    )  # fmt: skip


@network
def alexnet(num_classes: int = 1000, groups: int = 2) -> nn.Module:
    return series(                                          #   3 x 227 x 227
        conv1=ConvReLU(3, 96, 11, 4, V),                    #  96 x  55 x  55
        norm1=response_norm(),
        pool1=nn.MaxPool2d(3, 2),                           #  96 x  27 x  27
        conv2=ConvReLU(96, 256, 5, groups=groups),          # 256 x  27 x  27
        norm2=response_norm(),
        pool2=nn.MaxPool2d(3, 2),                           # 256 x  13 x  13
        conv3=ConvReLU(256, 384, 3),                        # 384 x  13 x  13
        conv4=ConvReLU(384, 384, 3, groups=groups),
        conv5=ConvReLU(384, 256, 3, groups=groups),         # 256 x  13 x  13
        pool5=nn.MaxPool2d(3, 2),                           # 256 x   6 x   6
        classifier=fully_connected(256 * 6 * 6, num_classes),
    )  # fmt: skip
