"""What can be set of a network: the keyword arguments of its builder, read without running it, and their values."""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from archscope.errors import ArchscopeError

EXAMPLES = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
"""What each type of option is called in an error."""

LEAST = {int: 1, float: 0}
"""The least that an option may be, by its type: whole numbers count something, the others scale or drop out."""

SCALES = {"width_multiplier", "compression", "squeeze_ratio"}
"""Options that channels are multiplied by: of none of them a network is left at zero."""

MOST, MOST_SCALE = 2**31 - 1, 2**10
"""No option that is a number, or a scale, means anything beyond."""


# ---- values --------------------------------------------------------------------------------------------------------


def check_values(builder: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Raise ArchscopeError for a value that is not of its option's type, too small, or not among its Literal's."""
    hints = get_type_hints(builder.func if isinstance(builder, partial) else builder)
    for option, value in options.items():
        hint = hints[option]
        kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
        types = [kind for kind in kinds if kind in EXAMPLES]
        if value in words or not (words or types):
            continue
        wanted = [EXAMPLES[kind] for kind in types] + ([f"one of {', '.join(map(str, words))}"] if words else [])
        if not any(_is_a(value, kind) for kind in types):
            raise ArchscopeError(f"{option} is {' or '.join(wanted)}, not '{value}'")
        if option in SCALES and value <= 0:
            raise ArchscopeError(f"{option} is above 0, not {value}: it scales the channels")
        for kind in types:
            if kind in LEAST and value < LEAST[kind]:
                raise ArchscopeError(f"{option} is {LEAST[kind]} or more, not {value}")
        most = MOST_SCALE if option in SCALES else MOST
        if isinstance(value, int | float) and value > most:
            raise ArchscopeError(f"{option} is {most} or less, not {value}")


def is_default(value: Any, described: str) -> bool:
    """Is it the default of an option that is described so: `int = 1000`?"""
    try:
        return bool(value == ast.literal_eval(described.partition(" = ")[2]))
    except (ValueError, SyntaxError):  # none, or no literal
        return False


def _is_a(value: Any, kind: type) -> bool:
    if kind is float and isinstance(value, int):  # 1 is a number like 1.0; True is an int to Python, and neither here
        return not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


# ---- names, types and defaults -------------------------------------------------------------------------------------


@cache
def options_of(file: str) -> Mapping[str, Mapping[str, str]]:
    """Options of every network in a file, read without running it: importing it would import torch."""
    # A function `@network` names itself; `@network(TABLE)` names a row for each key of a dict in the same file.
    tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"))
    tables = {
        target.id: dict(zip(map(ast.literal_eval, filter(None, node.value.keys)), node.value.values, strict=True))
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, Mapping[str, str]] = {}
    aliases = _aliases(tree)
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for argument in (*node.args.args, *node.args.kwonlyargs):
            if isinstance(argument.annotation, ast.Name):
                argument.annotation = aliases.get(argument.annotation.id, argument.annotation)
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name) and decorator.id == "network":
                found[node.name] = _keywords(node)
            elif isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "network":
                for name, row in tables[ast.unparse(decorator.args[0])].items():
                    found[name] = _keywords(node, row.elts if isinstance(row, ast.Tuple) else [])
    return found


def _aliases(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Types that a file gives a name: `Kind = Literal["a", "b"]`."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _keywords(function: ast.FunctionDef, row: Sequence[ast.expr] = ()) -> Mapping[str, str]:
    """What can be set: names with types and defaults. `row` holds the values of the first arguments."""
    arguments = function.args
    positional = dict(
        zip(reversed(arguments.args), reversed(arguments.defaults), strict=False)
    )  # defaults end together
    keyword = dict(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    in_row = dict(zip(arguments.args, row[len(arguments.posonlyargs) :], strict=False))
    described = {}
    for argument in (*arguments.args, *arguments.kwonlyargs):
        default = (positional | keyword | in_row).get(argument)
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        described[argument.arg] = f"{kind} = {ast.unparse(default)}" if default is not None else kind
    return described
