"""Stages side by side, each a column that begins and ends with its tensor, as in Figure 5 of Xception."""

from collections.abc import Sequence

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.columns import LEADER, align_rows, distinct
from archscope.views.diagram.place.nodes import FEATURE_MAPS
from archscope.views.diagram.place.picture import Frame, Line, Piece
from archscope.views.diagram.place.place import Placer
from archscope.views.diagram.place.style import FRAME_PAD, FRAME_TITLE, GUTTER, HEADING, SMALL, badge_width
from archscope.views.diagram.place.text import room_for, text_width
from archscope.views.diagram.plan.items import Item, Leaf, Panel, Series, Split, is_tensor

BETWEEN = GUTTER / 2
"""From one stage to the next: no line runs there, the tensors' boxes say what goes on."""


def are_flows(series: Series) -> bool:
    """An input, two to four framed stages, and a few single operations after the last."""
    panels = [i for i, item in enumerate(series) if isinstance(item, Panel)]
    if not 2 <= len(panels) <= 4 or panels != list(range(1, len(panels) + 1)):
        return False
    after = series[panels[-1] + 1 :]
    return is_tensor(series[0]) and all(isinstance(i, Leaf) for i in after)


def place_flows(series: Series, placer: Placer) -> Piece:
    """Each stage a column that begins and ends with its tensor."""
    panels = [item for item in series if isinstance(item, Panel)]
    columns: list[Piece] = []
    given = series[0]
    for panel in panels:
        columns.append(_flow(panel, given, panel is panels[-1], placer))
        given = _tensor(f"{panel.name}<<", _last(panel))
    after = [placer.segment([item]) for item in series[len(panels) + 1 :]]
    if after:
        columns[-1] = _beneath(columns[-1], after, placer)
    return _beside(columns)


def _last(panel: Panel) -> Op:
    return panel.copies[-1].exit if panel.copies else panel.exit


def _tensor(name: str, made: Op, *inputs: str) -> Leaf:
    """A box that stands for no operation: what enters a stage, or leaves it as its last item gives it."""
    return Leaf(Op(name, "tensor", FEATURE_MAPS, "", (), inputs, made.shape, channels=made.channels))


def _flow(panel: Panel, given: Item, last: bool, placer: Placer) -> Piece:
    """A stage with its heading and frame; the tensor boxes belong to no module and only say what enters and leaves."""
    inner = Placer(placer.style, placer.level + 1)
    body = panel.body[1:] if isinstance(panel.body[0], Split) else panel.body
    items = [given, *body, *([] if last else [_tensor(f"{panel.name}>>", _last(panel), panel.exit.name)])]
    piece = inner.series(items)
    if panel.copies:
        piece.rows = []
    if last:
        piece.lines.append(Line([], piece.tails[0][0], panel.name, role="leave"))
    _redirect(piece, given, panel.name)
    align_rows(piece)
    repeat = 1 + len(panel.copies)
    heading = text_width(panel.title, HEADING, bold=True) + (badge_width(repeat) + 8.0 if repeat > 1 else 0.0)
    half = max((heading + 2 * FRAME_PAD - piece.left - piece.right) / 2, 0.0)
    left, right = piece.left + FRAME_PAD + half, piece.right + FRAME_PAD + half
    band = FRAME_TITLE + 10.0
    piece.shift(0, band)
    height = band + piece.height + FRAME_PAD
    copies = tuple(tuple(copy.ops) for copy in panel.copies)
    frame = Frame(panel.name, panel.path, panel.title, -left, 0, right, height, repeat, 0, None, True)
    frame.ops, frame.copies = tuple(panel.ops), copies
    piece.frames.insert(0, frame)
    piece.left, piece.right, piece.height = left, right, height
    return piece


def _redirect(piece: Piece, given: Item, frame: str) -> None:
    """The lines from the first tensor box enter the module; the one to the last box leaves it."""
    assert isinstance(given, Leaf)
    for line in piece.lines:
        if line.source == given.name:
            line.source, line.role = frame, "enter"
    for line in [line for line in piece.lines if line.target == f"{frame}>>"]:
        piece.lines.append(Line([], line.source, frame, role="leave"))
        line.source = frame
    piece.lines.append(Line([], given.name, frame))


def _beneath(column: Piece, after: Sequence[Piece], placer: Placer) -> Piece:
    """Single operations under a stage's frame."""
    frame = column.frames[0]
    name, _, bottom = column.tails[0]
    column.lines.append(Line([(0.0, bottom), (0.0, frame.bottom)], name, frame.name, arrow=False, role="leave"))
    column.tails = [(frame.name, 0.0, column.height)]
    rest = placer.stack(after)
    whole = placer.stack([column, rest])
    whole.rows = distinct(whole.rows)
    frame_rows, own = (
        [row for row in whole.rows if row.y <= frame.bottom],
        [row for row in whole.rows if row.y > frame.bottom],
    )
    for row in own:
        row.at = max([row.start + LEADER, *(other.at for other in frame_rows)])
        whole.right = max(whole.right, row.at + room_for(row.text, SMALL))
    return whole


def _beside(columns: Sequence[Piece]) -> Piece:
    whole = Piece()
    at = 0.0
    for i, column in enumerate(columns):
        width = column.left + column.right
        column.shift(at + column.left, 0.0)
        at += width + BETWEEN
        if i:
            before = columns[i - 1]
            whole.lines.append(Line([], before.tails[0][0], column.head))
        whole.take(column)
    whole.left, whole.right = 0.0, at - BETWEEN
    whole.height = max(column.height for column in columns)
    return whole
