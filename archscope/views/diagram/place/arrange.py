"""Pieces of any size set out on a page, so that it is as large as can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.partitions import partitions
from archscope.views.diagram.place.picture import Piece, stacked

BETWEEN = 14.0
"""From a piece to the next one."""

HEAD_WRAPS, WRAPPING = 32.0, 500.0
"""What stands above has two lines more where it is not so much wider than its title and the first of its lines."""

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
    tried = []
    for columns in _ways(sizes, many=area(pieces) * enough**2 <= paper.width * paper.height):
        width, height = _size(sizes, columns)
        above = paper.head[1] + HEAD_WRAPS * (0 < width - paper.head[0] < WRAPPING)
        tried.append(Arrangement(paper.scale(width + 40.0, height + above + 20.0), columns))
    return max(tried, key=lambda one: (round(one.scale, 3), -len(one.columns)))


def area(pieces: Sequence[Piece]) -> float:
    return sum((piece.left + piece.right) * piece.height for piece in pieces)


def _ways(sizes: Sequence[Size], many: bool) -> Iterator[Columns]:
    """In order, and where there are few and `many` ways are tried in any order, the first one in the first column."""
    heights = [height for _, height in sizes]
    for count in range(1, min(MOST_COLUMNS, len(sizes)) + 1):
        cuts = partitions(heights, count, BETWEEN)[-1]
        yield [range(a, b) for a, b in pairwise([*cuts, len(sizes)])]
    if len(sizes) > FEW or not many:
        return
    for chosen in product(range(FEW_COLUMNS), repeat=len(sizes) - 1):
        columns = [[i for i, column in enumerate((0, *chosen)) if column == k] for k in range(FEW_COLUMNS)]
        if [column for column in columns if column] == sorted(column for column in columns if column):
            yield [column for column in columns if column]


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


def _size(sizes: Sequence[Size], columns: Columns) -> Size:
    wide = [max(sizes[i][0] for i in column) for column in columns]
    high = []
    for column in columns:
        rows = _shelves(sizes, column)
        high.append(sum(max(sizes[i][1] for i in row) + BETWEEN for row in rows) - BETWEEN)
    return sum(wide) + BETWEEN * (len(columns) - 1), max(high)


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
    (whole.right, whole.height), whole.left = _size(sizes, columns), 0.0
    return whole
