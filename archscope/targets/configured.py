"""Objects that constructors take beside numbers and words: configurations, `def __init__(self, config)`, and classes.

One is made of the fields that the user types (`config.width=64`), by a class of the file, which the argument's
annotation names or which has what the constructor reads; or it lies in the file already. A class goes by its name,
`block=Bottleneck`, where the constructor calls it. No torch.
"""

import ast
import copy
import inspect
import json
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

from archscope.errors import NOT_THE_USERS, ArchscopeError
from archscope.model.files import check_can_be_read
from archscope.targets.source import (
    code_named,
    file_of,
    handed_on,
    is_called,
    is_named,
    modules_for,
    nodes_of,
    parameters_of,
)

MOST_LISTED = 8
"""Fields and names that one line lists."""


class Fields(dict[str, Any]):
    """What was typed of a configuration of no known class: read as attributes or as items."""

    def __init__(self, path: str, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        vars(self).update(fields)
        object.__setattr__(self, "_path", path)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        vars(self)[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by Python, for copies say
            raise AttributeError(name)
        raise AttributeError(f"give {name}, too: --set {self._path}.{name}=...")

    def __missing__(self, name: str) -> Any:
        raise KeyError(f"give {name}, too: --set {self._path}.{name}=...")


def with_configurations(function: Callable[..., Any], options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arguments that a user means, and what a reader must know of them. Raises ArchscopeError."""
    typed: dict[str, dict[str, Any]] = {}
    given: dict[str, Any] = {}
    for option, value in options.items():
        name, dot, field = option.partition(".")
        (typed.setdefault(name, {}) if dot else given)[field or name] = value
    notes = []
    for name, parameter in parameters_of(function).items():
        value, fields = given.get(name), typed.pop(name, {})
        if not fields and (not isinstance(value, str) if name in given else parameter.default is not parameter.empty):
            continue
        if (found := _known(function, name, value)) is not None:
            given[name], said = _filled(found, name, fields)
            notes.append(f"{name} is {said}")
        elif isinstance(value, str) and (code := code_named(function, parameter, value)) is not None:
            given[name] = code
            notes.append(f"{name} is {value}")
        elif fields:
            given[name] = _as_fields(name, _tree(fields))
    left = {f"{name}.{field}": value for name, fields in typed.items() for field, value in fields.items()}
    return {**given, **left}, notes


def said_of_missing(function: Callable[..., Any], name: str) -> str:
    """How an argument that is missing can be given, if it is read as a configuration."""
    read = _read(function, name)
    fields, fitting = [*read], [*_fitting(function, read)] or modules_for(function, name)
    if fitting:
        return f"{name} may be {', '.join(fitting[:MOST_LISTED])}: --set {name}={fitting[0]}"
    if not fields:
        return ""
    listed = ", ".join(fields[:MOST_LISTED]) + (" ..." if len(fields) > MOST_LISTED else "")
    return f"of {name} it reads {listed}: give each, --set {name}.{fields[0]}=..."


# ---- which one it is ----------------------------------------------------------------------------------------------


def _known(function: Callable[..., Any], name: str, value: Any) -> tuple[str, Any] | None:
    """The configuration that an argument is, and what it is called: a file's that the user names, what else was given,
    or of the network's file the class or object that the user names, that it is annotated with, or that alone has what
    is read of it."""
    read = _read(function, name)
    fitting = _fitting(function, read)
    if isinstance(value, str):
        if value.endswith(FORMATS) and read:
            return value, _as_fields(name, written_in(value))
        return (value, fitting[value]) if value in fitting else None
    if value is not None:
        return repr(value), value
    annotated = _annotated(function, name)
    if annotated is not None and read.keys() <= _fields(annotated):
        return annotated.__name__, annotated
    made = {each: held for each, held in fitting.items() if not inspect.isclass(held)}
    likely = made or fitting
    return next(iter(likely.items())) if len(likely) == 1 else None


def _annotated(function: Callable[..., Any], name: str) -> Any:
    """The class that an argument is said to be of, if it is the user's, and no module."""
    owner = function.__init__ if inspect.isclass(function) else function
    try:
        hint = typing.get_type_hints(owner).get(name)
    except Exception:  # a name that is not there, say: it runs at the user's risk alone
        return None
    kinds = [kind for kind in (typing.get_args(hint) or (hint,)) if _is_configuration(kind)]
    return kinds[0] if len(kinds) == 1 else None


def _is_configuration(kind: Any) -> bool:
    if not inspect.isclass(kind) or issubclass(kind, Enum):
        return False
    is_module = any(base.__module__.startswith("torch.nn") for base in kind.__mro__)
    return kind.__module__.partition(".")[0] not in NOT_THE_USERS and not is_module


def _fitting(function: Callable[..., Any], read: Mapping[str, None]) -> dict[str, Any]:
    """Classes and objects of the function's file that have all that it reads of a configuration."""
    held = file_of(function)
    return {
        name: value
        for name, value in held.items()
        if read and not name.startswith("_") and read.keys() <= _fields(value)
    }


def _fields(value: Any) -> set[str]:
    """What a configuration, or one of a class, has."""
    if inspect.isclass(value):
        if not _is_configuration(value):
            return set()
        own = [base for base in value.__mro__ if _is_configuration(base)]
        annotated = [name for base in own for name in vars(base).get("__annotations__", ())]
        return {*dir(value), *annotated, *parameters_of(value), *[name for base in own for name in _assigned(base)]}
    if isinstance(value, dict):
        return {name for name in value if isinstance(name, str)}
    return set(getattr(value, "__dict__", ())) if _is_configuration(type(value)) or _is_namespace(value) else set()


def _is_namespace(value: Any) -> bool:
    return type(value).__name__ in {"Namespace", "SimpleNamespace"}


def _assigned(kind: type) -> set[str]:
    """The attributes that a class's methods set."""
    stored = [node for node in nodes_of(kind) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return {node.attr for node in stored if isinstance(node.value, ast.Name) and node.value.id == "self"}


def _read(function: Callable[..., Any], name: str, seen: tuple[Any, ...] = ()) -> dict[str, None]:
    """The fields that a function or class reads of an argument, in their order; then those that others of its file
    read, where it hands the argument on."""
    fields: dict[str, None] = {}
    called: set[str] = set()
    nodes = nodes_of(function)
    if is_called(nodes, name):
        return {}  # a class or a module, such as the block of a ResNet
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and is_named(node.value, name):
            fields[node.attr] = None
        elif isinstance(node, ast.Subscript) and is_named(node.value, name) and _is_word(node.slice):
            fields[node.slice.value] = None
        if _is_method(node, name):
            called.add(node.func.attr)
    read = {field: None for field in fields if field not in called}
    for reader, argument in handed_on(function, name, nodes):
        if (reader, argument) not in seen:
            read |= _read(reader, argument, (*seen, (function, name), (reader, argument)))
    return read


def _is_word(node: ast.AST) -> typing.TypeGuard[Any]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_method(node: ast.AST, name: str) -> typing.TypeGuard[Any]:
    """A call of one of its methods, `config.get(...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_named(node.func.value, name)


# ---- filled in ----------------------------------------------------------------------------------------------------


def _filled(found: tuple[str, Any], name: str, typed: Mapping[str, Any]) -> tuple[Any, str]:
    """A configuration with what was typed of it, and how to call it."""
    called, held = found
    if not inspect.isclass(held):
        own = copy.deepcopy(held) if typed else held
        for field, value in typed.items():
            _set(own, field.split("."), value)
        return own, _said(called, typed, "{} with {}")
    parameters = parameters_of(held)
    missing = [each for each, p in parameters.items() if p.default is p.empty and each not in typed]
    if missing:
        needs = " ".join(f"--set {name}.{each}=..." for each in missing[:MOST_LISTED])
        raise ArchscopeError(f"{name}, a {called}, needs {needs}")
    made = held(**{field: value for field, value in typed.items() if field in parameters})
    for field, value in typed.items():
        if field not in parameters:
            _set(made, field.split("."), value)
    return made, _said(called, typed, "{}({})")


def _said(called: str, typed: Mapping[str, Any], form: str) -> str:
    fields = ", ".join(f"{field}={value!r}" for field, value in typed.items())
    return form.format(called, fields) if fields or "(" in form else called


def _set(held: Any, path: list[str], value: Any) -> None:
    """A field of a configuration, or of one in it. Raises ArchscopeError where there is none of its name."""
    owner = reduce(_part, path[:-1], held)
    if isinstance(owner, dict):
        owner[path[-1]] = value
    elif hasattr(owner, path[-1]):
        setattr(owner, path[-1], value)
    else:
        raise ArchscopeError(f"{type(held).__name__} has no {'.'.join(path)}")


def _part(held: Any, name: str) -> Any:
    return held.get(name) if isinstance(held, dict) else getattr(held, name, None)


def _tree(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of fields where they were typed with dots."""
    fields: dict[str, Any] = {}
    within: dict[str, dict[str, Any]] = {}
    for field, value in typed.items():
        name, dot, rest = field.partition(".")
        (within.setdefault(name, {}) if dot else fields)[rest or name] = value
    return fields | {name: _tree(held) for name, held in within.items()}


def _as_fields(path: str, held: Mapping[str, Any]) -> Fields:
    within = {name: value for name, value in held.items() if isinstance(value, dict)}
    return Fields(path, {**held, **{name: _as_fields(f"{path}.{name}", value) for name, value in within.items()}})


FORMATS = (".json", ".yaml", ".yml")


def written_in(file: str) -> dict[str, Any]:
    """The configuration that a file holds. Raises ArchscopeError."""
    check_can_be_read(file)
    try:
        text = Path(file).read_text(encoding="utf-8")
        held = json.loads(text) if file.endswith(".json") else _of_yaml(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ArchscopeError(f"cannot read {file}: {str(error).partition(chr(10))[0]}") from None
    if not isinstance(held, dict):
        raise ArchscopeError(f"{file} holds no fields by their names")
    return held


def _of_yaml(text: str) -> Any:
    try:
        yaml = import_module("yaml")
    except ImportError:
        raise ArchscopeError("a configuration in YAML needs PyYAML: pip install pyyaml") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
