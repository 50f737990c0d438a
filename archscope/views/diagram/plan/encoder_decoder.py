"""Encoder-decoders as a U: resolution falls on the left and rises on the right, what is kept stays level between."""

from collections.abc import Iterator
from dataclasses import dataclass

from archscope.views.diagram.plan.items import Core, Item, Leaf, Panel, Parallel, Series, ops_of

FEWEST_LEVELS = 2
LONGEST_SKIP = 3
"""A skip connection with more operations than these is a branch of its own."""


@dataclass
class Level:
    """One resolution: `down` ends with the tensor that is kept, `up` begins with where `skip` brings it back."""

    down: Series
    skip: Series
    up: Series


@dataclass
class EncoderDecoder:
    """Levels from the finest resolution to the coarsest, and what lies below the last skip connection.

    `pooling` leads to the bottom's own resolution, `rise` back from it.
    """

    levels: list[Level]
    pooling: Series
    bottom: Series
    rise: Series

    def holds(self, ops: set[str]) -> bool:
        """Do these Ops lie on one side of one level?"""
        sides = [part for level in self.levels for part in (level.down, level.skip, level.up)]
        return any(ops <= {op.name for op in ops_of(side)} for side in (*sides, self.pooling, self.bottom, self.rise))


def encoder_decoder(series: Series) -> EncoderDecoder | None:
    """The series as encoder and decoder, where its resolution falls and rises again below nested skip connections."""
    levels = []
    inside = series
    while found := _level(inside):
        level, inside = found
        levels.append(level)
    if len(levels) < FEWEST_LEVELS:
        return None
    return EncoderDecoder(levels, *_bottom(inside))


def _level(series: Series) -> tuple[Level, Series] | None:
    """The outermost level and what is below it, if exactly one pair of branches is a level."""
    found = [(i, body) for i in range(len(series)) for body in _bodies(series, i)]
    if len(found) != 1:
        return None
    ((at, body),) = found
    parallel = series[at]
    assert isinstance(parallel, Parallel)
    skip = parallel.branches[1 - parallel.branches.index(body)]
    return Level(series[:at], skip, series[at + 1 :]), body


def _bodies(series: Series, at: int) -> Iterator[Series]:
    """The branch of the item at `at` whose resolution falls and rises while the other one's stays."""
    item = series[at]
    if not isinstance(item, Parallel) or len(item.branches) != 2 or not 0 < at < len(series) - 1:
        return
    before, join = _resolution(series[at - 1]), series[at + 1]
    for skip, body in (item.branches, item.branches[::-1]):
        if len(skip) <= LONGEST_SKIP and all(isinstance(one, Leaf) for one in skip) and body and _ends_in_one(body):
            kept = [before, *map(_resolution, skip)]
            end, least = _resolution(body[-1]), _least(body)
            cropped = not skip and end >= 2 * least  # an unpadded encoder's tensors are cropped to the decoder's
            rises = _are_level([*kept, end]) or cropped or _rises_itself(join, kept)
            if rises and 0 < 2 * least <= before:
                yield body


def _ends_in_one(series: Series) -> bool:
    """Does one tensor rise to the level above? Several that rise beside each other are joined there, in no U."""
    return not isinstance(series[-1], Parallel)


def _least(series: Series) -> int:
    """The coarsest resolution on the trunk, levels within this one included; 0 where there is none."""
    within = [_least(body) for at in range(len(series)) for body in _bodies(series, at)]
    return min(filter(None, [*map(_resolution, series), *within]), default=0)


def _resolution(item: Item) -> int:
    """Height of the item's tensor, or length of a sequence of features; 0 where it has none."""
    spatial = item.exit.spatial if isinstance(item, Leaf | Panel) else ()
    return spatial[0] if spatial else 0


def _are_level(resolutions: list[int]) -> bool:
    """Less than a halving apart."""
    known = [resolution for resolution in resolutions if resolution]
    return bool(known) and max(known) < 2 * min(known)


def _rises_itself(join: Item, kept: list[int]) -> bool:
    """A closed module may raise the resolution before it joins the two."""
    return isinstance(join, Leaf) and join.op.kind == "module" and _are_level([*kept, _resolution(join)])


def _bottom(series: Series) -> tuple[Series, Series, Series]:
    """Pooling, what has the coarsest resolution, and from where it rises again."""
    start = 1 if len(series) > 1 and isinstance(series[0], Leaf) and series[0].op.kind == "pool" else 0
    least = min(filter(None, map(_resolution, series)), default=0)
    end = max((i + 1 for i in range(start, len(series)) if _resolution(series[i]) == least), default=len(series))
    if end < len(series) and isinstance(series[end], Parallel | Core):
        end = len(series)
    return series[:start], series[start:end], series[end:]
