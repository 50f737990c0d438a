"""A spectrum on the terminal; plain text without colours elsewhere."""

from rich.text import Text

from archscope.continuum.points import Spectrum
from archscope.views import Options
from archscope.views.spectrum.rows import cells, headings, notes, sizes, title
from archscope.views.tables.table import GAP, NARROWEST, to_text, wrapped

LEFT = {"Point", "Sizes"}


def as_table(spectrum: Spectrum, options: Options) -> str:
    """A row a point. Numbers are never cut; where it is narrow the sizes are left out, then the names cut."""
    heads = ["Segments", "Point", "Sizes", *headings(spectrum)]
    rows = [[f"{point.segments}", point.name, sizes(point), *cells(spectrum, point)] for point in spectrum.points]
    widths = _widths(heads, rows)
    if not any(row[2] for row in rows) or (options.width and _total(widths) > options.width):
        heads, rows = [heads[:2] + heads[3:], [row[:2] + row[3:] for row in rows]]
        widths = _widths(heads, rows)
    if options.width:
        widths[1] = max(widths[1] - max(_total(widths) - options.width, 0), NARROWEST)
    lines = [Text(spectrum.target, "bold"), *wrapped("", title(spectrum), 0, options.width), Text("")]
    lines += [_line(heads, heads, widths, "bold"), *[_line(row, heads, widths, "") for row in rows], Text("")]
    for heading, said in notes(spectrum):
        lines += wrapped(heading, said, max(len(heading) for heading, _ in notes(spectrum)), options.width)
    return to_text(lines, options)


def _widths(heads: list[str], rows: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(heads, *rows, strict=True)]


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _line(texts: list[str], heads: list[str], widths: list[int], style: str) -> Text:
    line = Text()
    for text, head, width in zip(texts, heads, widths, strict=True):
        cut = text if len(text) <= width else text[: width - 1] + "…"
        line.append(cut.ljust(width) if head in LEFT else cut.rjust(width), style).append(" " * GAP)
    line.rstrip()
    return line
