"""Pieces of any size set out on a page, so that it is as large as can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise, product

from archscope.views.diagram.place.paper import HEAD_LINE, Paper
from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Piece, stacked

BETWEEN = 14.0
"""From a piece to the next one."""

HEAD_WRAPS, WRAPPING = 32.0, 500.0
"""What stands above has two lines more where it is not so much wider than its title and the first of its lines."""

MOST_COLUMNS = 5
FEW, FEW_COLUMNS = 8, 3
"""So many pieces are tried in every way in so many columns."""

Column = tuple[int, ...]
Columns = Sequence[Column]
Size = tuple[float, float]


@dataclass(frozen=True)
class Arrangement:
    """Pieces by their places, in columns, and how large they are then on the paper."""

    scale: float
    columns: Columns


def arrangement(pieces: Sequence[Piece], paper: Paper, enough: float, soon: bool = False) -> Arrangement:
    """The largest way to set these out, the first of them first; of equal ones that of fewer columns. Where `enough`
    cannot be reached, not every way is tried; `soon`: nor after one that reaches it."""
    sizes = [(piece.left + piece.right, piece.height) for piece in pieces]
    least, tallest = area(pieces), max([height for _, height in sizes])
    best, most = Arrangement(0.0, ()), (round(enough, 3) if soon else -1.0, -MOST_COLUMNS - 1)
    sized = cache(partial(_sized, sizes))  # the same column stands in many ways
    for columns in _ways(sizes, many=least * enough**2 <= paper.width * paper.height):
        widths, heights = zip(*map(sized, columns), strict=True)
        inside = _in_a_row(widths)
        wraps = max(HEAD_WRAPS * (0 < inside - paper.head[0] < WRAPPING), HEAD_LINE * (paper.words // inside))
        width, above = inside + 40.0, paper.head[1] + wraps + 20.0
        if round(paper.scale(width, max(tallest, least / width) + above), 3) < most[0]:
            continue  # as low as can be, and still smaller
        scale = paper.scale(width, max(heights) + above)
        if (rank := (round(scale, 3), -len(columns))) > most:
            best, most = Arrangement(scale, columns), rank
            if soon and scale >= enough:
                break
    return best


def area(pieces: Sequence[Piece]) -> float:
    return sum((piece.left + piece.right) * piece.height for piece in pieces)


def _ways(sizes: Sequence[Size], many: bool) -> Iterator[Columns]:
    """In order, and where there are few and `many` ways are tried in any order."""
    heights = [height for _, height in sizes]
    for count in range(1, min(MOST_COLUMNS, len(sizes)) + 1):
        cuts = partitions(heights, count, BETWEEN)[-1]
        yield [tuple(range(a, b)) for a, b in pairwise([*cuts, len(sizes)])]
    if len(sizes) <= FEW and many:
        yield from _in_any_order(len(sizes))


@cache
def _in_any_order(count: int) -> list[Columns]:
    """The ways to lay so many in a few columns, the first in the first one."""
    found: list[Columns] = []
    for chosen in product(range(FEW_COLUMNS), repeat=count - 1):
        columns = [tuple([i for i, column in enumerate((0, *chosen)) if column == k]) for k in range(FEW_COLUMNS)]
        columns = [column for column in columns if column]
        if columns == sorted(columns):
            found.append(columns)
    return found


def _shelves(sizes: Sequence[Size], column: Column) -> list[list[int]]:
    """The pieces of a column in rows: beside each other where the widest one leaves room."""
    wide = max(sizes[i][0] for i in column)
    rows: list[list[int]] = []
    free = 0.0
    for i in column:
        if rows and sizes[i][0] + BETWEEN <= free:
            rows[-1].append(i)
            free -= sizes[i][0] + BETWEEN
        else:
            rows.append([i])
            free = wide - sizes[i][0]
    return rows


def _sized(sizes: Sequence[Size], column: Column) -> Size:
    """Width and height of a column."""
    rows = _shelves(sizes, column)
    return max([sizes[i][0] for i in column]), _in_a_row([max([sizes[i][1] for i in row]) for row in rows])


def _in_a_row(lengths: Sequence[float]) -> float:
    return sum(lengths) + BETWEEN * (len(lengths) - 1)


def set_out(pieces: Sequence[Piece], columns: Columns) -> Piece:
    """Everything where it stands, from x = 0."""
    sizes = [(piece.left + piece.right, piece.height) for piece in pieces]
    at = 0.0
    for column in columns:
        y = 0.0
        for row in _shelves(sizes, column):
            x = at
            for i in row:
                pieces[i].shift(x + pieces[i].left, y)
                x += sizes[i][0] + BETWEEN
            y += max(sizes[i][1] for i in row) + BETWEEN
        at += max(sizes[i][0] for i in column) + BETWEEN
    whole = stacked(pieces)
    widths, heights = zip(*[_sized(sizes, column) for column in columns], strict=True)
    whole.left, whole.right, whole.height = 0.0, _in_a_row(widths), max(heights)
    return whole
