"""A spectrum on the terminal; plain text without colours elsewhere."""

from rich.text import Text

from archscope.continuum.points import Spectrum
from archscope.model.text import one_line
from archscope.views import Options
from archscope.views.spectrum.rows import HEADINGS, cells, columns, notes, sizes, title
from archscope.views.tables.table import GAP, NARROWEST, not_shown, to_text, with_room, wrapped

LEFT = {"Point", "Sizes"}
SPARE = (
    "Sizes", "intensity", "pointwise_params", "latency_p95_ms", "bytes_moved", "bound_ms", "device_ms",
    "spatial_params", "bound_percent", "channels", "width_multiplier", "macs",
)  # fmt: skip
"""What is left out where it is narrow, the first first; the sizes not where points are told apart by them alone."""


def as_table(spectrum: Spectrum, options: Options) -> str:
    """A row a point. Numbers are never cut: where it is narrow columns are left out, and said, then names are cut."""
    table = _columns(spectrum)
    widths = {name: max(map(len, column)) for name, column in table.items()}
    told_apart = len({(point.segments, point.name) for point in spectrum.points}) == len(spectrum.points)
    spare = SPARE if told_apart else SPARE[1:]
    shown = with_room(widths, spare, options.width + GAP) if options.width else tuple(table)
    over = sum(widths[name] + GAP for name in shown) - GAP - options.width if options.width else 0
    widths["Point"] = max(widths["Point"] - max(over, 0), NARROWEST)
    lines = [Text(spectrum.target, "bold"), *wrapped("", title(spectrum), 0, options.width), Text("")]
    for i in range(len(spectrum.points) + 1):
        lines.append(_line({name: table[name][i] for name in shown}, widths, "" if i else "bold"))
    said = notes(spectrum)
    if left_out := [table[name][0] for name in table if name not in shown]:
        said.append(not_shown(left_out, "--format csv"))
    indent = max(len(heading) for heading, _ in said)
    lines.append(Text(""))
    for heading, text in said:
        lines += wrapped(heading, text, indent, options.width)
    return to_text(lines, options)


def _columns(spectrum: Spectrum) -> dict[str, list[str]]:
    """Heading and cells of each."""
    points = spectrum.points
    table = {
        "Segments": ["Segments", *(str(point.segments) for point in points)],
        "Point": ["Point", *(point.name for point in points)],
        "Sizes": ["Sizes", *map(sizes, points)],
    }
    if not any(point.partition for point in points):
        del table["Sizes"]
    numbers = zip(*(cells(spectrum, point) for point in points), strict=True)
    return table | {name: [HEADINGS[name], *own] for name, own in zip(columns(spectrum), numbers, strict=True)}


def _line(row: dict[str, str], widths: dict[str, int], style: str) -> Text:
    line = Text()
    for name, text in row.items():
        width = widths[name]
        cut = one_line(text, width)
        line.append(cut.ljust(width) if name in LEFT else cut.rjust(width), style).append(" " * GAP)
    line.rstrip()
    return line
