"""Are two series of steps the same, step by step? Then they need no alignment. No torch.

Each step gets a number that it shares with every step that computes the same of the same; the outputs then tell.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from archscope.differences.steps import Step

UNORDERED = {"add", "mul"}
"""Kinds of steps whose operands may come in any order."""

WRITTEN = {"padding", "ceil_mode"}
"""Facts that say nothing more where it is known how far the windows reach over the edges."""

Pairs = list[tuple[Step, Step]]


class Numbers:
    """Of the steps of both networks, by id."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        self.of: dict[int, int] = {}

    def add(self, steps: Sequence[Step]) -> Counter[int]:
        for step in steps:
            inputs = [self.of[id(one)] for one in step.inputs]
            order = sorted(inputs) if step.kind in UNORDERED else inputs
            which = (step.place, step.shape, step.dtype) if step.kind == "input" else ()
            whole = function_of(step), which, step.params, step.macs, tuple(order)
            self.of[id(step)] = self._known.setdefault(whole, len(self._known))
        return Counter(self.of[id(step)] for step in steps)


def function_of(step: Step) -> Any:
    """Equal for two steps that compute the same of equal tensors."""
    if not step.extent:
        return step.key
    kind, facts = step.key
    return kind, tuple(fact for fact in facts if fact[0] not in WRITTEN), step.extent


def same_steps(a: Sequence[Step], b: Sequence[Step]) -> Pairs | None:
    """Each step with its like, where both networks are the same in all; None where they are not."""
    if len(a) != len(b):
        return None
    numbers = Numbers()
    if numbers.add(a) != numbers.add(b) or numbers.of[id(a[-1])] != numbers.of[id(b[-1])]:
        return None
    pairs = _walked(a, b, numbers)
    return sorted(pairs, key=lambda pair: pair[1].place) if _shares_alike(pairs) else None


def _walked(a: Sequence[Step], b: Sequence[Step], numbers: Numbers) -> Pairs:
    """From the outputs to the inputs, so that what stands in one branch has its likes in one."""
    partner: dict[int, Step] = {}
    taken: set[int] = set()
    pairs: Pairs = []
    waiting = [(a[-1], b[-1])]
    left: dict[int, list[Step]] = {}
    for step in reversed(b):
        left.setdefault(numbers.of[id(step)], []).append(step)
    rest = iter(reversed(a))
    while True:
        while waiting:
            one, other = waiting.pop()
            if id(one) in partner or id(other) in taken:
                continue
            partner[id(one)] = other
            taken.add(id(other))
            pairs.append((one, other))
            waiting += _operands(one, other, numbers)
        lone = next((step for step in rest if id(step) not in partner), None)
        if lone is None:
            return pairs
        free = left[numbers.of[id(lone)]]
        waiting.append((lone, next(step for step in free if id(step) not in taken)))


def _operands(one: Step, other: Step, numbers: Numbers) -> Pairs:
    if one.kind not in UNORDERED:
        return list(zip(one.inputs, other.inputs, strict=True))
    by_number = [sorted(step.inputs, key=lambda each: numbers.of[id(each)]) for step in (one, other)]
    return list(zip(*by_number, strict=True))


def _shares_alike(pairs: Pairs) -> bool:
    """Does each parameter of one network stand for one of the other, however often it is used?"""
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for one, other in pairs:
        if len(one.parameters) != len(other.parameters):
            return False
        for mine, theirs in zip(one.parameters, other.parameters, strict=True):
            if there.setdefault(mine, theirs) != theirs or back.setdefault(theirs, mine) != mine:
                return False
    return True
