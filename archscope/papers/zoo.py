"""The networks of the catalogue side by side, to choose from: what each costs, and what is claimed of it. No torch.

Parameters and MACs lie in networks/counts.toml, as archscope counts them, so that a list needs no pass; a network that
is not there yet is counted as it is listed.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from archscope.model import units
from archscope.model.claims import Claim
from archscope.model.conditions import parse_conditions
from archscope.model.results import Tabulated
from archscope.networks import Network, catalogue
from archscope.networks import family as family_of
from archscope.papers.accuracy import Accuracy, published
from archscope.registry import canonical, unknown

SCHEMA = "archscope.list/1"

COUNTED = ("params", "macs")
"""The totals of a report that counts.toml holds."""

NUMBERS = ("params", "macs", "flops", "top1", "top5", "year", "input")
WORDS = ("name", "family", "venue")
"""The fields that can be asked for and sorted by; `input` is the side of an image, accuracies are of ImageNet."""

BEST_LAST = ("top1", "top5")
"""Fields of which more is better: a list begins with the best, the cheapest, the oldest."""


@dataclass(frozen=True)
class Entry:
    """One network: its row of the catalogue, its counts at its own input, and its published accuracies, if any."""

    network: Network
    params: int
    macs: int
    accuracies: Mapping[int, Accuracy | None]

    @property
    def fields(self) -> dict[str, Any]:
        """What a list can be asked for, by name; None where it is not known."""
        network, paper = self.network, self.network.paper
        tops = {f"top{rank}": found and found.percent for rank, found in self.accuracies.items()}
        counts = {"params": self.params, "macs": self.macs, "flops": 2 * self.macs, **tops}
        words = {"name": network.name, "family": paper.file, "venue": paper.venue}
        return words | counts | {"year": paper.year, "input": network.input_size[-1]}

    def to_dict(self) -> dict[str, Any]:
        """Every field, and where it is from."""
        network, paper = self.network, self.network.paper
        sources = {f"top{rank}_source": found and found.said() for rank, found in self.accuracies.items()}
        about = {"label": network.label, "input_shape": list(network.input_size), "title": paper.title}
        return self.fields | sources | about | {"authors": paper.authors, "arxiv": paper.arxiv or None}


@dataclass(frozen=True, repr=False)
class Zoo(Tabulated):
    """Networks to choose from, in the order that was asked for."""

    KIND: ClassVar[str] = "zoo"

    entries: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> Entry:
        """The entry of a network's name. Raises ArchscopeError for one that is not among them."""
        found = {entry.network.name: entry for entry in self.entries}
        if name not in found:
            raise unknown("network", name, found)
        return found[name]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/networks.md describes it."""
        return {"schema": SCHEMA, "networks": [entry.to_dict() for entry in self.entries]}

    def _about(self) -> str:
        return units.counted(len(self.entries), "network")


def zoo(family: str = "", where: str = "", sort: str = "") -> Zoo:
    """The networks of a family, or all, that meet `where`, such as "params<10M and top1>75", in the order of `sort`.

    Raises ArchscopeError for a condition that cannot be read, and for a family or field that there is not.
    """
    members = family_of(family) if family else tuple(catalogue().values())
    found = tuple(entry for entry in _all() if entry.network in members)
    if where:
        conditions = parse_conditions(where, NUMBERS, WORDS)
        found = tuple(entry for entry in found if conditions.hold(entry.fields))
    return Zoo(_sorted(found, sort) if sort else found)


def _all() -> tuple[Entry, ...]:
    """Every network: which of several published accuracies is comparable follows from all of them."""
    members = tuple(catalogue().values())
    claimed = [_Claimed(network.paper.citation, network.claims_of(network.input_size)) for network in members]
    tops = {rank: [_of_imagenet(found) for found in published(claimed, rank)] for rank in (1, 5)}
    return tuple(
        Entry(network, accuracies={rank: found[i] for rank, found in tops.items()}, **counts_of(network))
        for i, network in enumerate(members)
    )


@dataclass(frozen=True)
class _Claimed:
    """What is claimed of a network as it comes."""

    title: str
    claims: tuple[Claim, ...]


def _of_imagenet(found: Accuracy | None) -> Accuracy | None:
    return found if found and found.data == "ImageNet" else None


def _sorted(found: Sequence[Entry], sort: str) -> tuple[Entry, ...]:
    field = canonical(sort)
    if field not in (*NUMBERS, *WORDS):
        raise unknown("field to sort by", sort, (*NUMBERS, *WORDS))
    known = [entry for entry in found if entry.fields[field] is not None]
    rest = [entry for entry in found if entry.fields[field] is None]
    return (*sorted(known, key=lambda entry: entry.fields[field], reverse=field in BEST_LAST), *rest)


# ---- counts ---------------------------------------------------------------------------------------------------


@cache
def _stored() -> Mapping[str, Mapping[str, int]]:
    return tomllib.loads((Path(__file__).parents[1] / "networks" / "counts.toml").read_text(encoding="utf-8"))


def counts_of(network: Network) -> Mapping[str, int]:
    """Parameters and MACs of the network as it comes."""
    return _stored().get(network.name) or counted(network)


def counted(network: Network) -> dict[str, int]:
    """The same, counted now: this imports torch."""
    from archscope.measures import Measured
    from archscope.targets import resolve
    from archscope.tracing import trace

    columns = Measured(trace(resolve(network.name).on_meta().module, network.input_size, name=network.name))
    return {quantity: columns[quantity].total for quantity in COUNTED}
