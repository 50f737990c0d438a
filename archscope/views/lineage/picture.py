"""The family tree as a picture: rows by year, a card a paper, and a line to each idea from the paper that had it."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from archscope.papers.lineage import Lineage
from archscope.views import Options
from archscope.views.diagram.paint.painter import Painter, number
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.lineage.layout import CARD, IDEA, LEFT, LINE, PAD, TITLE, TOP, Card, Layout, Point, layout

HEADING = "What grew from what"
NAME, YEAR, LARGE = 12.5, 13.0, 18.0


def as_svg(found: Lineage, options: Options) -> str:
    made = layout(found)
    painter = Painter(THEMES[options.theme])
    painter.text(HEADING, LEFT, TOP - 30, LARGE, "ink", bold=True, anchor="start")
    for year, rows in groupby(made.rows, key=lambda row: row[0]):
        spans = [made.rows[row] for row in rows]
        painter.text(str(year), LEFT - 20, (spans[0][0] + spans[-1][1]) / 2 + 5, YEAR, "muted", bold=True)
    colors = _colors(made)
    for (file, idea), points in made.lines.items():
        parent = made.cards[file].member.builds_on[idea].paper
        _line(painter, points, colors[parent], strong=idea == 0)
    for card in made.cards.values():
        _card(painter, card, colors)
    return painter.document(HEADING, made.width, made.height)


def as_png(found: Lineage, options: Options) -> bytes:
    from archscope.views.diagram.paint.png import to_png

    return to_png(as_svg(found, options))


def as_pdf(found: Lineage, options: Options) -> bytes:
    from archscope.views.diagram.paint.png import to_pdf

    return to_pdf(as_svg(found, options))


def _colors(made: Layout) -> dict[str, str]:
    """A colour for the lines of each paper that others build on; neighbours in time differ most."""
    parents = [file for file in made.cards if any(debt.paper == file for card in made.cards.values()
                                                  for debt in card.member.builds_on)]  # fmt: skip
    return {file: f"hue-{618 * i % 1000}-line" for i, file in enumerate(parents)}  # the golden ratio


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
    painter.path(path, line=color, more=f' stroke-width="{2.2 if strong else 1.2:g}"')
    painter.path(f"M{number(x)} {number(y)}l-3.6 -8h7.2Z", color)


def _card(painter: Painter, card: Card, colors: dict[str, str]) -> None:
    rim = colors.get(card.member.file, "panel-border")
    rect = (card.x, card.y, card.x + CARD, card.y + card.height)
    painter.rect(rect, 7.0, "panel", rim, ' stroke-width="1.6"')
    painter.text(card.member.label, card.middle, card.y + PAD + 10, NAME, "ink", bold=True)
    y = card.y + PAD + TITLE
    for debt, lines in zip(card.member.builds_on, card.ideas, strict=True):
        dot = (card.x + PAD, y + 1, card.x + PAD + 6, y + 7)
        painter.rect(dot, 2.0, colors[debt.paper], "none")
        for line in lines:
            painter.text(line, card.x + PAD + 11, y + 7, IDEA, "muted", anchor="start")
            y += LINE
