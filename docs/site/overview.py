"""The atlas' pages about all networks: one sortable table, by year, by family, the trade-off, the family tree."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import archscope
from archscope.model import units
from archscope.networks import Network, catalogue
from archscope.papers.lineage import lineage

HIDDEN = "```{toctree}\n:hidden:\n:maxdepth: 1\n\n"


def write(names: Sequence[str], folder: Path) -> None:
    """The pages, of these networks."""
    networks = [catalogue()[name] for name in names]
    (folder / "tree.svg").write_text(archscope.lineage().to_svg(), encoding="utf-8")
    compared = archscope.compare(*names) if len(names) > 1 else None
    if compared is not None:
        (folder / "trade-off.svg").write_text(compared.to_svg(plot="tradeoff"), encoding="utf-8")
    pages = {
        "index": _index(networks),
        "years": "# By year\n\n" + "\n\n".join(_years(networks)),
        "families": "# By family\n\n" + "\n\n".join(_families(networks)),
        "trade-off": _picture("Accuracy against cost", "trade-off.svg", TRADE_OFF) if compared is not None else "",
        "tree": _picture("The family tree", "tree.svg", TREE),
    }
    for name, text in pages.items():
        if text:
            (folder / f"{name}.md").write_text(text + "\n", encoding="utf-8")


TRADE_OFF = (
    "Published top-1 accuracies on ImageNet, each by the protocol that its paper says, against MACs. "
    "`archscope compare --plot tradeoff` draws it of any networks."
)
TREE = "What each paper takes from which earlier one, by its own words: `archscope lineage`."


def _picture(title: str, file: str, text: str) -> str:
    return f"# {title}\n\n{text}\n\n```{{figure}} {file}\n:alt: {title}\n:figclass: wide\n```"


def _index(networks: Sequence[Network]) -> str:
    others = [page for page in ("years", "families", "trade-off", "tree") if page != "trade-off" or len(networks) > 1]
    return "\n\n".join(
        [
            "# All networks",
            f"{units.counted(len(networks), 'network')} as their papers describe them. A heading sorts, a word "
            "narrows. MACs are multiply-accumulates at the input shown, accuracies are published ones on ImageNet.",
            table(networks),
            HIDDEN + "\n".join([*others, *[network.name for network in networks]]) + "\n```",
        ]
    )


COLUMNS = ("Network", "Year", "Input", "Parameters", "MACs", "Top-1 %", "Paper")


def table(networks: Sequence[Network]) -> str:
    """In HTML, each number with its exact value to sort by."""
    entries = archscope.networks()
    head = "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in COLUMNS)
    rows = []
    for network in networks:
        entry = entries[network.name]
        top = entry.fields["top1"]
        cells = [
            (network.label.lower(), f'<a href="{network.name}.html">{escape(network.label)}</a>'),
            (network.paper.year, str(network.paper.year)),
            (network.input_size[-1], units.shape(network.input_size)),
            (entry.params, units.count(entry.params)),
            (entry.macs, units.count(entry.macs)),
            (top if top is not None else "", f"{top:.1f}" if top is not None else ""),
            (network.paper.authors.lower(), escape(network.paper.citation)),
        ]
        rows.append(
            "<tr>" + "".join(f'<td data-value="{escape(str(key))}">{shown}</td>' for key, shown in cells) + "</tr>"
        )
    search = (
        '<input type="search" class="narrow" placeholder="xception, 2017, He et al. …" aria-label="Narrow the table">'
    )
    return (
        f'{search}\n<table class="sortable"><thead><tr>{head}</tr></thead><tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table>"
    )


def _years(networks: Sequence[Network]) -> Iterator[str]:
    years: dict[int, list[Network]] = defaultdict(list)
    for network in networks:
        years[network.paper.year].append(network)
    for year in sorted(years, reverse=True):
        yield f"## {year}\n\n" + "\n".join(
            f"- [{each.label}]({each.name}.md), {each.paper.citation}" for each in years[year]
        )


def _families(networks: Sequence[Network]) -> Iterator[str]:
    of = {
        file: [each for each in networks if each.paper.file == file] for file in {each.paper.file for each in networks}
    }
    for member in lineage():
        if own := of.get(member.file):
            yield f"## {member.label}\n\n*{own[0].paper.title}*, {own[0].paper.citation}.\n\n" + "\n".join(
                f"- [{each.label}]({each.name}.md)" for each in own
            )
