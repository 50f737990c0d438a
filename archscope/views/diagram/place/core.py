"""Items whose paths cross on one resolution, placed by Graphviz."""

from collections.abc import Mapping

from archscope.views.diagram.place import graphviz_layout
from archscope.views.diagram.place.engines import Engine
from archscope.views.diagram.place.picture import Box, Line, Piece
from archscope.views.diagram.plan.items import ENTRY, Core


def place_core(core: Core, pieces: Mapping[str, Piece], engine: Engine, closer: float) -> Piece:
    """One piece of these, by item; its lines start at ENTRY, on the axis, and end at the bottom in a point each."""
    layout = graphviz_layout.layout(core, pieces, engine, closer)
    whole = Piece(head=ENTRY, height=layout.height)
    for name, piece in pieces.items():
        whole.take(piece.shift(*layout.nodes[name]))
    for (source, target), points in zip(core.edges, layout.curves, strict=True):
        line = Line(points, pieces[source].tails[0][0] if source in pieces else ENTRY, target, curved=True)
        if target in pieces:
            line.target = pieces[target].head
        else:
            _end(line, whole)
        whole.lines.append(line)
        whole.left = max(whole.left, *(-x for x, _ in points))
        whole.right = max(whole.right, *(x for x, _ in points))
    return whole


def _end(line: Line, whole: Piece) -> None:
    x, y = line.points[-1]
    line.target, line.arrow = f"{line.source}~exit", False
    whole.boxes.append(Box(line.target, "tensor", x, y, x, y, "point"))
    whole.tails.append((line.target, x, y))
