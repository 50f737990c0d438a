"""In which row of its lane each item lies, in time in proportion to how many there are."""

from collections.abc import Iterable, Mapping, Sequence, Set
from heapq import heappop, heappush

Edge = tuple[str, str]


def in_rows(
    items: Iterable[str], edges: Sequence[Edge], lane: Mapping[str, int], bars: Mapping[str, Sequence[str]],
    tensors: Set[str],
) -> dict[str, int]:  # fmt: skip
    """Each item under all that it reads, those of a bar in one row; the first item and inputs, which are `tensors` as
    results are, above what else reads nothing."""
    rows = _Rows(items, edges, lane, bars, tensors)
    first = next(iter(rows.missing))
    start = [name for name, count in rows.missing.items() if not count]
    entered = tensors | {*bars.get(first, [first])}
    rows.add(name for name in start if name in entered)
    rows.fill(0)
    rows.add(name for name in start if name not in entered)
    for row in range(1, len(rows.missing)):
        rows.fill(row)
    return rows.found


def with_last(rows: Mapping[str, int], lane: Mapping[str, int], last: Sequence[str]) -> dict[str, int]:
    """The same with the item from which the trunk goes on, or what it is in each lane, under all in its lanes."""
    lanes = {lane[name] for name in last}
    lowest = max(row for name, row in rows.items() if lane[name] in lanes)
    if lowest == rows[last[0]]:
        return dict(rows)
    moved = {**rows, **dict.fromkeys(last, lowest + 1)}
    number = {row: i for i, row in enumerate(sorted({*moved.values()}))}
    return {name: number[row] for name, row in moved.items()}


class _Rows:
    """Puts items that were added, and what reads those alone, into one row after another. Next in a lane is what goes
    on from its last, a result before a bar, then what has most below it."""

    def __init__(
        self, items: Iterable[str], edges: Sequence[Edge], lane: Mapping[str, int], bars: Mapping[str, Sequence[str]],
        tensors: Set[str],
    ) -> None:  # fmt: skip
        self.lane, self.bars, self.tensors = lane, bars, tensors
        self.whole = {one: name for name, parts in bars.items() for one in parts}
        below = _below(items, [(self.whole.get(a, a), self.whole.get(b, b)) for a, b in edges])
        self.rank = {name: (-below[name], place, name) for place, name in enumerate(items)}
        self.after: dict[str, list[str]] = {name: [] for name in items}
        self.missing = dict.fromkeys(items, 0)
        for source, one in {(a, one) for a, b in edges for one in bars.get(self.whole.get(b, ""), [b])}:
            self.after[source].append(one)
            self.missing[one] += 1
        self.wide: list[str] = []
        self.queues: dict[int, list[tuple[int, int, str]]] = {at: [] for at in lane.values()}
        self.last = dict.fromkeys(self.queues, "")
        self.found: dict[str, int] = {}

    def add(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self.bars:
                self.wide.append(name)
            elif name not in self.whole:
                heappush(self.queues[self.lane[name]], self.rank[name])

    def fill(self, row: int) -> None:
        held: dict[int, str] = {}
        ends = {at for at in self.last if any(name in self.tensors for *_, name in self._going_on(at))}
        for name in sorted(self.wide, key=lambda name: self.rank[name][1]):
            if not (held.keys() | ends).intersection(self.lane[one] for one in self.bars[name]):
                held |= {self.lane[one]: one for one in self.bars[name]}
                self.wide.remove(name)
        held |= {at: name for at in self.queues if at not in held and (name := self._next(at))}
        self.last |= {at: name for at, name in held.items() if self.after[name]}  # a result hangs beside what goes on
        self.found |= dict.fromkeys(held.values(), row)
        read = [name for source in held.values() for name in self.after[source]]
        for name in read:
            self.missing[name] -= 1
        self.add(name for name in dict.fromkeys(read) if not self.missing[name])

    def _next(self, lane: int) -> str:
        """The item that stands next in this lane; nothing where none is left."""
        queue = self.queues[lane]
        while queue and queue[0][-1] in self.found:
            heappop(queue)
        return min(self._going_on(lane) or queue[:1], default=(0, 0, ""))[-1]

    def _going_on(self, lane: int) -> list[tuple[int, int, str]]:
        """What may stand next and reads the lane's last item."""
        after = self.after.get(self.last[lane], ())
        return [self.rank[name] for name in after if self.lane[name] == lane and self._is_free(name)]

    def _is_free(self, name: str) -> bool:
        return not self.missing[name] and name not in self.found and name not in self.whole


def _below(items: Iterable[str], edges: Sequence[Edge]) -> dict[str, int]:
    """How many items the longest path from each leads through."""
    below = dict.fromkeys(items, 0)
    place = {name: i for i, name in enumerate(items)}
    for source, target in sorted(edges, key=lambda edge: -place[edge[0]]):
        below[source] = max(below[source], below[target] + 1)
    return below
