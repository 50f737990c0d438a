"""Headings of columns as lines: one that is wider than its column breaks at its spaces."""

from collections.abc import Sequence
from textwrap import wrap


def broken_headings(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The lines, of which the lowest is never empty."""
    broken = []
    for i, heading in enumerate(headings):
        room = max([len(row[i]) for row in rows], default=0)
        broken.append(wrap(heading, max([room, *map(len, heading.split()), 1]), break_on_hyphens=False) or [""])
    height = max(map(len, broken))
    return [list(line) for line in zip(*([""] * (height - len(head)) + head for head in broken), strict=True)]
