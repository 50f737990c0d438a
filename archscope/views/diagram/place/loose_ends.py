"""Lines of a placed piece that lead from or to where nothing is: the structure alone has put one after another."""

from collections.abc import Set

from archscope.views.diagram.place.picture import Line, Piece

BELOW_FRAME = 5.0
"""Where a line turns that leaves a frame beside the trunk."""


def begin_at_constants(piece: Piece) -> None:
    """No line leads to what reads nothing, an input or an operation on parameters: the structure alone put it after
    something."""
    ops = [box.op for box in piece.boxes if box.op and not box.op.inputs]
    constants = {op.name for op in ops if op.layers or op.path}  # a stage's feature maps have neither
    piece.lines = [line for line in piece.lines if line.target not in constants]


def end_at_dead_ends(piece: Piece, dead: Set[str]) -> None:
    """No line leads on from a result, or what nothing reads: the structure alone put something after it. None leads to
    a point where nothing goes on. What is folded ends where its last copy does."""
    points = {box.name for box in piece.boxes if box.form == "point"}
    ends = _ends(piece)
    cut = [line for line in piece.lines if line.role != "enter" and dead >= ends.get(line.source, {line.source})]
    while cut or (cut := _leading_nowhere(piece, points)):
        piece.lines = [line for line in piece.lines if line not in cut]
        gone = ({line.target for line in cut} & points) - {line.target for line in piece.lines}
        left = {(line.target, line.points[-1]) for line in cut if line.role == "leave" and line.points}
        leaving = [line for line in piece.lines if (line.source, *line.points[:1]) in left and not _moved(line, piece)]
        cut = [line for line in piece.lines if line.source in gone or line in leaving]


def _ends(piece: Piece) -> dict[str, set[str]]:
    """Where the boxes and frames that stand for several end: in the last one."""
    ends = {box.name: {box.copies[-1].name} for box in piece.boxes if box.copies}
    leaving: dict[str, list[str]] = {}
    for line in piece.lines:
        if line.role == "leave":
            leaving.setdefault(line.target, []).append(line.source)
    for frame in reversed(piece.frames):  # those within others come first
        last = frame.copies[-1] if frame.copies and not frame.beside else frame.ops
        name = {op.name: copy.name for op, copy in zip(frame.ops, last, strict=True)}
        if frame.name in leaving:
            ends[frame.name] = {name.get(one, one) for end in leaving[frame.name] for one in ends.get(end, {end})}
    return ends


def _moved(line: Line, piece: Piece) -> bool:
    """Does this line, which left a frame where nothing goes on, leave it now where something does? Not where another
    one leads from there to the same box."""
    ends = [one.points[-1] for one in piece.lines if one.role == "leave" and one.target == line.source and one.points]
    if not ends or sum((one.source, one.target) == (line.source, line.target) for one in piece.lines) > 1:
        return False
    x, y = ends[0]
    low = y + BELOW_FRAME
    below = next((i for i, point in enumerate(line.points) if point[1] > low), 0)
    line.points = [(x, y), (x, low), (line.points[below][0], low), *line.points[below:]]
    return True


def _leading_nowhere(piece: Piece, points: set[str]) -> list[Line]:
    ends = points - {line.source for line in piece.lines}
    return [line for line in piece.lines if line.target in ends]


def end_in_frame(piece: Piece) -> None:
    """Where nothing follows a frame, no line leaves the last box in it."""
    sources = {line.source for line in piece.lines if line.points and line.role != "enter"}
    frames = {frame.name for frame in piece.frames}
    for line in reversed(piece.lines):
        if line.target in frames and not line.arrow and line.target not in sources:
            line.points = []
            sources.discard(line.source)
