"""The module tree of what is drawn: which modules hold which Ops, which are stages, which look alike."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from archscope.cached import cached_property
from archscope.model.connected import connected_parts
from archscope.views.diagram.ops.names import GENERIC
from archscope.views.diagram.ops.ops import Op, Ops, in_order, relative, under, upwards
from archscope.views.diagram.ops.rewrites import CALL

WRAPPER_SHARE = 0.75
"""A module with so much of the network is a wrapper: its children are the stages."""

LONGEST_ALTERNATION = 3
"""So many different modules in a row may repeat."""


class Modules:
    """The module tree of these Ops, as their paths spell it."""

    def __init__(self, ops: Sequence[Op], kinds: Mapping[str, str], root: str = "") -> None:
        self.ops = [op for op in ops if op.kind != "tensor"]
        self.kinds = kinds
        self.root = root
        self.below: dict[str, list[Op]] = {}
        self.looks: dict[str, int] = {}
        self.numbers: dict[Any, int] = {None: 0}
        around: dict[str, list[list[Op]]] = {}  # by module: below it, and below each that it lies in
        for op in self.ops:
            self.below.setdefault(op.path, []).append(op)
            parent = op.path.rpartition(".")[0]
            if parent not in around:
                around[parent] = [self.below.setdefault(path, []) for path in upwards(parent)]
            for members in around[parent] if op.path else ():
                members.append(op)

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Within the root, in the order in which they begin."""
        found: dict[str, list[str]] = {}
        around = {*upwards(self.root)}
        for path in self.below:
            if path not in around:
                found.setdefault(path.rpartition(".")[0], []).append(path)
        return found

    def members(self, path: str) -> list[Op]:
        """The Ops of a module, in execution order."""
        return self.below.get(path, [])

    def modules(self, path: str) -> list[str]:
        """Children that are drawn as two boxes or more."""
        return [child for child in self.children.get(path, []) if len(self.members(child)) > 1]

    def stages(self) -> list[str]:
        """The parts that a figure of the whole would show: the root's children, wrappers opened."""
        found = list(self.children.get(self.root, []))
        while wrapper := next((path for path in found if self._is_wrapper(path)), None):
            at = found.index(wrapper)
            found[at : at + 1] = self.children[wrapper]
        return found

    def _is_wrapper(self, path: str) -> bool:
        if _held(self.members(path)) < WRAPPER_SHARE * self._count or self.repeats(path):
            return False
        within = self.modules(path)
        return len(within) > 1 or any(map(self._is_wrapper, within))

    @cached_property
    def _count(self) -> int:
        return _held(self.ops)

    def repeats(self, path: str) -> bool:
        """Do equal modules follow each other here, or pairs or triples of them?"""
        blocks = self.children.get(path, [])
        looks = [self.look(block) for block in blocks]
        return any(looks) and any(
            looks[i : i + period] == looks[i + period : i + 2 * period]
            and any(looks[i : i + period])
            and self.follows(blocks[i + period - 1], blocks[i + period])
            for period in range(1, LONGEST_ALTERNATION + 1)
            for i in range(len(looks) - 2 * period + 1)
        )

    def follows(self, one: str, two: str) -> bool:
        """Does the second module read the first, or what is made of that between modules, such as a sum? Branches
        beside each other do not."""
        names = {op.name for op in self.members(one)}
        waiting = [source for op in self.members(two) for source in op.inputs]
        seen = set[str]()
        while waiting:
            if (source := waiting.pop()) in names:
                return True
            holder, op = self._loose.get(source, ("", None))
            if op and source not in seen and under(one, holder):
                waiting += op.inputs
            seen.add(source)
        return False

    def between(self, one: str, two: str) -> list[Op]:
        """Operations between the two modules through which the first leads to the second."""
        after = {op.name for op in self.members(one)}
        waiting = [source for op in self.members(two) for source in op.inputs]
        found: dict[str, Op] = {}
        for source in waiting:  # it grows on the way
            holder, op = self._loose.get(source, ("", None))
            if op and source not in found and source not in after and under(one, holder):
                found[source] = op
                waiting += op.inputs
        leading: list[Op] = []
        for op in in_order(found.values()):
            if not after.isdisjoint(op.inputs):
                after.add(op.name)
                leading.append(op)
        return leading

    def following(self, path: str, count: int) -> list[Op]:
        """So many operations of no module that come next after this one."""
        start = self._place[self.members(path)[-1].name] + 1
        return [op for op in self.ops[start : start + count] if op.name in self._loose]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {op.name: i for i, op in enumerate(self.ops)}

    @cached_property
    def _loose(self) -> dict[str, tuple[str, Op]]:
        """Operations that are no module's call, and what holds them."""
        return {op.name: (op.path.rpartition(".")[0], op) for op in self.ops if op.path not in self.kinds}

    def looks_like(self, one: str, two: str) -> bool:
        """Do both do the same?"""
        return self.look(one) == self.look(two) != 0

    def repeated(self, paths: Sequence[str]) -> set[str]:
        """Those that do as the one before or after them does, in a row."""
        alike = [pair for pair in itertools.pairwise(paths) if self.looks_like(*pair) and self.follows(*pair)]
        return {path for pair in alike for path in pair}

    def look(self, path: str) -> int:
        """A number that modules of several Ops have in common where they do the same; 0 for one of a single Op."""
        if path not in self.looks:
            members = self.members(path)
            told = relative(members) if len(members) > 1 else None
            self.looks[path] = self.numbers.setdefault(told, len(self.numbers))
        return self.looks[path]

    def said_class(self, path: str) -> str:
        """The class of a module, or of the only one within it where its own says nothing; empty where none does."""
        while self.kinds.get(path, "") in GENERIC - {"Block"}:
            within = self.modules(path)
            if len(within) != 1:
                return ""
            (path,) = within
        return self.kinds.get(path, "")

    def calls(self, path: str) -> list[list[Op]]:
        """The Ops of each call of a module that is called again, with the same weights; of another all together."""
        members = self.members(path)
        shared = {op.name: {one.shared for one in (op, *op.members) if one.shared} for op in members}
        if not any(shared.values()):
            return [members]
        by_name = {op.name: op for op in members}
        parts = connected_parts(list(by_name), Ops(members).readers.__getitem__)
        apart = [[by_name[name] for name in part] for part in parts]
        uses = Counter(weight for weights in shared.values() for weight in weights)
        for calls in (apart, _in_turn(members, min(uses.values()))):
            weights = [set().union(*(shared[op.name] for op in call)) for call in calls]
            if len(calls) > 1 and all(weights[0] and one == weights[0] for one in weights):
                return calls
        return [members]

    def is_chain(self, path: str) -> bool:
        """One operation after another, without a module that is more than one."""
        members = self.members(path)
        straight = all(two.inputs == (one.name,) for one, two in itertools.pairwise(members))
        return straight and not self.modules(path)


def _held(ops: Sequence[Op]) -> int:
    """How many operations these stand for: the steps of a loop, which are one, hold theirs each."""
    return sum(len(one.members) or 1 for op in ops for one in op.each)


def _in_turn(members: Sequence[Op], times: int) -> list[list[Op]]:
    """The Ops of a module that is called so often, one call after the other, where each does the same: a call may read
    what the one before it has made. Else all together."""
    length = len(members) // times
    calls = [[*members[start : start + length]] for start in range(0, len(members), length)]
    same = {tuple((op.word, op.shared or CALL.sub("", op.path)) for op in call) for call in calls}
    return calls if len(same) == 1 else [[*members]]
