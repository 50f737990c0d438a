"""Finds what lies on what in a placed picture: boxes, lines and texts, by the table of widths."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from archscope.views.diagram.drawing import Diagram
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.picture import Box, Line, Piece, Point, Row
from archscope.views.diagram.place.style import BOLD, MARGIN, SMALL, badge_width
from archscope.views.diagram.place.text import text_width

SLACK = 0.5
CAPITAL = 0.73
"""Height of a digit or capital letter, by the size of the font."""
Rectangle = tuple[float, float, float, float]


def faults(piece: Piece) -> list[str]:
    """One sentence for each overlap."""
    return [*_boxes(piece), *_lines(piece), *_texts(piece), *_shapes(piece), *_frames(piece)]


def misfits(made: Diagram) -> list[str]:
    """What keeps a picture of a network, a flow or a block from standing on a page."""
    width, height = size(str(made))
    boxes = len(_shown(made.drawing.piece))
    smallest = A4.scale(width, height) * SMALL
    return [
        *([] if 1 / 2.2 <= height / width <= 2.2 else [f"it is {width:.0f} wide and {height:.0f} high"]),
        *([] if smallest >= 6 else [f"its smallest text on A4 is {smallest:.1f} pt"]),
        *([] if boxes <= 60 else [f"it has {boxes} boxes"]),
    ]


def size(svg: str) -> tuple[float, float]:
    """Width and height."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found
    return float(found[1]), float(found[2])


def rectangle(box: Box) -> Rectangle:
    return box.left, box.top, box.right, box.bottom


def overlap(one: Rectangle, two: Rectangle) -> bool:
    return (
        one[0] < two[2] - SLACK and two[0] < one[2] - SLACK and one[1] < two[3] - SLACK and two[1] < one[3] - SLACK
    )  # fmt: skip


def _shown(piece: Piece) -> list[Box]:
    return [box for box in piece.boxes if box.form != "point"]


def _boxes(piece: Piece) -> Iterator[str]:
    boxes = _shown(piece)
    for i, one in enumerate(boxes):
        for two in boxes[i + 1 :]:
            if overlap(rectangle(one), rectangle(two)):
                yield f"box {one.name} lies on box {two.name}"


def _lines(piece: Piece) -> Iterator[str]:
    boxes = _shown(piece)
    for line in piece.lines:
        around = [_around(one, two) for one, two in _parts(line)]
        hull = _hull(line.points)
        for box in boxes:
            if not overlap(hull, rectangle(box)):
                continue
            touches = line.points and any(_on_border(box, *end) for end in (line.points[0], line.points[-1]))
            within = 3.0 if box.form != "circle" else 0.4 * (box.right - box.left) / 2
            box_in = _inside(box, within) if touches else rectangle(box)
            if any(overlap(part, box_in) for part in around):
                yield f"line {line.source} to {line.target} crosses box {box.name}"


def _hull(points: Sequence[Point]) -> Rectangle:
    """Where a line may be: a Bézier stays among its points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs, default=0) - 1.0, min(ys, default=0) - 1.0, max(xs, default=0) + 1.0, max(ys, default=0) + 1.0


def _on_border(box: Box, x: float, y: float) -> bool:
    """Does a line that ends here end at this box? A folded one has its outer border 4 points off."""
    if box.form == "circle":
        return abs(math.dist((x, y), (box.x, box.y)) - (box.right - box.left) / 2) <= 1.0
    outer = _inside(box, -4.1)
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3] and not overlap((x, y, x, y), _inside(box, 1.0))


def _inside(box: Box, by: float) -> Rectangle:
    return box.left + by, box.top + by, box.right - by, box.bottom - by


def _around(one: tuple[float, float], two: tuple[float, float]) -> Rectangle:
    (x1, y1), (x2, y2) = one, two
    return min(x1, x2) - 0.7, min(y1, y2) - 0.7, max(x1, x2) + 0.7, max(y1, y2) + 0.7


def _parts(line: Line) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Straight parts of a line; a curve as the samples of its cubic."""
    if not line.curved:
        yield from itertools.pairwise(line.points)
        return
    for i in range(0, len(line.points) - 3, 3):
        xs, ys = zip(*line.points[i : i + 4], strict=True)
        steps = [step / 24 for step in range(25)]
        yield from itertools.pairwise([(_cubic(*xs, t), _cubic(*ys, t)) for t in steps])


def _cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    return a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t * t * (1 - t) + d * t**3


def _texts(piece: Piece) -> Iterator[str]:
    for box in _shown(piece):
        if box.form in {"circle", "volume"}:
            continue
        first = text_width(box.title, BOLD, bold=True) + (badge_width(box.repeat) + 8 if box.repeat > 1 else 0)
        details = [text_width(detail, SMALL) for detail in box.details]
        rows = [first + sum(details[:1]) + 8 * len(details[:1]), *details[1:]] if box.one_line else [first, *details]
        room = box.bottom - box.top if box.upright else box.right - box.left
        if max(rows) > room - 4:
            yield f"text of {box.name} is wider than its box"


def _shapes(piece: Piece) -> Iterator[str]:
    """Shapes beside the trunk, upright ones below it: on boxes, lines, each other; their leaders on boxes."""
    written = [(row, _written(row)) for row in piece.rows]
    for one, two in itertools.combinations(written, 2):
        if overlap(one[1], two[1]):
            yield f"shape {one[0].text} lies on shape {two[0].text}"
    parts = [(line, _around(one, two)) for line in piece.lines for one, two in _parts(line)]
    for row, text in written:
        if text[2] > piece.right + MARGIN or text[3] > piece.height + MARGIN:
            yield f"shape {row.text} reaches beyond the picture"
        for box in _shown(piece):
            if overlap(text, rectangle(box)):
                yield f"shape {row.text} lies on box {box.name}"
            if overlap(_leader(row), rectangle(box)):
                yield f"leader of {row.text} crosses box {box.name}"
        for line, part in parts:
            if overlap(text, part):
                yield f"shape {row.text} lies on line {line.source} to {line.target}"


def _written(row: Row) -> Rectangle:
    width = text_width(row.text, SMALL)
    if row.upright:
        return row.y - width / 2, row.at + 5 - SMALL * CAPITAL, row.y + width / 2, row.at + 5
    return row.at, row.y + 4 - SMALL * CAPITAL, row.at + width, row.y + 4


def _leader(row: Row) -> Rectangle:
    low, high = sorted((row.start + 6, row.at - 6))
    return (row.y - 0.6, low, row.y + 0.6, high) if row.upright else (low, row.y - 0.6, high, row.y + 0.6)


def _frames(piece: Piece) -> Iterator[str]:
    for frame in piece.frames:
        outer = frame.left, frame.top, frame.right, frame.bottom
        for box in _shown(piece):
            held = frame.left <= box.left and box.right <= frame.right
            held = held and frame.top <= box.top and box.bottom <= frame.bottom
            if overlap(outer, rectangle(box)) and not held:
                yield f"box {box.name} sticks out of frame {frame.name}"
