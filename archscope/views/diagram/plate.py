"""The plate of a paper: the network's schema, a box a module, and beside it each distinct module once."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf, sqrt
from typing import NamedTuple

from archscope.model.graph import Graph
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.panel import Placed, panel
from archscope.views.diagram.place.arrange import Arrangement, arrangement, set_out
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.place.style import SMALL, Style
from archscope.views.diagram.plan.forms import LARGE_MODULE, Form, Numbers, form_of, forms, unit_paths
from archscope.views.diagram.plan.levels import Modules, Plan, closed, network_plan
from archscope.views.diagram.plan.repeats import BESIDE, READS_TWO, with_steps
from archscope.views.diagram.plan.shrunk import boxes
from archscope.views.diagram.plan.smaller import smaller_plans
from archscope.views.diagram.sketch import MOST_BOXES, Drawing, View

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
        tries = TRIED[FURTHER:] if number else TRIED
        tries = TRIED[-1:] if _largest(parts, view) < enough else tries  # whatever else is tried is smaller
        for setting in _settings(parts, view, tries):
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
    loops = network_plan(with_steps(parts.ops, parts.kinds, within=False), parts.kinds)
    yield _standing(replace(parts, schema=view.smallest(loops, parts.kinds).plan.ops))


def _printed(parts: Parts, kept: Sequence[Form], apart: bool) -> list[Op]:
    """The schema where these forms have a panel; a module of another says what it holds."""
    known = form_of(kept)
    row = {f"{path}/": numbers for path, (_, numbers) in known.items()}
    after = [(op.inputs[0], op.name) for op in parts.schema if len(op.inputs) == 1]
    folded = {name for pair in after if row.get(pair[0]) is row.get(pair[1]) for name in pair}
    return [
        _told(op, *known[op.path], apart, folded) if op.name in row else op
        for op in parts.schema
    ]  # fmt: skip


def _told(op: Op, form: Form, row: Numbers, apart: bool, folded: Container[str]) -> Op:
    """A closed module says which of its form it is; where that is but a count, its numbers, if they are few, and
    nothing where it need not be told apart. Those that are `folded` say alike."""
    walking = [fact for fact in op.facts if fact in (READS_TWO, BESIDE)]
    if row.counted and not apart:
        return replace(op, facts=tuple(walking), inner=form.title)
    few = row.counted and len(form.letters) <= FEW_LETTERS
    told = [f"{letter} = {value}" for letter, value in zip(form.letters, row.values, strict=True)]
    names = {} if op.name in folded else dict(zip(row.paths, row.names, strict=False))
    said = told if few else [names.get(op.path, row.label)]
    return replace(op, facts=tuple(filter(None, [*said, *walking])))


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
    style, paper = _closer(view.style, tried), view.style.paper
    printed = [form for form in parts.forms if form in chosen]
    panels = []
    for form in printed:
        at = form.path, tried.most, tried.closer
        parts.panels[at] = parts.panels.get(at) or panel(
            form, parts.ops, parts.kinds, replace(view, style=style), tried.most
        )
        panels.append(parts.panels[at])
    found = []
    for schema in _schemas(parts, printed, tried, view):
        best = arrangement([schema.piece, *(piece for piece, _ in panels)], paper, _enough(style))
        found.append(Setting(parts, tried, printed, schema, panels, best))
    return max(found, key=lambda one: one.best.scale)


def _schemas(parts: Parts, printed: Sequence[Form], tried: Try, view: View) -> Iterator[Drawing]:
    """The schema where these forms have a panel, in so many columns."""
    style, paper = _closer(view.style, tried), view.style.paper
    sketch = view.sketch(Plan(_printed(parts, printed, tried.apart), every=True))
    for shape in SCHEMA_SHAPES if printed else (0.0,):
        tall = replace(paper, width=paper.height / shape, turns=False) if shape else paper
        yield from replace(view, style=replace(style, paper=tall)).ways(sketch)


def _closer(style: Style, tried: Try) -> Style:
    for _ in range(tried.closer):
        style = style.compact()
    return style


def _largest(parts: Parts, view: View) -> float:
    """How large the schema is by itself, as close as it is ever set."""
    schemas = _schemas(parts, parts.forms, TRIED[-1], view)
    return max(arrangement([schema.piece], view.style.paper, inf).scale for schema in schemas)
