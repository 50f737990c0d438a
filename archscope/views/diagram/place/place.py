"""From the series-parallel structure to coordinates: trunks and branches are straight by construction.

Every piece has its axis at x = 0. A Series stacks its items on the axis. A Parallel puts its branches beside each
other, their tops aligned; shortcuts run in lanes on the left, gates on the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from archscope.views.diagram.place import engines
from archscope.views.diagram.place.core import place_core
from archscope.views.diagram.place.fitting import smallest_letters
from archscope.views.diagram.place.joints import (
    CLEAR,
    TURN,
    columns_of,
    connect,
    fanned,
    fork,
    gate_lines,
    hull_of,
    is_point,
    is_result,
    join,
    lane_line,
    sort_branches,
)
from archscope.views.diagram.place.lanes import bar_pieces, place_lanes
from archscope.views.diagram.place.nodes import leaf_piece, split_piece
from archscope.views.diagram.place.picture import Frame, Line, Piece
from archscope.views.diagram.place.rows import in_rows
from archscope.views.diagram.place.spread import FORK, Spread, has_bar, is_bar
from archscope.views.diagram.place.style import (
    CIRCLE,
    FRAME_PAD,
    GAP,
    MARGIN,
    SIDE,
    SMALL,
    TITLE_AT,
    Style,
    badge_width,
)
from archscope.views.diagram.place.text import sizes_of, text_width
from archscope.views.diagram.plan.items import (
    ENTRY,
    Core,
    Item,
    Leaf,
    Panel,
    Parallel,
    Series,
    Split,
    is_tensor,
    ops_of,
    parts_widely,
)
from archscope.views.diagram.plan.lanes import Lanes, crosses, in_one_lane, lane_segments, lanes_of, spans_lanes

SNAP = 14.0
"""The middle of three branches stands on the axis where that moves them by no more."""

BESIDE_TITLE = 6.0
"""Room that a frame keeps right of its title."""

GATE = 18.0
"""From the trunk to a gate."""

MOST_ITEMS = 200
TRUNK = 2
"""A branch with so many times the layers of each other one is the trunk."""


@dataclass
class Placer:
    """Places items in one style. `level` counts the frames around them."""

    style: Style
    level: int = 0

    def series(self, series: Series) -> Piece:
        """The items stacked on the axis."""
        return self.stack([self.segment(part) for part in lane_segments(series)])

    def stack(self, pieces: Sequence[Piece]) -> Piece:
        """Pieces under each other, joined by the trunk."""
        whole = Piece(head=pieces[0].head if pieces else "")
        y = 0.0
        for i, piece in enumerate(pieces):
            if i:
                y += self.style.gap
            piece.shift(0, y)
            if i:
                whole.lines += connect(whole.tails, piece.head, y)
            whole.take(piece)
            whole.tails = piece.tails
            y += piece.height
        whole.height = y
        return whole

    # ---- segments: nodes, and the Parallels between them ---------------------------------------------------------

    def segment(self, items: Series) -> Piece:
        """Items between two points where the trunk could be cut: one node, or nodes with a Parallel between them."""
        piece = self._segment(items)
        return self._lanes_of(in_one_lane(items)) if self.is_too_wide(piece) and len(piece.boxes) > 1 else piece

    def is_too_wide(self, piece: Piece) -> bool:
        """Is it for one lane on this paper, within the frames around it, were its letters just readable?"""
        style = self.style
        widest = style.paper.width * SMALL / smallest_letters(style) - 2 * MARGIN - 2 * FRAME_PAD * self.level
        return style.one_lane and piece.left + piece.right > widest

    def _segment(self, items: Series) -> Piece:
        crossing = crosses(items)
        if (crossing or spans_lanes(items)) and (lanes := lanes_of(items, crossing and self._lacks_engine(items))):
            return self._lanes_of(lanes)
        spread = {i: self.spread(item, items, i) for i, item in enumerate(items) if isinstance(item, Parallel | Core)}
        whole = Piece()
        before: Piece | None = None
        for i, item in enumerate(items):
            if i in spread:
                continue
            hull = hull_of(*(spread[j].columns if j in spread else () for j in (i - 1, i + 1)))
            if i + 1 in spread:
                hull = max(hull[0], spread[i + 1].fan[0]), max(hull[1], spread[i + 1].fan[1])
            node = self.node(item, hull if is_bar(item) and sum(hull) > 0 else None)
            self._add(whole, node, before, spread.get(i - 1))
            before = node
            if not whole.head:
                whole.head = node.head
        if items and len(items) - 1 in spread:
            self._end(whole, before, spread[len(items) - 1])
        elif before:
            whole.tails = before.tails
        return whole

    def _lacks_engine(self, items: Series) -> bool:
        """Graphviz takes minutes for many items whose paths cross; `auto` does without it there."""
        many = self.style.engine == "auto" and len(ops_of(items)) > MOST_ITEMS
        return many or engines.find(self.style.engine) is None

    def _lanes_of(self, lanes: Lanes) -> Piece:
        """A concatenation is a bar, whose size stands beside its word; sideways that would be as high as it is wide."""
        bar = None if self.style.sideways else (self.style.narrow / 2, self.style.narrow / 2)
        across = {one for parts in lanes.bars.values() for one in parts}
        pieces = {
            name: self.node(item, bar if is_bar(item) else None)
            for name, item in lanes.items.items() if name in lanes.bars or name not in across
        }  # fmt: skip
        for name, parts in lanes.bars.items():
            pieces |= bar_pieces(parts, pieces[name], lanes, self.style)
        pieces = {name: pieces[name] for name in lanes.items}
        return place_lanes(lanes, pieces, self.style)

    def _add(self, whole: Piece, node: Piece, before: Piece | None, between: Spread | None) -> None:
        """Put a node under what stands already, with the branches between."""
        if between is None:
            y = whole.height + (self.style.gap if before else 0.0)
            node.shift(0, y)
            if before:
                whole.lines += connect(before.tails, node.head, y)
        else:
            self._branches(whole, before, between)
            y = whole.height + between.gap_below(self.style.gap, node)
            node.shift(0, y)
            whole.lines += join(between.columns, node.head, y, node.boxes[0] if has_bar(node) else None)
            self._lanes(whole, before, between, node)
        whole.height = y + node.height
        whole.take(node)

    def _branches(self, whole: Piece, before: Piece | None, between: Spread) -> None:
        top = whole.height + between.gap_above(self.style.gap, before)
        for piece in between.columns:
            piece.shift(0, top)
        if before is not None:
            whole.lines += fork(before, between.columns, top)
        else:
            for piece in between.columns:  # the network's inputs: nothing leads to them
                piece.lines = [line for line in piece.lines if line.source != ENTRY]
        kept = [*whole.rows, *(between.trunk.rows if between.trunk else ())]
        for piece in between.columns:
            whole.take(piece)
        aside = max([before.right + TURN - gate.x for gate in between.gates if before], default=0.0)
        for gate in between.gates:
            gate.shift(max(aside, 0.0), top + FORK)
            whole.take(gate)
        whole.rows = kept
        heights = [piece.height for piece in between.columns] + [gate.height + FORK for gate in between.gates]
        lanes = [lane.height + FORK for lane in between.lanes]
        whole.height = top + max(heights + lanes, default=0.0)

    def _lanes(self, whole: Piece, before: Piece | None, between: Spread, node: Piece) -> None:
        left = max(piece.left for piece in (before, node, *between.columns) if piece)
        for lane in between.lanes:
            left = lane_line(whole, before, lane, node, left, between.kind)
        if between.gates or between.through:
            whole.lines += gate_lines(before, between.gates, node, between.through)

    def _end(self, whole: Piece, before: Piece | None, between: Spread) -> None:
        """A Parallel that the enclosing join ends."""
        self._branches(whole, before, between)
        whole.tails = [tail for piece in between.columns for tail in piece.tails]

    def spread(self, item: Parallel | Core, items: Series, place: int) -> Spread:
        """The branches as placed pieces: columns on the axis, lanes and gates apart."""
        after = items[place + 1] if place + 1 < len(items) else None
        join = (after.op.join or "other") if isinstance(after, Leaf) else ""
        if isinstance(item, Core):
            placed = {node.name: self.node(node, None) for node in item.items}
            engine = engines.find(self.style.engine)
            assert engine, "without one they are in lanes"
            return Spread([place_core(item, placed, engine, self.style.gap / GAP)], [], [], "flow")
        lanes, gates, columns = sort_branches(item, join)
        pieces = [self._column(item, i) for i in columns]
        kind = {"add": "shortcut", "cat": "skip"}.get(join, "flow")
        hung = [self.series(item.branches[i]) for i in gates]
        through = bool(gates) and not columns
        right = max([CIRCLE / 2 + CLEAR, *(piece.right for piece in pieces)])
        for gate in hung:
            gate.shift(right + GATE + gate.left, 0)
            right = gate.right
        trunk = _trunk(item, columns) if after is None else None
        main = pieces[columns.index(trunk)] if trunk is not None else None
        pieces.sort(key=lambda piece: piece is main)  # heads hang on its left
        beside = [self._lane(item.branches[i]) for i in lanes]
        if len(pieces) > 1:
            wide = sum(piece.left + piece.right + SIDE for piece in pieces)
            if wide > self.style.room[0]:
                return Spread([in_rows(pieces, self.style.room[0], entered=place > 0)], beside, hung, kind, through)
            pieces[0].widest = max(pieces[0].widest, wide)
        fan = fanned(pieces[0]) if place and is_tensor(items[place - 1]) and _fans(item, columns) else (0.0, 0.0)
        return Spread(columns_of(pieces, SNAP, main), beside, hung, kind, through, main, fan)

    def _lane(self, branch: Series) -> Piece:
        return self.series(branch) if branch else Piece()

    def _column(self, item: Parallel, i: int) -> Piece:
        branch = item.branches[i]
        if not branch:
            return Piece()
        piece = self.series(branch)
        copies = item.copies.get(i)
        return self._repeated(piece, branch, copies) if copies else piece

    def _repeated(self, piece: Piece, branch: Series, copies: list[Series]) -> Piece:
        """A frame around a branch that stands for several."""
        frame = Frame(
            f"{piece.head}|branches", "", "Parallel", 0, 0, 0, 0, 1 + len(copies), self.level, TITLE_AT, beside=True
        )
        frame.ops, frame.copies = tuple(ops_of(branch)), tuple(tuple(ops_of(copy)) for copy in copies)
        return self._framed(piece, frame)

    # ---- nodes ---------------------------------------------------------------------------------------------------

    def node(self, item: Item, hull: tuple[float, float] | None) -> Piece:
        if isinstance(item, Panel):
            return self.panel(item)
        if isinstance(item, Split):
            return split_piece(item, hull, self.style)
        assert isinstance(item, Leaf)
        return leaf_piece(item, hull, self.style)

    def panel(self, panel: Panel) -> Piece:
        inner = Placer(self.style, self.level + 1)
        copies = tuple(tuple(copy.ops) for copy in panel.copies)
        frame = Frame(panel.name, panel.path, panel.title, 0, 0, 0, 0, 1 + len(copies), self.level, TITLE_AT)
        frame.ops, frame.copies = tuple(panel.ops), copies
        piece = self._framed(inner.series(panel.body), frame)
        if copies:
            self._forget_shapes(piece, panel)
            of_lanes = [row for row in piece.rows if row.fixed and _keep_shapes(panel)]
            beside = [row for row in piece.rows[-1:] if not row.fixed]
            for row in beside:
                row.text = sizes_of(panel.copies[-1].exit, self.style.channels_last)
            piece.rows = of_lanes + beside
        return piece

    def _forget_shapes(self, piece: Piece, panel: Panel) -> None:
        """No shape within a frame that stands for several where theirs differ: the last one's stands beside it."""
        first = {op.name: i for i, op in enumerate(panel.ops)}
        for box in piece.boxes:
            if box.op is None or box.name not in first or not box.details:
                continue
            shape = sizes_of(box.op, self.style.channels_last)
            if any(copy.ops[first[box.name]].shape != box.op.shape for copy in panel.copies):
                box.details = tuple(detail for detail in box.details if detail != shape)

    def _framed(self, body: Piece, frame: Frame) -> Piece:
        """A frame around a piece, its title to the right of the line that enters, its badge after that."""
        titled = bool(frame.title) or frame.repeat > 1
        band = self.style.frame_title if titled and not self.style.sideways else FRAME_PAD
        width = text_width(frame.title, SMALL, bold=True) + badge_width(frame.repeat) + 2 * TITLE_AT + BESIDE_TITLE
        left, right = body.left + FRAME_PAD, body.right + FRAME_PAD
        if self.style.sideways:  # the title will stand above what is the left side now
            left += self.style.frame_title - FRAME_PAD / 2 if titled else 0.0
            band += max(width + TITLE_AT - body.height - 2 * FRAME_PAD, 0.0) / 2
        else:
            right = max(right, width)
        body.shift(0, band)
        bottom = band + body.height + (band if self.style.sideways else FRAME_PAD)
        frame.left, frame.right, frame.bottom = -left, right, bottom
        body.frames.insert(0, frame)
        body.lines.append(Line([(0, 0), (0, band)], frame.name, body.head, arrow=not is_point(body), role="enter"))
        body.lines += [
            Line([(x, y), (x, bottom)], tail, frame.name, arrow=False, role="leave") for tail, x, y in body.tails
        ]
        body.left, body.right, body.height = left, right, bottom
        body.head, body.tails = frame.name, [(frame.name, x, bottom) for _, x, _ in body.tails]
        body.tap = True
        return body


def _keep_shapes(panel: Panel) -> bool:
    """Has every tensor the same shape in all copies?"""
    return all(op.shape == one.shape for copy in panel.copies for op, one in zip(panel.ops, copy.ops, strict=True))


def _fans(item: Parallel, columns: Sequence[int]) -> bool:
    """Does the only column part into several at its top, which a bar above it may do?"""
    branch = item.branches[columns[0]] if len(columns) == 1 else []
    return bool(branch) and isinstance(branch[0], Split) and parts_widely(branch[1])


def _trunk(item: Parallel, columns: Sequence[int]) -> int | None:
    """Of branches that end the network, the one with most layers by far: auxiliary heads hang beside it, and results
    beside the one that goes on."""
    going_on = [i for i in columns if not (item.branches[i] and is_result(item.branches[i]))]
    if len(going_on) == 1:
        return going_on[0]
    layers = {i: sum(len(op.layers) for op in ops_of(item.branches[i])) for i in columns}
    longest, *others = sorted(layers, key=lambda i: -layers[i])
    return longest if others and layers[longest] >= TRUNK * layers[others[0]] else None
