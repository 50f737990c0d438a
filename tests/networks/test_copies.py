"""Are units that are copied on meta what a constructor would have built?"""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from archscope.networks import catalogue
from archscope.networks.copies import ORIGINALS, copy_on_meta
from archscope.networks.inception_v4 import inception_resnet_b
from archscope.networks.layers import repeated, series
from archscope.networks.resnet import Bottleneck
from archscope.targets import resolve
from archscope.tracing import trace
from archscope.tracing.meta_build import Skeleton


class Tied(nn.Module):
    """One convolution by two names, a weight that is another's, and a constant whose content is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 8, 3, padding=1)
        self.last.weight = self.first.weight
        self.frozen = nn.Parameter(torch.ones(8, 1, 1), requires_grad=False)
        self.register_buffer("scale", torch.ones(8, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.again(self.first(x))) * self.scale * self.frozen


UNITS = {
    "inception": (partial(inception_resnet_b, 64, 0.1), 64),
    "bottleneck": (partial(Bottleneck, 64, 64), 64),
    "tied": (Tied, 8),
}


@pytest.mark.parametrize("name", UNITS)
def test_network_of_copies_is_that_of_units_built_one_by_one(name: str) -> None:
    unit, channels = UNITS[name]
    with Skeleton():
        copied, built = series(*repeated(3, unit)), series(*[unit() for _ in range(3)])
    assert trace(copied, (channels, 17, 17)) == trace(built, (channels, 17, 17))


def test_copy_shares_nothing_that_can_be_written_into() -> None:
    with Skeleton():
        unit = Tied()
    copy = copy_on_meta(unit)
    assert [type(tensor) for tensor in copy.parameters()] == [nn.Parameter] * 4
    own = {id(tensor) for tensor in (*copy.parameters(), *copy.buffers())}
    assert own.isdisjoint({id(tensor) for tensor in (*unit.parameters(), *unit.buffers())})
    copy.register_forward_hook(lambda *_: None)
    copy.train(False).requires_grad_(False).first.add_module("more", nn.ReLU())  # type: ignore[operator]
    assert not unit._forward_hooks and unit.training and unit.first.weight.requires_grad and not unit.first._modules


@pytest.mark.parametrize("count", [0, 1, 3])
def test_units_with_weights_are_built_each_with_numbers_of_its_own(count: int) -> None:
    build: Callable[[], nn.Module] = partial(nn.Linear, 4, 4)
    units = repeated(count, build)
    assert len({tuple(unit.weight.flatten().tolist()) for unit in units}) == count  # type: ignore[union-attr, operator]


def plain(unit: nn.Module) -> list[tuple[str, type, dict[str, object]]]:
    """What a unit's modules are, but for the names of their hooks and what they store."""
    kinds = (bool, int, float, str, tuple, type(None))
    return [
        (path, type(module), {name: value for name, value in vars(module).items() if type(value) in kinds})
        for path, module in unit.named_modules()
    ]


def test_nothing_in_the_catalogue_changes_a_copy() -> None:
    """A pass tells what a copy does by what its original did."""
    seen = 0
    for name in catalogue():
        module = resolve(name).on_meta().module
        for copy in module.modules():
            if copy in ORIGINALS:
                assert plain(copy) == plain(ORIGINALS[copy]), name
                seen += 1
    assert seen > 500
