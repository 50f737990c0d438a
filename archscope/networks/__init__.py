"""The networks: one paper, one file; `catalogue.toml` names them, `claims/` holds what is claimed of each paper's.

Torch-free until one is built.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints, overload

from archscope.errors import ArchscopeError
from archscope.model.claims import Claim, table
from archscope.registry import Registry, canonical, unknown

if TYPE_CHECKING:
    from torch import nn

    Builder = Callable[..., nn.Module]


EXAMPLES = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
"""What each type of option is called in an error."""

LEAST = {int: 1, float: 0}
"""The least that an option may be, by its type: whole numbers count something, the others scale or drop out."""

SCALES = {"width_multiplier", "compression"}
"""Options that channels are multiplied by: of none of them a network is left at zero."""

JOURNALS = {"Proceedings of the IEEE", "TPAMI"}
"""Venues that are no conferences."""


@dataclass(frozen=True)
class Debt:
    """What a paper takes from an earlier one, in its own terms, and where it says so: `checked` against its text, or
    from memory."""

    paper: str
    idea: str
    section: str
    checked: bool = False

    @property
    def where(self) -> str:
        return self.section if self.checked else f"{self.section}, from memory"


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
    def builds_on(self) -> tuple[Debt, ...]:
        """What it takes from earlier papers, first from the one that it grew from."""
        return tuple(Debt(**debt) for debt in _debts().get(self.file, ()))

    @property
    def citation(self) -> str:
        """One short line: at most two authors, venue and year, arXiv number."""
        first, *others = self.authors.split(", ")
        authors = f"{first} et al." if len(others) > 1 else self.authors.replace(", ", " and ")
        where = f"{self.venue} {self.year}" if self.venue else str(self.year)
        return f"{authors}, {where}" + (f", arXiv:{self.arxiv}" if self.arxiv else "")

    @property
    def key(self) -> str:
        """By which it is cited: `szegedy2016rethinking`."""
        first = self.authors.split(", ")[0].split()[-1]
        word = re.findall(r"\w+", self.title)[0]
        return f"{first}{self.year}{word}".lower()

    @property
    def bibtex(self) -> str:
        """An entry for a bibliography; authors are named as the catalogue names them, most by their last names."""
        authors = self.authors.split(", ")
        kind, held_in = ("inproceedings", "booktitle") if self.venue else ("misc", "")
        if self.venue in JOURNALS:
            kind, held_in = "article", "journal"
        fields = {
            "author": " and ".join(authors),
            "title": f"{{{self.title}}}",  # a second pair of braces keeps its capitals
            **({held_in: self.venue} if held_in else {}),
            "year": str(self.year),
            **({"eprint": self.arxiv, "archiveprefix": "arXiv"} if self.arxiv else {}),
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@{kind}{{{self.key},\n{lines}}}\n"


@dataclass(frozen=True)
class Network:
    """A network by name: its paper, and the input that the paper uses."""

    name: str
    label: str
    paper: Paper
    input_size: tuple[int, ...]
    source: str
    note: str = ""
    aliases: tuple[str, ...] = ()

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """What is claimed of it: in the order of the file, those of the papers' own tables last."""
        rows = _claims(self.paper.file).get(self.name, {})
        tables = [claim for entry in rows.get("tables", []) for claim in table(**entry)]
        return (*(Claim(**claim) for claim in rows.get("claims", [])), *tables)

    @property
    def options(self) -> Mapping[str, str]:
        """The builder's keyword arguments with their types and defaults, read from its source."""
        return _options(self.paper.file)[self.name]

    def changed_by(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that change the network: those that do not repeat their default."""
        return {option: value for option, value in options.items() if not _is_literal(value, self.options[option])}

    def claims_of(self, size: Sequence[int], options: Mapping[str, Any] = MappingProxyType({})) -> tuple[Claim, ...]:
        """What is claimed of the whole network as it is built with these options, at an input of this size.

        Parameters do not depend on the input.
        """
        changed = self.changed_by(options)

        def is_meant(claim: Claim) -> bool:
            own_size = tuple(size) == tuple(claim.input_size or self.input_size)
            return not claim.block and claim.options == changed and (own_size or claim.quantity == "params")

        return tuple(claim for claim in self.claims if is_meant(claim))

    def build(self, /, **options: Any) -> "nn.Module":
        """The module, on the current default device. Raises ArchscopeError for an unknown option."""
        for option in options:
            if option not in self.options:
                raise unknown(f"option of {self.name}", option, self.options)
        import_module(f"{__name__}.{self.paper.file}")  # here, not above: it imports torch, and registers the builders
        builder = _builders[self.name]
        _check_values(builder, options)
        try:
            return builder(**options)
        except (TypeError, ValueError, RuntimeError) as error:
            said = ", ".join(f"{key}={value}" for key, value in options.items())
            raise ArchscopeError(f"cannot build {self.name} with {said or 'its defaults'}: {error}") from error


_builders: Registry["Builder"] = Registry("network")


@overload
def network(built: "Builder") -> "Builder": ...
@overload
def network(built: Mapping[str, tuple[Any, ...]]) -> Callable[["Builder"], "Builder"]: ...
def network(built: Any) -> Any:
    """Decorator: register a function as the network of its name, or, given a table, one network a row.

    A row's values are the function's first arguments: the positional-only ones are fixed by the row, the others
    are options that have the row's value as their default, as have all further arguments.
    """
    if not isinstance(built, Mapping):
        return _builders.register(built.__name__)(built)

    def register_family(function: "Builder") -> "Builder":
        for name, row in built.items():
            _builders.register(name)(_with_row(function, row))
        return function

    return register_family


def _with_row(function: "Builder", row: tuple[Any, ...]) -> "Builder":
    parameters = signature(function).parameters.values()
    # def resnet(blocks, block, /, num_classes=1000): before the slash is what makes the variant, behind it options
    fixed = sum(parameter.kind is parameter.POSITIONAL_ONLY for parameter in parameters)
    names = [parameter.name for parameter in parameters][fixed : len(row)]
    return partial(function, *row[:fixed], **dict(zip(names, row[fixed:], strict=True)))


MOST = 2**31 - 1
"""No option that is a number means anything beyond."""


def _check_values(builder: "Builder", options: Mapping[str, Any]) -> None:
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
        if isinstance(value, int) and value > MOST:
            raise ArchscopeError(f"{option} is {MOST} or less, not {value}")


def _is_literal(value: Any, described: str) -> bool:
    """Is it the default of an option that is described so: `int = 1000`?"""
    try:
        return bool(value == ast.literal_eval(described.partition(" = ")[2]))
    except (ValueError, SyntaxError):  # none, or no literal
        return False


def _is_a(value: Any, kind: type) -> bool:
    if kind is float and isinstance(value, int):  # 1 is a number like 1.0; True is an int to Python, and neither here
        return not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


@cache
def catalogue() -> Mapping[str, Network]:
    """Every network by name, the oldest paper first."""
    found = {}
    for file, entry in sorted(_toml("catalogue.toml").items(), key=lambda item: item[1]["year"]):
        rows = entry.pop("networks")
        paper = Paper(file=file, **entry)
        for name, row in rows.items():
            row |= {"input_size": tuple(row["input_size"]), "aliases": tuple(row.pop("aliases", []))}
            found[name] = Network(name=name, paper=paper, **row)
    return found


@cache
def _claims(paper: str) -> Mapping[str, Any]:
    """By network: what the paper and others claim, apart, since most commands need but one paper's, or none."""
    file = f"claims/{paper}.toml"
    return _toml(file) if (Path(__file__).parent / file).is_file() else {}


@cache
def _debts() -> Mapping[str, Any]:
    """By paper what it takes from which others."""
    return _toml("builds_on.toml")


@cache
def papers() -> Mapping[str, Paper]:
    """Every paper by its file, the oldest first."""
    return {network.paper.file: network.paper for network in catalogue().values()}


def _toml(file: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))


def find(name: str) -> Network:
    """The network of this name or alias; `-`, `_` and case do not matter."""
    networks = catalogue()
    names = {alias: entry.name for entry in networks.values() for alias in (entry.name, *entry.aliases)}
    if canonical(name) not in names:
        raise unknown("network", name, networks, "archscope list shows all", names)
    return networks[names[canonical(name)]]


EVERY = "all"
"""The family of every network."""


def family(name: str) -> tuple[Network, ...]:
    """The networks of the paper file of this name (`resnet`), or else those with the word in their name or in an
    alias (`inception`); `all` is every network. Raises ArchscopeError, which lists the families."""
    if canonical(name) == EVERY:
        return tuple(catalogue().values())
    found = _families()
    if canonical(name) not in found:
        raise unknown("family", name, families())
    return found[canonical(name)]


def families() -> tuple[str, ...]:
    """The names of the families that have several members."""
    return tuple(word for word, members in _families().items() if len(members) > 1)


@cache
def _families() -> Mapping[str, tuple[Network, ...]]:
    words: dict[str, list[Network]] = {}
    files: dict[str, list[Network]] = {}
    for entry in catalogue().values():
        files.setdefault(entry.paper.file, []).append(entry)
        named = " ".join((entry.name, *entry.aliases))
        for word in dict.fromkeys(re.findall(r"[a-z]{3,}", named)):  # `v3` and `b0` are no families
            words.setdefault(word, []).append(entry)
    # A paper's file comes before a word: `resnet` is that paper, though ResNeXt and SENet have the word in aliases.
    return {word: tuple(members) for word, members in sorted((words | files).items())}


@cache
def _options(file: str) -> Mapping[str, Mapping[str, str]]:
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
