"""Functional equality by copied weights: it holds for a faithful port, and shows what a broken one does."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

import archscope
from archscope.networks.layers import Concat, Conv, Residual, series
from tests.differences.bench.rewrites import REWRITES

SIZE = (3, 32, 32)


def network(eps: float = 1e-3, pool: type[nn.Module] = nn.MaxPool2d, swapped: bool = False) -> nn.Module:
    branches = {"one": Conv(16, 8, eps=eps), "two": Conv(16, 8, 3, eps=eps)}
    named = dict(reversed(branches.items())) if swapped else branches
    body = series(Conv(16, 16, 3, groups=4, eps=eps), nn.Conv2d(16, 16, 1))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)]
    return series(Conv(3, 16, 3, 2, eps=eps), pool(2), Concat(**named), Residual(body), *head)


class Port(nn.Module):
    """The same, otherwise told."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(16, 5, 1)
        kernels = [(3, 16, 3, 2, 1), (16, 8, 3, 1, 1), (16, 8, 1), (16, 16, 3, 1, 1, 1, 4)]
        self.convs = nn.ModuleList([nn.Conv2d(*kernel, bias=False) for kernel in kernels])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width, 1e-3) for width in (16, 8, 8, 16)])
        self.linear = nn.Conv2d(16, 16, 1)

    def unit(self, i: int, x: torch.Tensor) -> torch.Tensor:
        return self.norms[i](self.convs[i](x)).relu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(self.unit(0, x), 2)
        wide = self.unit(1, x)
        x = torch.cat([self.unit(2, x), wide], 1)
        x = self.linear(self.unit(3, x)) + x
        return self.last(x.mean((2, 3), keepdim=True))


def test_a_faithful_port_computes_the_same() -> None:
    diff = archscope.diff(Port(), network(), SIZE, weights=True)
    assert diff.verdict == "identical"
    assert diff.proof is not None and diff.proof.holds
    assert diff.proof.copied == 24


def test_a_bias_that_is_given_first_is_copied_to_a_bias() -> None:
    one, other, size = REWRITES["linear as addmm"]
    diff = archscope.diff(one(), other(), size, weights=True)
    assert diff.proof is not None and diff.proof.holds


class ChannelsLast(nn.Module):
    """Fully connected layers along the last axis, and a scale that lies along it."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(3, 8), nn.Linear(8, 4)
        self.gamma = nn.Parameter(torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.narrow(self.wide(x.permute(0, 2, 3, 1)).relu())
        return (self.gamma * x).permute(0, 3, 1, 2)


class ChannelsFirst(nn.Module):
    """The same by convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1)
        self.layer_scale = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer_scale * self.narrow(self.wide(x).relu())


def test_linear_layers_are_copied_to_convolutions_of_one_pixel() -> None:
    """As ConvNeXt is written in either way."""
    for a, b in ((ChannelsLast(), ChannelsFirst()), (ChannelsFirst(), ChannelsLast())):
        proof = archscope.diff(a, b, (3, 5, 5), weights=True).proof
        assert proof is not None and proof.holds and proof.copied == 5, proof


@pytest.mark.parametrize(
    "broken",
    [lambda: network(eps=1e-1), lambda: network(pool=nn.AvgPool2d), lambda: network(swapped=True)],
    ids=["eps", "pool", "order"],
)
def test_a_broken_one_does_not(broken: Callable[[], nn.Module]) -> None:
    diff = archscope.diff(Port(), broken(), SIZE, weights=True)
    assert diff.verdict == "same_parameters"
    assert diff.proof is not None and not diff.proof.holds
    assert diff.proof.relative_error is not None and diff.proof.relative_error > 1e-3


def test_why_weights_cannot_be_copied() -> None:
    wide = network()
    wide.add_module("linear1", nn.Linear(16, 6))
    diff = archscope.diff(Port(), wide, SIZE, weights=True)
    assert diff.proof is not None and diff.proof.relative_error is None
    assert diff.proof.reason == "the fully connected layer last stores 5x16 and 5, linear1 of the reference 6x16 and 6"
    assert "the weights cannot be copied: the fully connected layer last" in str(diff)


class Halves(nn.Module):
    """One half of the channels, squared: which one, the graph does not say."""

    def __init__(self, half: int) -> None:
        super().__init__()
        self.conv, self.half = nn.Conv2d(3, 8, 1), half

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).chunk(2, 1)[self.half]


def test_what_no_layer_says_the_weights_do() -> None:
    diff = archscope.diff(Halves(0), Halves(1), SIZE, weights=True)
    assert diff.proof is not None and not diff.proof.holds
    unaware = replace(diff, verdict="identical", differences=()).proven(diff.proof)  # had no layer said it
    assert (unaware.verdict, [row.kind for row in unaware.differences]) == ("same_parameters", ["function"])
    assert "the first layer whose output differs is" in unaware.differences[0].what


def test_the_modules_are_left_as_they_are() -> None:
    one, other = Port(), network()
    before = [{name: tensor.clone() for name, tensor in module.state_dict().items()} for module in (one, other)]
    archscope.diff(one, other, SIZE, weights=True)
    for module, state in zip((one, other), before, strict=True):
        assert module.training
        assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())


class OneImage(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.reshape(1, 3, 32, 32))


def test_a_network_that_does_not_run_says_so() -> None:
    diff = archscope.diff(OneImage(3, 4, 1), OneImage(3, 4, 1), SIZE, weights=True)
    assert diff.verdict == "identical"
    assert diff.proof is not None
    assert diff.proof.reason.startswith("a real pass fails: shape '[1, 3, 32, 32]' is invalid")


def test_a_wrapper_and_tokens() -> None:
    def words() -> nn.Module:
        return nn.DataParallel(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2)))

    diff = archscope.diff(words(), words(), "5:int64", weights=True)
    assert diff.proof is not None and diff.proof.holds


def test_a_network_of_the_catalogue() -> None:
    diff = archscope.diff("mobilenet_v1", "mobilenet_v1", (3, 64, 64), weights=True)
    assert diff.proof is not None and diff.proof.holds
