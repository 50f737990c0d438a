"""The ResNeXt paper's models of "2x complexity" are given twice the number of ResNet-101."""

from collections.abc import Iterator

from torch import nn

from archscope.networks.layers import Concat
from archscope.papers.explanations import explanation
from archscope.papers.explanations.resnext_counterpart import put_counterpart


@explanation
def resnext_twice_counterpart(network: nn.Module) -> Iterator[str]:
    """the number is twice that of the ResNet of the same depth"""
    put_counterpart(network)
    yield "the blocks are a ResNet's, with the stride on their 3x3 convolutions"
    stages = dict(network.named_children())
    for name in stages:
        delattr(network, name)
    network.twice = Concat(first=nn.Sequential(*stages.values()), second=nn.Sequential(*stages.values()))
    yield "all of it runs twice"
