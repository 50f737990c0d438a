"""How wide a text is, and how sizes are written: from one table of advance widths, on every machine the same."""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from pkgutil import get_data  # importlib.resources takes longer to load than the table

from archscope.model.graph import Shape
from archscope.views.diagram.ops.inputs import SEVERAL
from archscope.views.diagram.ops.ops import Op

FONT_FAMILY = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', 'Diagram Sans', 'DejaVu Sans Condensed', sans-serif"
"""One of the first four is on most machines and has the widths measured here; DejaVu Sans Condensed nearly has."""

UNKNOWN_WIDTH = 1000
"""A character that the table lacks is taken as wide as the widest, in thousandths of the font's size."""


MOST_SIZES = 4
"""More beside one box reach further than the picture."""

WIDER = 1.16
"""Digits and capitals of DejaVu Sans, which many machines have alone, are so much wider than Helvetica's."""


BETWEEN_WORDS = re.compile("(?<!×) (?!×)")
"""Where a line may end: `3 × Block` stays together."""


@cache
def _widths(bold: bool) -> dict[str, int]:
    table = get_data("archscope.views.diagram", "fonts/widths.json")
    groups = json.loads(table or "")["bold" if bold else "regular"]
    return {character: int(width) for width, characters in groups.items() for character in characters}


@lru_cache(maxsize=4096)  # a placement is tried several times, with the same words
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width in points as Helvetica sets it."""
    widths = _widths(bold)
    return sum([widths.get(character, UNKNOWN_WIDTH) for character in text]) * size / 1000


def room_for(text: str, size: float) -> float:
    """Width to keep free for a text that no box holds, whatever font the reader's program takes."""
    return text_width(text, size) * WIDER


def sizes(shape: Shape, channels_last: bool = True, channels: int | None = None) -> str:
    """`35×35×384`, or `384×35×35`; a vector is its length, a scalar `1`.

    `channels` is the axis of channels, the first of three or more where it is not known.
    """
    at = 0 if channels is None and len(shape) >= 3 else channels
    if at is None or at >= len(shape):
        return "×".join(map(str, shape)) or "1"
    if channels_last:
        shape = (*shape[:at], *shape[at + 1 :], shape[at])
    elif at == len(shape) - 1 >= 2:
        shape = (*shape[:-3], shape[at], *shape[-3:-1])
    return "×".join(map(str, shape))


def sizes_of(op: Op, channels_last: bool = True) -> str:
    """The sizes of what this Op gives."""
    return sizes(op.shape, channels_last, op.channels)


def results_of(op: Op, channels_last: bool = True) -> str:
    """The sizes of all that others read of a closed module, unless there are many; of another Op its own."""
    every = op.results or ((op.shape, op.channels),)
    said = dict.fromkeys(sizes(shape, channels_last, channels) for shape, channels in every)
    return ", ".join(said) if len(said) <= MOST_SIZES else SEVERAL


def wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in as few lines as are no wider than that, if its words are not, and these as narrow as can be."""
    words = [word for part in BETWEEN_WORDS.split(text) for word in _parts(part, size, width)]
    lines = _lines(words, size, width)
    least = max(text_width(word, size) for word in words)
    while len(lines) > 1 and width > least and len(closer := _lines(words, size, width := width - size)) == len(lines):
        lines = closer
    return lines


def _parts(word: str, size: float, width: float) -> list[str]:
    """A word that is too wide, cut after its branches, else its numbers: `64-(96-96)·32/32/64 `."""
    parts = [word]
    for mark in "·/-":
        if text_width(word, size) > width:
            parts = [cut for part in parts for cut in re.split(f"(?<={mark})", part) if cut]
            word = max(parts, key=len)
    return [*parts[:-1], f"{parts[-1]} "]


def _lines(words: Sequence[str], size: float, width: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if text_width((lines[-1] + word).rstrip(), size) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    return [line.rstrip() for line in lines]


def fitted(text: str, size: float, width: float, bold: bool = False) -> str:
    """The text, its middle replaced by an ellipsis where it is wider than `width`."""
    if text_width(text, size, bold) <= width:
        return text

    def short(kept: int) -> str:
        return text[: kept - kept // 3] + "…" + text[len(text) - kept // 3 :]

    # Each character that is kept makes it wider, so few are tried: a layer may read thousands of parameters.
    most = bisect_right(range(2, len(text)), width, key=lambda kept: text_width(short(kept), size, bold))
    return short(most + 1) if most else "…"
