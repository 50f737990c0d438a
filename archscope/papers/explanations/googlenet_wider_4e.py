"""Table 1 of the GoogLeNet paper counts 1072K parameters and 54M operations for inception (5a).

The 832 channels that (4e) gives lead to 1018.5K and 51.1M. With 928, that is 96 more out of (4e), the same filters have
928 * (256 + 160 + 32 + 128) + 160 * 320 * 9 + 32 * 128 * 25 = 1,097,728 weights = 1072.0K, and 49 times as many
multiply-adds: both printed numbers follow from one change.
"""

from collections.abc import Iterator

from torch import nn

from archscope.networks.googlenet import inception
from archscope.papers.explanations import explanation


@explanation
def googlenet_wider_4e(network: nn.Module) -> Iterator[str]:
    """Table 1 counts inception (5a) as if it read 928 channels instead of 832"""
    network.inception_4e = inception(528, 256, 160, 320, 32, 128, 128 + 96)  # 928 x 14 x 14
    network.inception_5a = inception(928, 256, 160, 320, 32, 128, 128)
    yield "inception_4e gives 96 channels more, so that inception_5a reads 928"
