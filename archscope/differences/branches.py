"""Steps as series of items, a join with the branches that end in it: what the alignment walks through. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.cached import cached_property
from archscope.differences.steps import WEIGHTED, Step
from archscope.model.connected import connected_parts

BRANCHES = "branches"
"""The kind of a step that is none: branches that have no join of their own."""


@dataclass(eq=False)
class Item:
    """A step, and the branches that part before it and end in it, an empty one being the identity.

    Of the two branches of a sum the longer one is no branch: it stands in the series before the sum, so that a body
    with and without its shortcut are the same series but for the sum.
    """

    step: Step
    branches: list["Series"] = field(default_factory=list)

    @cached_property
    def steps(self) -> list[Step]:
        """All that it holds, in execution order."""
        own = [] if self.step.kind == BRANCHES else [self.step]
        return sorted([*steps_of(*self.branches), *own], key=lambda step: step.place)

    @cached_property
    def keys(self) -> tuple[Any, ...]:
        """Equal for two items whose steps compute the same, one after another."""
        return tuple([step.key for step in self.steps])


Series = list[Item]


def steps_of(*several: Series) -> list[Step]:
    return [step for series in several for item in series for step in item.steps]


def series_of(steps: Sequence[Step]) -> Series:
    """The series from the first step to the last, which is that of the outputs."""
    return Flow(steps).whole()


def in_order(steps: Sequence[Step]) -> Series:
    """One after another, whatever they read."""
    return [Item(step) for step in steps]


class Flow:
    """The steps with their readers. -1 stands for what comes before the first step, and feeds those without inputs."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.readers: list[list[int]] = [[] for _ in range(len(steps) + 1)]
        last = len(steps) - 1
        for place, step in enumerate(steps):
            before = [-1] if step.kind == "input" else dict.fromkeys(one.place for one in step.inputs)
            for source in before:
                self.readers[source].append(place)
        for place in range(last):
            if not self.readers[place]:
                self.readers[place].append(last)  # a result that nothing reads ends where the outputs do

    def whole(self) -> Series:
        return self._between(-1, len(self.steps), list(range(len(self.steps))))

    def _between(self, start: int, end: int, region: Sequence[int], direct: bool = True) -> Series:
        """The items of a region, whose steps are entered from `start` alone and left to `end` alone."""
        places = {place: i for i, place in enumerate(region)}
        places[end] = len(region)
        reach = self._farthest(start, places, end if not direct else None)
        series: Series = []
        waiting: list[int] = []
        begin = start
        for i, place in enumerate(region):
            if reach == i:  # every path runs through here
                series += self._join(begin, place, waiting, direct or begin != start)
                begin, waiting = place, []
            else:
                waiting.append(place)
            reach = max(reach, self._farthest(place, places))
        return series + self._ending(begin, end, waiting)

    def _farthest(self, place: int, places: dict[int, int], but: int | None = None) -> int:
        return max([places[other] for other in self.readers[place] if other in places and other != but], default=-1)

    def _join(self, begin: int, end: int, region: Sequence[int], direct: bool) -> Series:
        """What stands between two steps through which all paths run, and the second of them."""
        step = self.steps[end]
        if not region:
            return [Item(step)]
        identity = direct and end in self.readers[begin]
        parts = connected_parts(region, self.readers.__getitem__)
        if len(parts) == 1 and not identity:
            return [*self._loose(region), Item(step)]
        branches = [self._between(begin, end, part, False) for part in parts]
        branches += [[]] if identity else []
        if step.kind == "cat" or len(branches) > 2:
            return [Item(step, branches)]
        main = max(branches, key=_size)
        return [*main, Item(step, [branch for branch in branches if branch is not main])]

    def _ending(self, begin: int, end: int, region: Sequence[int]) -> Series:
        """What a branch ends with: several branches where it parts before the join that the others end in."""
        parts = connected_parts(region, self.readers.__getitem__)
        if len(parts) < 2:
            return self._loose(region)
        branches = [self._between(begin, end, part, False) for part in parts]
        return [Item(Step(BRANCHES, place=region[-1]), branches)]

    def _loose(self, region: Sequence[int]) -> Series:
        """Steps whose paths cross, one after another."""
        return [Item(self.steps[place]) for place in region]


def _size(series: Series) -> tuple[float, ...]:
    """How long a branch is; of two equally long ones the one with the larger kernels counts as longer."""
    steps = steps_of(series)
    kernels = sum(sum(step.facts.get("kernel_size", ())) for step in steps)
    return sum(step.kind in WEIGHTED for step in steps), len(steps), kernels
