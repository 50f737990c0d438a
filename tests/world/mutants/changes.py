"""How a network is changed by hand: in a copy, by the operations that it calls or by a module of its own."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

Change = Callable[[nn.Module], nn.Module]
Replacement = Callable[..., Any]
"""Of a function: what it is given, the function first."""


@dataclass(frozen=True)
class Mutant:
    """`says` is what the one row must say."""

    base: str
    what: str
    says: str
    change: Change
    training: bool = False

    def made(self, base: nn.Module) -> nn.Module:
        return self.change(copy.deepcopy(base)).eval()


class Calls(TorchFunctionMode):
    """Other operations in the place of some: the so-manieth call of a function, or each."""

    def __init__(self, name: str, nth: int | None, replacement: Replacement) -> None:
        super().__init__()
        self.name, self.nth, self.replacement, self.seen = name, nth, replacement, -1

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(function, "__name__", "") == self.name:
            self.seen += 1
            if self.nth is None or self.seen == self.nth:
                return self.replacement(function, *args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


class Patched(nn.Module):
    """A network, some of whose calls do something else."""

    def __init__(self, net: nn.Module, name: str, nth: int | None, replacement: Replacement) -> None:
        super().__init__()
        self.net, self.patch = net, (name, nth, replacement)

    def forward(self, *given: torch.Tensor) -> Any:
        with Calls(*self.patch):
            return self.net(*given)


def calls(name: str, replacement: Replacement, nth: int | None = 0) -> Change:
    return lambda net: Patched(net, name, nth, replacement)


class Around(nn.Module):
    """A module, and something before it or after it."""

    def __init__(self, inner: nn.Module, before: Any = None, after: Any = None) -> None:
        super().__init__()
        self.inner, self.before, self.after = inner, before, after

    def forward(self, given: torch.Tensor, *more: Any, **named: Any) -> Any:
        taken = self.before(given) if self.before else given
        found = self.inner(taken, *more, **named)
        return self.after(found) if self.after else found


class With(nn.Module):
    """A module that does what a function of it and its input does."""

    def __init__(self, inner: nn.Module, function: Any) -> None:
        super().__init__()
        self.inner, self.function = inner, function

    def forward(self, *given: Any, **named: Any) -> Any:
        return self.function(self.inner, *given, **named)


class Lambda(nn.Module):
    """A function of its input."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, given: torch.Tensor) -> Any:
        return self.function(given)


def replaced(path: str, make: Callable[[nn.Module], nn.Module]) -> Change:
    """The module at a path by what is made of it; an empty path is the whole network."""

    def change(net: nn.Module) -> nn.Module:
        if not path:
            return make(net)
        net.set_submodule(path, make(net.get_submodule(path)))
        return net

    return change


def before(path: str, function: Any) -> Change:
    return replaced(path, lambda inner: Around(inner, before=function))


def after(path: str, function: Any) -> Change:
    return replaced(path, lambda inner: Around(inner, after=function))


def instead(path: str, function: Any) -> Change:
    """A function of the input in a module's place."""
    return replaced(path, lambda inner: Lambda(function))


def as_function(path: str, function: Any) -> Change:
    return replaced(path, lambda inner: With(inner, function))


def edited(path: str, edit: Callable[[Any], Any]) -> Change:
    def change(net: nn.Module) -> nn.Module:
        edit(net.get_submodule(path))
        return net

    return change


def weight(path: str, function: Any) -> Change:
    """A layer whose weight is changed before it is used."""
    from torch.nn.utils import parametrize

    class Changed(nn.Module):
        def forward(self, stored: torch.Tensor) -> Any:
            return function(stored)

    def change(net: nn.Module) -> nn.Module:
        parametrize.register_parametrization(net.get_submodule(path), "weight", Changed(), unsafe=True)
        return net

    return change


def joined(path: str, other: str) -> Change:
    """One module in the place of two."""

    def change(net: nn.Module) -> nn.Module:
        net.set_submodule(path, net.get_submodule(other))
        return net

    return change
