"""A panel of a plate: one module in a frame, under its title, with letters for what differs and a table of that."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from archscope.views.diagram.plan.shrunk import boxes, fewest_boxes
from archscope.views.diagram.plan.smaller import smaller_plans, with_rows
from archscope.views.diagram.sketch import Sketch, View

TITLE_BAND = 34.0

NARROW_PAPER = Paper(50.0, 5000.0)
"""A panel is placed in one column."""

WORD = re.compile(r"[a-z]+")

Placed = tuple[Piece, list[Op]]


@dataclass
class Opened:
    """What a module holds, and how that is seen: ever simpler plans, each made and sketched when it is asked for."""

    view: View
    waiting: Iterator[Plan]
    plans: list[Plan] = field(default_factory=list)
    sketches: dict[int, Sketch] = field(default_factory=dict)

    def within(self, most: int) -> Sketch:
        """Of the first plan of no more than so many boxes, else of the last that is more than one box."""
        at = 0
        for i, plan in enumerate(self._every()):
            if i and sum(op.kind != "tensor" for op in plan.ops) == 1:
                break
            at = i
            if fewest_boxes(plan.ops) <= most and boxes(self._sketch(at).series) <= most:
                break
        return self._sketch(at)

    def _every(self) -> Iterator[Plan]:
        yield from [*self.plans]
        for plan in self.waiting:
            self.plans.append(plan)
            yield plan

    def _sketch(self, at: int) -> Sketch:
        if at not in self.sketches:
            self.sketches[at] = self.view.sketch(self.plans[at])
        return self.sketches[at]


def opened(form: Form, every: Sequence[Op], kinds: Mapping[str, str], view: View) -> Opened:
    """A module opened. `every` are the Ops of the network."""
    known = {op.name: op for op in form.ops}
    known |= {op.name: replace(op, path="") for call in form.again for op in call}  # other calls stand outside
    ops, outputs = within([known.get(op.name, op) for op in every], form.path, view.outputs)
    ops = with_memory(_with_own_inputs(ops, form.path, [op.name for op in every]), kinds)
    inner = View(outputs, view.style, True, form.path, plain=False)
    return Opened(inner, _plans(flow_plan(ops, kinds, form.path), kinds, form.path))


def panel(form: Form, held: Opened, most: int, style: Style) -> Placed:
    """A module in a frame with its title, its table below; and its Ops. Parts are closed where there would be more than
    `most` boxes."""
    sketch = held.within(most)
    style = replace(style, shapes=False, paper=NARROW_PAPER)
    return _framed(replace(held.view, style=style).placed(sketch).piece, form, sketch.plan.ops), sketch.plan.ops


def _plans(whole: Plan, kinds: Mapping[str, str], path: str) -> Iterator[Plan]:
    """A module whole, then with each row of one operation as one box, then with ever more of what it holds closed, at
    last also steps that repeat."""
    yield whole
    for plan in smaller_plans(with_rows(whole, kinds, path), kinds, path):
        yield plan
    steps = with_steps(plan.ops, {**kinds, path: "Step"})  # in a panel of its own the module's name says nothing
    yield replace(plan, ops=steps)


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
    count = form.count
    words = {word for box in piece.boxes for text in (box.title, *box.details) for word in WORD.findall(text)}
    told = [i for i, letter in enumerate(form.letters) if letter in words]  # others are within a closed box
    rows = [("", form.letters), *((row.label, row.values) for row in form.rows)]
    table = Table([[label, *(values[i] for i in told)] for label, values in rows]) if told else None
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
