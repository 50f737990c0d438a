"""Two networks side by side, a sign on every box in which they differ."""

import re
from collections.abc import Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from archscope.differences import Diff
from archscope.model.text import shown_lines
from archscope.views import View
from archscope.views.diagram.drawing import Diagram, draw
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.paint.painter import Painter, number
from archscope.views.diagram.paint.palette import LIGHT
from archscope.views.diagram.paint.png import to_pdf, to_png

OTHER, ALONE = "!", "+"
"""Signs that the fonts of the pictures have."""


def formats() -> Mapping[str, View]:
    """The pictures of a diff; there is nothing to choose."""
    return {
        "svg": lambda diff, options: side_by_side(diff),
        "png": lambda diff, options: to_png(side_by_side(diff)),
        "pdf": lambda diff, options: to_pdf(side_by_side(diff)),
    }


def side_by_side(diff: Diff) -> str:
    """An SVG of two."""
    diagrams = _drawn(diff, "")
    if len({_has_closed(diagram) for diagram in diagrams}) > 1:  # one of them is too large to be opened
        diagrams = _drawn(diff, "network")
    left, right = (diagram.svg for diagram in diagrams)
    (width, height), (other_width, other_height) = _size(left), _size(right)
    whole, high = width + other_width, max(height, other_height)
    title = f"{diff.a.target} against {diff.b.target}: {diff.verdict}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="archscope" width="{number(whole)}" height="{number(high)}" '
        f'viewBox="0 0 {number(whole)} {number(high)}" role="img">\n<title>{escape(shown_lines(title))}</title>\n'
        f'<rect width="100%" height="100%"{Painter(LIGHT).paint("ground")}/>\n'
        f"{left}{_moved(right, width)}</svg>\n"
    )


def marks(diff: Diff) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The sign of each layer that a difference is about, the first network's and the reference's.

    What follows from others has none; a block that both have, and one of them more often, differs.
    """
    mine: dict[str, str] = {}
    theirs: dict[str, str] = {}
    for row in diff.differences:
        for a, b in row.layers if row.kind != "consequence" else ():
            sign = OTHER if (a and b) or row.kind == "repeats" else ALONE
            mine.update({a: sign} if a else {})
            theirs.update({b: sign} if b else {})
    return mine, theirs


def _drawn(diff: Diff, level: str) -> list[Diagram]:
    named = (diff.a, diff.a.target), (diff.b, f"{diff.b.target}, the reference")
    made = []
    for (report, title), signs in zip(named, marks(diff), strict=True):
        said = f"{title} ({OTHER} differs, {ALONE} only here)" if signs else title
        made.append(replace(draw(report, DiagramOptions(level=level, title=said)), marks=signs))
    return made


def _has_closed(diagram: Diagram) -> bool:
    return any(box.kind == "module" for box in diagram.drawing.piece.boxes)


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found, "every picture says its size"
    return float(found[1]), float(found[2])


def _moved(svg: str, x: float) -> str:
    """The picture as a part of another, further right; its ids stay its own."""
    return svg.replace("<svg ", f'<svg x="{number(x)}" ', 1).replace('id="n', 'id="reference')
