"""Are two series of steps the same, step by step? Then they need no alignment. No torch.

Each step gets a number that it shares with every step that computes the same of the same; the outputs then tell.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from archscope.differences.steps import Step, squeezed

WRITTEN = {"padding", "ceil_mode"}
"""Facts that say nothing more where it is known how far the windows reach over the edges."""

Pairs = list[tuple[Step, Step]]


class Numbers:
    """Of the steps of both networks, by id: `of` of what a step gives, the same for equal functions of equal tensors;
    `role` of that and of all that it is used for."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        self.of: dict[int, int] = {}
        self.role: dict[int, int] = {}

    def add(self, steps: Sequence[Step]) -> Counter[int]:
        """The roles of a network's steps."""
        for step in steps:
            inputs = [self.of[id(one)] for one in step.inputs]
            order = sorted(inputs) if step.is_unordered else inputs
            which = (step.place, step.shape, step.dtype) if step.kind == "input" else ()
            slid = step.shape[-len(step.facts["kernel_size"]) :] if "kernel_size" in step.facts else ()
            whole = function_of(step), which, squeezed(step.shape), slid, step.params, step.macs, tuple(order)
            self.of[id(step)] = self._number(whole)
        used: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for step in reversed(steps):
            role = self._number(("role", self.of[id(step)], tuple(sorted(used[id(step)]))))
            self.role[id(step)] = role
            for place, one in enumerate(step.inputs):
                used[id(one)].append((role, 0 if step.is_unordered else place))
        return Counter(self.role[id(step)] for step in steps)

    def _number(self, whole: Any) -> int:
        return self._known.setdefault(whole, len(self._known))


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
    if numbers.add(a) != numbers.add(b):
        return None
    pairs = _walked(a, b, numbers.role)
    return sorted(pairs, key=lambda pair: pair[1].place) if pairs and _shares_alike(pairs) else None


def _walked(a: Sequence[Step], b: Sequence[Step], roles: Mapping[int, int]) -> Pairs | None:
    """From the outputs to the inputs, so that what stands in one branch has its likes in one; None where a step would
    stand for two."""
    partner: dict[int, Step] = {}
    taken: set[int] = set()
    pairs: Pairs = []
    waiting = [(a[-1], b[-1])]
    left: dict[int, list[Step]] = {}
    for step in b:
        left.setdefault(roles[id(step)], []).append(step)
    rest = iter(reversed(a))
    while True:
        while waiting:
            one, other = waiting.pop()
            if id(one) in partner or id(other) in taken:
                if partner.get(id(one)) is not other:
                    return None
                continue
            partner[id(one)] = other
            taken.add(id(other))
            pairs.append((one, other))
            waiting += _operands(one, other, roles, partner)
        lone = next((step for step in rest if id(step) not in partner), None)
        if lone is None:
            return pairs
        free = left[roles[id(lone)]]
        while id(free[-1]) in taken:
            free.pop()
        waiting.append((lone, free.pop()))


def _operands(one: Step, other: Step, roles: Mapping[int, int], partner: Mapping[int, Step]) -> Pairs:
    if not one.is_unordered:
        return list(zip(one.inputs, other.inputs, strict=True))
    theirs = list(other.inputs)
    known = [step for step in one.inputs if any(partner.get(id(step)) is each for each in theirs)]
    for step in known:
        theirs.remove(partner[id(step)])
    left = [step for step in one.inputs if not any(step is each for each in known)]
    by_role = [sorted(steps, key=lambda each: roles[id(each)]) for steps in (left, theirs)]
    return list(zip(*by_role, strict=len(left) == len(theirs)))


def _shares_alike(pairs: Pairs) -> bool:
    """Does each parameter of one network, and each running statistic, stand for one of the other, however often it is
    used? What one step has may be stored in more tensors than another has it in."""
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for one, other in pairs:
        if len(one.parameters) != len(other.parameters) and one.params != other.params:
            return False
        stored = zip((*one.parameters, *one.statistics), (*other.parameters, *other.statistics), strict=False)
        for mine, theirs in stored:
            if there.setdefault(mine, theirs) != theirs or back.setdefault(theirs, mine) != mine:
                return False
    return True
