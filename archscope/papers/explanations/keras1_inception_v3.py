"""Table 3 of the Xception paper prints 23,626,728 parameters for Inception V3: those of another network.

It is the first Keras port (deep-learning-models inception_v3.py @134615a, August 2016; mended in Keras in March
2017), counted as Keras 1 counted, trainable weights only.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn

from archscope.networks.inception_v3 import inception_a
from archscope.networks.layers import Conv, V, chain
from archscope.papers.explanations import explanation


@explanation
def keras1_inception_v3(network: nn.Module) -> Iterator[str]:
    """it counts the first Keras port, which is not Inception-v3"""
    build_35x35_in_one_loop(network)
    yield "one loop builds all three 35x35 modules, with pool projections of 32 (not 32, 64, 64)"
    narrow_the_last_17x17(network)
    yield "the last 17x17 module's double 7x7 branch starts with 160 channels (not 192)"
    add_biases(network)
    yield "convolutions keep a bias under batch normalisation"
    for unit in units(network):
        unit.relu, unit.bn = unit._modules.pop("relu"), unit._modules.pop("bn")
    yield "ReLU comes before batch normalisation"
    network.get_submodule("reduction_b").pool = nn.AvgPool2d(3, 2)
    yield "the second reduction averages where it should take the maximum"


def units(network: nn.Module) -> list[Any]:
    """Every convolution with its normalisation and activation."""
    return [module for module in network.modules() if isinstance(module, Conv)]


def build_35x35_in_one_loop(network: nn.Module) -> None:
    """The modules give 256 channels, the reduction 384 + 96 + 256 = 736; what reads them gets as many inputs."""
    modules = network.get_submodule("inception_a")
    modules.concat2, modules.concat3 = inception_a(256, 32), inception_a(256, 32)
    reduction = network.get_submodule("reduction_a")
    reduction.conv3x3 = Conv(256, 384, 3, 2, V)
    reduction.double3x3 = chain(256, (64, 1), (96, 3), (96, 3, 2, V))
    for branch in network.get_submodule("inception_b.concat1").children():
        reader = units(branch)[0]
        reader.conv = nn.Conv2d(736, reader.conv.out_channels, 1, bias=False)


def narrow_the_last_17x17(network: nn.Module) -> None:
    row, column = (1, 7), (7, 1)
    last = network.get_submodule("inception_b.concat4")
    last.double7x7 = chain(768, (160, 1), (192, column), (192, row), (192, column), (192, row))


def add_biases(network: nn.Module) -> None:
    for unit in units(network):
        unit.conv.bias = nn.Parameter(unit.conv.weight.new_empty(unit.conv.out_channels))
