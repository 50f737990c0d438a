"""The networks: one paper, one file; `catalogue.toml` names them, `claims/` holds what is claimed of each paper's.

Torch-free until one is built.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from archscope.cached import cached_property
from archscope.errors import ArchscopeError
from archscope.model.claims import Claim, table
from archscope.networks.options import check_values, is_default, options_of
from archscope.registry import Registry, canonical, unknown

if TYPE_CHECKING:
    from torch import nn

    Builder = Callable[..., nn.Module]


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
        return options_of(self.paper.file)[self.name]

    def changed_by(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that change the network: those that do not repeat their default."""
        return {option: value for option, value in options.items() if not is_default(value, self.options[option])}

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
        check_values(builder, options)
        try:
            return builder(**options)
        except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
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
    if not isinstance(name, str):
        raise ArchscopeError(f"a network of the catalogue goes by its name, not by a {type(name).__name__}")
    networks = catalogue()
    names = {alias: entry.name for entry in networks.values() for alias in (entry.name, *entry.aliases)}
    if canonical(name) not in names:
        raise unknown("network", name, networks, "archscope list shows all", names)
    return networks[names[canonical(name)]]


EVERY = "all"
"""The family of every network."""
FIRST_WORD = re.compile(r"[a-z]{3,}?(?=v?\d|_|$)")
"""Of a name: `inception` of inception_resnet_v2, `mobilenet` of mobilenetv2."""


def family(name: str) -> tuple[Network, ...]:
    """The networks of the paper file of this name (`resnet`), or those whose name or an alias begins with the word
    (`inception`, `mobilenet`); `all` is every network. Raises ArchscopeError, which lists the families."""
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
        first = map(FIRST_WORD.match, (entry.name, *entry.aliases))
        for word in dict.fromkeys(found[0] for found in first if found):
            words.setdefault(word, []).append(entry)
    # A paper's file comes before a word: `resnet` is that paper, though others have the word in aliases; but
    # `mobilenet` is all of them, not the first alone.
    papers = {file: members for file, members in files.items() if len(members) > 1 or file not in words}
    return {word: tuple(members) for word, members in sorted((words | papers).items())}
