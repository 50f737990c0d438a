"""Lengths in a row cut into parts, as equal as can be."""

from collections.abc import Sequence
from itertools import accumulate
from math import inf


def partitions(heights: Sequence[float], most: int, gap: float) -> list[list[int]]:
    """For 1 to `most` columns: where to begin each so that the highest is as low as can be, the first such place.

    The further down the last column begins, the lower it is and the higher those before; where they meet is best. That
    place moves down alone as pieces are added, which makes it one walk a column.
    """
    total = [*accumulate(heights, lambda above, height: above + height + gap, initial=0.0)]
    highest = [0.0] + [inf] * len(heights)  # of the columns so far, by how many pieces they hold
    begins: list[list[int]] = []
    for columns in range(1, most + 1):
        before, highest, begin = highest, [inf] * len(total), columns - 1
        begins.append([0] * len(total))
        for end in range(columns, len(total)):
            while begin < end - 1 and before[begin] < total[end] - total[begin]:
                begin += 1
            own, above = total[end] - total[begin], total[end] - total[max(begin - 1, columns - 1)]
            best = begin - 1 if begin >= columns and above <= max(before[begin], own) else begin
            begins[-1][end] = best
            highest[end] = max(before[best], total[end] - total[best])
    return [_traced_back(begins[:columns], len(heights)) for columns in range(1, most + 1)]


def _traced_back(begins: Sequence[Sequence[int]], end: int) -> list[int]:
    cuts = []
    for begin in reversed(begins):
        end = begin[end]
        cuts.append(end)
    return cuts[::-1]
