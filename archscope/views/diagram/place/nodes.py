"""One item as a placed piece: a box with its label, a bar, a circle or a point."""

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.picture import Box, Piece, Row
from archscope.views.diagram.place.spread import Hull, piece_of
from archscope.views.diagram.place.style import (
    BAR,
    BAR_PAD,
    BOLD,
    CIRCLE,
    CLOSER,
    LINE,
    SMALL,
    STACK,
    SYMBOLS,
    TWO_LINES,
    Style,
    label,
    label_size,
)
from archscope.views.diagram.place.text import fitted, results_of, sizes_of, text_width, wrapped
from archscope.views.diagram.plan.items import Leaf, Split

FEATURE_MAPS = "feature maps"
UNITS = {"conv", "depthwise", "pool", "linear", "module"}
BEYOND = 1.3
"""So much longer than what it joins a bar may be for its upright word; for a longer word it is wide."""

LONG_NAME = 230.0
"""A tensor's box is no wider to have its sizes beside its name."""


def split_piece(split: Split, hull: Hull | None, style: Style) -> Piece:
    """A point, or an Input bar over the branches that begin there."""
    if not split.wide or hull is None:
        point = Box(split.name, "tensor", 0, 0, 0, 0, "point")
        return Piece([point], head=split.name, tails=[(split.name, 0, 0)], tap=True)
    said = text_width("Input", BOLD, True) + BAR_PAD
    upright = style.sideways and sum(hull) >= said
    height = said if style.sideways and not upright else BAR
    box = Box(split.name, "tensor", -hull[0], 0, hull[1], height, "bar", "Input", one_line=True, upright=upright)
    return piece_of(box)


def _circle(op: Op, alike: tuple[Op, ...], style: Style) -> Piece:
    half = CIRCLE / 2
    circle = piece_of(
        Box(op.name, op.kind, -half, 0, half, CIRCLE, "circle", SYMBOLS[op.join], op=op, alike=alike), tap=True
    )
    if op.join == "add" and style.shapes:  # a gate's line comes in where the leader would leave
        circle.rows = [Row(half, half, sizes_of(op, style.channels_last))]
    return circle


def _text(op: Op, alike: tuple[Op, ...], hull: Hull | None, style: Style) -> tuple[str, tuple[str, ...], bool]:
    """What a box says: its title, what stands below or beside that, and whether it is beside."""
    if style.strip and hull is None and op.kind != "tensor" and op.word != FEATURE_MAPS:
        return _narrow_text(op, alike, style)
    one_line = style.one_line or hull is not None or op.kind == "tensor"
    title, detail = label(op, one_line)
    if op.word == FEATURE_MAPS:
        title = f"{sizes_of(op, style.channels_last)} {title}"
    elif op.kind == "tensor" or hull is not None:
        told = op.facts[0] if op.kind == "tensor" and op.facts else sizes_of(op, style.channels_last)
        detail = told if style.shapes else ""
    details = tuple(dict.fromkeys(part for part in (detail, *style.notes(alike)) if part))
    room = max(LONG_NAME, sum(hull or ()))
    if op.kind == "tensor" and label_size(title, details, True, 1)[0] > room:
        one_line = False  # sizes below the name, that below its word where it is longer still
        word, _, name = title.partition(" ")
        if name and label_size(title, (), True, 1)[0] > room:
            title, details = word, (name, *details)
    if one_line and style.beside:
        details = (", ".join(details),) if details else ()
    if hull and sum(hull) > style.narrow and op.kind == "concat" and not op.facts:  # a bar over branches
        title = "Filter concat"
    fitting = tuple(fitted(part, SMALL, style.label_width) for part in details)
    return fitted(title, BOLD, style.label_width, True), fitting, one_line


def _narrow_text(op: Op, alike: tuple[Op, ...], style: Style) -> tuple[str, tuple[str, ...], bool]:
    """The same where all stands under each other: details in lines below the word where the box would be too wide, and
    several sizes, which would be wider beside it than it is."""
    further = [*style.notes(alike), *[said for said in [results_of(op, style.channels_last)] if ", " in said]]
    for one_line in (True, False):
        title, detail = label(op, one_line)
        details = tuple(dict.fromkeys(part for part in (detail, *further) if part))
        if label_size(title, details, one_line, 1)[0] <= style.label_width:
            break
        details = tuple(line for part in details for line in wrapped(part, SMALL, style.label_width))
    fitting = tuple(fitted(part, SMALL, style.label_width) for part in details)
    return fitted(title, BOLD, style.label_width, True), fitting, one_line


def leaf_piece(leaf: Leaf, hull: Hull | None, style: Style) -> Piece:
    """A circle, a box, or a bar over the branches around it."""
    op, copies = leaf.op, tuple(copy.op for copy in leaf.copies)
    alike = tuple(style.alike.get(op.name, (op,)))
    if op.join in SYMBOLS:
        return _circle(op, alike, style)
    title, details, one_line = _text(op, alike, hull, style)
    width, height = label_size(title, details, one_line, leaf_repeat := 1 + len(copies))
    if op.kernel and not one_line:  # a window is as high as its like beside it, which may say more
        height = max(height, TWO_LINES + LINE - CLOSER)
    width = max(width, style.unit_width if op.kind in UNITS or op.kind == "tensor" else style.narrow)
    upright = style.sideways and hull is not None and sum(hull) * BEYOND >= width
    if style.sideways and not upright:
        width, height = height, width
    left = right = width / 2
    if hull is not None:
        left, right = max(hull[0], left), max(hull[1], right)
    box = Box(op.name, op.kind, -left, 0, right, height, "bar" if hull else "box", title, details, one_line, op,
              copies, alike, upright=upright)  # fmt: skip
    piece = piece_of(box)
    if leaf_repeat > 1:  # the second border is part of the node, so that arrows end at it
        piece.shift(0, STACK)
        piece.left, piece.right, piece.height = left + STACK, right + STACK, height + 2 * STACK
        piece.tails = [(op.name, 0, piece.height)]
    last = copies[-1] if copies else op
    said = results_of(last, style.channels_last)
    said = "" if style.strip and ", " in said else said  # in the box
    row = Row(piece.height / 2, piece.right, said, shown=op.kind != "tensor" and said not in ("", *details))
    piece.rows = [row] if style.shapes else []
    return piece
