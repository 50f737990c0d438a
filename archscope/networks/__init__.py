"""The networks: one paper, one file; `catalogue.toml` holds what each paper says. Torch-free until one is built."""

import ast
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any, overload

from archscope.errors import ArchscopeError
from archscope.registry import Registry, canonical, unknown

if TYPE_CHECKING:
    from torch import nn

    Builder = Callable[..., nn.Module]


@dataclass(frozen=True)
class Claim:
    """A published number. `digits` significant digits are what the source prints; `relation` is how it is meant."""

    quantity: str
    value: float
    source: str
    convention: str = ""
    digits: int = 0
    relation: str = "="

    def holds(self, measured: float) -> bool:
        """Does `measured` agree, as precisely as the claim is stated?"""
        if self.relation == "<":
            return measured < self.value
        return measured == self.value or (self.digits > 0 and float(f"{measured:.{self.digits}g}") == self.value)


@dataclass(frozen=True)
class Paper:
    """Where a network comes from. `file` is the module under archscope/networks that implements it."""

    file: str
    title: str
    authors: str
    year: int
    venue: str = ""
    arxiv: str = ""

    @property
    def citation(self) -> str:
        """One short line: authors, venue and year, arXiv number."""
        where = f"{self.venue} {self.year}" if self.venue else str(self.year)
        return f"{self.authors}, {where}" + (f", arXiv:{self.arxiv}" if self.arxiv else "")


@dataclass(frozen=True)
class Network:
    """A network by name: its paper, the input that the paper uses, and what is claimed of it."""

    name: str
    label: str
    paper: Paper
    input_size: tuple[int, ...]
    source: str
    note: str = ""
    aliases: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def options(self) -> Mapping[str, str]:
        """The builder's keyword arguments with their types and defaults, read from its source."""
        return _options(self.paper.file)[self.name]

    def build(self, **options: Any) -> "nn.Module":
        """The module, on the current default device. Raises ArchscopeError for an unknown option."""
        for option in options:
            if option not in self.options:
                raise unknown(f"option of {self.name}", option, self.options)
        import_module(f"{__name__}.{self.paper.file}")
        try:
            return _builders[self.name](**options)
        except (TypeError, ValueError) as error:
            said = ", ".join(f"{key}={value}" for key, value in options.items())
            raise ArchscopeError(f"cannot build {self.name} with {said or 'its defaults'}: {error}") from error


_builders: Registry["Builder"] = Registry("network")


@overload
def network(built: "Builder") -> "Builder": ...
@overload
def network(built: Mapping[str, tuple[Any, ...]]) -> Callable[["Builder"], "Builder"]: ...
def network(built: Any) -> Any:
    """Decorator: register a function as the network of its name, or, given a table, one network a row.

    A row's values are the function's positional-only arguments; what is left are the network's options.
    """
    if not isinstance(built, Mapping):
        return _builders.register(built.__name__)(built)

    def register_family(function: "Builder") -> "Builder":
        for name, row in built.items():
            _builders.register(name)(lambda *, row=row, **options: function(*row, **options))
        return function

    return register_family


@cache
def catalogue() -> Mapping[str, Network]:
    """Every network by name, in the catalogue's order."""
    text = files(__name__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    found = {}
    for file, entry in tomllib.loads(text).items():
        rows = entry.pop("networks")
        paper = Paper(file=file, **entry)
        for name, row in rows.items():
            claims = tuple(Claim(**claim) for claim in row.pop("claims", []))
            row |= {"input_size": tuple(row["input_size"]), "aliases": tuple(row.pop("aliases", []))}
            found[name] = Network(name=name, paper=paper, claims=claims, **row)
    return found


def find(name: str) -> Network:
    """The network of this name or alias; `-`, `_` and case do not matter."""
    networks = catalogue()
    names = {alias: entry for entry in networks.values() for alias in (entry.name, *entry.aliases)}
    if canonical(name) not in names:
        raise unknown("network", name, names)
    return names[canonical(name)]


@cache
def _options(file: str) -> Mapping[str, Mapping[str, str]]:
    """Options of every network in a file, read without running it: importing it would import torch."""
    tree = ast.parse(files(__name__).joinpath(f"{file}.py").read_text(encoding="utf-8"))
    tables = {
        target.id: [ast.literal_eval(key) for key in node.value.keys if key is not None]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, Mapping[str, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name) and decorator.id == "network":
                found[node.name] = _keywords(node)
            elif isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name):
                table = decorator.args[0]
                found |= dict.fromkeys(tables[table.id] if isinstance(table, ast.Name) else [], _keywords(node))
    return found


def _keywords(function: ast.FunctionDef) -> Mapping[str, str]:
    arguments = function.args
    positional = dict(zip(reversed(arguments.args), reversed(arguments.defaults), strict=False))
    keyword = dict(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    described = {}
    for argument in (*arguments.args, *arguments.kwonlyargs):
        default = (positional | keyword).get(argument)
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        described[argument.arg] = f"{kind} = {ast.unparse(default)}" if default is not None else kind
    return described
