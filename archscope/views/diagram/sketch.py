"""One plan of a picture, placed: its structure, its columns, how large it stands on the paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from archscope.model.graph import Graph, Output
from archscope.views.diagram.ops.fuse import absorbed
from archscope.views.diagram.ops.inputs import with_few_inputs
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.outputs import ends_of, with_outputs
from archscope.views.diagram.place.columns import LARGE, in_columns
from archscope.views.diagram.place.engines import Unplaced
from archscope.views.diagram.place.fitting import fits, rooms, scale
from archscope.views.diagram.place.flows import are_flows, place_flows
from archscope.views.diagram.place.loose_ends import begin_at_constants, end_at_dead_ends, end_in_frame
from archscope.views.diagram.place.nodes import leaf_piece
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.place.place import Placer
from archscope.views.diagram.place.style import COMPACT_GAP, GAP, SMALL, Style, label, label_size
from archscope.views.diagram.place.text import text_width
from archscope.views.diagram.place.turn import sideways
from archscope.views.diagram.place.u_shape import place_u
from archscope.views.diagram.plan.apart import told_apart
from archscope.views.diagram.plan.dilated import with_own_dilations
from archscope.views.diagram.plan.encoder_decoder import EncoderDecoder, encoder_decoder
from archscope.views.diagram.plan.folding import alike, fold, merged_panel, with_titles
from archscope.views.diagram.plan.items import Item, Leaf, Panel, Parallel, Series, Split, is_tensor
from archscope.views.diagram.plan.lanes import lane_segments
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.shrunk import FEWEST_BETWEEN, boxes, largest_core, shrunk, without_loose
from archscope.views.diagram.plan.structure import structure

LONGEST_RUN = 3
"""So many equal operations in a row are drawn once."""

STAGE_WIDTH, STAGE_GAP = 180.0, 20.0
"""Width of every box at network level, and from one to the next below."""


LABEL = 210.0
"""A box is no wider for its words where all stands under each other."""

COUNTS = 330.0
"""Width of what stands above besides what is not drawn apart."""


@dataclass
class Drawing:
    """A placed picture and its Ops; `counted` are all of the network's, where one here stands for several. `note`: why
    it shows less than was asked for."""

    piece: Piece
    ops: list[Op]
    plan: Plan
    flows: bool = False
    counted: Sequence[Op] = ()
    note: str = ""


@dataclass(frozen=True)
class Sketch:
    """A plan's structure before anything is placed. `ends`: the Ops where the network ends. `loose`: any operations
    that repeat in a row are one box."""

    plan: Plan
    series: Series
    ends: list[str]
    loose: bool = False

    def is_like(self, other: "Sketch") -> bool:
        """Is its picture the other's, whatever was closed on the way to it?"""
        one, two = self.plan, other.plan
        return one.every == two.every and self.ends == other.ends and one.ops == two.ops and self.series == other.series


@dataclass(frozen=True)
class View:
    """What all plans of one picture have in common. `plain`: every layer has a box, whatever the room. `together`: all
    results that one box gives are one box. `known`: what was placed already, where that is to be kept."""

    outputs: Sequence[Output]
    style: Style
    folds: bool
    block: str
    plain: bool
    together: bool = False
    known: list[tuple[Sketch, Style, Drawing]] | None = None

    @property
    def u_shaped(self) -> bool:
        return not self.plain and not self.block and not self.style.sideways

    def sketch(self, plan: Plan, loose: bool = False) -> Sketch:
        """The structure of a plan, folded. `loose`: any operations that repeat in a row are."""
        if not self.plain:
            plan = replace(plan, ops=with_few_inputs(plan.ops, "Tensor" if self.block else "Input"))
        if not self.block or len(self.outputs) > 1:
            plan = replace(plan, ops=with_outputs(plan.ops, self.outputs, self.block, self.together))
        ends = ends_of(plan.ops, self.outputs)
        frames = _level_frames(plan, ends) if self.u_shaped else plan.frames
        series = structure(plan.ops, frames, plan.titles, ends)
        if self.folds:
            run = 2 if plan.every or loose else 99 if self.block else LONGEST_RUN
            series = with_titles([merged_panel(item) for item in fold(series, run, loose)])
        with_own_dilations(series)
        told_apart(series)
        return Sketch(plan, series, ends, loose)

    def smallest(self, plan: Plan, kinds: Mapping[str, str]) -> Sketch:
        """The structure of a plan that no closed module makes small enough: what stands between them is closed, else
        neighbours."""
        plans = [plan]
        for looser in (without_loose(plan, kinds), without_loose(plan, kinds, steps=True)):
            if looser.ops != plans[-1].ops:
                plans.append(looser)
        sketches = [self.sketch(tried, loose=True) for tried in plans]
        if roomy := next(filter(self._has_room, sketches), None):
            return roomy
        closest = self.sketch(without_loose(plan, kinds, FEWEST_BETWEEN, steps=True), loose=True)
        if self._has_room(closest):
            return closest
        most = self.style.paper.boxes
        few = [sketch for sketch in sketches if boxes(sketch.series) <= most]
        return few[-1] if few else self.sketch(shrunk(plans[-1], sketches[-1].series, kinds, most), loose=True)

    def _has_room(self, sketch: Sketch) -> bool:
        """Has it few boxes, and does it fit the paper? Not if the engine takes too long to tell."""
        try:
            return boxes(sketch.series) <= self.style.paper.boxes and self.fitting(sketch) is not None
        except Unplaced:
            return False

    def placed(self, sketch: Sketch) -> Drawing:
        """The way to set a sketch that is the largest on the paper; stages in a row have one width where that fits."""
        return largest(self._placings(sketch), self.style.paper)

    def _placings(self, sketch: Sketch) -> Iterator[Drawing]:
        fit = False
        for made in self.ways(sketch):
            fit = fit or fits(made.piece, self.style)
            yield made
        if not fit and sketch.plan.every and _is_narrow(sketch.series):
            yield from self.ways(replace(sketch, plan=replace(sketch.plan, every=False)))

    def fitting(self, sketch: Sketch) -> Drawing | None:
        """A sketch placed, closer where it needs to be, twice where paths cross, which takes more room; None where it
        does not fit the paper."""
        close = self.style.compact()
        for style in (self.style, close, *[close.compact()] * (not close.strip and largest_core(sketch.series) > 0)):
            drawing = replace(self, style=style).placed(sketch)
            if fits(drawing.piece, self.style):
                return drawing
            if not fits(drawing.piece, self.style, COMPACT_GAP):
                break  # nothing is closer than that in a compact one
        return None

    def folded(self, sketch: Sketch) -> Drawing:
        """A sketch that does not fit, with wide branches in rows and long columns cut, as large as that makes it; from
        left to right where it still does not."""
        return largest(self._foldings(sketch), self.style.paper)

    def _foldings(self, sketch: Sketch) -> Iterator[Drawing]:
        """A sketch in ever less room, as far as there is something in it that is folded for that."""
        close = self.style.compact()
        lane, closer = self._lanes()
        styles = [close, close.compact(), replace(close, sideways=True), lane, closer]
        for style in [lane] if self.style.strip else styles:  # closer than that, no band would begin between two boxes
            tried = list(replace(self, style=style).ways(sketch))
            yield from tried
            widest = max(made.piece.widest for made in tried)
            longest = max(made.piece.longest for made in tried)
            for room in rooms(style):
                if widest > room[0] or longest > room[1]:
                    further = list(replace(self, style=replace(style, room=room)).ways(sketch))
                    yield from further
                    tried += further
            if any(fits(made.piece, style) for made in tried):
                return

    def in_one_lane(self, sketch: Sketch) -> Drawing:
        """A sketch with all that is too wide under each other."""
        ways = (made for style in self._lanes() for made in replace(self, style=style).ways(sketch))
        return largest(ways, self.style.paper)

    def _lanes(self) -> tuple[Style, Style]:
        """Narrow and narrower."""
        close = self.style.compact()
        lane = replace(close, strip=True, one_lane=True, label_width=min(close.label_width, LABEL))
        return lane, lane.compact()

    def ways(self, sketch: Sketch) -> Iterator[Drawing]:
        """The ways to set a sketch, each placed when it is asked for: details beside the words or below them."""
        plan, series = sketch.plan, sketch.series
        _one_input(series)
        style = replace(self.style, alike=alike(series))
        flows = not self.plain and not style.sideways and not style.strip and are_flows(series)
        lines = (
            [True]
            if flows or plan.every or style.strip
            else [False]
            if self.plain or not style.shapes or not _is_narrow(series)
            else [True, False]
        )
        styles = [_fitting(replace(style, one_line=one_line, beside=False), sketch) for one_line in lines]
        if style.beside and True in lines:
            styles.append(replace(styles[0], beside=True))
        made = [self._set(sketch, flows, styles[0])]
        yield made[0]
        yield from (self._set(sketch, flows, one) for one in styles[1:])
        if plan.every and not flows and not _is_narrow(series) and scale(made[0].piece, style.paper) < LARGE:
            for one in (plan, replace(plan, every=False)):  # boxes of one width, else each as wide as it needs
                fitting = _fitting(replace(style, one_line=False, beside=False), replace(sketch, plan=one))
                made.append(self._set(sketch, flows, fitting))
                yield made[-1]
                if fits(made[-1].piece, style):
                    break

    def _set(self, sketch: Sketch, flows: bool, style: Style) -> Drawing:
        """A sketch set in one way."""
        plan = sketch.plan
        for known, its_style, drawing in self.known or ():
            if its_style == style and known.is_like(sketch):
                return replace(drawing, plan=plan)
        piece = _piece(sketch.series, flows, self.u_shaped, style)
        read = {source for op in plan.ops for source in op.inputs}
        going_on = {op.name for op in plan.ops if op.kind != "tensor"}.intersection(sketch.ends)
        end_at_dead_ends(piece, {op.name for op in plan.ops}.difference(read, going_on))
        drawing = Drawing(piece, [one for op in plan.ops for one in op.each], plan, flows)
        if self.known is not None:
            self.known.append((sketch, style, drawing))
        return drawing


def worded(style: Style, ops: Sequence[Op], graph: Graph) -> Style:
    """The style with how wide the sentences above a picture of these Ops are, where there are some."""
    if not style.paper.head[0]:
        return style
    return replace(style, paper=replace(style.paper, words=COUNTS + text_width(absorbed(ops, graph), SMALL)))


def largest(ways: Iterable[Drawing], paper: Paper) -> Drawing:
    """The way that is the largest on the paper; after one that is large none is asked for."""
    tried: list[tuple[float, Drawing]] = []
    for made in ways:
        tried.append((scale(made.piece, paper), made))
        if tried[-1][0] >= LARGE:
            return made
    return max(tried, key=lambda one: one[0])[1]


def _level_frames(plan: Plan, outputs: Sequence[str]) -> tuple[str, ...]:
    """The frames of an encoder-decoder that lie on one side of one level; of another network, all."""
    shape = _encoder_decoder(tuple(plan.ops), tuple(outputs)) if plan.frames else None
    if shape is None:
        return plan.frames
    modules = Modules(plan.ops, {})
    return tuple(frame for frame in plan.frames if shape.holds({op.name for op in modules.members(frame)}))


@lru_cache(maxsize=16)  # plans that differ in their frames, or are folded in several ways, have the same Ops
def _encoder_decoder(ops: tuple[Op, ...], outputs: tuple[str, ...]) -> EncoderDecoder | None:
    return encoder_decoder(structure(ops, (), {}, outputs))


def _piece(series: Series, flows: bool, u_shaped: bool, style: Style) -> Piece:
    placer = Placer(style)
    if u_shaped and (shape := encoder_decoder(series)) and not placer.is_too_wide(u := place_u(shape, placer)):
        piece = u
    elif flows:
        piece = place_flows(series, placer)
    else:
        piece = in_columns([placer.segment(part) for part in lane_segments(series)], placer)
    end_in_frame(piece)
    begin_at_constants(piece)
    return sideways(piece) if style.sideways else piece


def _fitting(style: Style, sketch: Sketch) -> Style:
    """The style with boxes as wide as the words of a plan need."""
    plan = sketch.plan
    style = replace(style, unit_width=_unit_width(plan.ops, style, style.one_line))
    if plan.every:
        narrow = max(STAGE_WIDTH, _widest(sketch.series, style))
        wide = max(style.unit_width, narrow)
        return replace(style, unit_width=wide, narrow=narrow, gap=STAGE_GAP * style.gap / GAP)
    return style


def _widest(series: Series, style: Style) -> float:
    """The width of the widest box of stages in a row, which all have."""
    leaves = [item for item in series if isinstance(item, Leaf)]
    if style.sideways or len(leaves) < len(series):
        return 0.0
    boxes = [leaf_piece(leaf, None, style).boxes[0] for leaf in leaves]
    return max([box.right - box.left for box in boxes])


def _one_input(series: Series) -> None:
    """Where the trunk begins with a tensor's box, no second bar says Input right below it."""
    if len(series) > 1 and isinstance(series[1], Parallel) and is_tensor(series[0]):
        for branch in series[1].branches:
            if branch and isinstance(branch[0], Split):
                branch[0].wide = False


def _unit_width(ops: Sequence[Op], style: Style, one_line: bool) -> float:
    """The width that convolutions, poolings and the like share: that of the widest usual label."""
    widths = [style.unit_width]
    for op in ops:
        if op.kind in {"conv", "depthwise", "pool"}:
            title, detail = label(op, one_line)
            widths.append(label_size(title, (detail,) if detail else (), one_line, 1)[0])
    return max(width for width in widths if width <= 215.0)


def _is_narrow(series: Series) -> bool:
    """Nowhere two columns beside each other?"""
    return all(_narrow_item(item) for item in series)


def _narrow_item(item: Item) -> bool:
    if isinstance(item, Panel):
        return _is_narrow(item.body)
    if isinstance(item, Parallel):
        long = [branch for branch in item.branches if len(branch) > 1]
        return len(item.branches) <= 2 and len(long) <= 1 and all(_is_narrow(branch) for branch in item.branches)
    return isinstance(item, Leaf)
