"""What stands above a picture: title, facts, the legend of its kinds or the scale of its colours."""

from collections.abc import Sequence

from archscope.views.diagram.paint.painter import Page, Painter
from archscope.views.diagram.paint.palette import HEAT_BORDER, LEGEND, heat
from archscope.views.diagram.place.style import MARGIN, SMALL, TITLE
from archscope.views.diagram.place.text import text_width

KEY = 18.0
"""Width of a colour in the legend."""


def head(
    painter: Painter, page: Page, subtitles: Sequence[str], legend: Sequence[Sequence[str]], width: float, extra: float
) -> None:
    y = MARGIN + TITLE * 0.8 + extra * 0.5
    painter.text(page.title, width / 2, y, TITLE, painter.color("ink"), bold=True)
    y += 8.0
    for line in subtitles:
        y += 16.0
        painter.text(line, width / 2, y, SMALL, painter.color("muted"))
    for row in legend:
        y += 20.0
        x = (width - row_width(row)) / 2
        for kind in row:
            box = (x, y - 9.5, x + KEY, y + 1.5)
            painter.rect(box, 3.0, painter.color(f"{kind}-fill"), painter.color(f"{kind}-line"), ' stroke-width="1.3"')
            painter.text(LEGEND[kind], x + KEY + 6.0, y, SMALL, painter.color("muted"), anchor="start")
            x += _key_width(kind)
    if page.scale:
        _heat_scale(painter, page.scale, width, y + 20.0)


def _heat_scale(painter: Painter, said: str, width: float, y: float) -> None:
    """From white to dark, and what that means."""
    x = (width - text_width(said, SMALL) - 6 * KEY - 8.0) / 2
    for i in range(6):
        painter.rect((x, y - 9.5, x + KEY, y + 1.5), 0.0, heat(i / 5), HEAT_BORDER, ' stroke-width="0.8"')
        x += KEY
    painter.text(said, x + 8.0, y, SMALL, painter.color("muted"), anchor="start")


def _key_width(kind: str) -> float:
    return KEY + 6.0 + text_width(LEGEND[kind], SMALL) + 18.0


def row_width(row: Sequence[str]) -> float:
    return sum(_key_width(kind) for kind in row) - 18.0


def legend_rows(kinds: Sequence[str], width: float) -> list[list[str]]:
    rows: list[list[str]] = []
    for kind in kinds:
        if rows and row_width([*rows[-1], kind]) <= width:
            rows[-1].append(kind)
        else:
            rows.append([kind])
    return rows


def wrapped(sentences: Sequence[str], width: float) -> list[str]:
    """Sentences set into lines of this width; one that is longer is broken between words."""
    lines: list[str] = []
    for sentence in sentences:
        words = sentence.split(" ")
        if lines and text_width(f"{lines[-1]}  {sentence}", SMALL) <= width:
            lines[-1] += f"  {sentence}"
            continue
        lines.append(words[0])
        for word in words[1:]:
            if text_width(f"{lines[-1]} {word}", SMALL) <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    return lines
