"""A sweep as a table, a page, and data."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from archscope.sweeping.points import Sweep
from archscope.views import Options
from archscope.views.data import to_csv
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
    """Numbers are never cut; where it is narrow the last columns are left out, and said."""
    chosen = columns(found, options)
    shown = chosen
    if options.width:
        widths = dict(zip(chosen, _widths(rows(found, chosen))[len(found.options) :], strict=False))
        room = options.width - sum(width + GAP for width in _widths(rows(found, []))) + GAP
        shown = [*with_room(widths, chosen[:0:-1], room)]
    listed = rows(found, shown)
    lines = [Text(found.target, "bold"), Text(""), *_lines(found, listed), Text("")]
    said = notes(found)
    if dropped := chosen[len(shown) :]:
        said.append(not_shown(dropped))
    indent = max(len(heading) for heading, _ in said)
    for name, text in said:
        lines += wrapped(name, text, indent, options.width)
    return to_text(lines, options)


def _lines(found: Sweep, listed: Sequence[Sequence[str]]) -> Iterator[Text]:
    widths = _widths(listed)
    left = words(found, len(widths))
    for row in listed:
        line = Text(style="bold" if row is listed[0] else "")
        for i, (text, width) in enumerate(zip(row, widths, strict=True)):
            line.append((text.ljust(width) if i in left else text.rjust(width)) + " " * GAP)
        line.rstrip()
        yield line


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def page(found: Sweep, options: Options) -> Page:
    shown = columns(found, options)
    headings, *cells = rows(found, shown)
    said = notes(found)
    table = Table(headings, [Line(row) for row in cells], words(found, len(headings)), caption=said)
    return Page(found.target, "", [table], said)
