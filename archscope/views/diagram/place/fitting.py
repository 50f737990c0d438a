"""How large a placed picture stands on the paper, and whether it can be read there."""

from collections.abc import Iterator

from archscope.views.diagram.place.legend import LEGEND, NARROWEST, ROW, legend_rows
from archscope.views.diagram.place.paper import HEAD_LINE, Paper
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.place.style import SMALL, Style

SMALLEST_TEXT, SMALLEST_NOTED = 6.05, 5.0
"""Points on the paper; the second where boxes have further lines, rather than to close what they speak of."""

FOLDED = (1.3, 0.9, 0.65, 0.45)
"""Shares of the page that rows of branches and columns are tried to keep to, for letters that can just be read."""


def scale(piece: Piece, paper: Paper) -> float:
    """How large it stands on the paper, with margins and what is above it, further lines and rows of a legend too."""
    width = piece.left + piece.right
    shown = {box.kind for box in piece.boxes if box.form != "point"} if paper.legend else set()
    rows = legend_rows([kind for kind in LEGEND if kind in shown], width)
    above = paper.head[1] + ROW * len(rows[1:]) + HEAD_LINE * (paper.words // max(width, NARROWEST))
    return paper.scale(width + 40.0, piece.height + above + 20.0)


def fits(piece: Piece, style: Style, smaller: float = 1.0) -> bool:
    """Few enough boxes, and letters that can be read on the paper, were all lengths so much smaller."""
    drawn = sum(box.form != "point" for box in piece.boxes)
    return drawn <= style.paper.boxes and scale(piece, style.paper) * SMALL >= smallest_letters(style) * smaller


def smallest_letters(style: Style) -> float:
    """Points of the smallest letters that can be read."""
    return style.paper.letters or (SMALLEST_NOTED if style.beside else SMALLEST_TEXT)


def rooms(style: Style) -> Iterator[tuple[float, float]]:
    """How wide rows of branches may be and how long columns, upright or across."""
    paper, smaller = style.paper, SMALL / smallest_letters(style)
    sizes = [(paper.width, paper.height), (paper.height, paper.width)][: 1 + paper.turns]
    for wide, high in [size[::-1] if style.sideways else size for size in sizes]:
        yield from ((wide * smaller * share, high * smaller * share) for share in FOLDED)
