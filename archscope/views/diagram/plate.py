"""The plate of a paper: the network's schema, a box a module, and beside it each distinct module once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import sqrt
from typing import NamedTuple

from archscope.model.graph import Graph
from archscope.views.diagram.compose import compose
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.panel import Placed, opened, panel
from archscope.views.diagram.place.arrange import Arrangement, arrangement, set_out
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.place.style import SMALL, Style
from archscope.views.diagram.plan.forms import Form
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.printed import LARGE_MODULE, NO_FIGURE, is_short_row
from archscope.views.diagram.schema import Parts, as_printed, schemas
from archscope.views.diagram.sketch import Drawing, View, worded

SMALLEST = 6.0
"""Points of the smallest letters on the paper."""

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
    Try(LARGE_MODULE, closer=0), Try(LARGE_MODULE, closer=1), Try(LARGE_MODULE), Try(LARGE_MODULE, apart=False),
    Try(14), Try(14, 8, apart=False), Try(14, 5, apart=False), Try(9, 4, apart=False), Try(9, 3, apart=False),
    Try(9, 2, apart=False), Try(9, 1, apart=False), Try(9, 1, 3, apart=False),
)  # fmt: skip
"""Until letters are large enough."""

BARE = Try(14, apart=False)
"""Where there is room for few panels: those that say most are added one by one."""

ENOUGH_TOLD = 0.5
"""Panels that tell so many of the network's operations are not tried with a smaller schema."""

FAR_MORE = 1.2
"""So many times as much has to be told for a smaller schema."""

FURTHER = 2
"""So many of the tries are left out with a schema that is not the first."""

NEARLY = 0.95
"""So near to what can be read the closest schema beside panels has to come, for others to be placed."""

MOST_ADDED = 8
"""So many modules that have no panel are tried again where others leave room."""

Operation = tuple[str, str, str]

TOLD = 0.1
"""What an operation counts that other panels have too."""

SCHEMA_SHAPES, FLAT = (7.0, 3.0, 1.4), 1.4
"""Height to width that the schema is placed for: in one column, or in several, unless it is flat in fewer."""


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
    def told(self) -> int:
        """How much of the network stands in a panel, counted in boxes; a few in a row tell no more than the schema."""
        shown = [0 if is_short_row(form.ops) else sum(op.kind != "tensor" for op in ops)
                 for form, (_, ops) in zip(self.printed, self.panels, strict=True)]  # fmt: skip
        return sum(count * len(form.paths) for count, form in zip(shown, self.printed, strict=True))

    @property
    def is_whole(self) -> bool:
        """Has each form its panel, and is none too large to be one figure, or all too small?"""
        figures = all(form in self.printed and len(form.ops) <= NO_FIGURE for form in self.parts.forms)
        return figures and (not self.printed or any(not is_short_row(form.ops) for form in self.printed))

    def is_better(self, other: "Setting", enough: float) -> bool:
        """Than one with a larger schema: is it the one that can be read, or does it tell all, or far more?"""
        scale, before = min(self.best.scale, enough), min(other.best.scale, enough)
        return scale > before or (scale == before and (self.is_whole or self.told > FAR_MORE * other.told))

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
    whole = View(outputs, worded(style, ops, graph), True, block, plain=False, known=[])
    found: list[Setting] = []
    for number, (parts, view) in enumerate(schemas(ops, graph.blocks, whole)):
        found.append(_readable(parts, view, TRIED[FURTHER:] if number else TRIED))
        if found[-1].told >= ENOUGH_TOLD * len(ops) or found[-1].is_whole:
            break
    best = reduce(lambda one, two: two if two.is_better(one, _enough(style)) else one, found)
    best = best if best.best.scale >= _enough(style) else _folded(best, whole)
    drawing = best.drawing()
    return drawing if best.printed or not best.parts.forms else _or_network(drawing, graph, block, style)


def _or_network(schema: Drawing, graph: Graph, block: str, style: Style) -> Drawing:
    """The network level, where it can be read and says more than a schema that has no room for a panel."""
    drawing = compose(graph, "network", block, style)
    scale = arrangement([drawing.piece], style.paper, _enough(style)).scale
    return drawing if scale >= _enough(style) and len(drawing.piece.boxes) > len(schema.piece.boxes) else schema


def _enough(style: Style) -> float:
    """How large a plate is that can be read."""
    return (style.paper.letters or SMALLEST) / SMALL


def _readable(parts: Parts, view: View, tries: Sequence[Try]) -> Setting:
    """The plate with this schema: the first try that can be read, else with the panels for which there is room."""
    enough = _enough(view.style)
    parts = replace(parts, closest=[drawing.piece for drawing in _schemas(parts, parts.forms, TRIED[-1], view)])
    if not _has_room(parts, (), view.style):
        return _setting(parts, (), TRIED[-1], view)  # whatever else is tried is smaller
    readable = (one for one in _settings(parts, view, tries) if one.best.scale >= enough)
    return _filled(next(readable, None) or _setting(parts, (), BARE, view), view)


def _folded(setting: Setting, view: View) -> Setting:
    """A schema by itself, its branches in rows and its columns cut."""
    sketch = view.sketch(Plan(as_printed(setting.parts, (), False), every=True))
    schema = view.folded(sketch)
    best = arrangement([schema.piece], view.style.paper, _enough(view.style))
    return Setting(setting.parts, setting.tried, (), schema, [], best)


# ---- how it is set ----------------------------------------------------------------------------------------


def _settings(parts: Parts, view: View, tries: Sequence[Try]) -> Iterator[Setting]:
    """The plate in every way that is tried."""
    by_size = _by_weight(parts)
    seen: set[tuple[int, ...]] = set()
    for tried in tries:
        kept = min(tried.kept, len(by_size))
        key = kept, tried.closer, tried.apart and bool(kept), tried.most * bool(kept)
        if kept <= MOST_PANELS and key not in seen:  # others are not worth to place
            yield from _if_room(parts, by_size[:kept], tried, view)
        seen.add(key)


def _by_weight(parts: Parts) -> list[Form]:
    """The forms, those first that stand for most; what those before it say already counts little."""
    waiting = list(parts.forms)
    told: Counter[Operation] = Counter()
    found = []
    while waiting:
        form = max(waiting, key=lambda form: sqrt(len(form.paths)) * _news(form, told))
        waiting.remove(form)
        found.append(form)
        told |= _operations(form)
    return found


def _news(form: Form, told: Counter[Operation]) -> float:
    own = _operations(form)
    new = (own - told).total()
    return new + TOLD * (own.total() - new)


def _operations(form: Form) -> Counter[Operation]:
    return Counter((op.word, op.kernel, op.join) for op in form.ops)


def _filled(setting: Setting, view: View) -> Setting:
    """The plate with panels for more forms where there is room."""
    left_out = [form for form in _by_weight(setting.parts) if form not in setting.printed]
    for form in left_out[:MOST_ADDED]:
        for more in _if_room(setting.parts, [*setting.printed, form], setting.tried, view):
            setting = more if more.best.scale >= _enough(view.style) else setting
    return setting


def _if_room(parts: Parts, chosen: Sequence[Form], tried: Try, view: View) -> Iterator[Setting]:
    """The setting, unless it would be too small were its schema as close as can be: that is soon told."""
    panels = [piece for piece, _ in _panels(parts, chosen, tried, view)]
    if _has_room(parts, panels, view.style):
        yield _setting(parts, chosen, tried, view)


def _has_room(parts: Parts, panels: Sequence[Piece], style: Style) -> bool:
    """Can the closest schema be read beside these?"""
    enough = _enough(style) * (NEARLY if panels else 1.0)  # in how many columns it is best beside them is not known
    return any(arrangement([piece, *panels], style.paper, enough, True).scale >= enough for piece in parts.closest)


def _panels(parts: Parts, printed: Sequence[Form], tried: Try, view: View) -> list[Placed]:
    """The panels of these forms, which are opened and placed once in each way."""
    style = _closer(view.style, tried)
    for form in printed:
        if form.path not in parts.opened:
            parts.opened[form.path] = opened(form, parts.ops, parts.kinds, view)
        at = form.path, tried.most, tried.closer
        if at not in parts.panels:
            parts.panels[at] = panel(form, parts.opened[form.path], tried.most, style)
    return [parts.panels[form.path, tried.most, tried.closer] for form in printed]


def _setting(parts: Parts, chosen: Sequence[Form], tried: Try, view: View) -> Setting:
    """Schema and panels, the schema in so many columns, the panels in so many others, as is largest."""
    printed = [form for form in parts.forms if form in chosen]
    panels = _panels(parts, printed, tried, view)
    found = []
    for schema in _schemas(parts, printed, tried, view):
        pieces = [schema.piece, *(piece for piece, _ in panels)]
        best = arrangement(pieces, view.style.paper, _enough(view.style))
        found.append(Setting(parts, tried, printed, schema, panels, best))
    return max(found, key=lambda one: one.best.scale)


def _schemas(parts: Parts, printed: Sequence[Form], tried: Try, view: View) -> Iterator[Drawing]:
    """The schema where these forms have a panel, in so many columns."""
    style, paper = _closer(view.style, tried), view.style.paper
    sketch = view.sketch(Plan(as_printed(parts, printed, tried.apart), every=True))
    for shape in SCHEMA_SHAPES if printed else (0.0,):
        tall = replace(paper, width=paper.height / shape, turns=False) if shape else paper
        drawings = list(replace(view, style=replace(style, paper=tall)).ways(sketch))
        yield from drawings
        if all(made.piece.height < FLAT * (made.piece.left + made.piece.right) for made in drawings):
            break  # in more columns it would only be wider


def _closer(style: Style, tried: Try) -> Style:
    for _ in range(tried.closer):
        style = style.compact()
    return style
