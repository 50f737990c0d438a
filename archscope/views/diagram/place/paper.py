"""The sheet on which a picture is to be read: how large it stands there, and when it would be too small."""

from dataclasses import dataclass

MM = 72 / 25.4
"""Points in a millimetre."""

FLATTEST, TALLEST = 1 / 2.3, 2.3
"""Height to width: a picture a little beyond 2.2 gets wider margins."""

MOST_BOXES = 60
"""So many a picture has at most, unless all were asked for."""

HEAD_LINE = 16.0
"""Height of a line of the sentences above a picture."""


@dataclass(frozen=True)
class Paper:
    """A sheet in points. `turns`: it may lie across. `head`: width and height of what stands above a picture, about;
    `words`: how wide its sentences are in one line, where that is known; `legend`: it tells kinds, in a row at least.

    `letters`: the smallest to be read on it, in points; 0 leaves that to the picture. `boxes`: so many at most.
    """

    width: float
    height: float
    turns: bool = False
    letters: float = 0.0
    head: tuple[float, float] = (356.0, 90.0)
    words: float = 0.0
    legend: bool = True
    boxes: int = MOST_BOXES

    @property
    def tallest(self) -> float:
        """Height to width beyond which a picture is shown with wider margins, or smaller."""
        return max(TALLEST, self.height / self.width)

    def scale(self, width: float, height: float) -> float:
        """How large a picture of this size is on it, 1 at most."""
        upright = min(self.width / width, self.height / height)
        across = min(self.height / width, self.width / height) if self.turns else 0.0
        return min(1.0, max(upright, across))


A4 = Paper(595.0, 842.0, turns=True)
PAPERS = {"a4": A4, "slide": Paper(338.67 * MM, 190.5 * MM), "column": Paper(84 * MM, 240 * MM)}
"""A sheet, a projected 16:9 slide, a column of a paper in two."""
