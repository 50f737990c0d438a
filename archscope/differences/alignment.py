"""Which step of one network stands for which of the other: the cheapest way to make one series from the other.

Series are aligned as texts are (`sequences`). An item costs what its steps cost; the branches of two joins are matched
as sets, most alike first, and aligned in turn. No torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from archscope.cached import cached_property
from archscope.differences.branches import BRANCHES, Item, Series
from archscope.differences.facts import distance, lost
from archscope.differences.sequences import KEEP, NEVER, ONLY_A, ONLY_B, cheapest, least_cost
from archscope.differences.steps import WEIGHTED, Step

MOST_TRIED = 20_000
"""Pairs of branches that are held against each other."""

Keys = tuple[int, ...]
Places = dict[Keys, list[int]]


@dataclass
class Gap:
    """Items in a row of which the other side has none. `series` is theirs, from `start` to `end`; `before` and
    `after` are the other side's steps between which they would stand."""

    of_b: bool
    series: Series
    start: int
    end: int
    other: Series
    place: int

    @property
    def items(self) -> Series:
        return self.series[self.start : self.end]

    @cached_property
    def steps(self) -> list[Step]:
        return sorted([step for item in self.items for step in item.steps], key=lambda step: step.place)


@dataclass
class Alignment:
    """Pairs of steps, and gaps; every step of both networks is in exactly one of them."""

    pairs: list[tuple[Step, Step]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @cached_property
    def partner(self) -> dict[int, Step]:
        """Each step's partner, by id."""
        both = [*self.pairs, *((b, a) for a, b in self.pairs)]
        return {id(one): other for one, other in both}


class Aligner:
    """Remembers what the comparison of two items or series came to: networks repeat themselves. Equal items, the same
    function with branches in any order and of the same sizes, have one number, their key."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._keys: dict[int, int] = {}
        self._first: list[Item] = []
        self._lost: list[float] = []
        self._costs: list[dict[int, float]] = []
        self._series: dict[Keys, dict[Keys, float]] = {}
        self._held: list[Series] = []

    def align(self, a: Series, b: Series) -> Alignment:
        self._held += [a, b]  # whose items are known by their ids
        alignment = Alignment()
        self._emit(a, b, alignment)
        return alignment

    # ---- items -------------------------------------------------------------------------------------------------

    def keys(self, series: Series) -> Keys:
        known = self._keys
        return tuple([known[id(item)] if id(item) in known else self._key(item) for item in series])

    def _key(self, item: Item) -> int:
        branches = sorted(map(self.keys, item.branches))
        whole = item.step.key, item.step.input_shape, item.step.shape, item.step.extent, tuple(branches)
        key = self._keys[id(item)] = self._numbers.setdefault(whole, len(self._numbers))
        if key == len(self._first):
            self._first.append(item)
            self._lost.append(lost(item.step) + sum(map(self._all_lost, item.branches)))
            self._costs.append({key: 0.0})
        return key

    def costs(self, one: int, others: Sequence[int]) -> list[float]:
        """Of taking an item for each of others, by their keys."""
        known = self._costs[one]
        for other in set(others).difference(known):
            known[other] = self._cost(self._first[one], self._first[other])
        return [known[other] for other in others]

    def _cost(self, a: Item, b: Item) -> float:
        apart = distance(a.step, b.step)
        if apart < NEVER and (a.branches or b.branches):
            paired, alone = self._match(a.branches, b.branches)
            apart += sum(self.distance(one, other) for one, other in paired)
            apart += sum(map(self._all_lost, alone))
        return apart

    def distance(self, a: Series, b: Series) -> float:
        """Of two series, remembered by their items."""
        known = self._series.setdefault(self.keys(a), {})
        key = self.keys(b)
        if key not in known:
            known[key] = least_cost(*self._unlike(a, b)[1], self._lost.__getitem__, self.costs)
        return known[key]

    def _match(self, a: Sequence[Series], b: Sequence[Series]) -> tuple[list[tuple[Series, Series]], list[Series]]:
        """Branches in pairs, the most alike first, in order where there is a choice; and those that are left."""
        if len(a) == len(b) == 1:
            return [(a[0], b[0])], []
        places_a, places_b = self._places(a), self._places(b)
        taken: list[tuple[int, int]] = []
        for one, other in self._most_alike(places_a, places_b, a, b):
            here, there = places_a[one], places_b[other]
            still = set(here) & set(there)  # equal branches: those that stand at one place, then the others in order
            pairs = [(place, place) for place in sorted(still)]
            pairs += zip([i for i in here if i not in still], [j for j in there if j not in still], strict=False)
            taken_a, taken_b = ({pair[side] for pair in pairs} for side in (0, 1))
            here[:], there[:] = [i for i in here if i not in taken_a], [j for j in there if j not in taken_b]
            taken += pairs
        alone = [a[i] for i in sorted(place for places in places_a.values() for place in places)]
        alone += [b[j] for j in sorted(place for places in places_b.values() for place in places)]
        return [(a[i], b[j]) for i, j in sorted(taken)], alone

    def _places(self, branches: Sequence[Series]) -> dict[Keys, list[int]]:
        """Where equal branches stand."""
        found: dict[Keys, list[int]] = {}
        for place, branch in enumerate(branches):
            found.setdefault(self.keys(branch), []).append(place)
        return found

    def _most_alike(
        self, places_a: Places, places_b: Places, a: Sequence[Series], b: Sequence[Series]
    ) -> Iterator[tuple[Keys, Keys]]:
        """Kinds of branches that may stand for each other: equal ones, then the most alike first, near ones where
        there is a choice; of very many kinds only those that stand near each other."""
        yield from ((keys, keys) for keys in places_a if keys in places_b)
        left_a, left_b = ([keys for keys, places in side.items() if places] for side in (places_a, places_b))
        width = max(MOST_TRIED // max(len(left_a), 1), 1)
        tried = []
        for i, one in enumerate(left_a):
            mine = a[places_a[one][0]]
            for other in left_b[max(i - width, 0) : i + width + 1]:
                theirs = b[places_b[other][0]]
                gain = self.distance(mine, theirs) - self._all_lost(mine) - self._all_lost(theirs)
                if gain <= 0 and bool(one) == bool(other):
                    apart = abs(places_a[one][0] - places_b[other][0])
                    tried.append((gain, apart, places_a[one][0], places_b[other][0], one, other))
        yield from ((one, other) for *_, one, other in sorted(tried))

    def _all_lost(self, series: Series) -> float:
        return sum([self._lost[key] for key in self.keys(series)])

    # ---- series ------------------------------------------------------------------------------------------------

    def _moves(self, a: Series, b: Series) -> bytes:
        """The cheapest from one series to the other."""
        head, apart, tail = self._unlike(a, b)
        moves = cheapest(*apart, self._lost.__getitem__, self.costs)[1]
        return bytes([KEEP]) * head + moves + bytes([KEEP]) * tail

    def _unlike(self, a: Series, b: Series) -> tuple[int, tuple[Keys, Keys], int]:
        """What is left of two series, by keys, between so many equal items before and after it."""
        keys_a, keys_b = self.keys(a), self.keys(b)
        shorter = min(len(a), len(b))
        head = next((i for i in range(shorter) if keys_a[i] != keys_b[i]), shorter)
        tail = next((i for i in range(shorter - head) if keys_a[-1 - i] != keys_b[-1 - i]), shorter - head)
        return head, (keys_a[head : len(a) - tail], keys_b[head : len(b) - tail]), tail

    # ---- the result --------------------------------------------------------------------------------------------

    def _emit(self, a: Series, b: Series, alignment: Alignment) -> None:
        i = j = 0
        for move, run in groupby(self._settled(a, b, self._moves(a, b))):
            length = len(list(run))
            if move == KEEP:
                for one, other in zip(a[i : i + length], b[j : j + length], strict=True):
                    self._emit_pair(one, other, alignment)
                i, j = i + length, j + length
            elif move == ONLY_A:
                alignment.gaps.append(Gap(False, a, i, i + length, b, j))
                i += length
            else:
                alignment.gaps.append(Gap(True, b, j, j + length, a, i))
                j += length

    def _emit_pair(self, a: Item, b: Item, alignment: Alignment) -> None:
        paired, alone = self._match(a.branches, b.branches)
        for one, other in paired:
            self._emit(one, other, alignment)
        for branch in filter(None, alone):
            of_b = any(branch is other for other in b.branches)
            alignment.gaps.append(Gap(of_b, branch, 0, len(branch), [], 0))
        if a.step.kind != BRANCHES:
            alignment.pairs.append((a.step, b.step))

    def _settled(self, a: Series, b: Series, moves: bytes) -> bytes:
        """The same alignment with each gap at the end of a block, where equal items let it slide there."""
        found, i, j, at = bytearray(moves), 0, 0, 0
        keys_a, keys_b = self.keys(a), self.keys(b)
        for move, run in groupby(moves):
            length = len(list(run))
            if move != KEEP:
                series, keys, place = (a, keys_a, i) if move == ONLY_A else (b, keys_b, j)
                by = _slide(series, keys, place, length, _kept_before(found, at), _kept_after(found, at + length))
                span = slice(at + min(by, 0), at + length + max(by, 0))
                kept = bytes([KEEP]) * abs(by)
                found[span] = kept + bytes([move]) * length if by > 0 else bytes([move]) * length + kept
            at += length
            i += length if move != ONLY_B else 0
            j += length if move != ONLY_A else 0
        return bytes(found)


def _slide(series: Series, keys: Keys, start: int, length: int, before: int, after: int) -> int:
    """How far a gap moves, earlier below zero: to where it is a block, entered and left at one place."""
    earliest = latest = 0
    while -earliest < before and keys[start + earliest - 1] == keys[start + earliest + length - 1]:
        earliest -= 1
    while latest < after and keys[start + latest] == keys[start + latest + length]:
        latest += 1
    places = range(earliest, latest + 1)
    return max(places, key=lambda by: (*closed(series, start + by, length), -abs(by)))


def _kept_before(moves: bytes | bytearray, at: int) -> int:
    return at - max(moves.rfind(ONLY_A, 0, at), moves.rfind(ONLY_B, 0, at)) - 1


def _kept_after(moves: bytes | bytearray, at: int) -> int:
    ends = [place for place in (moves.find(ONLY_A, at), moves.find(ONLY_B, at)) if place >= 0]
    return min(ends, default=len(moves)) - at


def closed(series: Series, start: int, length: int) -> tuple[bool, int, bool]:
    """Does the gap read nothing from before the step that it follows; how deep is the module that it fills; and does
    it begin with a layer that has weights?"""
    inside = series[start : start + length]
    within = {id(step) for item in inside for step in item.steps}
    within |= {id(series[start - 1].step)} if start else set()
    closed = all(id(source) in within for item in inside for step in item.steps for source in step.inputs)
    around = series[start - 1 : start] + series[start + length : start + length + 1]
    path = common_path([item.step.name for item in inside])
    fills = not any(f"{item.step.name}.".startswith(f"{path}.") for item in around)
    return closed, len(path.split(".")) if path and fills else 0, inside[0].step.kind in WEIGHTED


def common_path(names: Sequence[str]) -> str:
    """The module that all these layers are in."""
    split = [name.split(".")[:-1] for name in names]
    shared = [parts[0] for parts in zip(*split, strict=False) if len(set(parts)) == 1]
    agree = next((i for i, parts in enumerate(zip(*split, strict=False)) if len(set(parts)) > 1), len(shared))
    return ".".join(shared[:agree])
