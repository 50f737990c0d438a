"""Pieces of any size set out on a page, so that it is as large as can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product

from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Piece, stacked

BETWEEN = 14.0
"""From a piece to the next one."""

HEAD_WRAPS, WRAPPING = 32.0, 500.0
"""What stands above has two lines more where it is not so much wider than its title and the first of its lines."""

HEAD_LINE = 16.0
"""Height of each further line of sentences there."""

MOST_COLUMNS = 5
FEW, FEW_COLUMNS = 8, 3
"""So many pieces are tried in every way in so many columns."""

Columns = Sequence[Sequence[int]]
Size = tuple[float, float]


@dataclass(frozen=True)
class Arrangement:
    """Pieces by their places, in columns, and how large they are then on the paper."""

    scale: float
    columns: Columns


def arrangement(pieces: Sequence[Piece], paper: Paper, enough: float) -> Arrangement:
    """The largest way to set these out, the first of them first; of equal ones that of fewer columns. Where `enough`
    cannot be reached, not every way is tried."""
    sizes = [(piece.left + piece.right, piece.height) for piece in pieces]
    least, tallest = area(pieces), max([height for _, height in sizes])
    best, most = Arrangement(0.0, ()), (-1.0, 0)
    for columns in _ways(sizes, many=least * enough**2 <= paper.width * paper.height):
        inside = _width(sizes, columns)
        wraps = max(HEAD_WRAPS * (0 < inside - paper.head[0] < WRAPPING), HEAD_LINE * (paper.words // inside))
        width, above = inside + 40.0, paper.head[1] + wraps + 20.0
        if round(paper.scale(width, max(tallest, least / width) + above), 3) < most[0]:
            continue  # as low as can be, and still smaller
        scale = paper.scale(width, _height(sizes, columns) + above)
        if (rank := (round(scale, 3), -len(columns))) > most:
            best, most = Arrangement(scale, columns), rank
    return best


def area(pieces: Sequence[Piece]) -> float:
    return sum((piece.left + piece.right) * piece.height for piece in pieces)


def _ways(sizes: Sequence[Size], many: bool) -> Iterator[Columns]:
    """In order, and where there are few and `many` ways are tried in any order."""
    heights = [height for _, height in sizes]
    for count in range(1, min(MOST_COLUMNS, len(sizes)) + 1):
        cuts = partitions(heights, count, BETWEEN)[-1]
        yield [range(a, b) for a, b in pairwise([*cuts, len(sizes)])]
    if len(sizes) <= FEW and many:
        yield from _in_any_order(len(sizes))


@cache
def _in_any_order(count: int) -> list[Columns]:
    """The ways to lay so many in a few columns, the first in the first one."""
    found: list[Columns] = []
    for chosen in product(range(FEW_COLUMNS), repeat=count - 1):
        columns = [[i for i, column in enumerate((0, *chosen)) if column == k] for k in range(FEW_COLUMNS)]
        columns = [column for column in columns if column]
        if columns == sorted(columns):
            found.append(columns)
    return found


def _shelves(sizes: Sequence[Size], column: Sequence[int]) -> list[list[int]]:
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


def _width(sizes: Sequence[Size], columns: Columns) -> float:
    return sum([max([sizes[i][0] for i in column]) for column in columns]) + BETWEEN * (len(columns) - 1)


def _height(sizes: Sequence[Size], columns: Columns) -> float:
    high = []
    for column in columns:
        rows = _shelves(sizes, column)
        high.append(sum(max(sizes[i][1] for i in row) + BETWEEN for row in rows) - BETWEEN)
    return max(high)


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
    whole.left, whole.right, whole.height = 0.0, _width(sizes, columns), _height(sizes, columns)
    return whole
