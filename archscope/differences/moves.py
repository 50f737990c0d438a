"""What both networks have, and one of them elsewhere: layers in another order. No torch."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from archscope.differences import words
from archscope.differences.alignment import Gap
from archscope.differences.changes import Change, Changes, in_training
from archscope.differences.facts import distance
from archscope.differences.steps import Step

LIKE = 0.35
"""What stands elsewhere differs by so much at most."""

NEAR = 8
"""So many items away a step of one side is still the one that the other side has elsewhere."""


def collect(changes: Changes) -> None:
    """Those become pairs, and one change each."""
    for gap, other in _moves(changes):
        _move(changes, gap, other)
    changes.pairs.sort(key=lambda pair: pair[1].place)
    for first, second in _swapped(changes):
        _swap(changes, first, second)


def _moves(changes: Changes) -> Iterator[tuple[Gap, Gap]]:
    """Gaps of both sides that hold the same, near each other: the reader has it elsewhere."""
    waiting = {(id(gap.series), gap.start): gap for gap in changes.gaps if not gap.of_b}
    for gap in [gap for gap in changes.gaps if gap.of_b]:
        for place in range(gap.place - NEAR, gap.place + NEAR + 1):
            other = waiting.get((id(gap.other), place))
            if other and _alike(other.steps, gap.steps):
                del waiting[id(gap.other), place]
                yield other, gap
                break


def _move(changes: Changes, a: Gap, b: Gap) -> None:
    changes.gaps = [gap for gap in changes.gaps if gap is not a and gap is not b]
    later = a.start > b.place
    between = a.series[b.place : a.start] if later else a.series[a.end : b.place]
    anchor = words.noun((between[-1] if later else between[0]).step) if between else "it"
    what = words.moved(b.steps, anchor, later)
    for one, other in zip(a.steps, b.steps, strict=True):
        changes.partner |= {id(one): other, id(other): one}
        changes.moved |= {id(one), id(other)}
        changes.pairs.append((one, other))
    change = Change("order", what, tuple(a.steps), tuple(b.steps), b.steps[0].place, group=("order", what))
    change.training = in_training(b.steps)
    changes.add(change)


def _swapped(changes: Changes) -> list[tuple[tuple[Step, Step], tuple[Step, Step]]]:
    """Neighbours, each of which is the other's like rather than its partner's: kernels that make them partners do
    not make up for that."""
    found = []
    for one, two in pairwise(changes.pairs):
        in_row = all(two[side].inputs == [one[side]] for side in (0, 1))
        if in_row and min(distance(*one), distance(*two)) > LIKE and _alike([one[0], two[0]], [two[1], one[1]]):
            found.append((one, two))
    return found


def _swap(changes: Changes, one: tuple[Step, Step], two: tuple[Step, Step]) -> None:
    changes.pairs = [pair for pair in changes.pairs if pair not in (one, two)]
    (later, first), (earlier, second) = (two[0], one[1]), (one[0], two[1])
    for a, b in ((earlier, second), (later, first)):
        changes.partner |= {id(a): b, id(b): a}
        changes.pairs.append((a, b))
    changes.moved |= {id(later), id(first)}
    what = words.moved([first], words.noun(second), True)
    changes.add(Change("order", what, (later,), (first,), first.place, group=("order", what)))
    changes.pairs.sort(key=lambda pair: pair[1].place)


def _alike(a: Sequence[Step], b: Sequence[Step]) -> bool:
    """The same layers, though a setting may differ?"""
    return len(a) == len(b) and all(
        one.kind == other.kind and distance(one, other) <= LIKE for one, other in zip(a, b, strict=True)
    )
