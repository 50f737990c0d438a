"""Are units that a network repeats told as they would have run?"""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from archscope.networks.copies import ORIGINALS
from archscope.networks.layers import repeated
from archscope.targets import resolve
from archscope.tracing import trace
from archscope.tracing.meta_build import Skeleton

SHARED = nn.Conv2d(8, 8, 1, device="meta")


class Unit(nn.Module):
    """A convolution, counted whenever it runs, and what a test does with it."""

    runs = 0

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> Any:
        Unit.runs += 1
        return self.bn(self.conv(x)) + x


class IntoItsInput(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x.relu_())


class View(Unit):
    """Who writes into what it returns writes into a part of something."""

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(nn.functional.pad(x, (1, 1, 1, 1)))[:, :, 1:-1, 1:-1]


class OneOfTwo(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x).max(1, keepdim=True).values


class NotTheLast(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        y = self.conv(x)
        y.mean()
        return y


class WithConstant(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x) + torch.arange(6.0)


class WithAnothers(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return nn.functional.conv2d(self.conv(x), SHARED.weight)


class ByStrides(Unit):
    """What lies in order is not copied."""

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x.contiguous())


class Itself(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return x


class AWeight(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return self.conv.bias


class Around(nn.Module):
    """One operation beside a unit, or another one, into what that returned, before it."""

    def __init__(self, unit: nn.Module, into: bool) -> None:
        super().__init__()
        self.unit, self.into, self.unit_beside = unit, into, SHARED

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.unit(x)
        if y.dim() < 4:
            return x
        return (y.sigmoid_() if self.into and y is not x else y) + x


class InRow(nn.Module):
    """Equal units, of which one is given its image on its side."""

    def __init__(self, unit: type[Unit]) -> None:
        super().__init__()
        self.row = nn.ModuleList([Around(each, place == 3) for place, each in enumerate(repeated(4, unit))])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for place, around in enumerate(self.row):
            x = around(x.transpose(2, 3) if place == 2 else x)
        return x


UNITS = [Unit, IntoItsInput, View, OneOfTwo, NotTheLast, WithConstant, WithAnothers, ByStrides, Itself, AWeight]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_graph_is_that_of_a_network_of_which_all_units_run(unit: type[Unit], mode: Any) -> None:
    with Skeleton():
        module = InRow(unit)
    told = trace(module, (8, 6, 6), mode=mode, copies=ORIGINALS)
    assert told == trace(module, (8, 6, 6), mode=mode)


class Above(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, :3]


class OfNoWeights(Unit):
    def forward(self, x: torch.Tensor) -> Any:
        return x.relu()


class Sum(Unit):
    """Of what it is given, beside an image."""

    def forward(self, x: torch.Tensor, y: torch.Tensor | int = 1) -> Any:
        return self.conv(x) + y


class Unlike(nn.Module):
    """Equal units that are given a type of their own, or a constant; one argument or two; and the first not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.idle, self.sums = nn.ModuleList(repeated(4, OfNoWeights)), nn.ModuleList(repeated(5, Sum)[1:])

    def forward(self, x: torch.Tensor) -> Any:
        a, b, c, d = self.idle
        e, f, g, h = self.sums
        given = a(x), b(x.double()), c(x), d(torch.ones(x.shape))
        return given, e(x), f(x, x), g(x, y=x.exp()), h(x)


def test_what_is_given_otherwise_runs() -> None:
    with Skeleton():
        module = Unlike()
    assert trace(module, (8, 6, 6), copies=ORIGINALS) == trace(module, (8, 6, 6))


def test_unit_runs_once_for_each_size() -> None:
    with Skeleton():
        units = repeated(4, Unit)
        module = nn.Sequential(*units[:2], Above(), *units[2:])
    Unit.runs = 0
    trace(module, (8, 6, 6), copies=ORIGINALS)
    assert Unit.runs == 3  # the last one is given what the third has made, all of its memory


@pytest.mark.parametrize("register", [register_module_forward_hook, register_module_forward_pre_hook])
def test_every_unit_runs_where_every_module_has_a_hook(register: Any) -> None:
    with Skeleton():
        module = nn.Sequential(*repeated(3, Unit))
    Unit.runs = 0
    hook = register(lambda *_: None)
    try:
        trace(module, (8, 6, 6), copies=ORIGINALS)
    finally:
        hook.remove()
    assert Unit.runs == 3


@pytest.mark.parametrize("name", ["resnet101", "densenet121", "inception_resnet_v1", "regnet_y_400mf", "res2net50"])
def test_network_of_the_catalogue_is_told_as_it_runs(name: str) -> None:
    target = resolve(name)
    module = target.on_meta().module
    told = trace(module, target.input_size)
    assert trace(module, target.input_size, copies=ORIGINALS) == told
    assert trace(module, target.input_size, copies=ORIGINALS, doubled=False) == told
