"""The branches of a Parallel as placed pieces, and small questions about pieces and items."""

from dataclasses import dataclass

from archscope.views.diagram.place.picture import Box, Piece
from archscope.views.diagram.plan.items import Item, Leaf, Split

Hull = tuple[float, float]
"""How far a bar reaches left and right."""

FORK = 8.0
"""More room where a line parts or lines meet: they turn twice on their way."""


@dataclass
class Spread:
    """The placed branches of a Parallel. `through`: the identity is the trunk itself, beside a gate. `trunk`: the
    column that goes on where the others are heads. `fan`: how far the bar above reaches over the parts of a column."""

    columns: list[Piece]
    lanes: list[Piece]
    gates: list[Piece]
    kind: str
    through: bool = False
    trunk: Piece | None = None
    fan: Hull = (0.0, 0.0)

    def gap_above(self, gap: float, before: Piece | None) -> float:
        if before is None:
            return 0.0
        spread = len(self.columns) > 1 and not has_bar(before)
        tapped = (self.lanes or self.gates) and before.tap
        return gap + FORK * spread + FORK * bool(tapped)

    def gap_below(self, gap: float, node: Piece) -> float:
        return gap + FORK * (len(self.tails()) > 1 and not has_bar(node))

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
