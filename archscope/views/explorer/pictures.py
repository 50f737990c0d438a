"""A picture of each distinct module of a network, drawn once: what they share is worked out for all at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any
from xml.sax.saxutils import quoteattr

from archscope.cached import cached_property
from archscope.model.graph import Graph, Output
from archscope.views.diagram.compose import composed
from archscope.views.diagram.ops.drawn import drawn, within
from archscope.views.diagram.ops.names import part_title, stage_title
from archscope.views.diagram.ops.ops import Op, Ops, under, upwards
from archscope.views.diagram.paint.paint import extent, to_fragment
from archscope.views.diagram.paint.painter import Page, number
from archscope.views.diagram.place.paper import MOST_BOXES, Paper
from archscope.views.diagram.place.picture import Box, Frame, Piece
from archscope.views.diagram.place.style import Style
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.sketch import Drawing, View
from archscope.views.explorer.pages import Paging

MOST_PICTURES = 300
"""Distinct modules that are drawn, those nearest to the root first; of the others the page lists the parts."""


SCREEN = Paper(780.0, 1500.0, letters=9.0, head=(0.0, 0.0))
"""A picture is as open as its letters stay readable beside a table on a usual screen, scrolled down at most."""


@dataclass(frozen=True)
class Picture:
    """A module's picture as the inside of an SVG element. Boxes and frames say in `data-p` the path of their module
    below this one, in `data-n` how many alike they stand for, and in `data-l` the layers of all of these, counted from
    this module's first. A `column` is boxes one below the other and nothing beside: what is opened fits in there."""

    width: float
    height: float
    svg: str
    column: bool


class Turned(Exception):
    """Parts are on pages now, and the picture that shows them is another."""


@dataclass
class Pictures:
    """The `drawn` pictures of a graph, `of` which module each is by its place there, and the pages of large ones."""

    graph: Graph
    drawn: list[Picture] = field(default_factory=list)
    of: dict[str, int] = field(default_factory=dict)
    paging: Paging = field(default_factory=Paging)

    def __post_init__(self) -> None:
        whole, self.outputs = drawn(self.graph, "")
        self.place = {layer.name: i for i, layer in enumerate(self.graph.layers)}
        self._take(whole, self.graph.blocks)
        self.crowded: set[tuple[str, ...]] = set()
        known: dict[Any, int] = {}
        waiting = deque([""] if self.graph.layers else [])
        while waiting and len(self.drawn) < MOST_PICTURES:
            path = waiting.popleft()
            if only := self.only_part(path):
                waiting.append(only)
                continue
            ops = self.cut(path)
            key = self.key(path, ops) if path else None  # nothing is like the whole
            if key not in known:
                drawing = self.compose(path, ops)
                known[key] = len(self.drawn)
                self.drawn.append(self.paint(path, drawing))
            self.of[path] = known[key]
            waiting.extend(self.modules.modules(path))

    def _take(self, ops: list[Op], kinds: Mapping[str, str]) -> None:
        """Ops and classes, now of these paths."""
        self.ops, self.kinds = ops, kinds
        self.modules = Modules(ops, kinds)
        self.large = [path for path, parts in self.modules.children.items() if len(parts) > MOST_BOXES]

    @cached_property
    def order(self) -> Mapping[str, int]:
        return {op.name: i for i, op in enumerate(self.ops)}

    @cached_property
    def readers(self) -> Mapping[str, Sequence[str]]:
        return Ops(self.ops).readers

    def cut(self, path: str) -> list[Op]:
        """The Ops of a module, with those that it reads and that read it: enough to tell where it begins and ends."""
        if not path:
            return self.ops
        members = self.modules.members(path)
        near = {op.name for op in members}.union(
            *(op.inputs for op in members), *(self.readers[op.name] for op in members)
        )
        return [self.ops[i] for i in sorted(self.order[name] for name in near if name in self.order)]

    def only_part(self, path: str) -> str:
        """The one module that a module holds, with all its layers: to open the one is to open the other."""
        parts = self.modules.children.get(path, ()) if path else ()
        return parts[0] if len(parts) == 1 and self.layers_of(path) == self.layers_of(parts[0]) else ""

    def first(self, path: str) -> int:
        return self.layers_of(path)[0]

    def key(self, path: str, near: Sequence[Op]) -> Any:
        """Equal for modules whose pictures are the same, byte for byte."""
        first, told = self.first(path), []
        ops, outputs = self.within(path, near)
        at = {op.name: i for i, op in enumerate(ops)}
        for op in ops:
            layers = tuple([self.place[name] - first for name in op.layers])
            sources = tuple([at.get(source, -1) for source in op.inputs])
            own = op.layers and self.below(path, op.path)
            told.append((op.key, op.shape, op.channels, len(op.copies), layers, sources, own))
        titles = [
            (self.below(path, one), *_titles(one, self.kinds.get(one, "")))
            for one in dict.fromkeys(above for op in ops if op.kind != "tensor" for above in upwards(op.path))
            if one.startswith(f"{path}.") or not path
        ]
        ends = tuple([at.get(one.layer, self.place.get(one.layer, -1) - first) for one in outputs])
        return tuple(told), tuple(titles), ends

    def within(self, path: str, near: Sequence[Op]) -> tuple[list[Op], Sequence[Output]]:
        """The Ops of a module after its inputs, and what leaves it. Inputs are called by where they come from, as
        those of its sisters are."""
        if not path:
            return list(near), self.outputs
        ops, outputs = within(near, path, self.outputs)
        told = origins([op.name for op in ops if op.kind == "tensor"])
        return [replace(op, word=told[op.name]) if op.kind == "tensor" and len(told) > 1 else op for op in ops], outputs

    @staticmethod
    def below(path: str, inner: str) -> str:
        """A path as seen from a module that it is in."""
        return inner[len(path) :].lstrip(".") if not path or inner.startswith(f"{path}.") else f"/{inner}"

    def compose(self, path: str, near: Sequence[Op]) -> Drawing:
        """The module's picture; where it has too many parts to be drawn, those are put on pages first."""
        inside = [one for one in self.large if under(one, path)]
        sister = [path] if self._form(path) in self.crowded else []
        for module in sister + [one for one in inside if self._differing(one) > MOST_BOXES]:
            if self._turn(module):  # at once: to try what closing modules does takes long where there are so many
                near = self.cut(path)
        try:
            drawing = self._composed(path, near, self._turn_widest)
            self._turn_widest(drawing.plan)
            return drawing
        except Turned:
            return self._composed(path, self.cut(path))

    def _turn_widest(self, plan: Plan) -> None:
        """Put the parts of the widest module on pages of which some were closed that are no modules. Raises Turned."""
        crowded = {op.path for op in plan.ops if op.kind == "module" and not op.name.startswith(f"{op.path}/")}
        widest = max(crowded, key=lambda one: len(self.modules.children.get(one, ())), default=None)
        form = self._form(widest) if widest is not None else ()
        if widest is not None and self._turn(widest):
            self.crowded.add(form)
            raise Turned

    def _form(self, path: str) -> tuple[str, ...]:
        """The class of a module and what its parts are called: sisters have them in common."""
        return self.kinds.get(path, ""), *(one[len(path) :] for one in self.modules.children.get(path, ()))

    def _differing(self, path: str) -> int:
        """How many different parts a module has."""
        parts = self.modules.children[path]
        return len({self.modules.look(part) or self.modules.members(part)[0].key for part in parts})

    def _turn(self, path: str) -> bool:
        """Put a module's parts on pages, if they are many."""
        new = path in self.modules.children and path not in self.paging.of
        turned = self.paging.turn(self.ops, self.kinds, path, self.place) if new else None
        if turned:
            self._take(*turned)
            vars(self).pop("order", None)
        return bool(turned)

    def _composed(self, path: str, near: Sequence[Op], closing: Callable[[Plan], object] | None = None) -> Drawing:
        ops, outputs = self.within(path, near)
        view = View(outputs, Style(paper=SCREEN), True, path, plain=False)
        return composed(ops, self.kinds, view, "block" if path else "network", closing)

    def paint(self, path: str, drawing: Drawing) -> Picture:
        first, home = self.first(path), self.homes(drawing.plan.ops)

        def attributes(shown: Box | Frame) -> str:
            said = self.said(path, first, home, shown)
            return "".join(f" {name}={quoteattr(value)}" for name, value in said if value)

        page = Page("", attributes=attributes)
        width, height = extent(drawing.piece)
        size = float(number(width)), float(number(height))
        return Picture(*size, to_fragment(drawing.piece, page), _is_column(drawing.piece))

    def homes(self, ops: Sequence[Op]) -> Mapping[int, str]:
        """By layer the closed module that has it: its box stands for all of these, wherever they are drawn."""
        closed = [op.path for op in ops if _is_closed(op)]
        return {at: path for path in closed for at in self.layers_of(path)}

    def said(self, path: str, first: int, home: Mapping[int, str], shown: Box | Frame) -> Iterator[tuple[str, str]]:
        """What a page needs to know of a box or a frame."""
        if isinstance(shown, Frame):
            layers = [self._frame(path, home, ops) for ops in (shown.ops, *shown.copies)]
            yield "data-p", self.below(path, shown.path)
        else:
            op = shown.op
            alike = shown.alike or filter(None, [shown.op])
            each = {one.name: one for op in alike for one in op.each}  # among those alike are a step's equals too
            layers = [self._box(path, home, one) for one in each.values()]
            yield "data-p", self.below(path, op.path) if op and op.layers else ""
        yield "data-n", str(len(layers)) if len(layers) > 1 else ""
        yield "data-l", ranges(at - first for some in layers for at in some)

    def _box(self, path: str, home: Mapping[int, str], op: Op) -> Sequence[int]:
        """The layers that an Op stands for: those in the open module, since one that passes its input on may be drawn
        with what made that, elsewhere. A closed module stands for all that it has, and for what it calls that no other
        one has."""
        drawn, inside = [self.place[name] for name in op.layers], self.layers_of(path)
        own = [at for at in drawn if at in inside and home.get(at, op.path) == op.path]
        return sorted({*self.layers_of(op.path), *own}) if _is_closed(op) else own or drawn

    def _frame(self, path: str, home: Mapping[int, str], ops: Sequence[Op]) -> Sequence[int]:
        """Those of the module that a frame is around, or of a sequence that repeats."""
        module = _common([op.path for op in ops])
        if len(self.modules.members(module)) == len(ops):
            return self.layers_of(module)
        return [at for op in ops for at in self._box(path, home, op)]

    def layers_of(self, path: str) -> Sequence[int]:
        """The places of a module's layers, or of a page's."""
        found = [self.layers_by_path[real] for real in self.paging.real(path)]
        return found[0] if len(found) == 1 else _compact(sorted(at for places in found for at in places))

    @cached_property
    def layers_by_path(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for name, at in self.place.items():
            for path in upwards(name):
                found.setdefault(path, []).append(at)
        return {path: _compact(places) for path, places in found.items()}


def origins(names: Sequence[str]) -> dict[str, str]:
    """By name where it comes from, in as few parts as tell it from the others: `up3` and `inc`, `fuse_act_1`."""
    parts = [name.split(".") for name in names]
    shared = min([_in_common(parts), *(len(one) - 1 for one in parts)])
    while shared and any(one[shared].isdecimal() for one in parts):
        shared -= 1  # a number alone says nothing: `branches.1`
    most, told = 0, [""] * len(names)
    while len(set(told)) < len(names):
        most += 1
        told = [".".join(one[shared : shared + most]) for one in parts]
    return dict(zip(names, told, strict=True))


def _titles(path: str, kind: str) -> tuple[str, ...]:
    """All that a module may be called in a picture."""
    return kind, part_title(path, kind), stage_title(path, kind), stage_title(path, "")


def _is_column(piece: Piece) -> bool:
    axes = [box.x for box in piece.boxes] + [x for line in piece.lines for x, _ in line.points]
    return bool(axes) and not piece.frames and not piece.tables and max(axes) - min(axes) < 1


def _is_closed(op: Op) -> bool:
    """Is it a whole module, rather than a call of it, or a few operations that were closed for want of room?"""
    return op.name == f"{op.path}/"


def _common(paths: Sequence[str]) -> str:
    """The module that holds them all."""
    parts = [path.split(".") for path in {*paths}]
    return ".".join(parts[0][: _in_common(parts)])


def _in_common(paths: Sequence[Sequence[str]]) -> int:
    """So many parts at the beginning are the same."""
    return sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False)))


def _compact(places: list[int]) -> Sequence[int]:
    """Places that follow each other, as a range: what is in it is known at once."""
    whole = range(places[0], places[-1] + 1)
    return whole if len(whole) == len(places) else places


def ranges(numbers: Iterable[int]) -> str:
    """`0:3 8`: a first number and how many follow each other, where that is not one alone."""
    said: list[list[int]] = []
    for number_ in sorted(set(numbers)):
        if said and number_ == said[-1][0] + said[-1][1]:
            said[-1][1] += 1
        else:
            said.append([number_, 1])
    return " ".join(f"{start}:{count}" if count > 1 else str(start) for start, count in said)
