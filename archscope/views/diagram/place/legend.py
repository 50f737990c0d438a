"""The legend above a picture: the colour and the word of each kind of its boxes, in rows."""

from collections.abc import Sequence

from archscope.views.diagram.place.style import SMALL
from archscope.views.diagram.place.text import room_for

LEGEND = {
    "conv": "Convolution", "depthwise": "Depthwise separable", "pool": "Pooling",
    "concat": "Concatenation", "add": "Sum, shortcut", "other": "Activation, norm, other",
    "linear": "Linear", "module": "Module", "agree": "Agrees", "tensor": "Tensor",
}  # fmt: skip

KEY, KEY_GAP = 18.0, 14.0
"""Width of a colour in the legend, and from one of its words to the next colour."""

NARROWEST, ROW = 320.0, 20.0
"""Width that a row has in any picture, and from one to the next."""


def key_width(kind: str) -> float:
    return KEY + 6.0 + room_for(LEGEND[kind], SMALL) + KEY_GAP


def row_width(row: Sequence[str]) -> float:
    return sum(key_width(kind) for kind in row) - KEY_GAP


def legend_rows(kinds: Sequence[str], width: float) -> list[list[str]]:
    """These kinds in rows above a picture so wide."""
    rows: list[list[str]] = []
    for kind in kinds:
        if rows and row_width([*rows[-1], kind]) <= max(width, NARROWEST):
            rows[-1].append(kind)
        else:
            rows.append([kind])
    return rows
