"""What grew from what: the papers of the catalogue by year, and what each takes from earlier ones. No torch."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from archscope.model import units
from archscope.model.results import Pictured, Tabulated
from archscope.networks import Debt, catalogue, papers
from archscope.registry import canonical, unknown

SCHEMA = "archscope.lineage/1"


@dataclass(frozen=True)
class Member:
    """A paper in the tree: what its networks are called, and what it builds on among the papers shown.

    `generation` counts from 0 those of its own year that it descends from.
    """

    file: str
    label: str
    citation: str
    year: int
    generation: int
    builds_on: tuple[Debt, ...]


@dataclass(frozen=True, repr=False)
class Lineage(Tabulated, Pictured):
    """Papers, the oldest first, each with what it builds on."""

    KIND: ClassVar[str] = "lineage"

    members: tuple[Member, ...]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/networks.md describes it."""
        return {"schema": SCHEMA, "papers": [asdict(member) for member in self.members]}

    def _about(self) -> str:
        return f"{units.counted(len(self.members), 'paper')}, {self.members[0].year} to {self.members[-1].year}"


def lineage(of: str = "") -> Lineage:
    """Of all papers, or of the one of this name or of a network of it: what it builds on, and what builds on it.

    Raises ArchscopeError for a name that there is not.
    """
    kept = _related(_file(of)) if of else set(papers())
    labels = {network.paper.file: network.label for network in reversed(list(catalogue().values()))}
    members = [
        Member(
            file=file,
            label=LABELS.get(file, labels[file]),
            citation=paper.citation,
            year=paper.year,
            generation=_generation(file),
            builds_on=tuple(debt for debt in paper.builds_on if debt.paper in kept),
        )
        for file, paper in papers().items()
        if file in kept
    ]
    return Lineage(tuple(sorted(members, key=lambda member: (member.year, member.generation))))


def _generation(file: str) -> int:
    paper = papers()[file]
    same_year = [debt.paper for debt in paper.builds_on if papers()[debt.paper].year == paper.year]
    return 1 + max(map(_generation, same_year), default=-1)


LABELS = {
    "vgg": "VGG", "resnet": "ResNet", "resnext": "ResNeXt", "densenet": "DenseNet", "senet": "SENet", "nin": "NiN",
    "squeezenet": "SqueezeNet", "wide_resnet": "Wide ResNet", "mobilenet_v3": "MobileNetV3", "regnet": "RegNet",
    "shufflenet_v2": "ShuffleNetV2", "efficientnet": "EfficientNet", "inception_v4": "Inception-v4, Inception-ResNet",
    "aligned_xception": "Modified aligned Xception", "mnasnet": "MnasNet", "efficientnet_v2": "EfficientNetV2",
    "convnext": "ConvNeXt", "vit": "ViT", "res2net": "Res2Net", "dpn": "DPN",
    "inception_resnet_v2_released": "Inception-ResNet-v2, released", "nasnet": "NASNet-A", "pnasnet": "PNASNet-5",
    "polynet": "PolyNet",
}  # fmt: skip
"""What a paper's networks are called together; the others have one network."""


def _file(name: str) -> str:
    """The paper of this name, or the paper of the network of this name."""
    known = papers()
    wanted = canonical(name)
    if wanted in known:
        return wanted
    names = {
        canonical(alias): network.paper.file
        for network in catalogue().values()
        for alias in (network.name, *network.aliases)
    }
    if wanted not in names:
        raise unknown("paper or network", name, {**known, **names})
    return names[wanted]


def _related(file: str) -> set[str]:
    """The paper, all that it descends from, and all that descend from it."""
    parents = {name: {debt.paper for debt in paper.builds_on} for name, paper in papers().items()}
    children = {name: {other for other, of in parents.items() if name in of} for name in parents}
    return _reached(file, parents) | _reached(file, children)


def _reached(start: str, steps: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        new = steps[waiting.pop()] - found
        found |= new
        waiting += new
    return found
