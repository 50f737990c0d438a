"""From a Report to a placed picture: the level's plan, its structure, its columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from archscope.model.graph import Graph
from archscope.views.diagram.ops.fuse import fused_ops, plain_ops
from archscope.views.diagram.ops.names import joined_title
from archscope.views.diagram.ops.ops import Op, under
from archscope.views.diagram.ops.sums import with_whole_sums
from archscope.views.diagram.place.columns import LARGE, in_columns, page_scale
from archscope.views.diagram.place.flows import are_flows, place_flows
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.place.place import Placer
from archscope.views.diagram.place.style import SMALL, Style, label, label_size
from archscope.views.diagram.place.turn import sideways
from archscope.views.diagram.place.u_shape import place_u
from archscope.views.diagram.plan.encoder_decoder import encoder_decoder
from archscope.views.diagram.plan.folding import alike, fold
from archscope.views.diagram.plan.levels import Modules, Plan, at_depth, flow_plan, network_plan
from archscope.views.diagram.plan.smaller import smaller_plans
from archscope.views.diagram.plan.structure import Item, Leaf, Panel, Parallel, Series, Split, segments, structure

MOST_BOXES = 60
SMALLEST_TEXT, SMALLEST_NOTED = 6.1, 5.0
"""Points on A4; the second where boxes have further lines, rather than to close what they speak of."""

LONGEST_RUN = 3
"""So many equal operations in a row are drawn once."""

STAGE_WIDTH = 180.0
"""Width of every box at network level."""

HEAD = 90.0
"""Height of title, subtitle and legend, about."""


@dataclass
class Drawing:
    """A placed picture with what was left out of it, for its subtitle."""

    piece: Piece
    ops: list[Op]
    plan: Plan
    flows: bool = False
    notes: list[str] = field(default_factory=list)


def compose(graph: Graph, level: str, block: str, style: Style, folds: bool = True, depth: int = 0) -> Drawing:
    """Place the picture of a level; where it would be too large, modules of one sort are closed, then of another."""
    ops = plain_ops(graph) if level == "layer" else fused_ops(graph)
    outputs = _holders(ops, graph.outputs)
    if level != "layer":
        ops = with_whole_sums(ops, outputs)
    if block:
        ops, outputs = within(ops, block, outputs)
    kinds = dict(graph.blocks)
    if depth:
        ops = at_depth(ops, kinds, depth, block)
    if level == "layer":
        return _placed(flow_plan(ops, kinds, block), outputs, style, folds, True, block)
    plan = network_plan(ops, kinds) if level == "network" else flow_plan(ops, kinds, block)
    drawing = None
    for smaller in smaller_plans(plan, kinds, block):
        for tried in (style, style.compact()):
            drawing = _placed(smaller, outputs, tried, folds, False, block)
            if fits(drawing.piece, style) or not folds:
                return drawing
    assert drawing is not None
    if not block:
        return _placed(network_plan(ops, kinds), outputs, style, folds, False, block)
    return drawing


def fits(piece: Piece, style: Style) -> bool:
    """Few enough boxes, and letters that can be read on A4."""
    drawn = sum(box.form != "point" for box in piece.boxes)
    return drawn <= MOST_BOXES and _scale(piece) * SMALL >= (SMALLEST_NOTED if style.beside else SMALLEST_TEXT)


def _holders(ops: Sequence[Op], layers: Sequence[str]) -> list[str]:
    """The Ops that these layers are drawn in."""
    return [op.name for op in ops if set(op.layers) & set(layers)]


def within(ops: Sequence[Op], block: str, outputs: Sequence[str]) -> tuple[list[Op], list[str]]:
    """The Ops of a block after an Op for each tensor that it reads, and those whose tensors leave it."""
    members = [op for op in ops if under(op.path, block) and op.kind != "tensor"]
    names = {op.name for op in members}
    by_name = {op.name: op for op in ops}
    entering = dict.fromkeys(source for op in members for source in op.inputs if source not in names)
    one = len(entering) == 1
    inputs = [Op(name, "tensor", "Input" if one else name, name, (), (), by_name[name].shape) for name in entering]
    leaving = [name for op in ops if op.name not in names for name in op.inputs if name in names]
    return [*inputs, *members], [*dict.fromkeys([*leaving, *(name for name in outputs if name in names)])]


def _placed(plan: Plan, outputs: Sequence[str], style: Style, folds: bool, plain: bool, block: str) -> Drawing:
    held = [op.name for op in plan.ops for name in outputs if name == op.name or _holds(op, name)]
    u_shaped = not plain and not block and not style.sideways
    frames = _level_frames(plan, held) if u_shaped else plan.frames
    series = structure(plan.ops, frames, plan.titles, dict.fromkeys(held))
    if folds:
        series = [merged_panel(item) for item in fold(series, 2 if plan.every else LONGEST_RUN if not block else 99)]
    _one_input(series)
    style = replace(style, alike=alike(series))
    flows = not plain and not style.sideways and are_flows(series)
    lines = [True] if flows or plan.every else [False] if plain or not _is_narrow(series) else [True, False]
    styles = [_fitting(replace(style, one_line=one_line, beside=False), plan) for one_line in lines]
    if style.beside and True in lines:
        styles.append(replace(styles[0], beside=True))
    pieces = [_piece(series, flows, u_shaped, one) for one in styles]
    read = {source for op in plan.ops for source in op.inputs}
    for piece in pieces:
        _end_at_dead_ends(piece, {op.name for op in plan.ops}.difference(read, held))
    piece = max(pieces, key=lambda piece: min(_scale(piece), LARGE))
    return Drawing(piece, plan.ops, plan, flows)


def _level_frames(plan: Plan, outputs: Sequence[str]) -> tuple[str, ...]:
    """The frames of an encoder-decoder that lie on one side of one level; of another network, all."""
    shape = encoder_decoder(structure(plan.ops, (), {}, outputs))
    if shape is None:
        return plan.frames
    modules = Modules(plan.ops, {})
    return tuple(frame for frame in plan.frames if shape.holds({op.name for op in modules.members(frame)}))


def _piece(series: Series, flows: bool, u_shaped: bool, style: Style) -> Piece:
    placer = Placer(style)
    if u_shaped and (shape := encoder_decoder(series)):
        piece = place_u(shape, placer)
    elif flows:
        piece = place_flows(series, placer)
    else:
        piece = in_columns([placer.segment(part) for part in segments(series)], placer, HEAD)
    _end_in_frame(piece)
    _begin_at_constants(piece)
    return sideways(piece) if style.sideways else piece


def _fitting(style: Style, plan: Plan) -> Style:
    style = replace(style, unit_width=_unit_width(plan.ops, style, style.one_line))
    if plan.every:
        return replace(style, unit_width=max(style.unit_width, STAGE_WIDTH), narrow=STAGE_WIDTH, gap=20.0)
    return style


def _scale(piece: Piece) -> float:
    return page_scale(piece.left + piece.right + 40.0, piece.height + HEAD + 20.0)


def _one_input(series: Series) -> None:
    """Where the trunk begins with a tensor's box, no second bar says Input right below it."""
    if len(series) > 1 and isinstance(series[1], Parallel) and _is_tensor(series[0]):
        for branch in series[1].branches:
            if branch and isinstance(branch[0], Split):
                branch[0].wide = False


def _is_tensor(item: Item) -> bool:
    return isinstance(item, Leaf) and item.op.kind == "tensor"


def _begin_at_constants(piece: Piece) -> None:
    """No line leads to an operation that reads only parameters: the structure alone put it after something."""
    constants = {box.name for box in piece.boxes if box.op and box.op.layers and not box.op.inputs}
    piece.lines = [line for line in piece.lines if line.target not in constants]


def _end_at_dead_ends(piece: Piece, dead: set[str]) -> None:
    """No line leads on from an operation that nothing reads: the structure alone put something after it."""
    ended = {box.name for box in piece.boxes if box.op and (box.op, *box.copies)[-1].name in dead}
    while ended:
        after = {line.target for line in piece.lines if line.source in ended}
        piece.lines = [line for line in piece.lines if line.source not in ended]
        points = {box.name for box in piece.boxes if box.form == "point"}
        ended = (after & points) - {line.target for line in piece.lines}


def _end_in_frame(piece: Piece) -> None:
    """Where nothing follows a frame, no line leaves the last box in it."""
    sources = {line.source for line in piece.lines if line.points and line.role != "enter"}
    frames = {frame.name for frame in piece.frames}
    for line in reversed(piece.lines):
        if line.target in frames and not line.arrow and line.target not in sources:
            line.points = []
            sources.discard(line.source)


def _holds(op: Op, name: str) -> bool:
    return op.kind == "module" and name in op.layers


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


def merged_panel(item: Item) -> Item:
    """A frame right around another is one frame, with the outer one's title."""
    if not isinstance(item, Panel):
        return item
    item.body = [merged_panel(inner) for inner in item.body]
    if len(item.body) > 1 or item.copies:
        return item
    (only,) = item.body
    if isinstance(only, Panel):
        return replace(only, title=joined_title(item.title, only.title))
    if isinstance(only, Leaf) and only.op.kind == "module":
        return replace(only, op=replace(only.op, word=joined_title(item.title, only.op.word)))
    return item
