"""The branches of a Parallel as placed pieces, and small questions about pieces and items."""

from dataclasses import dataclass

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.picture import Box, Piece
from archscope.views.diagram.plan.structure import Core, Item, Leaf, Panel, Parallel, Series, Split


@dataclass
class Spread:
    """The placed branches of a Parallel. `through`: the identity is the trunk itself, beside a gate."""

    columns: list[Piece]
    lanes: list[Piece]
    gates: list[Piece]
    kind: str
    through: bool = False

    def gap_above(self, gap: float, before: Piece | None) -> float:
        if before is None:
            return 0.0
        spread = len(self.columns) > 1 and not has_bar(before)
        tapped = (self.lanes or self.gates) and before.tap
        return gap + (8.0 if spread else 0.0) + (8.0 if tapped else 0.0)

    def gap_below(self, gap: float, node: Piece) -> float:
        return gap + (8.0 if len(self.tails()) > 1 and not has_bar(node) else 0.0)

    def tails(self) -> list[tuple[str, float, float]]:
        return [tail for piece in self.columns for tail in piece.tails]


def has_bar(piece: Piece) -> bool:
    return len(piece.boxes) == 1 and piece.boxes[0].form == "bar" and piece.head == piece.boxes[0].name


def is_bar(item: Item) -> bool:
    if isinstance(item, Split):
        return item.wide
    return isinstance(item, Leaf) and (item.op.join == "cat" or item.op.kind == "tensor")


def piece_of(box: Box, tap: bool = False) -> Piece:
    tails = [(box.name, 0.0, box.bottom)]
    return Piece([box], left=-box.left, right=box.right, height=box.bottom, head=box.name, tails=tails, tap=tap)


def segments(series: Series) -> list[Series]:
    """The series cut wherever one node follows another."""
    parts: list[Series] = []
    for item in series:
        spreads = isinstance(item, Parallel | Core)
        joined = parts and (spreads or isinstance(parts[-1][-1], Parallel | Core))
        if joined:
            parts[-1].append(item)
        else:
            parts.append([item])
    return parts


def ops_of(series: Series) -> list[Op]:
    """Every Op of a series, those of copies too, in the order in which equal series hold equal Ops."""
    found: list[Op] = []
    for item in series:
        if isinstance(item, Leaf | Panel):
            found += [op for one in (item, *item.copies) for op in one.ops]
        elif isinstance(item, Parallel):
            for i, branch in enumerate(item.branches):
                found += [op for one in (branch, *item.copies.get(i, ())) for op in ops_of(one)]
        elif isinstance(item, Core):
            found += ops_of(list(item.items))
    return found
