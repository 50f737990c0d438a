"""What a picture's structure consists of: a Series is a list of items from one split to one join.

Where paths run side by side it holds a Parallel, where they cross a Core. A module that is drawn with a frame is a
Panel, a Series of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from archscope.cached import cached_property
from archscope.views.diagram.ops.ops import Op

ENTRY = "<entry>"
EXIT = "<exit>"


@dataclass
class Leaf:
    """An Op, and the equal ones that follow it."""

    op: Op
    copies: list["Leaf"] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.copies = [Leaf(copy) for copy in self.op.copies]

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def key(self) -> Any:
        return self.op.key, len(self.copies)

    @property
    def ops(self) -> list[Op]:
        return [self.op]

    @property
    def exit(self) -> Op:
        return self.op


def is_tensor(item: object) -> TypeGuard[Leaf]:
    """Is it the box of an input or a result?"""
    return isinstance(item, Leaf) and item.op.kind == "tensor"


@dataclass(eq=False)
class Panel:
    """A module with a frame around it: one tensor in, one out. `like` does the same: where this one is its copy, no
    `body` of its own is asked for. `folded`: what repeats within is."""

    path: str
    title: str
    make: Callable[[], "Series"] = field(repr=False)
    ops: list[Op]
    exit: Op
    copies: list["Panel"] = field(default_factory=list, repr=False)
    like: "Panel | None" = field(default=None, repr=False)
    folded: bool = False

    @cached_property
    def body(self) -> "Series":
        return self.make()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Panel) and self._drawn == other._drawn

    __hash__ = None  # type: ignore[assignment]  # as of all items

    @property
    def _drawn(self) -> Any:
        return self.path, self.title, self.body, self.ops, self.exit, [copy.ops for copy in self.copies]

    @property
    def name(self) -> str:
        return f"{self.path}/"

    @property
    def key(self) -> Any:
        one = self if self.folded else self.like or self
        return series_key(one.body), len(self.copies)


@dataclass
class Split:
    """A point from which paths part inside a branch. It stands for no operation; `wide`: drawn as an Input bar."""

    name: str
    wide: bool

    @property
    def key(self) -> Any:
        return "split", self.wide


@dataclass
class Parallel:
    """Branches side by side from the item before to the item after; an empty Series is the identity.

    A branch that stands for several equal ones has them in `copies`, by its place. The `key` is asked for when all
    within is folded, once for each level that the item lies within.
    """

    branches: list["Series"]
    copies: dict[int, list["Series"]] = field(default_factory=dict)

    @cached_property
    def key(self) -> Any:
        counts = tuple(len(self.copies.get(i, ())) for i in range(len(self.branches)))
        return "parallel", tuple(series_key(branch) for branch in self.branches), counts


@dataclass
class Core:
    """Items whose paths cross: no series, no branches. `edges` are pairs of names, ENTRY and EXIT among them."""

    items: list["Node"]
    edges: list[tuple[str, str]]

    @cached_property
    def key(self) -> Any:
        place = {item.name: i for i, item in enumerate(self.items)}
        edges = tuple((place.get(a, -1), place.get(b, -2)) for a, b in self.edges)
        return "core", tuple(item.key for item in self.items), edges


Node = Leaf | Panel
Item = Leaf | Panel | Split | Parallel | Core
Series = list[Item]


def parts_widely(item: Item) -> bool:
    """Are there so many branches that a bar says what they read?"""
    return isinstance(item, Parallel) and sum(bool(branch) for branch in item.branches) > 2


def series_key(series: Series) -> Any:
    return tuple(item.key for item in series)


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


def drawn_nodes(series: Series) -> Iterator[Node]:
    """The boxes and frames that are drawn, a frame before what it holds: one of those that are alike."""
    for item in series:
        if isinstance(item, Leaf | Panel):
            yield item
        if isinstance(item, Panel):
            yield from drawn_nodes(item.body)
        elif isinstance(item, Parallel):
            for branch in item.branches:
                yield from drawn_nodes(branch)
        elif isinstance(item, Core):
            yield from drawn_nodes(list(item.items))


def drawn_leaves(series: Series) -> Iterator[Leaf]:
    return (item for item in drawn_nodes(series) if isinstance(item, Leaf))
