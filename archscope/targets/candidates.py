"""Which network of a file is meant: the one that a name says, or the only one that nothing else in the file uses."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from archscope.errors import ArchscopeError
from archscope.registry import unknown
from archscope.targets.files import is_program


def named_in(module: ModuleType, name: str, target: str) -> Any:
    """What a dotted name leads to. Raises UnknownName, with the networks that are nearest."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise unknown(f"network in {target.rpartition(':')[0]}", name, _networks_in(module))
        found = getattr(found, part)
    return found


def _networks_in(module: ModuleType) -> Mapping[str, Any]:
    """The module's classes and instances of nn.Module, and its functions, as far as they are its own and public."""
    from torch import nn

    def is_own(found: Any) -> bool:
        if isinstance(found, nn.Module) or is_program(found):
            return True
        candidate = inspect.isfunction(found) or (inspect.isclass(found) and issubclass(found, nn.Module))
        # What the file imports is not its own, but an instance is: its class may well be torch's nn.Sequential.
        return candidate and found.__module__ == module.__name__

    return {name: found for name, found in vars(module).items() if not name.startswith("_") and is_own(found)}


def only_network(module: ModuleType, target: str) -> Any:
    """The network of a file that has one: a module class that nothing else in the file uses."""
    found = _networks_in(module)
    if not found:
        raise ArchscopeError(f"{target} defines no network: no nn.Module and no function that makes one")
    uses, shown = _uses(module)
    networks = [name for name in found if all(name not in used for used in uses.values())] or list(found)
    # A function is proposed and not called: nothing says that it makes a network, or does nothing else.
    if len(networks) == 1 and not inspect.isfunction(found[networks[0]]):
        return found[networks[0]]
    likely = max(networks, key=lambda name: (name in shown, len(_reached(name, uses))))
    listed = ", ".join(networks[:MOST_LISTED]) + (" ..." if len(networks) > MOST_LISTED else "")
    raise ArchscopeError(f"{target} defines {listed}: name one, such as {target}:{likely}")


MOST_LISTED = 12
"""Names of a file's networks in one line."""


def _uses(module: ModuleType) -> tuple[dict[str, set[str]], set[str]]:
    """By the name of each class and function of the module what it is made of; and what runs if the file itself does.

    A function that returns nothing makes no network; what it uses, as a test or a training loop does, is no helper.
    """
    uses: dict[str, set[str]] = {}
    shown: set[str] = set()
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef) and not _returns(node):
            uses.setdefault("", set()).add(node.name)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            # an argument's annotation is no use
            uses[node.name] = _names([*node.body, *getattr(node, "bases", ())]) - {node.name}
        elif isinstance(node, ast.If) and "__name__" in _names([node.test]):
            shown |= _names(node.body)
    return uses, shown


def _names(parts: Sequence[ast.AST]) -> set[str]:
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """All of the file that something is made of, itself too: a network is made of more than a block."""
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached |= waiting
        waiting = {used for each in waiting for used in uses.get(each, ()) if used in uses} - reached
    return reached


def _returns(function: ast.FunctionDef) -> bool:
    return any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(function))
