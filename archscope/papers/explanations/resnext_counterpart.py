"""The ResNeXt paper gives one complexity for a ResNet and the ResNeXt that it is compared with: the ResNet's.

"Preserved complexity" is approximate: the ResNeXt alone has 2 to 4 percent more multiply-adds.
"""

from collections.abc import Iterator

from torch import nn

from archscope.networks import find
from archscope.networks.resnext import Block
from archscope.papers.explanations import explanation

BY_BLOCKS = {3 + 4 + 6 + 3: "resnet50", 3 + 4 + 23 + 3: "resnet101"}


@explanation
def resnext_counterpart(network: nn.Module) -> Iterator[str]:
    """the number is that of the ResNet of the same depth, whose complexity is preserved roughly"""
    put_counterpart(network)
    yield "the blocks are a ResNet's, with the stride on their 3x3 convolutions"


def put_counterpart(network: nn.Module) -> None:
    """The stages of the ResNet with as many blocks in the place of this network's."""
    blocks = sum(isinstance(module, Block) for module in network.modules())
    resnet = find(BY_BLOCKS[blocks]).build(stride="3x3")
    for (name, _), stage in zip(list(network.named_children()), resnet.children(), strict=True):
        setattr(network, name, stage)
