"""A sweep as a table, a page, and data."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from archscope.sweeping.points import USUAL, Sweep
from archscope.views import Options
from archscope.views.data import to_csv
from archscope.views.headings import broken_headings
from archscope.views.page import Line, Page, Table
from archscope.views.sweep.rows import columns, notes, places_of, quantity_of, rows, words
from archscope.views.tables.table import GAP, not_shown, to_text, with_room, wrapped


def as_csv(found: Sweep, options: Options) -> str:
    """A line a point, exact; every quantity, or those that were chosen."""
    names = [quantity_of(found, name) for name in options.columns] or [*found.quantities]
    rows = [
        [*places_of(found, point), *(point.values.get(name) for name in names), point.failure] for point in found.points
    ]
    return to_csv([[*found.options, *names, "failure"], *rows])


def as_table(found: Sweep, options: Options) -> str:
    """Numbers are never cut. Where it is narrow headings are broken, then columns left out, and said: what every sweep
    has before what was asked for, or of columns that were chosen the last first."""
    chosen = columns(found, options)
    shown = chosen
    heads, cells = _table(found, chosen, options.width)
    if options.width:
        first, last = len(found.options), len(found.options) + len(chosen)
        widths = _widths([*heads, *cells])
        room = options.width + GAP - sum(width + GAP for width in (*widths[:first], *widths[last:]))
        spare = chosen[:0:-1] if options.columns else [*USUAL[:0:-1], *chosen[:0:-1]]
        shown = [*with_room(dict(zip(chosen, widths[first:last], strict=True)), spare, room)]
    if dropped := [name for name in chosen if name not in shown]:
        headings, *cells = rows(found, shown)
        heads = broken_headings(headings, cells)
    lines = [Text(found.target, "bold"), Text(""), *_lines(found, heads, cells), Text("")]
    said = [*notes(found), *([not_shown(dropped)] if dropped else [])]
    indent = max(len(heading) for heading, _ in said)
    for name, text in said:
        lines += wrapped(name, text, indent, options.width)
    return to_text(lines, options)


Rows = Sequence[Sequence[str]]


def _table(found: Sweep, shown: Sequence[str], width: int) -> tuple[Rows, Rows]:
    """Headings, in as many lines as it takes where a width is too narrow for one; and what stands below."""
    headings, *cells = rows(found, shown)
    too_wide = width and sum(size + GAP for size in _widths([headings, *cells])) - GAP > width
    return broken_headings(headings, cells) if too_wide else [headings], cells


def _lines(found: Sweep, heads: Rows, cells: Rows) -> Iterator[Text]:
    widths = _widths([*heads, *cells])
    left = words(found, len(widths))
    for i, row in enumerate([*heads, *cells]):
        line = Text(style="bold" if i < len(heads) else "")
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            line.append((text.ljust(width) if column in left else text.rjust(width)) + " " * GAP)
        line.rstrip()
        yield line


def _widths(listed: Rows) -> list[int]:
    return [max(map(len, column)) for column in zip(*listed, strict=True)]


def page(found: Sweep, options: Options) -> Page:
    shown = columns(found, options)
    headings, *cells = rows(found, shown)
    said = notes(found)
    table = Table(headings, [Line(row) for row in cells], words(found, len(headings)), caption=said)
    return Page(found.target, "", [table], said)
