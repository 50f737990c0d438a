"""What a placed diagram consists of: boxes, lines and frames with coordinates in points, y downwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.table import Table

Point = tuple[float, float]


@dataclass
class Box:
    """A placed Op, or a point or bar that stands for none (`op` is None) and passes its input on.

    `form` is box, bar, circle, point, or volume, which reaches `depth` back. `repeat` counts the equal neighbours that
    it stands for: `copies` are theirs, `alike` those and their equals in the copies of the frames around the box.
    `title` and `details` are the lines of its label, set side by side where `one_line`, and from bottom to top where
    `upright`.
    """

    name: str
    kind: str
    left: float
    top: float
    right: float
    bottom: float
    form: str = "box"
    title: str = ""
    details: tuple[str, ...] = ()
    one_line: bool = False
    op: Op | None = None
    copies: tuple[Op, ...] = ()
    alike: tuple[Op, ...] = ()
    depth: float = 0.0
    upright: bool = False

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def repeat(self) -> int:
        return 1 + len(self.copies)


@dataclass
class Line:
    """A tensor on its way from the box or frame `source` to `target`; without points it is understood, not drawn.

    `curved`: after the first point, every three make a cubic Bézier.
    `role` is `enter` from a frame to what it holds first, `leave` from what it holds last to the frame.
    """

    points: list[Point]
    source: str
    target: str
    kind: str = "flow"
    arrow: bool = True
    label: str = ""
    label_at: Point = (0, 0)
    curved: bool = False
    role: str = ""


@dataclass
class Frame:
    """A module's frame: its Ops, and those of its equal `copies`, in execution order; they are `beside` each other
    or, as a rule, in series. Without `title_x` its title stands in the middle."""

    name: str
    path: str
    title: str
    left: float
    top: float
    right: float
    bottom: float
    repeat: int = 1
    level: int = 0
    title_x: float | None = None
    heading: bool = False
    title_below: bool = False
    ops: tuple[Op, ...] = ()
    copies: tuple[tuple[Op, ...], ...] = ()
    beside: bool = False


@dataclass
class Row:
    """An output shape beside a box of the trunk: where its leader starts, and what it says.

    Not `shown` where the box says it itself; `upright` where it stands below a box; `fixed` where it belongs to no
    column of shapes, but stays where it is.
    """

    y: float
    start: float
    text: str
    at: float = 0.0
    shown: bool = True
    upright: bool = False
    fixed: bool = False


@dataclass
class Piece:
    """A placed part: its axis is x = 0, its top y = 0. It is entered at `head`, left at `tails`: names and points.

    `left` and `right` are how far it reaches from the axis, `x` is where its own axis has been shifted to. `tap`: a
    shortcut cannot leave from its side. `widest` and `longest` are the branches beside each other and the column in it
    that less room would fold.
    """

    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    head: str = ""
    tails: list[tuple[str, float, float]] = field(default_factory=list)
    tap: bool = False
    x: float = 0.0
    widest: float = 0.0
    longest: float = 0.0

    def shift(self, dx: float, dy: float) -> "Piece":
        """Move everything in place."""
        if not (dx or dy):
            return self
        for box in self.boxes:
            box.left, box.right = box.left + dx, box.right + dx
            box.top, box.bottom = box.top + dy, box.bottom + dy
        for frame in self.frames:
            frame.left, frame.right = frame.left + dx, frame.right + dx
            frame.top, frame.bottom = frame.top + dy, frame.bottom + dy
            frame.title_x = None if frame.title_x is None else frame.title_x + dx
        for line in self.lines:
            line.points = [(x + dx, y + dy) for x, y in line.points]
            line.label_at = (line.label_at[0] + dx, line.label_at[1] + dy)
        for row in self.rows:
            across, along = (dx, dy) if row.upright else (dy, dx)
            row.y, row.start, row.at = row.y + across, row.start + along, row.at + along
        for table in self.tables:
            table.left, table.top = table.left + dx, table.top + dy
        self.tails = [(name, x + dx, y + dy) for name, x, y in self.tails]
        self.x += dx
        self.left, self.right = self.left - dx, self.right + dx
        return self

    def take(self, other: "Piece") -> None:
        """Everything of another piece; extents grow where it is wider."""
        self.boxes += other.boxes
        self.lines += other.lines
        self.frames += other.frames
        self.rows += other.rows
        self.tables += other.tables
        self.left, self.right = max(self.left, other.left), max(self.right, other.right)
        self.widest, self.longest = max(self.widest, other.widest), max(self.longest, other.longest)


def stacked(pieces: Iterable[Piece]) -> Piece:
    """All of these, where they stand."""
    whole = Piece()
    for piece in pieces:
        whole.take(piece)
    return whole
