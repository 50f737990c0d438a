"""A comparison on the terminal; plain text without colours elsewhere."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.text import Text

from archscope.comparison.report import Comparison
from archscope.model.text import one_line
from archscope.views import Options
from archscope.views.comparison.grids import Grid, grids
from archscope.views.comparison.notes import notes
from archscope.views.comparison.parts import part_grids
from archscope.views.tables.table import GAP, NARROWEST, to_text, wrapped

RELATIONS = {"ratio", "share"}
"""Columns that belong to the one before them: dim on a terminal."""


def as_table(comparison: Comparison, options: Options) -> str:
    """What the networks cost, where it goes, and what to know of the numbers. Numbers are never cut."""
    lines: list[Text] = []
    parts = part_grids(comparison, options.by) if options.by else ()
    for grid in (*grids(comparison, options.width), *parts):
        lines += [*_lines(grid, options.width), Text("")]
    said = notes(comparison)
    indent = max((len(heading) for heading, _ in said), default=0)
    for heading, text in said:
        lines += wrapped(heading, text, indent, options.width)
    return to_text(lines if said else lines[:-1], options)


def _lines(grid: Grid, width: int) -> Iterator[Text]:
    if grid.title:
        yield Text(grid.title, "bold")
    heads, widths = grid.heads, grid.widths
    over = grid.width - width if width else 0
    widths[0] = max(min(widths[0], NARROWEST), widths[0] - max(over, 0))
    styles = ["dim" if heading in RELATIONS else "" for heading in grid.headings]
    for head in heads:
        yield _line(head, widths, ["bold"] * len(widths))
    for name, *cells in grid.rows:
        first, *more = in_lines(name, widths[0]) if grid.is_of_networks else [name]
        yield _line([first, *cells], widths, styles)
        yield from map(Text, more)


def in_lines(name: str, width: int) -> list[str]:
    """A network's name, none of it cut: broken at its spaces, a word that is too long at its low lines or points."""
    lines: list[str] = []
    for part in wrap(name, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [name]:
        rest = part
        while len(rest) > width:
            at = max((i + 1 for i in range(3, width) if rest[i] in "_./&?"), default=width)
            lines.append(rest[:at])
            rest = f"  {rest[at:]}"
        lines.append(rest)
    return lines


def _line(texts: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Text:
    line = Text()
    for i, (text, width, style) in enumerate(zip(texts, widths, styles, strict=True)):
        cut = one_line(text, width)  # paths are told apart by how they end
        line.append(cut.ljust(width) if i == 0 else cut.rjust(width), style).append(" " * GAP)
    line.rstrip()
    return line
