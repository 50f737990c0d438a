"""The cheapest way to make one sequence from another, as texts are aligned. No torch.

Needleman and Wunsch 1970; few long gaps are preferred to many short ones (Gotoh 1982), inside a band around the
diagonal that is widened until it holds the best way (Ukkonen 1985).
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
NEVER = float("inf")

BAND = 16
OPEN = 0.03
"""What it costs to begin a gap, besides what is in it."""

KEEP, ONLY_A, ONLY_B = 0, 1, 2
"""Moves of an alignment: a pair, or an item that only one side has."""

MOVE, LONGER_A, LONGER_B = 3, 4, 8
"""Bits of a cell of the table: the last move of the cheapest way to it; and whether the cheapest way that ends with
a gap there goes on with one."""


def cheapest(
    a: Sequence[T], b: Sequence[T], lost: Callable[[T], float], cost: Callable[[T, T], float]
) -> tuple[float, bytes]:
    """The cheapest moves from a to b, and their cost: `lost` is that of an item without a partner, `cost` of a pair."""
    if not a or not b:
        moves = bytes([ONLY_A]) * len(a) + bytes([ONLY_B]) * len(b)
        return sum(map(lost, (*a, *b))) + OPEN * bool(moves), moves
    least = min(map(lost, (*a, *b))) or 0.1
    band = BAND
    while True:
        total, moves = _banded(a, b, lost, cost, band)
        if band >= max(len(a), len(b)) or total <= least * band:
            return total, moves
        band *= 4


def _banded(
    a: Sequence[T], b: Sequence[T], lost: Callable[[T], float], cost: Callable[[T, T], float], band: int
) -> tuple[float, bytes]:
    """The cheapest moves that stray from the diagonal by `band` items at most, beyond what the lengths ask for."""
    low, high = min(0, len(b) - len(a)) - band, max(0, len(b) - len(a)) + band
    lost_b = [NEVER, *map(lost, b)]
    row = [OPEN * (j > 0) + so_far for j, so_far in enumerate(accumulate(lost_b[1 : high + 1], initial=0.0))]
    gaps = [NEVER] * len(row)
    firsts, taken = [0], [bytes([ONLY_B | LONGER_B]) * len(row)]
    for i, item in enumerate(a, start=1):
        start, end = max(0, i + low), min(len(b), i + high)
        pairs = [NEVER] * (start == 0) + [cost(item, other) for other in b[max(start - 1, 0) : end]]
        row, gaps, cells = _row(pairs, lost(item), lost_b[start : end + 1], row, gaps, start - firsts[-1])
        firsts.append(start)
        taken.append(cells)
    return row[len(b) - firsts[-1]], _backwards(taken, firsts, len(a), len(b))


def _row(
    pairs: Sequence[float], lost_a: float, lost_b: Sequence[float], above: list[float], gaps: list[float], shift: int
) -> tuple[list[float], list[float], bytes]:
    """A row of the table: the cost of the cheapest way to each place in b, of the cheapest that ends with a gap in b,
    and the bits.

    `pairs` and `lost_b` are by place; the row above, and its `gaps`, begin `shift` places earlier.
    """
    padded, beyond = [NEVER, *above, NEVER, NEVER], [*gaps, NEVER, NEVER][shift:]
    row: list[float] = []
    row_gaps: list[float] = []
    cells = bytearray()
    left = gap_left = NEVER
    for before, up, gap_up, pair, lost_here in zip(
        padded[shift:], padded[shift + 1 :], beyond, pairs, lost_b, strict=False
    ):
        cell, best = KEEP, before + pair
        gap_here, opened = gap_up + lost_a, up + OPEN + lost_a
        if gap_here <= opened:
            cell |= LONGER_A
        else:
            gap_here = opened
        gap_left, opened = gap_left + lost_here, left + OPEN + lost_here
        if gap_left <= opened:
            cell |= LONGER_B
        else:
            gap_left = opened
        if gap_here < best:
            cell, best = cell | ONLY_A, gap_here
        if gap_left < best:
            cell, best = cell & ~MOVE | ONLY_B, gap_left
        row.append(best)
        row_gaps.append(gap_here)
        cells.append(cell)
        left = best
    return row, row_gaps, bytes(cells)


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
