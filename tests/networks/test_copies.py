"""Are units that are copied on meta what a constructor would have built?"""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

import archscope
from archscope.networks import catalogue
from archscope.networks.copies import ORIGINALS, copy_on_meta, unchanged_copies
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


def row_of_units() -> nn.Sequential:
    """Of which the last two are copies of the first: each adds to its input what a convolution in it makes of that."""
    with Skeleton():
        return nn.Sequential(*repeated(3, partial(inception_resnet_b, 64, 0.1)))


def last_convolution(network: nn.Module) -> nn.Conv2d:
    return [module for module in network[2].modules() if isinstance(module, nn.Conv2d)][-1]  # type: ignore[index]


def dilated(network: nn.Module) -> None:
    last_convolution(network).dilation = (2, 2)


def without_a_bias(network: nn.Module) -> None:
    last_convolution(network).bias = None


def in_half(network: nn.Module) -> None:
    last_convolution(network).half()


def with_a_note(network: nn.Module) -> None:
    last_convolution(network).note = "mine"


def without_a_child(network: nn.Module) -> None:
    network[2].body = nn.Sequential(*[*network[2].body][1:])  # type: ignore[index, misc]


def with_frozen_buffers(network: nn.Module) -> None:
    """In the places of parameters, of the same names, shapes and order."""
    last = last_convolution(network)
    for name, weight in [*last.named_parameters()]:
        delattr(last, name)
        last.register_buffer(name, weight.detach())


CHANGES = [dilated, without_a_bias, in_half, with_a_note, without_a_child, with_frozen_buffers]


def hooked(network: nn.Module) -> None:
    last_convolution(network).register_forward_hook(lambda module, given, made: made * 2)


def with_code_of_its_own(network: nn.Module) -> None:
    last_convolution(network).forward = torch.neg  # type: ignore[assignment, method-assign]


class Foreign(nn.Module):
    """Its code may keep what it sees."""


def with_a_foreign_module(network: nn.Module) -> None:
    network.append(Foreign())  # type: ignore[operator]


def with_a_shared_weight(network: nn.Module) -> None:
    last_convolution(network).weight = next(network.parameters())


def with_a_shared_module(network: nn.Module) -> None:
    network.append(network[2])  # type: ignore[operator, index]


FOREIGN = [hooked, with_code_of_its_own, with_a_foreign_module, with_a_shared_weight, with_a_shared_module]


def test_copies_are_known_in_a_network_that_a_user_has_built() -> None:
    network = row_of_units()
    first, *others = network
    assert unchanged_copies(network) == dict.fromkeys(others, first)
    assert unchanged_copies(nn.Sequential(*others)) == {}


def test_what_copies_hold_in_lists_is_compared() -> None:
    """A convolution that keeps the size has its padding in one, too."""
    with Skeleton():
        network = nn.Sequential(*repeated(3, partial(nn.Conv2d, 8, 8, 3, padding="same")))
    first, second, third = network
    second.register_module("none", None)
    first.register_module("none", None)
    third.register_module("none", None)
    assert unchanged_copies(network) == {second: first, third: first}
    third._reversed_padding_repeated_twice = [2, 2, 2, 2]
    assert unchanged_copies(network) == {second: first}


@pytest.mark.parametrize("change", CHANGES)
def test_copy_that_was_changed_is_none(change: Callable[[nn.Module], None]) -> None:
    network = row_of_units()
    change(network)
    assert list(unchanged_copies(network)) == [network[1]]


@pytest.mark.parametrize("change", FOREIGN)
def test_network_with_code_of_somebody_elses_or_shared_parts_has_none(change: Callable[[nn.Module], None]) -> None:
    network = row_of_units()
    change(network)
    assert unchanged_copies(network) == {}


def test_users_network_is_told_as_it_runs_and_left_alone() -> None:
    network = row_of_units()
    dilated(network)
    before = [dict(vars(module)) for module in network.modules()]
    assert archscope.summarize(network, (64, 17, 17)).graph == trace(network, (64, 17, 17))
    assert [dict(vars(module)) for module in network.modules()] == before
