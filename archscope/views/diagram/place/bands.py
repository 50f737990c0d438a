"""Networks beside each other in bands: what has the same share of the input's resolution is level."""

from collections.abc import Sequence
from math import log2

from archscope.views.diagram.place.picture import Box, Frame, Piece, Row, stacked
from archscope.views.diagram.place.style import FRAME_PAD, HEADING
from archscope.views.diagram.place.text import fitted, room_for, text_width

ABOVE = 13.0
"""A band begins so far above its first box, whose middle is as far below its top; lines turn below that."""

TITLE_BAND = 34.0
LONGEST_TITLE = 300.0
"""A title that is wider, and wider than its network, is shortened."""

BETWEEN = 18.0
LEAST = 33.0
"""From where one band begins to the next: no network may have both."""

VECTOR = 99
"""The band of what has no resolution."""


def beside(pieces: Sequence[Piece], titles: Sequence[str], first: int = 0) -> Piece:
    """The pieces side by side, each a column under its title, their bands level; what each share is, on the left.
    `first` is the number of the first."""
    bands = [_bands(piece) for piece in pieces]
    present = sorted({band for starts in bands for band in starts})
    tops = _align(pieces, bands, present)
    said = [_share(band) for band in present]
    at = max(room_for(text, HEADING) for text in said) + BETWEEN
    for i, (piece, title) in enumerate(zip(pieces, titles, strict=True), first):
        at += _framed(piece, title, f"{i}#", at) + BETWEEN
    whole = stacked(pieces)
    whole.left, whole.right = 0.0, at - BETWEEN
    whole.height = max(frame.bottom for frame in whole.frames)
    for frame in whole.frames:
        frame.bottom = whole.height if frame.heading else frame.bottom
    middles = [TITLE_BAND + (top + ABOVE if top else 0.0) + ABOVE for top in tops]
    whole.rows += [Row(y, 0.0, text) for text, y in zip(said, middles, strict=True)]
    return whole


def _bands(piece: Piece) -> dict[int, float]:
    """Where each band of a piece begins: that of the input at its top, that of vectors below all else; a resolution
    that rises again begins none, nor one that stands beside what is larger."""
    boxes = sorted([box for box in piece.boxes if box.op and box.form != "point"], key=lambda box: box.top)
    sides = list(map(_side, boxes))
    lowest = max([i for i, side in enumerate(sides) if side > 1], default=0)
    starts = {0: 0.0}
    for i, (box, side) in enumerate(zip(boxes, sides, strict=True)):
        band = round(log2(max(sides) / side)) if side > 1 else VECTOR if i > lowest else 0
        if box.op and box.op.inputs and band > max(starts):
            start = _cut(boxes, box.top - ABOVE)
            upper = [other.top for other, before in zip(boxes[:i], sides, strict=False) if before > 1]
            taken = any(start <= top and (top < box.top or band == VECTOR) for top in upper)
            starts |= {} if taken else {band: start}
    return starts


def _cut(boxes: Sequence[Box], y: float) -> float:
    """Where no box is cut through, so far down or less."""
    while cut := [box.top for box in boxes if box.top < y <= box.bottom]:
        y = min(cut) - ABOVE
    return y


def _side(box: Box) -> int:
    """The longest side: images may be wide, and few slices thick; of a vector 1."""
    return max(box.op.spatial, default=1) if box.op and len(box.op.shape) > 1 else 1


def _share(band: int) -> str:
    return "vector" if band == VECTOR else "input" if band == 0 else f"1/{2**band}"


def _align(pieces: Sequence[Piece], bands: Sequence[dict[int, float]], present: Sequence[int]) -> list[float]:
    """Move down what is in each band, so that it begins at one height in all pieces; where that is."""
    tops: list[float] = []
    for band in present:
        top = max([starts[band] for starts in bands if band in starts])
        top = max([top, *(above + LEAST for above in tops[-1:])])
        for piece, starts in zip(pieces, bands, strict=True):
            if band in starts:
                _lower(piece, starts[band], top - starts[band])
                by = top - starts[band]
                starts.update({other: y + by for other, y in starts.items() if other >= band})
        tops.append(top)
    return tops


def _lower(piece: Piece, start: float, by: float) -> None:
    """Everything from here on further down; lines and frames that come from above are longer."""

    def moved(y: float) -> float:
        return y + by if y >= start else y

    above = {box.name for box in piece.boxes if box.top < start}
    for box in piece.boxes:
        box.top, box.bottom = moved(box.top), moved(box.bottom)
    for frame in piece.frames:
        frame.top, frame.bottom = moved(frame.top), moved(frame.bottom)
    for line in piece.lines:
        begin = line.points[:1] if line.source in above else []  # of a box with copies it may be lower than that ends
        line.points = [*begin, *((x, moved(y)) for x, y in line.points[len(begin) :])]
        line.label_at = (line.label_at[0], moved(line.label_at[1]))
    for row in piece.rows:
        row.y = moved(row.y)
    piece.height = moved(piece.height)


def _framed(piece: Piece, title: str, name: str, at: float) -> float:
    """The piece in a frame with its title, from `at` on; how wide that is."""
    title = fitted(title, HEADING, max(piece.left + piece.right, LONGEST_TITLE), bold=True)
    width = max(piece.left + piece.right, text_width(title, HEADING, bold=True) + FRAME_PAD) + 2 * FRAME_PAD
    piece.shift(at + (width - piece.left - piece.right) / 2 + piece.left, TITLE_BAND)
    frame = Frame(name, "", title, at, 0.0, at + width, TITLE_BAND + piece.height + FRAME_PAD, heading=True)
    frame.ops = tuple(box.op for box in piece.boxes if box.op)
    piece.frames.insert(0, frame)
    return width
