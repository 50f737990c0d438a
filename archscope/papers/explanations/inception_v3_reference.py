"""Table 1 of the Inception-v3 paper, to the letter, breaks the abstract's bounds: another network was trained.

The reference network, which the authors released, differs from the table as listed here.
"""

from collections.abc import Iterator

from torch import nn

from archscope.networks.inception_v3 import inception_a, inception_b, reference_stem
from archscope.networks.layers import series
from archscope.papers.explanations import explanation


@explanation
def inception_v3_reference(network: nn.Module) -> Iterator[str]:
    """the network that the authors trained and released is not the one of Table 1"""
    network.stem = reference_stem()
    network.inception_a = series(inception_a(192, 64, 3), inception_a(288, 64, 3), inception_a(288, 64, 3))
    yield "the stem ends in a 1x1 convolution to 80, a 3x3 to 192 and a pooling; 192 channels enter the first module"
    network.inception_a = series(inception_a(192, 32, 3), inception_a(256, 64, 3), inception_a(288, 64, 3))
    yield "the first 35x35 module gives 256 channels (not 288)"
    network.inception_a = series(inception_a(192, 32), inception_a(256, 64), inception_a(288, 64))
    yield "the 35x35 modules keep a 5x5 convolution"
    network.inception_b = series(*[inception_b(width) for width in (128, 160, 160, 192)])
    yield "four 17x17 modules (not five)"
