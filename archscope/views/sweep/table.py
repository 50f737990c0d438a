"""A sweep as a table, a page, and data."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from archscope.sweeping.points import Sweep
from archscope.views import Options
from archscope.views.data import to_csv
from archscope.views.page import Line, Page, Table
from archscope.views.sweep.rows import columns, is_marked, notes, places_of, quantity_of, rows
from archscope.views.tables.table import GAP, to_text, wrapped


def as_csv(found: Sweep, options: Options) -> str:
    """A line a point, exact; every quantity, or those that were chosen."""
    names = [quantity_of(found, name) for name in options.columns] or [*found.quantities]
    rows = [
        [*places_of(found, point), *(point.values.get(name) for name in names), point.failure] for point in found.points
    ]
    return to_csv([[*found.options, *names, "failure"], *rows])


def as_table(found: Sweep, options: Options) -> str:
    """Numbers are never cut; where it is narrow the last columns are left out, and said."""
    shown = columns(found, options)
    dropped: list[str] = []
    listed = rows(found, shown)
    while options.width and _width(listed) > options.width and len(shown) > 1:
        dropped.insert(0, shown.pop())
        listed = rows(found, shown)
    lines = [Text(found.target, "bold"), Text(""), *_lines(found, listed), Text("")]
    said = notes(found)
    if dropped:
        said.append(("Not shown", f"{', '.join(dropped)}: a wider terminal has room for them, or --columns"))
    indent = max(len(heading) for heading, _ in said)
    for name, text in said:
        lines += wrapped(name, text, indent, options.width)
    return to_text(lines, options)


def _lines(found: Sweep, listed: Sequence[Sequence[str]]) -> Iterator[Text]:
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    mark = len(widths) - 1 if is_marked(found) else len(widths)
    for row in listed:
        line = Text(style="bold" if row is listed[0] else "")
        for i, (text, width) in enumerate(zip(row, widths, strict=True)):
            line.append((text if i == mark else text.rjust(width)) + " " * GAP)
        line.rstrip()
        yield line


def _width(rows: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) + GAP for column in zip(*rows, strict=True)) - GAP


def page(found: Sweep, options: Options) -> Page:
    shown = columns(found, options)
    headings, *cells = rows(found, shown)
    said = notes(found)
    table = Table(headings, [Line(row) for row in cells], len(found.options), caption=said)
    return Page(found.target, "", [table], said)
