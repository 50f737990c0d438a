"""The papers' family tree: as text, as data, and as a picture. No torch."""

from collections.abc import Mapping

from rich.text import Text

from archscope.papers.lineage import Lineage
from archscope.views import Options, View
from archscope.views.data import as_json, to_csv
from archscope.views.lineage.picture import as_pdf, as_png, as_svg
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables.table import to_text, wrapped


def formats() -> Mapping[str, View]:
    return {
        "table": as_table, "json": as_json, "csv": as_csv, **page_formats(page),
        "svg": as_svg, "png": as_png, "pdf": as_pdf,
    }  # fmt: skip


def as_table(found: Lineage, options: Options) -> str:
    """Year by year a paper, and below it a line for each that it builds on, with the idea."""
    lines: list[Text] = []
    year = 0
    labels = {member.file: member.label for member in found}
    for member in found:
        shown = str(member.year) if member.year != year else ""
        year = member.year
        lines.append(Text(f"{shown:4}  {member.label}", "bold"))
        for i, debt in enumerate(member.builds_on):
            mark = "└" if i == len(member.builds_on) - 1 else "├"
            text = f"{labels[debt.paper]}: {debt.idea} ({debt.where})"
            first, *rest = wrapped("", text, 0, options.width - 10) if options.width else [Text(text)]
            lines.append(Text(f"      {mark} ") + first)
            lines += [Text("      │   " if mark == "├" else "          ") + line for line in rest]
    return to_text(lines, options)


def as_csv(found: Lineage, options: Options) -> str:
    """A line an edge of the tree; a paper that builds on none has one without."""
    rows = [
        [member.file, member.label, member.year, *([debt.paper, debt.idea, debt.where] if debt else ["", "", ""])]
        for member in found
        for debt in (member.builds_on or (None,))
    ]
    return to_csv([["paper", "label", "year", "builds_on", "idea", "section"], *rows])


def page(found: Lineage, options: Options) -> Page:
    labels = {member.file: member.label for member in found}
    lines = [
        Line([str(member.year), member.label, labels[debt.paper], debt.idea, debt.where])
        for member in found
        for debt in member.builds_on
    ]
    table = Table(["Year", "Paper", "Builds on", "What it takes", "Where"], lines, range(1, 5), prose=True)
    return Page("lineage", "", [table], picture=lambda: as_svg(found, options))
