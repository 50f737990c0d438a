"""The sizes of ResNets in Keras' documentation count a bias for each convolution, and the moving statistics.

Under batch normalisation a bias changes nothing, and the paper's networks have none.
"""

from collections.abc import Iterator

from torch import nn

from archscope.papers.explanations import explanation
from archscope.papers.explanations.keras1_inception_v3 import add_biases


@explanation
def keras_resnet(network: nn.Module) -> Iterator[str]:
    """it counts Keras' port, whose convolutions have biases that batch normalisation undoes"""
    add_biases(network)
    yield "convolutions keep a bias under batch normalisation"
