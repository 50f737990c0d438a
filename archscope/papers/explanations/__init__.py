"""Why a published number is not the network's: each file changes the network, step by step, into the one that has it.

An explanation takes the network as its claim builds it and changes it in place; after each change it yields, in
words, what it changed. Its docstring says what the number is of. Nothing is asserted: every step is traced and
counted. The networks' own files stay clean of what others got wrong.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from archscope.errors import ArchscopeError
from archscope.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    Changes = Callable[[nn.Module], Iterator[str]]

_explanations: Registry["Changes"] = Registry("explanation")


def explanation(function: "Changes") -> "Changes":
    """Decorator: register an explanation under its function's name, which is also its file's."""
    return _explanations.register(function.__name__)(function)


def find(name: str) -> "Changes":
    """The explanation of this name. Raises ArchscopeError."""
    if name not in _explanations:
        try:
            import_module(f"{__name__}.{name}")
        except ModuleNotFoundError:
            raise ArchscopeError(f"no file archscope/papers/explanations/{name}.py") from None
    return _explanations[name]
