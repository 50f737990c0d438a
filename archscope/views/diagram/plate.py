"""The plate of a paper: the network's schema, a box a module, and beside it each distinct module once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import sqrt
from typing import NamedTuple

from archscope.model.graph import Graph
from archscope.views.diagram.compose import MOST_BOXES, Drawing, Sketch, View
from archscope.views.diagram.ops.drawn import drawn, within
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.arrange import Arrangement, arrangement, set_out
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Frame, Piece
from archscope.views.diagram.place.style import FRAME_PAD, HEADING, SMALL, Style, badge_width
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import WIDER, text_width
from archscope.views.diagram.plan.forms import LARGE_MODULE, Form, Numbers, form_of, forms, unit_paths
from archscope.views.diagram.plan.levels import Modules, Plan, closed, flow_plan
from archscope.views.diagram.plan.repeats import READS_TWO, with_steps
from archscope.views.diagram.plan.shrunk import boxes
from archscope.views.diagram.plan.smaller import smaller_plans, with_rows

TITLE_BAND = 34.0
SMALLEST = 6.0
"""Points of the smallest letters on the paper."""

LARGE_MODULES = (LARGE_MODULE, 60, 400)
"""Operations of a module that is too large to have a panel, the first number with which the schema is small enough."""

SMALLER = 0.7
"""A smaller schema has no more than this share of the boxes of the one before."""

ALL = 99
MOST_PANELS = 14


class Try(NamedTuple):
    """How a plate is set: boxes of a panel, whose parts are closed where it has more; how many modules have a panel,
    those first that stand for most; how often everything is set closer; and whether the schema tells apart modules of
    one form in a row that only their number names."""

    most: int
    kept: int = ALL
    closer: int = 2
    apart: bool = True


TRIED = (
    Try(28, closer=0), Try(28, closer=1), Try(28), Try(28, apart=False), Try(14), Try(14, 8, apart=False),
    Try(14, 5, apart=False), Try(9, 4, apart=False), Try(9, 3, apart=False), Try(9, 2, apart=False),
    Try(9, 1, apart=False), Try(9, 1, 3, apart=False),
)  # fmt: skip
"""Until letters are large enough."""

MOST_SCHEMAS, FURTHER = 5, 2
"""So many schemas are tried, and so many of the tries are left out with one that is not the first."""

MOST_ADDED = 4
"""So many modules that have no panel are tried again where others leave room."""

TOLD = 0.1
"""What an operation counts that other panels have too."""

FEW_LETTERS = 2
"""So many numbers of a module stand in the schema itself."""

SCHEMA_SHAPES = (7.0, 3.0, 1.4)
"""Height to width that the schema is placed for: in one column, or in several."""

NARROW_PAPER = Paper(50.0, 5000.0)
"""A panel is placed in one column."""


Placed = tuple[Piece, list[Op]]


@dataclass(frozen=True)
class Parts:
    """What a plate is composed of: the schema's Ops, the forms, the network's own Ops; `panels` placed so far, by the
    path of their form, how many boxes they may have and how often they are set closer."""

    schema: list[Op]
    forms: list[Form]
    ops: Sequence[Op]
    kinds: Mapping[str, str]
    panels: dict[tuple[str, int, int], Placed] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """Schema and panels, those of the forms `printed`, and how they are set out; each panel with its Ops."""

    parts: Parts
    tried: Try
    printed: Sequence[Form]
    schema: Drawing
    panels: list[Placed]
    best: Arrangement

    @property
    def pieces(self) -> list[Piece]:
        return [self.schema.piece, *(piece for piece, _ in self.panels)]

    def drawing(self) -> Drawing:
        """It is made once: the pieces are moved to their places."""
        ops = [*self.schema.ops, *(op for _, members in self.panels for op in members)]
        return Drawing(set_out(self.pieces, self.best.columns), ops, self.schema.plan, counted=self.parts.ops)


def plate(graph: Graph, block: str, style: Style) -> Drawing:
    """The plate of a network, or of a block of it, as large as can be on its paper."""
    ops, outputs = drawn(graph, block)
    view = View(outputs, style, True, block, plain=False)
    enough = _enough(style)
    best: Setting | None = None
    for number, parts in enumerate(islice(_parts(ops, graph.blocks, view), MOST_SCHEMAS)):
        for setting in _settings(parts, view, TRIED[FURTHER:] if number else TRIED):
            if best is None or setting.best.scale > best.best.scale:
                best = setting
            if best.best.scale >= enough:
                return _filled(best, view).drawing()
    assert best, "the last that are tried are few"
    return best.drawing()


def _enough(style: Style) -> float:
    """How large a plate is that can be read."""
    return (style.paper.letters or SMALLEST) / SMALL


# ---- what stands on it ------------------------------------------------------------------------------------


def _parts(ops: Sequence[Op], kinds: Mapping[str, str], view: View) -> Iterator[Parts]:
    """The schema with each module as one Op, and the forms of those that could be closed so; then smaller schemas."""
    modules = Modules(ops, kinds, view.block)
    finest: Parts | None = None
    for large in LARGE_MODULES:
        found = forms(modules, unit_paths(modules, large))
        schema = with_steps(closed(ops, [(path, form.title, ()) for form in found for path in form.paths]), kinds)
        parts = _standing(Parts(schema, found, ops, kinds))
        finest = finest or parts
        if _count(parts, view) <= MOST_BOXES:
            yield parts
    assert finest, "several sizes are tried"
    yield from _smaller(finest, view)


def _standing(parts: Parts) -> Parts:
    """The same without forms of which no module stands in the schema."""
    standing = {op.path for op in parts.schema if op.kind == "module"}
    return replace(parts, forms=[form for form in parts.forms if standing.intersection(form.paths)])


def _count(parts: Parts, view: View) -> int:
    """How many boxes the schema has."""
    return boxes(view.sketch(Plan(_printed(parts, parts.forms, apart=False), every=True)).series)


def _smaller(parts: Parts, view: View) -> Iterator[Parts]:
    """The parts with ever smaller schemas, whose modules are closed further; the last is small whatever there is."""
    most = MOST_BOXES
    plan = whole = Plan(parts.schema, every=True)
    for plan in smaller_plans(whole, parts.kinds, view.block):
        smaller = _standing(replace(parts, schema=plan.ops))
        if (count := _count(smaller, view)) <= most:
            yield smaller
            most = int(count * SMALLER)
    yield _standing(replace(parts, schema=view.smallest(plan, parts.kinds).plan.ops))


def _printed(parts: Parts, kept: Sequence[Form], apart: bool) -> list[Op]:
    """The schema where these forms have a panel; a module of another says what it holds."""
    known = form_of(kept)
    return [
        _told(op, *known[op.path], apart) if op.path in known and op.name == f"{op.path}/" else op
        for op in parts.schema
    ]  # fmt: skip


def _told(op: Op, form: Form, row: Numbers, apart: bool) -> Op:
    """A closed module says which of its form it is; where that is but a count, its numbers, if they are few, and
    nothing where it need not be told apart."""
    walking = [fact for fact in op.facts if fact == READS_TWO]
    if row.counted and not apart:
        return replace(op, facts=tuple(walking), inner=form.title)
    few = row.counted and len(form.letters) <= FEW_LETTERS
    told = [f"{letter} = {value}" for letter, value in zip(form.letters, row.values, strict=True)]
    return replace(op, facts=tuple(filter(None, [*(told if few else [row.label]), *walking])))


# ---- how it is set ----------------------------------------------------------------------------------------


def _settings(parts: Parts, view: View, tries: Sequence[Try]) -> Iterator[Setting]:
    """The plate in every way that is tried."""
    by_size = _by_weight(parts)
    seen: set[tuple[int, ...]] = set()
    for tried in tries:
        kept = min(tried.kept, len(by_size))
        key = kept, tried.closer, tried.apart and bool(kept), tried.most * bool(kept)
        if kept <= MOST_PANELS and key not in seen:  # others are not worth to place
            yield _setting(parts, by_size[:kept], tried, view)
        seen.add(key)


def _by_weight(parts: Parts) -> list[Form]:
    """The forms, those first that stand for most; what those before it say already counts little."""
    waiting = list(parts.forms)
    told: Counter[tuple[str, str, str]] = Counter()
    found = []
    while waiting:
        form = max(waiting, key=lambda form: sqrt(len(form.paths)) * _news(form, told))
        waiting.remove(form)
        found.append(form)
        told |= _operations(form)
    return found


def _news(form: Form, told: Counter[tuple[str, str, str]]) -> float:
    own = _operations(form)
    new = (own - told).total()
    return new + TOLD * (own.total() - new)


def _operations(form: Form) -> Counter[tuple[str, str, str]]:
    return Counter((op.word, op.kernel, op.join) for op in form.ops)


def _filled(setting: Setting, view: View) -> Setting:
    """The plate with panels for more forms where there is room."""
    left_out = [form for form in _by_weight(setting.parts) if form not in setting.printed]
    for form in left_out[:MOST_ADDED]:
        more = _setting(setting.parts, [*setting.printed, form], setting.tried, view)
        if more.best.scale >= _enough(view.style):
            setting = more
    return setting


def _setting(parts: Parts, chosen: Sequence[Form], tried: Try, view: View) -> Setting:
    """Schema and panels, the schema in so many columns, the panels in so many others, as is largest."""
    style, paper = view.style, view.style.paper
    for _ in range(tried.closer):
        style = style.compact()
    printed = [form for form in parts.forms if form in chosen]
    panels = []
    for form in printed:
        at = form.path, tried.most, tried.closer
        parts.panels[at] = parts.panels.get(at) or _panel(form, parts, replace(view, style=style), tried.most)
        panels.append(parts.panels[at])
    sketch = view.sketch(Plan(_printed(parts, printed, tried.apart), every=True))
    found = []
    for shape in SCHEMA_SHAPES if panels else (0.0,):
        tall = replace(paper, width=paper.height / shape, turns=False) if shape else paper
        schema = replace(view, style=replace(style, paper=tall)).placed(sketch)
        best = arrangement([schema.piece, *(piece for piece, _ in panels)], paper, _enough(style))
        found.append(Setting(parts, tried, printed, schema, panels, best))
    return max(found, key=lambda one: one.best.scale)


# ---- panels -----------------------------------------------------------------------------------------------


def _panel(form: Form, parts: Parts, view: View, most: int) -> Placed:
    """A module in a frame with its title, its table below; and its Ops."""
    lettered = {op.name: op for op in form.ops}
    ops, outputs = within([lettered.get(op.name, op) for op in parts.ops], form.path, view.outputs)
    ops = _with_own_inputs(ops, form.path, [op.name for op in parts.ops])
    style = replace(view.style, shapes=False, paper=NARROW_PAPER)
    inner = View(outputs[:1], style, True, form.path, plain=False)
    for sketch in _sketches(flow_plan(ops, parts.kinds, form.path), parts, inner):
        if boxes(sketch.series) <= most:
            break
    piece = inner.placed(sketch).piece
    return _framed(piece, form, sketch.plan.ops), sketch.plan.ops


def _sketches(whole: Plan, parts: Parts, inner: View) -> Iterator[Sketch]:
    """A module whole, then with each row of one operation as one box, then with ever more of what it holds closed."""
    yield inner.sketch(whole)
    for plan in smaller_plans(with_rows(whole, parts.kinds, inner.block), parts.kinds, inner.block):
        yield inner.sketch(plan)


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
