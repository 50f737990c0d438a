"""Table 1 of the GoogLeNet paper counts 2.7K parameters and 34M operations for the first convolution.

The plain 7x7 convolution of Figure 3 has 9,408 weights and 118M multiply-adds; a separable one, with 8 channels for
each of the 3 colours, has 3 * 8 * 49 + 24 * 64 = 2,712 weights, and the whole network then 1.5 billion operations,
as the paper says.
"""

from collections.abc import Iterator

from torch import nn

from archscope.networks.layers import series
from archscope.papers.explanations import explanation


@explanation
def googlenet_separable_conv1(network: nn.Module) -> Iterator[str]:
    """Table 1 counts the first convolution as a separable one with depth multiplier 8"""
    network.conv1 = series(
        depthwise=nn.Conv2d(3, 24, 7, 2, 3, groups=3, bias=False),
        pointwise=nn.Conv2d(24, 64, 1, bias=False),
        relu=nn.ReLU(),
    )
    yield "conv1 is a depthwise 7x7 to 24 channels and a pointwise convolution to 64, without biases"
