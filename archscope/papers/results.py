"""Accuracies from a file of results: those of timm (results-*.csv) and tables of torchvision's weights, as they are.

A row names a model (`model`, `weight`), its top-1 and top-5 accuracy in percent (`top1`, `Acc@1`), and what else says
how it was measured. No torch.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from archscope.errors import ArchscopeError
from archscope.model.claims import Claim
from archscope.networks import catalogue
from archscope.papers.accuracy import Accuracy
from archscope.registry import canonical
from archscope.summary import read_text

NAMES = ("model", "weight", "weights", "name", "network")
TOPS = {1: ("top1", "acc1", "top1accuracy", "top1acc"), 5: ("top5", "acc5", "top5accuracy", "top5acc")}
"""How a column is called, in lower case and without signs: `Acc@1`, `top-1`."""
PARAMS = "paramcount"
"""timm's column of parameters, in millions to the second decimal."""
ROUNDED = 0.01
HOW = {"imgsize": "{} pixels", "croppct": "crop {}", "interpolation": "{}"}
"""Columns that say how accuracies were measured."""

TESTS = re.compile(r"results-(?:imagenet)?-?(real|a|a-clean|r|r-clean|v2-matched-frequency|sketch)")
"""timm's files are called after what was tested on; `results-imagenet.csv` is of the validation images."""

OTHER_DATA = re.compile(
    r"[._](in(?!1k)\d+k|jft|swag|ig1b|w?s?sl|yfcc\w*?|laion\w*?|openai|clip|webli|m3[08]m)(_|$)"
    r"|(?<!_in1k)(?<!\.in1k)(?<!fcmae)[._]ft(_|$)",
    re.I,
)
"""How weights are called that saw other images before: `resnet18.fb_swsl_ig1b_ft_in1k`, `IMAGENET1K_SWAG_E2E_V1`; not
those that were fine-tuned from ImageNet-1k itself, `fcmae_ft_in1k`."""

PORTS = ("tf_", "legacy_")
"""What timm calls its ports of weights from other frameworks, where its own form of a network has none."""

LINK = re.compile(r":class:`([^ `]+)[^`]*`")
"""As torchvision's documentation builds its table of weights."""

WEIGHTS = re.compile(r"_Weights(\.(?P<which>\w+))?$")
"""torchvision names weights: `Inception_V3_Weights.IMAGENET1K_V1`."""


@dataclass(frozen=True)
class Results:
    """Accuracies by the model's name, as the file spells it, in the file's order; `params` are millions, of those
    models of which the file says them."""

    source: str
    data: str
    rows: Mapping[str, Mapping[int, float]]
    protocols: Mapping[str, str]
    params: Mapping[str, float]

    def of(self, target: str, network: str, params: int, *, rank: int) -> Accuracy | None:
        """The top-`rank` accuracy of a network that was named so; None where the file has none of it, or of another
        network of its name: one of another number of parameters, or as it comes where options were chosen.

        Of several weights of one network, `resnet50.a1_in1k` and others, the file's first count that were trained on
        ImageNet alone, unless one is named: more images to learn from are no merit of the network. Where it has none
        under the network's names, a port's does.
        """
        found = next((row for row in self._rows(target, network) if not self._other(row, target, params)), None)
        percent = self.rows[found].get(rank) if found else None
        if found is None or percent is None:
            return None
        ports = map(canonical, _ports(target, network))
        port = "a port: padding or epsilon may differ" if _network(found) in ports else ""
        more = "pre-trained on other data" if OTHER_DATA.search(found) else ""
        said = ", ".join(filter(None, [self.data, self.protocols[found], port, more, "percent"]))
        return Accuracy(Claim(f"top{rank}_accuracy", percent, f"{self.source}, {found}", convention=said))

    def refused(self, target: str, network: str, params: int) -> str:
        """Why a network has no accuracy of this file though it has models of its name; else empty."""
        why = [self._other(row, target, params) for row in self._rows(target, network)]
        return why[0] if why and all(why) else ""

    def _rows(self, target: str, network: str) -> list[str]:
        """The models that may be the network, the likeliest first."""
        names = (*_spellings(target, network), *_ports(target, network))
        return [row for name in names for row in self._named(name)]

    def _named(self, name: str) -> list[str]:
        exact = [row for row in self.rows if row == name]
        weights = [row for row in self.rows if _network(row) == canonical(name)]
        alone = [row for row in weights if not OTHER_DATA.search(row)]
        return exact or alone or weights

    def _other(self, row: str, target: str, params: int) -> str:
        """What tells that a model of the network's name is another network; empty where nothing does."""
        known = self.params.get(row)
        if known is None:
            return f"{self.source}, {row} is of the network as it comes, without options" if "?" in target else ""
        if abs(known - params / 1e6) <= ROUNDED:
            return ""
        return f"{self.source}, {row} is of another network: {known:.2f} M parameters instead of {params / 1e6:.2f} M"


def _ports(target: str, network: str) -> list[str]:
    return [f"{port}{name}" for port in PORTS for name in _spellings(target, network)]


def _spellings(target: str, network: str) -> list[str]:
    """What a file may call a network: as it was named, without its library; else by the catalogue's names for it, of
    the form that its authors released without that word."""
    named = target.rpartition(":")[2].partition("?")[0]
    known = catalogue().get(network.partition("?")[0])
    names = (known.name, *known.aliases, known.name.removesuffix("_released")) if known else ()
    return list(dict.fromkeys([named, *names]))


def _network(row: str) -> str:
    """A row's network without its weights: of `resnet50.a1_in1k`, `Inception_V3_Weights.IMAGENET1K_V1`."""
    return canonical(WEIGHTS.sub("", row).partition(".")[0])


def read_results(path: str) -> Results:
    """The results of a CSV file. Raises ArchscopeError for one that is none."""
    try:
        rows = list(csv.DictReader(StringIO(read_text(path).removeprefix("\ufeff"))))
    except csv.Error:
        raise ArchscopeError(f"cannot read {path}: it is no CSV") from None
    columns = {_plain(name): name for name in (rows[0] if rows else {}) if name}
    name = next((columns[known] for known in NAMES if known in columns), None)
    tops = {rank: next((columns[known] for known in names if known in columns), None) for rank, names in TOPS.items()}
    if name is None or tops[1] is None:
        raise ArchscopeError(f"{path}: a file of results has columns model and top1, or Weight and Acc@1")
    found: dict[str, dict[int, float]] = {}
    protocols: dict[str, str] = {}
    params: dict[str, float] = {}
    for row in rows:
        model = LINK.sub(r"\1", row[name] or "").strip(" *`")
        percents = {rank: _percent(row.get(column or "", "")) for rank, column in tops.items()}
        if model and percents[1] is not None:
            found.setdefault(model, {rank: value for rank, value in percents.items() if value is not None})
            protocols.setdefault(model, _protocol(row, columns))
            if known := _number(row.get(columns.get(PARAMS, ""))):
                params.setdefault(model, known)
    if not found:
        raise ArchscopeError(f"{path}: no row has a model and its top-1 accuracy in percent")
    tested = TESTS.fullmatch(Path(path).stem)
    return Results(Path(path).name, f"ImageNet-{tested[1]}" if tested else "ImageNet", found, protocols, params)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("onimagenet1k")


def _percent(text: str | None) -> float | None:
    value = _number(text)
    return value if value is not None and 0 <= value <= 100 else None


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip(" *%").replace(",", ""))
    except ValueError:
        return None


def _protocol(row: Mapping[str, str], columns: Mapping[str, str]) -> str:
    said = ((words, (row.get(columns[name]) or "").strip()) for name, words in HOW.items() if name in columns)
    return ", ".join(words.format(value) for words, value in said if value)


def on_front(costs: Sequence[float | None], gains: Sequence[float | None]) -> tuple[bool, ...]:
    """Which of these no other beats: cheaper or as cheap, better or as good, and not the same in both (Pareto)."""
    known = [(cost, gain) for cost, gain in zip(costs, gains, strict=True) if cost is not None and gain is not None]
    return tuple(
        cost is not None
        and gain is not None
        and not any(a <= cost and b >= gain and (a, b) != (cost, gain) for a, b in known)
        for cost, gain in zip(costs, gains, strict=True)
    )
