"""What the source of a user's function or class says of its arguments, and what its file names. No torch."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # written in C
        return {}
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in parameters.items() if each.kind not in variable}


def file_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """What the file that defines it holds, by name."""
    return vars(sys.modules.get(function.__module__, object))


def nodes_of(code: Any) -> list[ast.AST]:
    try:
        return [*ast.walk(ast.parse(textwrap.dedent(inspect.getsource(code))))]
    except (OSError, TypeError, SyntaxError):
        return []


def is_named(node: ast.AST, name: str) -> bool:
    """`config`, or `self.config` where it is kept."""
    if isinstance(node, ast.Attribute):
        return node.attr == name and isinstance(node.value, ast.Name) and node.value.id == "self"
    return isinstance(node, ast.Name) and node.id == name


def is_called(nodes: Sequence[ast.AST], name: str) -> bool:
    """Is an argument a class or a function, which makes something?"""
    return any(isinstance(node, ast.Call) and is_named(node.func, name) for node in nodes)


def handed_on(function: Callable[..., Any], name: str, nodes: Sequence[ast.AST]) -> Iterator[tuple[Any, str]]:
    """What else of the file is given the argument, and what it calls it there; a class is its bases, too."""
    held = file_of(function)
    if inspect.isclass(function):
        yield from ((base, name) for base in function.__bases__ if name in parameters_of(base))
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            callee = held.get(node.func.id)
            if inspect.isclass(callee) or inspect.isfunction(callee):
                given = [*zip(parameters_of(callee), node.args, strict=False)]
                given += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
                yield from ((callee, argument) for argument, value in given if is_named(value, name))


# ---- classes by their names -----------------------------------------------------------------------------------------


def code_named(function: Callable[..., Any], parameter: inspect.Parameter, word: str) -> Any:
    """The class or function that a word names in the file, `Block` or `nn.GELU`, for an argument that is no word."""
    first, *rest = word.split(".")
    held: Any = file_of(function).get(first)
    for part in rest:
        held = getattr(held, part, None)
    by_default = parameter.default is not parameter.empty and callable(parameter.default)
    annotated = parameter.annotation is not parameter.empty and not WORDS.search(str(parameter.annotation))
    return held if callable(held) and (by_default or annotated or _makes(function, parameter.name)) else None


WORDS = re.compile(r"\b(str|Literal|Any)\b")
"""In the annotation of an argument that may be a word."""


def _makes(function: Callable[..., Any], name: str, seen: tuple[Any, ...] = ()) -> bool:
    """Is an argument called, or asked for what no word has, here or where it is handed on?"""
    nodes, seen = nodes_of(function), (*seen, (function, name))
    asked = [node.attr for node in nodes if isinstance(node, ast.Attribute) and is_named(node.value, name)]
    if is_called(nodes, name) or not all(hasattr(str, attribute) for attribute in asked):
        return True
    return any(_makes(*other, seen) for other in handed_on(function, name, nodes) if other not in seen)


def modules_for(function: Callable[..., Any], name: str) -> list[str]:
    """The file's own module classes, of which one may be an argument that is called."""
    if not is_called(nodes_of(function), name):
        return []
    own = {each: held for each, held in file_of(function).items() if inspect.isclass(held) and held is not function}
    own = {each: held for each, held in own.items() if held.__module__ == function.__module__}
    return [each for each, held in own.items() if any(base.__module__.startswith("torch.nn") for base in held.__mro__)]
