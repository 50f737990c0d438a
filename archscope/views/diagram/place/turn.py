"""A picture that was placed from top to bottom, turned: from bottom to top, or from left to right."""

from archscope.views.diagram.place.picture import Piece


def upside_down(piece: Piece) -> Piece:
    """Mirror in place: the network begins at the bottom, as in many papers of vision transformers."""
    height = piece.height
    for box in piece.boxes:
        box.top, box.bottom = height - box.bottom, height - box.top
    for frame in piece.frames:
        frame.top, frame.bottom, frame.title_below = height - frame.bottom, height - frame.top, True
    for line in piece.lines:
        line.points = [(x, height - y) for x, y in line.points]
        line.label_at = (line.label_at[0], height - line.label_at[1])
    for row in piece.rows:
        row.y = height - row.y
    piece.tails = [(name, x, height - y) for name, x, y in piece.tails]
    return piece


def sideways(piece: Piece) -> Piece:
    """Swap the axes in place: what was below is on the right, what was left is above."""
    left, right, height = piece.left, piece.right, piece.height
    for box in piece.boxes:
        box.left, box.top, box.right, box.bottom = box.top, box.left + left, box.bottom, box.right + left
    for frame in piece.frames:
        frame.left, frame.top, frame.right, frame.bottom = (
            frame.top, frame.left + left, frame.bottom, frame.right + left,
        )  # fmt: skip
        frame.title_x = None if frame.title_x is None else frame.left + 10.0
    for line in piece.lines:
        line.points = [(y, x + left) for x, y in line.points]
        line.label_at = (line.label_at[1], line.label_at[0] + left)
    for row in piece.rows:
        row.start, row.at, row.upright = row.start + left, row.at + left, True
    piece.left, piece.right, piece.height = 0.0, height, left + right
    return piece
