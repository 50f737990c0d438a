"""The networks to choose from, in every format. No torch."""

from collections.abc import Mapping, Sequence

from archscope.model import units
from archscope.model.text import shown
from archscope.papers.zoo import Entry, Zoo
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.page import Line, Page, Table, page_formats

GAP = "  "
HEADINGS = ("Network", "Input", "Params", "MACs", "Top-1", "Year")
LEFT = 1
"""So many columns are read from the left, numbers from the right."""
ACCURACY = "of ImageNet, as published: one crop and one network where a paper says so (--format json has the sources)"


def formats() -> Mapping[str, View]:
    return {"table": as_table, "json": as_json, "csv": as_csv, **page_formats(page)}


def as_table(found: Zoo, options: Options) -> str:
    """A line a network; its paper where there is room."""
    rows = [HEADINGS, *map(_cells, found.entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    papers = ["Paper", *(f"{entry.network.label}: {entry.network.paper.citation}" for entry in found.entries)]
    room = options.width - sum(widths) - len(GAP) * len(widths) if options.width else max(map(len, papers))
    lines: list[str] = []
    for row, paper in zip(rows, papers, strict=True):
        cells = [text.ljust(width) if i < LEFT else text.rjust(width) for i, (text, width) in _numbered(row, widths)]
        cut = paper if len(paper) <= room else f"{paper[: room - 1]}\u2026"
        line = shown(GAP.join([*cells, *([cut] if room >= LEAST else [])]).rstrip())
        lines.append(line if lines or not options.color else f"{BOLD}{line}{PLAIN}")
    return "".join(f"{line}\n" for line in lines)


BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
"""A terminal's, for a heading alone: rich, which colours the other tables, takes a sixth of the time of a list."""
LEAST = 20
"""Less room than this is not enough for a paper."""


def _numbered(row: Sequence[str], widths: Sequence[int]) -> enumerate[tuple[str, int]]:
    return enumerate(zip(row, widths, strict=True))


def _cells(entry: Entry) -> tuple[str, ...]:
    top1 = entry.accuracies[1]
    accuracy = f"{top1.percent:.1f} %" if top1 else "-"
    network = entry.network
    counts = units.count(entry.params), units.count(entry.macs)
    return network.name, units.shape(network.input_size), *counts, accuracy, str(network.paper.year)


def as_csv(found: Zoo, options: Options) -> str:
    """Every field, one line a network."""
    rows = [entry.to_dict() for entry in found.entries]
    return to_csv([list(rows[0]) if rows else [], *(row.values() for row in rows)])


def page(found: Zoo, options: Options) -> Page:
    lines = []
    for entry in found.entries:
        name, *numbers = _cells(entry)
        lines.append(Line([name, entry.network.paper.citation, *numbers]))
    name, *numbers = HEADINGS
    table = Table([name, "Paper", *numbers], lines, range(LEFT + 1), caption=[("Top-1", ACCURACY)], prose=True)
    return Page("networks", "", [table], [("Top-1", ACCURACY)])
