"""A model card's section in Markdown, and a badge beside a README's title. No torch."""

from collections.abc import Mapping
from html import escape

from archscope.model import units
from archscope.model.text import one_line
from archscope.modelcard import Card
from archscope.views import Options, View
from archscope.views.data import as_json
from archscope.views.diagram.place.text import FONT_FAMILY, room_for
from archscope.views.page import Line, Page, Table
from archscope.views.tables.footer import footer
from archscope.views.templates import fill

SAID = (
    "Parameters",
    "MACs",
    "Elementwise",
    "Memory",
    "Receptive field",
    "Depth",
    "Lower bound",
    "Latency",
    "Device time",
    "Peak memory",
    "Measured on",
    "Note",
)
"""Lines of the totals that a card takes over."""
HEIGHT, SIZE, PAD = 20, 11, 6
"""Of a badge, in pixels."""
GREY, BLUE = "#555555", "#1f6feb"


def formats() -> Mapping[str, View]:
    return {"markdown": as_markdown, "json": as_json, "svg": as_badge, "png": as_png}


def as_markdown(card: Card, options: Options) -> str:
    """What the network is, what goes in and comes out, what it costs, and how that was found."""
    report = card.report
    graph, setting = report.graph, report.setting
    given = ", ".join(units.shape(tensor.shape) for tensor in graph.inputs.values())
    rows = [("Input", given), ("Output", ", ".join(units.shape(layer.output_shape) for layer in graph.returning))]
    rows += [(name, said) for name, said in footer(report) if name in SAID]
    table = Table(["", graph.name], [Line(row) for row in rows], range(2))
    by = " ".join(["archscope", *([setting["archscope"]] if "archscope" in setting else [])])
    how = (
        f"By {by} from one traced pass (batch {setting['batch']}, {setting['dtype']}, {setting['mode']}); a MAC is one "
        "multiply-accumulate, FLOPs are twice as many"
    )
    page = Page("Architecture and cost", report.title, [table], [("Counted", how)])
    return fill("page.md", page=page).replace("### ", "## ", 1)


# ---- the badge -----------------------------------------------------------------------------------------------------


def words(card: Card) -> tuple[str, str]:
    totals = card.report.totals
    cost = f"{units.count(totals['params'])} parameters | {units.count(totals['macs'])} MACs"
    return one_line(card.report.graph.name), cost


def as_badge(card: Card, options: Options) -> str:
    """Two fields, the name and the cost; text stays text."""
    texts = words(card)
    widths = [round(room_for(text, SIZE)) + 2 * PAD for text in texts]
    whole, label = sum(widths), escape(": ".join(texts))
    fields = [
        _field(text, left, width, color)
        for text, left, width, color in zip(texts, (0, widths[0]), widths, (GREY, BLUE), strict=True)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(fields)}</svg>\n"
    )


def _field(text: str, left: int, width: int, color: str) -> str:
    middle, base = left + width / 2, (HEIGHT + 0.7 * SIZE) / 2
    box = f'<rect x="{left}" width="{width}" height="{HEIGHT}" fill="{color}"/>'
    font = f'font-family="{escape(FONT_FAMILY)}" font-size="{SIZE}"'
    return f'{box}<text x="{middle:g}" y="{base:g}" fill="#ffffff" text-anchor="middle" {font}>{escape(text)}</text>'


def as_png(card: Card, options: Options) -> bytes:
    from archscope.views.diagram.paint.png import to_png

    return to_png(as_badge(card, options))
