"""The table that a terminal shows; plain text without colours elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from itertools import accumulate

from rich.cells import cell_len
from rich.console import Console
from rich.text import Span, Text

from archscope.model import units
from archscope.model.graph import Graph
from archscope.model.report import Report
from archscope.model.text import listed, one_line, shown
from archscope.views import Options
from archscope.views.headings import broken_headings
from archscope.views.tables import view
from archscope.views.tables.footer import footer
from archscope.views.tables.rows import Row, headings, rows

COLORS = {
    "convolution": "blue", "transposed convolution": "blue", "depthwise": "green", "pooling": "yellow",
    "global pooling": "yellow", "cat": "magenta", "add": "red", "linear": "dark_orange3", "product": "dark_orange3",
    "attention": "dark_orange3", "recurrent": "dark_orange3", "block": "bold", "unknown": "bold red",
}  # fmt: skip
LEFT = {"Layer", "Operation"}
GAP = 2
BAR = 12
NARROWEST = 12
"""A name or operation is never cut below this."""
MOST_RESULTS = 4
"""More of a network's results are only counted."""


@view("table")
def table(report: Report, options: Options) -> str:
    """Tree, operation and the chosen columns; the totals in words below. Numbers are never cut."""
    shown = replace(options, columns=_with_room(report, options))
    lines = [*_title(report, options.width), Text(""), *_body(report, rows(report, shown), shown), Text("")]
    totals = footer(report)
    if left_out := [name for name in options.columns if name not in shown.columns]:
        totals.append(not_shown(left_out))
    width = max(len(heading) for heading, _ in totals)
    for heading, said in totals:
        lines += wrapped(heading, said, width, options.width)
    return to_text(lines, options)


def _title(report: Report, width: int) -> list[Text]:
    inputs = ", ".join(units.shape(tensor.shape) for tensor in report.graph.inputs.values())
    first = Text(report.graph.name, "bold").append(f"   {inputs} to {_results(report.graph)}", "not bold")
    return [first, *wrapped("", report.title, 0, width)] if report.title else [first]


def _results(graph: Graph) -> str:
    """The shapes of what the network returns, which its last layer need not make."""
    shapes = [units.shape(layer.output_shape) for layer in graph.returning]
    more = f" and {len(shapes) - MOST_RESULTS} more" if len(shapes) > MOST_RESULTS else ""
    return (", ".join(shapes[:MOST_RESULTS]) or "1") + more


def _body(report: Report, listed: list[Row], options: Options) -> list[Text]:
    cells = _texts(listed, options.columns)
    titles = _titles(options.columns, cells, options.width)
    widths = _widths([*titles, *cells])
    room = options.width - sum(widths) - GAP * len(widths)
    widths = _fitted(widths, options.width)
    lines = [_line(title, widths, ["bold"] * len(title)) for title in titles]
    for row, texts in zip(listed, cells, strict=True):
        color = COLORS.get(row.category, "")
        styles = [color, "" if row.category == "block" else color, *[""] * len(row.cells)]
        lines.append(_line(texts, widths, styles, len(row.lines)))
        bar = _bar((row.values.get("macs") or 0) / (report.totals["macs"] or 1))
        if bar and "share" in options.columns and room >= BAR:
            lines[-1].pad_right(sum(widths) + GAP * len(widths) - lines[-1].cell_len)
            lines[-1].append(bar, color)
    return lines


def _texts(listed: list[Row], columns: Sequence[str]) -> list[list[str]]:
    """The rows, cell by cell."""
    return [[row.lines + row.name, _operation(row), *row.cells] for row in listed]


def _titles(columns: Sequence[str], cells: list[list[str]], width: int) -> list[list[str]]:
    """The heading's lines: one, or more where that leaves room to names."""
    titles = ["Layer", "Operation", *headings(columns)]
    if width and _length(_widths([titles, *cells])) > width:
        return broken_headings(titles, cells)
    return [titles]


def _widths(lines: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _with_room(report: Report, options: Options) -> tuple[str, ...]:
    """The columns without as many of the spare ones, the first first, as the width has no room for."""
    if not (options.width and options.spare):
        return options.columns
    cells = _texts(rows(report, options), options.columns)
    name, operation, *widths = _widths([*_titles(options.columns, cells, options.width), *cells])
    names = min(name, NARROWEST) + GAP + min(operation, NARROWEST)
    return with_room(dict(zip(options.columns, widths, strict=True)), options.spare, options.width - names)


def with_room(widths: Mapping[str, int], spare: Iterable[str], room: int) -> tuple[str, ...]:
    """The columns without as many of the spare ones, the first first, as have no room beside the names."""
    kept = dict(widths)
    for name in spare:
        if sum(kept.values()) + GAP * len(kept) <= room:
            break
        kept.pop(name, None)
    return tuple(kept)


def not_shown(names: Iterable[str], instead: str = "--columns") -> tuple[str, str]:
    return "Not shown", f"{listed([*names])}: a wider terminal has room for them, or {instead}"


def _bar(share: float) -> str:
    """A share as a bar of at most BAR characters, drawn to the eighth."""
    full, eighths = divmod(round(8 * BAR * min(share, 1)), 8)
    return "\u2588" * full + ("" if not eighths else "\u258f\u258e\u258d\u258c\u258b\u258a\u2589"[eighths - 1])


def _operation(row: Row) -> str:
    return f"{row.operation} x{row.repeat}, each".strip() if row.repeat > 1 else row.operation


def _fitted(widths: list[int], width: int) -> list[int]:
    """Cut names and operations, the wider first, until the line fits."""
    over = _length(widths) - width if width else 0
    widths = list(widths)
    while over > 0 and max(widths[:2]) > NARROWEST:
        widest = 0 if widths[0] > widths[1] else 1
        widths[widest] -= 1
        over -= 1
    return widths


def _line(texts: list[str], widths: list[int], styles: list[str], dim: int = 0) -> Text:
    pieces: list[tuple[str, str]] = []
    for i, (text, width, style) in enumerate(zip(texts, widths, styles, strict=True)):
        cut = _cut_operation(text, width) if i == 1 else _cut_name(text, width)
        padded = cut.ljust(width) if i < 2 else cut.rjust(width)  # names read from the left, numbers from the right
        if i == 0 and dim:
            pieces.append((padded[:dim], "dim"))
            padded = padded[dim:]
        pieces += [(padded, style), (" " * GAP, "")]
    ends = accumulate(len(piece) for piece, _ in pieces)
    spans = [Span(end - len(piece), end, style) for (piece, style), end in zip(pieces, ends, strict=True) if style]
    line = Text("".join([piece for piece, _ in pieces]), spans=spans)  # at once: lines may be thousands
    line.rstrip()
    return line


def _cut_name(text: str, width: int) -> str:
    """Paths are told apart by how they end, the names of a tree by both their ends."""
    if len(text) > width and "." in text and ".." not in text:
        return f"…{text[1 - width :]}"
    return one_line(text, width)


SHORTEST_WORD = 4


def _cut_operation(text: str, width: int) -> str:
    """`Separab… 3x3, 728`: the longest word gives way, that what stands beside it may stay; else the end."""
    over = len(text) - width
    if over <= 0:
        return text
    longest = max(text.split(), key=len)
    kept = len(longest) - over - 1
    if kept >= SHORTEST_WORD:
        return text.replace(longest, f"{longest[:kept]}…", 1)
    return f"{text[: width - 1]}…"


def wrapped(heading: str, said: str, indent: int, width: int) -> list[Text]:
    """Said beside its heading, broken between words. Widths are columns of a terminal: a Korean syllable takes two."""
    indent += GAP if heading else 0
    lines, room = [""], max(width - indent, 30) if width else 10_000
    for word in said.split(" "):
        if cell_len(lines[-1]) + cell_len(word) + 1 > room and lines[-1]:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    heads = [heading, *[""] * (len(lines) - 1)]
    blanks = [" " * (indent - cell_len(head)) for head in heads]
    return [
        Text(head + blank, "bold").append(line, "not bold")
        for head, blank, line in zip(heads, blanks, lines, strict=True)
    ]


def to_text(lines: list[Text], options: Options) -> str:
    for line in lines:
        line.plain = shown(line.plain)  # as long as it was: the styles stay where they are
    if not options.color:
        return "".join(line.plain.rstrip() + "\n" for line in lines)
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=10_000, highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True)
    return out.getvalue()
