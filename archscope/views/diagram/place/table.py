"""A small table in a picture: what the letters of a module stand for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from archscope.views.diagram.place.style import LINE, SMALL
from archscope.views.diagram.place.text import text_width

CELL, RULE = 14.0, 5.0
"""Room between columns; above and below a line."""


@dataclass
class Table:
    """Rows of words, the first of them their headings, from `left` and `top` on. The first columns are `texts`, which
    start where the column does; numbers end with it."""

    rows: Sequence[Sequence[str]]
    left: float = 0.0
    top: float = 0.0
    widths: list[float] = field(default_factory=list)
    texts: int = 1

    def __post_init__(self) -> None:
        columns = zip(*self.rows, strict=True)
        self.widths = [max(text_width(cell, SMALL, bold=True) for cell in column) for column in columns]

    @property
    def width(self) -> float:
        return sum(self.widths) + CELL * (len(self.widths) - 1)

    @property
    def height(self) -> float:
        return LINE * len(self.rows) + 3 * RULE

    def cells(self) -> list[tuple[str, float, float, bool]]:
        """Each cell: what it says, where it starts or ends, its base line, whether it starts there."""
        found = []
        for i, row in enumerate(self.rows):
            x, y = self.left, self.top + LINE * (i + 1) - 4.0 + RULE + (RULE if i else 0.0)
            for j, (text, width) in enumerate(zip(row, self.widths, strict=True)):
                found.append((text, x if j < self.texts else x + width, y, j < self.texts))
                x += width + CELL
        return found

    def rules(self) -> list[float]:
        """Where lines run across: above, below the headings, below."""
        return [self.top, self.top + LINE + RULE, self.top + self.height]
