"""The accuracy that papers claim of networks, chosen so that those of several networks can be compared. No torch."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from archscope.model.claims import Claim

ONE_CROP = re.compile(r"(single|one|centre) (crop|frame)|\bcrop [\d.]+")
"""timm's files say how much of the image the centre crop is: `crop 0.875`."""
MORE_DATA = re.compile(r"(pre-trained on|fine-tuned from) ")
"""Weights that saw other images than ImageNet-1k before."""
SEVERAL = re.compile(r"(\d+|five|six|seven|several) (crops|models|networks)")
DATASET = re.compile(r"ImageNet|ILSVRC|CIFAR")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
OWN = re.compile(r"Table|Figure|abstract|section|arXiv")
"""How the source of a claim begins that is the network's own paper."""


@dataclass(frozen=True)
class Accuracy:
    """A published accuracy in percent, or 100 less the published error."""

    claim: Claim

    @property
    def percent(self) -> float:
        value = Decimal(str(self.claim.value))
        return float(100 - value if self.claim.quantity.endswith("error") else value)

    @property
    def _said(self) -> list[str]:
        return [part for part in self.claim.convention.split(", ") if part != "percent"]

    @property
    def dataset(self) -> str:
        """`ImageNet`, `ILSVRC-2012 validation`, `CIFAR-10`."""
        return next((part for part in self._said if DATASET.match(part)), "")

    @property
    def data(self) -> str:
        """What two accuracies must have in common to be compared: `ImageNet`, `CIFAR-10`."""
        return self.dataset.split()[0] if self.dataset.startswith("CIFAR") else "ImageNet"

    @property
    def protocol(self) -> str:
        """How it was measured: `single crop, single model`."""
        return ", ".join(part for part in self._said if not DATASET.match(part)) or "protocol not stated"

    @property
    def is_single_crop(self) -> bool:
        return bool(ONE_CROP.search(self.protocol)) and not SEVERAL.search(self.protocol)

    @property
    def saw_other_data(self) -> bool:
        """Were the weights trained on more than the dataset's own images?"""
        return bool(MORE_DATA.search(self.protocol))

    def said(self) -> str:
        """`its paper's Table 1 (ImageNet, single crop, single model)`."""
        own = "its paper's " if OWN.match(self.claim.source) and not ARXIV.search(self.claim.source) else ""
        return f"{own}{self.claim.source} ({self.dataset}, {self.protocol})"


class Claimed(Protocol):
    """A Report, or what else holds the claims about one network; the title names its paper."""

    @property
    def title(self) -> str: ...
    @property
    def claims(self) -> Sequence[Claim]: ...


def published(reports: Sequence[Claimed], rank: int) -> tuple[Accuracy | None, ...]:
    """The published top-`rank` accuracy of each network.

    A single crop comes before a protocol that is not stated, and that before several crops or networks; of equal
    ones, that from the source which most of these networks have, and else the catalogue's first.
    """
    shared = _shared(reports)
    return tuple(_best(report, rank, shared) for report in reports)


def _best(report: Claimed, rank: int, shared: Counter[str]) -> Accuracy | None:
    claims = [claim for claim in report.claims if claim.quantity in {f"top{rank}_accuracy", f"top{rank}_error"}]
    found = [accuracy for accuracy in map(Accuracy, claims) if accuracy.dataset]
    return min(found, key=lambda each: (_protocol(each), -shared[_paper(each.claim, report)]), default=None)


def _protocol(accuracy: Accuracy) -> int:
    """The better it says what one crop and one network give, the lower."""
    if accuracy.is_single_crop:
        return 0
    return 2 if SEVERAL.search(accuracy.protocol) else 1


def _shared(reports: Sequence[Claimed]) -> Counter[str]:
    """How many of the networks each source gives a comparable top-1 accuracy of."""
    sources = [
        {_paper(claim, report) for claim in report.claims if claim.quantity.startswith("top1_")} for report in reports
    ]
    return Counter(source for found in sources for source in found)


def _paper(claim: Claim, report: Claimed) -> str:
    """The claim's source as one word for all networks: the arXiv number of a paper, also of the network's own."""
    numbers = ARXIV.findall(claim.source) or (OWN.match(claim.source) and ARXIV.findall(report.title))
    return numbers[0] if numbers else claim.source
