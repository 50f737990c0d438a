"""A panel of a plate: one module in a frame, under its title, with letters for what differs and a table of that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archscope.views.diagram.ops.drawn import within
from archscope.views.diagram.ops.ops import Op, relative
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Frame, Piece
from archscope.views.diagram.place.style import FRAME_PAD, HEADING, Style, badge_width
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import WIDER, text_width
from archscope.views.diagram.plan.forms import Form
from archscope.views.diagram.plan.levels import Plan, flow_plan
from archscope.views.diagram.plan.repeats import with_memory, with_steps
from archscope.views.diagram.plan.shrunk import boxes
from archscope.views.diagram.plan.smaller import smaller_plans, with_rows
from archscope.views.diagram.sketch import Sketch, View

TITLE_BAND = 34.0

NARROW_PAPER = Paper(50.0, 5000.0)
"""A panel is placed in one column."""

Opened = tuple[Sketch, View]
Placed = tuple[Piece, list[Op]]


def opened(form: Form, every: Sequence[Op], kinds: Mapping[str, str], view: View, most: int) -> Opened:
    """What a module holds, and how that is seen. `every` are the Ops of the network; parts are closed where there would
    be more than `most` boxes."""
    known = {op.name: op for op in form.ops}
    known |= {op.name: replace(op, path="") for call in form.again for op in call}  # other calls stand outside
    ops, outputs = within([known.get(op.name, op) for op in every], form.path, view.outputs)
    ops = with_memory(_with_own_inputs(ops, form.path, [op.name for op in every]), kinds)
    inner = View(outputs, view.style, True, form.path, plain=False)
    for sketch in _sketches(flow_plan(ops, kinds, form.path), kinds, inner):
        if boxes(sketch.series) <= most:
            break
    return sketch, inner


def panel(form: Form, held: Opened, style: Style) -> Placed:
    """A module in a frame with its title, its table below; and its Ops."""
    sketch, inner = held
    style = replace(style, shapes=False, paper=NARROW_PAPER)
    return _framed(replace(inner, style=style).placed(sketch).piece, form, sketch.plan.ops), sketch.plan.ops


def _sketches(whole: Plan, kinds: Mapping[str, str], inner: View) -> Iterator[Sketch]:
    """A module whole, then with each row of one operation as one box, then with ever more of what it holds closed, at
    last also steps that repeat."""
    yield inner.sketch(whole)
    for plan in smaller_plans(with_rows(whole, kinds, inner.block), kinds, inner.block):
        yield inner.sketch(plan)
    steps = with_steps(plan.ops, {**kinds, inner.block: "Step"})  # in a panel of its own the module's name says nothing
    yield inner.sketch(replace(plan, ops=steps))


def _with_own_inputs(ops: Sequence[Op], path: str, made: Sequence[str]) -> list[Op]:
    """What a module reads has a name of its own in its panel: its box stands in the schema too. Of several tensors
    the one that was made last is its input; others, such as shortcuts or the cell before the last, are earlier ones."""
    entering = sorted([op.name for op in ops if op.kind == "tensor"], key=made.index)
    own = {name: f"{path}<{name}" for name in entering}
    words = dict(zip(entering[:-1], _earlier(len(entering) - 1), strict=True))
    return [
        replace(
            op, name=own.get(op.name, op.name), inputs=tuple([own.get(name, name) for name in op.inputs]),
            word=words.get(op.name, "Input") if op.name in own else op.word,
        )
        for op in ops
    ]  # fmt: skip


def _earlier(count: int) -> Sequence[str]:
    return ["Earlier input"] if count == 1 else [f"Earlier input {i}" for i in range(count, 0, -1)]


def _called(form: Form) -> str:
    """Which of the calls a panel shows."""
    shown, count = relative(form.ops), len(form.again) + 1
    alike = 1 + sum(relative(call) == shown for call in form.again)
    return f"one of {count} calls" if alike == count else f"{alike} of {count} calls"


def _framed(piece: Piece, form: Form, ops: Sequence[Op]) -> Piece:
    """The piece from (0, 0) on, under its title, its table under it."""
    count = len(form.paths)
    rows = [["", *form.letters], *([row.label, *row.values] for row in form.rows)]
    table = Table(rows) if form.letters else None
    said = f"{form.title}, {_called(form)}" if form.again else form.title
    title = text_width(said, HEADING, bold=True) * WIDER + (badge_width(count) + 8.0 if count > 1 else 0.0)
    width = max(piece.left + piece.right, title, table.width if table else 0.0) + 2 * FRAME_PAD
    piece.shift((width - piece.left - piece.right) / 2 + piece.left, TITLE_BAND)
    bottom = TITLE_BAND + piece.height + FRAME_PAD
    if table:
        table.left, table.top = (width - table.width) / 2, bottom
        piece.tables.append(table)
        bottom += table.height + FRAME_PAD
    frame = Frame(f"{form.path}#", form.path, said, 0.0, 0.0, width, bottom, count, heading=True)
    frame.ops, frame.copies = tuple(ops), tuple(map(tuple, form.again))
    piece.frames.insert(0, frame)
    piece.rows, piece.left, piece.right, piece.height = [], 0.0, width, bottom
    return piece
