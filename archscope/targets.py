"""From what the user named to a module that can be built. Torch-free until it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.networks import Network, find

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Target:
    """What can be built under a name. `input_size` is its own, where it has one; `network` its catalogue entry."""

    name: str
    builder: "Callable[..., nn.Module]"
    label: str = ""
    input_size: tuple[int, ...] | None = None
    network: Network | None = None

    def build(self, **options: Any) -> "nn.Module":
        """The module with its weights, on torch's default device. Raises ArchscopeError for an unknown option."""
        return self.builder(**options)

    def on_meta(self, **options: Any) -> "nn.Module":
        """The module without memory: what a trace needs."""
        from archscope.skeleton import Skeleton

        with Skeleton():
            return self.build(**options)


def resolve(target: "str | nn.Module") -> Target:
    """The Target of a network's name or of a module that is built already. Raises ArchscopeError."""
    if isinstance(target, str):
        network = find(target)
        return Target(network.name, network.build, network.label, network.input_size, network)
    return Target(type(target).__name__, _built(target))


def _built(module: "nn.Module") -> "Callable[..., nn.Module]":
    def build(**options: Any) -> "nn.Module":
        if options:
            raise ArchscopeError(
                f"options ({', '.join(options)}) go to a network by name; this module is built already"
            )
        return module

    return build
