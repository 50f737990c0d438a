"""What the spectrum's pictures are painted with: boxes, arrows, strips of channels, and panels on a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from archscope.model.text import shown_lines
from archscope.views.diagram.paint.painter import Painter, number
from archscope.views.diagram.paint.palette import PRINT, THEMES
from archscope.views.diagram.place.text import text_width

MARGIN, GAP = 18.0, 10.0
PANEL, PAD = 264.0, 14.0
"""Width of a panel, and the room left and right in it."""

LARGE, HEADING, BOLD, SMALL, TINY = 19.0, 15.0, 12.0, 10.5, 8.0
HEAD = 58.0
"""Height of a page's title and subtitle, and of a panel's."""

Color = tuple[str, str]
"""Fill and border, by their names in a theme."""


@dataclass(frozen=True)
class Panel:
    """`paint` puts its body on the canvas, from x and y on, and gives the y where it ends; `notes` stand below."""

    title: str
    subtitle: str
    paint: Callable[["Canvas", float, float], float]
    notes: tuple[str, ...]


class Canvas:
    """SVG elements in one theme; colours by kind of operation, and by hue for segments."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    def kind(self, name: str) -> Color:
        return f"{name}-fill", f"{name}-line"

    def segment(self, i: int, count: int) -> Color:
        """The i-th of `count` segments: four kinds' colours, or as many hues as are needed."""
        if count <= 4:
            return self.kind(("conv", "pool", "depthwise", "add")[i])
        if self.painter.theme is PRINT:
            return self.kind(("conv", "other")[i % 2])
        return self.kind(f"hue-{1000 * i // count}")

    def box(
        self, x: float, y: float, width: float, height: float, color: Color, *lines: str, bold: float = BOLD
    ) -> None:
        """A rounded box around its middle `x`; the first line bold, the others small."""
        rect = (x - width / 2, y, x + width / 2, y + height)
        self.painter.rect(rect, 8.0 if width > 40 else 3.0, *color, ' stroke-width="1.4"')
        baseline = y + height / 2 + bold * 0.36 - 7.0 * (len(lines) - 1)
        for i, line in enumerate(lines):
            self.text(line, x, baseline + i * 14.0, bold if i == 0 else SMALL, bold=i == 0, muted=i > 0)

    def text(self, text: str, x: float, y: float, size: float, *, bold: bool = False, muted: bool = False) -> None:
        self.painter.text(text, x, y, size, "muted" if muted else "ink", bold)

    def arrow(self, x: float, top: float, bottom: float, slim: bool = False) -> None:
        half, length = (2.0, 5.0) if slim else (3.4, 8.0)
        self.rule(x, top, bottom - length + 1, "edge", 0.9 if slim else 1.3)
        self.painter.path(f"M{number(x)} {number(bottom)}l{-half:g} {-length:g}h{2 * half:g}Z", "edge")

    def rule(self, x: float, top: float, bottom: float, color: str, width: float = 0.9) -> None:
        line = f"M{number(x)} {number(top)}V{number(bottom)}"
        self.painter.path(line, line=color, more=f' stroke-width="{width:g}"')

    def group(self, title: str, **data: int) -> None:
        """What follows belongs together, until `end`; a reader who points at it sees the title."""
        facts = "".join(f' data-{name}="{value}"' for name, value in data.items())
        self.painter.out.append(f"<g{facts}><title>{escape(shown_lines(title))}</title>")

    def end(self) -> None:
        self.painter.out.append("</g>")


def picture(title: str, subtitle: str, panels: Sequence[Panel], theme: str, turns: bool = True) -> str:
    """The panels side by side, in as many rows as read best; `turns`: dark where the reader's screen is."""
    canvas = Canvas(Painter(THEMES[theme], turns))
    columns = columns_for(len(panels))
    width = max(columns * (PANEL + GAP) - GAP, text_width(subtitle, BOLD), text_width(title, LARGE, True)) + 2 * MARGIN
    y = MARGIN
    if title:
        canvas.text(title, width / 2, y + LARGE * 0.8, LARGE, bold=True)
        canvas.text(subtitle, width / 2, y + LARGE + 20.0, BOLD, muted=True)
        y += HEAD
    for start in range(0, len(panels), columns):
        y = _row(canvas, panels[start : start + columns], width, y) + GAP
    return canvas.painter.document(title, width, y - GAP + MARGIN)


def columns_for(count: int) -> int:
    """Up to five beside each other, with as few places left empty as can be."""
    return count if count <= 5 else min((5, 4, 3), key=lambda columns: -count % columns)


def _row(canvas: Canvas, panels: Sequence[Panel], width: float, top: float) -> float:
    """Panels of one height; gives the y below them."""
    bodies = []
    left = (width - len(panels) * (PANEL + GAP) + GAP) / 2
    for i, panel in enumerate(panels):
        body = Canvas(canvas.painter.another())
        x = left + i * (PANEL + GAP)
        bodies.append((panel, x, body, panel.paint(body, x + PAD, top + HEAD)))
    notes_at = max(end for *_, end in bodies) + 26.0
    bottom = notes_at + 16.0 * max(len(panel.notes) for panel in panels)
    for panel, x, body, _ in bodies:
        _frame(canvas, panel, x, top, notes_at, bottom)
        canvas.painter.out += [*body.painter.out, "</g>"]
    return bottom


def _frame(canvas: Canvas, panel: Panel, x: float, top: float, notes_at: float, bottom: float) -> None:
    canvas.group(f"{panel.title}: {panel.subtitle}")
    middle = x + PANEL / 2
    canvas.painter.rect((x, top, x + PANEL, bottom), 12.0, "panel", "panel-border", ' stroke-width="1.2"')
    canvas.text(panel.title, middle, top + 25.0, HEADING, bold=True)
    canvas.text(panel.subtitle, middle, top + 43.0, SMALL + 0.5, muted=True)
    for i, note in enumerate(panel.notes):
        canvas.text(note, middle, notes_at + 16.0 * i, BOLD if i == 0 else SMALL, bold=i == 0, muted=i > 0)
