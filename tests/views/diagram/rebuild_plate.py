"""What a plate says of the network: its schema, each panel, and the numbers that letters and tables give."""

import re
from collections.abc import Iterable, Iterator, Sequence

from archscope.views.diagram.drawing import Diagram
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op, under
from archscope.views.diagram.place.picture import Box, Frame, Line, Piece
from tests.views.diagram.rebuild import differences_of

CALLS = re.compile(r", (one|\d+) of \d+ calls$")
WORD = re.compile(r"[a-z0-9._]+")

Said = tuple[str, str, tuple[str, ...]]
"""An operation's word, window and numbers."""


def differences(made: Diagram) -> list[str]:
    """One sentence for each operation that schema or panel lack or draw twice, and for each module that its panel
    does not tell."""
    graph, whole = made.report.graph, made.drawing.piece
    panels = {frame.path: (frame, inside(whole, frame)) for frame in whole.frames if frame.heading}
    held = [part for _, part in panels.values()]
    schema = Piece(
        [box for box in whole.boxes if not any(box in part.boxes for part in held)],
        [line for line in whole.lines if not any(line in part.lines for part in held)],
        [frame for frame in whole.frames if not frame.heading and not any(frame in part.frames for part in held)],
    )
    in_panels = {id(op) for frame, _ in panels.values() for op in frame.ops}
    ops = [op for op in made.drawing.ops if id(op) not in in_panels]
    told = [f"schema: {one}" for one in differences_of(schema, ops, graph)]
    if sorted(layer for op in ops for layer in op.layers) != sorted(graph.layer):
        told.append("schema: it does not hold every layer once")
    for frame, part in panels.values():
        found = differences_of(part, list(frame.ops), graph, given=f"{frame.path}<")
        told += [f"{frame.title}: {one}" for one in [*found, *untold(made, frame, ops)]]
    return told


def inside(whole: Piece, frame: Frame) -> Piece:
    """What lies within a panel."""
    boxes = [box for box in whole.boxes if lies_in(box, frame)]
    frames = [inner for inner in whole.frames if inner is not frame and lies_in(inner, frame)]
    names = {part.name for part in (*boxes, *frames)}
    lines = [line for line in whole.lines if _is_in(line, frame, names)]
    return Piece(boxes, lines, frames)


def lies_in(part: Box | Frame, frame: Frame) -> bool:
    across = frame.left <= part.left and part.right <= frame.right
    return across and frame.top <= part.top and part.bottom <= frame.bottom


def _is_in(line: Line, frame: Frame, names: set[str]) -> bool:
    if not line.points:
        return {line.source, line.target} <= names
    x, y = line.points[0]
    return frame.left <= x <= frame.right and frame.top <= y <= frame.bottom


def untold(made: Diagram, frame: Frame, schema: Sequence[Op]) -> Iterator[str]:
    """Modules of the schema under the panel's title that are not as the panel says, whatever row of its table."""
    graph = made.report.graph
    ops, _ = drawn(graph, made.options.block)
    first = members(ops, frame.path)
    held = [*frame.ops, *(op for call in frame.copies for op in call)]
    if sorted(layers(held)) != sorted(layers(first)):
        yield "it does not hold every layer of its module once"
    place = {op.name: i for i, op in enumerate(first)}
    open_ops = [op for op in frame.ops if op.name in place]
    rows = [[told(op, values) for op in open_ops] for values in tables(made, frame)]

    def shown(path: str) -> list[Said]:
        here = members(ops, path)
        return [told(here[place[op.name]], {}) for op in open_ops] if len(here) == len(first) else []

    title = CALLS.sub("", frame.title)
    modules = dict.fromkeys(op.path for op in schema if op.word == title and op.kind == "module")
    yield from (f"{path} is another" for path in modules if shown(path) not in rows)
    kind = graph.blocks[frame.path]
    if len(modules) != frame.repeat:  # others are within what is closed
        alike = [path for path in graph.blocks if graph.blocks[path] == kind and shown(path) in rows]
        if len(alike) != frame.repeat:
            yield f"it stands for {frame.repeat}, the network has {len(alike)}"


def layers(ops: Iterable[Op]) -> list[str]:
    return [layer for op in ops for one in op.each for layer in one.layers]


def members(ops: Sequence[Op], path: str) -> list[Op]:
    return [op for op in ops if under(op.path, path) and op.kind != "tensor"]


def tables(made: Diagram, frame: Frame) -> list[dict[str, str]]:
    """What the letters of a panel stand for, a row each; a panel without letters has one."""
    found = [table for table in made.drawing.piece.tables
             if frame.left <= table.left <= frame.right and frame.top <= table.top <= frame.bottom]  # fmt: skip
    return [dict(zip(table.rows[0][1:], row[1:], strict=True)) for table in found for row in table.rows[1:]] or [{}]


def told(op: Op, values: dict[str, str]) -> Said:
    """The operation with these numbers for its letters; rates of dropout may be left out."""
    if op.word == "Dropout":
        return op.word, "", ()
    said = [_stride(WORD.sub(lambda word: values.get(word[0], word[0]), fact)) for fact in op.facts]
    return op.word, values.get(op.kernel, op.kernel), tuple(filter(None, said))


def _stride(fact: str) -> str:
    return "" if fact == "stride 1" else fact.replace("stride ", "s")
