"""The plate of a paper: the network's schema, a box a module, and beside it each distinct module once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from archscope.model.graph import Graph
from archscope.views.diagram.compose import MOST_BOXES, Drawing, View, scale
from archscope.views.diagram.ops.drawn import drawn, within
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.arrange import arrangement, set_out
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Frame, Piece
from archscope.views.diagram.place.style import FRAME_PAD, HEADING, SMALL, Style, badge_width
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import WIDER, text_width
from archscope.views.diagram.plan.forms import Form, Numbers, form_of, forms, unit_paths
from archscope.views.diagram.plan.levels import Modules, Plan, closed, flow_plan
from archscope.views.diagram.plan.shrunk import boxes
from archscope.views.diagram.plan.smaller import smaller_plans

TITLE_BAND = 34.0
SMALLEST = 5.95
"""Points of the smallest letters on the paper, under a head that is a little lower than what is kept free for it."""

ALL = 99
MOST_PANELS = 14
TRIED = (
    (28, ALL, 0), (28, ALL, 1), (28, ALL, 2), (14, ALL, 2), (14, 8, 2), (14, 5, 2), (9, 4, 2), (9, 3, 2), (9, 2, 2),
)  # fmt: skip
"""Until letters are large enough: boxes of a panel, whose parts are closed where it has more; how many modules have
a panel, those first that stand for most; how often everything is set closer."""

FEW_LETTERS = 2
"""So many numbers of a module stand in the schema itself."""

SCHEMA_SHAPES = (7.0, 3.0, 1.4)
"""Height to width that the schema is placed for: in one column, or in several."""

NARROW_PAPER = Paper(50.0, 5000.0)
"""A panel is placed in one column."""


@dataclass(frozen=True)
class Parts:
    """What a plate is composed of before it is placed: the schema's Ops, the forms, and the network's own Ops."""

    schema: list[Op]
    forms: list[Form]
    ops: Sequence[Op]
    kinds: Mapping[str, str]


def plate(graph: Graph, block: str, style: Style) -> Drawing:
    """The plate of a network, or of a block of it, as large as can be on its paper."""
    ops, outputs = drawn(graph, block)
    parts = _parts(ops, graph.blocks, block)
    best: tuple[float, Drawing] | None = None
    for most, kept, tightened in TRIED:
        tried = style
        for _ in range(tightened):
            tried = tried.compact()
        if min(kept, len(parts.forms)) > MOST_PANELS:
            continue  # not worth to place it
        drawing = _placed(_printed(parts, kept), View(outputs, tried, True, block, plain=False), most)
        size = scale(drawing.piece, style.paper)
        if best is None or size > best[0]:
            best = size, drawing
        if size * SMALL >= (style.paper.letters or SMALLEST):
            return drawing
    assert best, "the last that are tried are few"
    return best[1]


def _parts(ops: Sequence[Op], kinds: Mapping[str, str], block: str) -> Parts:
    """The schema with each module as one Op, and the forms of those that could be closed so."""
    modules = Modules(ops, kinds, block)
    found = forms(modules, unit_paths(modules))
    schema = closed(ops, [(path, form.title, ()) for form in found for path in form.paths])
    standing = {op.path for op in schema if op.kind == "module"}
    return Parts(schema, [form for form in found if standing.intersection(form.paths)], ops, kinds)


def _printed(parts: Parts, kept: int) -> Parts:
    """The same with panels for the forms that stand for most; a module of another says in the schema what it holds."""
    by_size = sorted(parts.forms, key=lambda form: -len(form.paths) * len(form.ops))[:kept]
    known = form_of(by_size)
    schema = [_told(op, *known[op.path]) if op.kind == "module" and op.path in known else op for op in parts.schema]
    return replace(parts, schema=schema, forms=[form for form in parts.forms if form in by_size])


def _told(op: Op, form: Form, row: Numbers) -> Op:
    """A closed module says which of its form it is; where that is but a count, its numbers, if they are few."""
    few = row.counted and len(form.letters) <= FEW_LETTERS
    told = [f"{letter} = {value}" for letter, value in zip(form.letters, row.values, strict=True)]
    return replace(op, facts=tuple(filter(None, told if few else [row.label])))


def _placed(parts: Parts, view: View, most: int) -> Drawing:
    """Schema and panels, the schema in so many columns, the panels in so many others, as is largest."""
    held = [_panel(form, parts, view, most) for form in parts.forms]
    panels = [piece for piece, _ in held]
    plan = Plan(parts.schema, every=True)
    paper = view.style.paper
    arranged = []
    for shape in SCHEMA_SHAPES if panels else (0.0,):
        tall = replace(paper, width=paper.height / shape, turns=False) if shape else paper
        schema = _schema(replace(view, style=replace(view.style, paper=tall)), plan, parts.kinds)
        arranged.append((arrangement([schema.piece, *panels], paper), schema))
    best, schema = max(arranged, key=lambda one: one[0].scale)
    ops = [*schema.ops, *(op for _, members in held for op in members)]
    return Drawing(set_out([schema.piece, *panels], best.columns), ops, plan, counted=parts.ops)


def _schema(view: View, plan: Plan, kinds: Mapping[str, str]) -> Drawing:
    sketch = view.sketch(plan)
    if boxes(sketch.series) > MOST_BOXES:
        sketch = view.smallest(plan, kinds)
    return view.placed(sketch)


# ---- panels -----------------------------------------------------------------------------------------------


def _panel(form: Form, parts: Parts, view: View, most: int) -> tuple[Piece, list[Op]]:
    """A module in a frame with its title, its table below; and its Ops."""
    lettered = {op.name: op for op in form.ops}
    ops, outputs = within([lettered.get(op.name, op) for op in parts.ops], form.path, view.outputs)
    ops = _with_own_inputs(ops, form.path)
    style = replace(view.style, shapes=False, paper=NARROW_PAPER)
    inner = View(outputs[:1], style, True, form.path, plain=False)
    sketch = inner.sketch(flow_plan(ops, parts.kinds, form.path))
    for plan in smaller_plans(sketch.plan, parts.kinds, form.path):
        sketch = inner.sketch(plan)
        if boxes(sketch.series) <= most:
            break
    piece = inner.placed(sketch).piece
    return _framed(piece, form, sketch.plan.ops), sketch.plan.ops


def _with_own_inputs(ops: Sequence[Op], path: str) -> list[Op]:
    """What a module reads has a name of its own in its panel: its box stands in the schema too."""
    own = {op.name: f"{path}<{op.name}" for op in ops if op.kind == "tensor"}
    return [
        replace(op, name=own.get(op.name, op.name), inputs=tuple([own.get(name, name) for name in op.inputs]))
        for op in ops
    ]


def _framed(piece: Piece, form: Form, ops: Sequence[Op]) -> Piece:
    """The piece from (0, 0) on, under its title, its table under it."""
    count = len(form.paths)
    rows = [["", *form.letters], *([row.label, *row.values] for row in form.rows)]
    table = Table(rows) if form.letters else None
    title = text_width(form.title, HEADING, bold=True) * WIDER + (badge_width(count) + 8.0 if count > 1 else 0.0)
    width = max(piece.left + piece.right, title, table.width if table else 0.0) + 2 * FRAME_PAD
    piece.shift((width - piece.left - piece.right) / 2 + piece.left, TITLE_BAND)
    bottom = TITLE_BAND + piece.height + FRAME_PAD
    if table:
        table.left, table.top = (width - table.width) / 2, bottom
        piece.tables.append(table)
        bottom += table.height + FRAME_PAD
    frame = Frame(f"{form.path}#", form.path, form.title, 0.0, 0.0, width, bottom, count, heading=True)
    frame.ops = tuple(ops)
    piece.frames.insert(0, frame)
    piece.rows, piece.left, piece.right, piece.height = [], 0.0, width, bottom
    return piece
