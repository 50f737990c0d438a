"""The cheapest way to make one sequence from another, as texts are aligned. No torch.

Needleman and Wunsch 1970; few long gaps are preferred to many short ones (Gotoh 1982), inside a band around the
diagonal that is widened until it holds the best way (Ukkonen 1985).
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
Lost = Callable[[T], float]
Costs = Callable[[T, Sequence[T]], list[float]]
NEVER = float("inf")

BAND = 16
MOST_CELLS = 2_000_000
"""Of the widest band: of thousands of items that have nothing in common the way need not be the very cheapest."""

OPEN = 0.03
"""What it costs to begin a gap, besides what is in it."""

KEEP, ONLY_A, ONLY_B = 0, 1, 2
"""Moves of an alignment: a pair, or an item that only one side has."""

MOVE, LONGER_A, LONGER_B = 3, 4, 8
"""Bits of a cell of the table: the last move of the cheapest way to it; and whether the cheapest way that ends with
a gap there goes on with one."""


def cheapest(a: Sequence[T], b: Sequence[T], lost: Lost[T], costs: Costs[T]) -> tuple[float, bytes]:
    """The cheapest moves from a to b, and their cost: `lost` is that of an item without a partner, `costs` are those of
    an item with each of several."""
    moves = bytearray()
    return _cheapest(a, b, lost, costs, moves), bytes(moves)


def least_cost(a: Sequence[T], b: Sequence[T], lost: Lost[T], costs: Costs[T]) -> float:
    """That of the cheapest moves, which nobody wants to know."""
    return _cheapest(a, b, lost, costs, None)


def _cheapest(a: Sequence[T], b: Sequence[T], lost: Lost[T], costs: Costs[T], moves: bytearray | None) -> float:
    """The least cost, with its `moves` where they are asked for."""
    if not a or not b:
        if moves is not None:
            moves += bytes([ONLY_A]) * len(a) + bytes([ONLY_B]) * len(b)
        return sum(map(lost, (*a, *b))) + OPEN * bool(a or b)
    least = min(map(lost, (*a, *b))) or 0.1
    band = BAND
    while True:
        taken: list[bytes] | None = None if moves is None else []
        total, firsts = _banded(a, b, lost, costs, band, taken)
        wider = len(a) * (abs(len(a) - len(b)) + 8 * band)
        if band >= max(len(a), len(b)) or total <= least * band or wider > MOST_CELLS:
            if moves is not None and taken is not None:
                moves += _backwards(taken, firsts, len(a), len(b))
            return total
        band *= 4


def _banded(
    a: Sequence[T], b: Sequence[T], lost: Lost[T], costs: Costs[T], band: int, taken: list[bytes] | None
) -> tuple[float, list[int]]:
    """The cost of the cheapest moves that stray from the diagonal by `band` items at most, beyond what the lengths ask
    for, and where each row of the table begins; `taken` gets the bits of each."""
    low, high = min(0, len(b) - len(a)) - band, max(0, len(b) - len(a)) + band
    lost_b = [NEVER, *map(lost, b)]
    row = [OPEN * (j > 0) + so_far for j, so_far in enumerate(accumulate(lost_b[1 : high + 1], initial=0.0))]
    gaps = [NEVER] * len(row)
    firsts = [0]
    if taken is not None:
        taken.append(bytes([ONLY_B | LONGER_B]) * len(row))
    for i, item in enumerate(a, start=1):
        start, end = max(0, i + low), min(len(b), i + high)
        pairs = [NEVER] * (start == 0) + costs(item, b[max(start - 1, 0) : end])
        shift = start - firsts[-1]
        given = [NEVER, *row][shift:], [*row, NEVER][shift:], [*gaps, NEVER][shift:], pairs, lost_b[start : end + 1]
        made = _row(*given, lost(item))
        if taken is not None:
            taken.append(_cells(*given, lost(item), *made))
        row, gaps, _ = made
        firsts.append(start)
    return row[len(b) - firsts[-1]], firsts


Row = list[float]


def _row(diagonal: Row, above: Row, gaps: Row, pairs: Row, lost_b: Row, lost_a: float) -> tuple[Row, Row, Row]:
    """A row of the table: the cost of the cheapest way to each place in b, of the cheapest that ends with a gap in b,
    and with one in a.

    The row above stands one place earlier in `diagonal`, and its `gaps` are those in b."""
    row: Row = []
    gaps_a: Row = []
    gaps_b: Row = []
    left = gap_b = NEVER
    for before, up, gap_up, pair, lost_here in zip(diagonal, above, gaps, pairs, lost_b, strict=False):
        best = before + pair
        longer, opened = gap_up + lost_a, up + OPEN + lost_a
        gap_a = longer if longer <= opened else opened
        longer, opened = gap_b + lost_here, left + OPEN + lost_here
        gap_b = longer if longer <= opened else opened
        gap = gap_a if gap_a <= gap_b else gap_b
        best = best if best <= gap else gap
        row.append(best)
        gaps_a.append(gap_a)
        gaps_b.append(gap_b)
        left = best
    return row, gaps_a, gaps_b


def _cells(
    diagonal: Row, _: Row, gaps: Row, pairs: Row, lost_b: Row, lost_a: float, row: Row, gaps_a: Row, gaps_b: Row
) -> bytes:
    """The bits of a row."""
    cells = bytearray()
    left = NEVER
    for before, gap_up, pair, lost_here, best, gap_a, gap_b in zip(
        diagonal, gaps, pairs, lost_b, row, gaps_a, gaps_b, strict=False
    ):
        move = KEEP if best == before + pair else ONLY_A if best == gap_a else ONLY_B
        longer = LONGER_A * (gap_a == gap_up + lost_a) | LONGER_B * (gap_b == left + lost_here)
        cells.append(move | longer)
        left = gap_b
    return bytes(cells)


def _backwards(taken: Sequence[bytes], firsts: Sequence[int], i: int, j: int) -> bytes:
    """The moves from the end of the table to its beginning, turned round."""
    moves = bytearray()
    move = None
    while i or j:
        cell = taken[i][j - firsts[i]]
        if move is None:
            move = (cell & MOVE if i else ONLY_B) if j else ONLY_A
        moves.append(move)
        longer = cell & (LONGER_A if move == ONLY_A else LONGER_B)
        i -= move != ONLY_B
        j -= move != ONLY_A
        move = move if move != KEEP and longer else None
    return bytes(reversed(moves))
