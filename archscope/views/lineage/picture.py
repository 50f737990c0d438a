"""The family tree as a picture: rows by year, a card a paper, and a line to each idea from the paper that had it."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from archscope.papers.lineage import Lineage
from archscope.views import Options
from archscope.views.diagram.paint.painter import Painter, number
from archscope.views.diagram.paint.palette import PRINT, THEMES, Theme
from archscope.views.diagram.place.text import FONT_FAMILY
from archscope.views.lineage.layout import CARD, IDEA, LEFT, LINE, PAD, TITLE, TOP, Card, Layout, Point, layout
from archscope.views.spectrum.hues import hue

NAME, YEAR, HEADING = 12.5, 13.0, 18.0


def as_svg(found: Lineage, options: Options) -> str:
    theme = THEMES[options.theme]
    made = layout(found)
    painter = Painter(theme)
    painter.rect((0, 0, made.width, made.height), 0, theme.ground, "none")
    painter.text("What grew from what", LEFT, TOP - 30, HEADING, theme.ink, bold=True, anchor="start")
    for year, rows in groupby(made.rows, key=lambda row: row[0]):
        spans = [made.rows[row] for row in rows]
        painter.text(str(year), LEFT - 20, (spans[0][0] + spans[-1][1]) / 2 + 5, YEAR, theme.muted, bold=True)
    colors = _colors(made, theme)
    for (file, idea), points in made.lines.items():
        parent = made.cards[file].member.builds_on[idea].paper
        _line(painter, points, colors[parent], strong=idea == 0)
    for card in made.cards.values():
        _card(painter, card, colors, theme)
    size = f"{number(made.width)} {number(made.height)}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="{FONT_FAMILY}">'
    return "\n".join([head, "<title>What grew from what</title>", *painter.out, "</svg>"]) + "\n"


def as_png(found: Lineage, options: Options) -> bytes:
    from archscope.views.diagram.paint.png import to_png

    return to_png(as_svg(found, options))


def as_pdf(found: Lineage, options: Options) -> bytes:
    from archscope.views.diagram.paint.png import to_pdf

    return to_pdf(as_svg(found, options))


def _colors(made: Layout, theme: Theme) -> dict[str, str]:
    """A colour for the lines of each paper that others build on; neighbours in time differ most."""
    parents = [file for file in made.cards if any(debt.paper == file for card in made.cards.values()
                                                  for debt in card.member.builds_on)]  # fmt: skip
    dark = theme is THEMES["dark"]
    golden = 0.618
    return {file: theme.edge if theme is PRINT else hue(i * golden % 1, dark=dark)[1] for i, file in enumerate(parents)}


def _line(painter: Painter, points: Sequence[Point], color: str, strong: bool) -> None:
    """Straight down through the rows, curved between them; an arrow's head at the idea."""
    path = f"M{number(points[0][0])} {number(points[0][1])}"
    for (x, y), (next_x, next_y) in pairwise(points):
        if x == next_x:
            path += f"V{number(next_y)}"
        else:
            half = number((y + next_y) / 2)
            path += f"C{number(x)} {half} {number(next_x)} {half} {number(next_x)} {number(next_y)}"
    x, y = points[-1]
    painter.out.append(
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{2.2 if strong else 1.2:g}"/>'
        f'<path d="M{number(x)} {number(y)}l-3.6 -8h7.2Z" fill="{color}"/>'
    )


def _card(painter: Painter, card: Card, colors: dict[str, str], theme: Theme) -> None:
    rim = colors.get(card.member.file, theme.panel_border)
    rect = (card.x, card.y, card.x + CARD, card.y + card.height)
    painter.rect(rect, 7.0, theme.panel, rim, ' stroke-width="1.6"')
    painter.text(card.member.label, card.middle, card.y + PAD + 10, NAME, theme.ink, bold=True)
    y = card.y + PAD + TITLE
    for debt, lines in zip(card.member.builds_on, card.ideas, strict=True):
        dot = (card.x + PAD, y + 1, card.x + PAD + 6, y + 7)
        painter.rect(dot, 2.0, colors[debt.paper], "none")
        for line in lines:
            painter.text(line, card.x + PAD + 11, y + 7, IDEA, theme.muted, anchor="start")
            y += LINE
