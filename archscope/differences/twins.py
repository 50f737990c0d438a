"""Steps that are alike and stand for each other by the order of the code alone. What each reads, and what reads it,
says which is which: of two branches that are written in another order each gets its own partner. No torch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from archscope.differences.alignment import Alignment
from archscope.differences.facts import distance
from archscope.differences.sequences import NEVER
from archscope.differences.steps import Step

MOST_TRIED = 8
"""Steps that are held against each other in a place."""

READERS = 0.5
"""How much that counts which other steps read them, beside which ones they read: these are settled first."""

LONE = 1.0
"""What is amiss of a step without a partner."""


def exchanged(alignment: Alignment, a: Sequence[Step], b: Sequence[Step]) -> Alignment:
    """The same alignment, partners exchanged where their inputs and readers then agree better; what stands elsewhere
    only in the order of the code is no gap."""
    twins = Twins(alignment, a, b)
    for step in a:
        twins.by_inputs(step)
    for step in reversed(a):
        twins.by_readers(step)
    return twins.settled()


class Twins:
    """`partner`: of the steps of either side by id, as far as they have one; the others are in the `gaps`, all `lone`
    ones, which find partners among each other."""

    def __init__(self, alignment: Alignment, a: Sequence[Step], b: Sequence[Step]) -> None:
        self.partner = dict(alignment.partner)
        self.gaps = alignment.gaps
        self.lone = {id(step) for gap in alignment.gaps for step in gap.steps}
        self.readers: defaultdict[int, list[Step]] = defaultdict(list)
        for step in (*a, *b):
            for one in {id(one): one for one in step.inputs}.values():
                self.readers[id(one)].append(step)
        self._reading: defaultdict[Any, list[Step]] = defaultdict(list)
        for step in b:
            self._reading[self._place(step, step.inputs)].append(step)
        self.a = a

    @staticmethod
    def _place(step: Step, inputs: Iterable[Step]) -> Any:
        read = [id(one) for one in inputs]
        return step.kind, step.shape, tuple(sorted(read) if step.is_unordered else read)

    def _partners(self, steps: Iterable[Step]) -> list[Step] | None:
        """None where one has none."""
        found = [self.partner.get(id(one)) for one in steps]
        return None if None in found else [one for one in found if one is not None]

    def by_inputs(self, step: Step) -> None:
        """Is there another step that reads what the partners of its inputs give?"""
        read = self._partners(step.inputs)
        if read:
            for other in self._reading[self._place(step, read)][:MOST_TRIED]:
                self._exchange(step, other)

    def by_readers(self, step: Step) -> None:
        """Is there another step that those read that stand for what reads it?"""
        for reader in self.readers[id(step)][:MOST_TRIED]:
            there = self.partner.get(id(reader))
            if there is None or len(there.inputs) != len(reader.inputs):
                continue
            for one, other in zip(reader.inputs, there.inputs, strict=True):
                if reader.is_unordered or one is step:
                    self._exchange(step, other)

    def _exchange(self, step: Step, other: Step) -> None:
        """Make two steps partners, and theirs, where less is amiss then."""
        before, after = self.partner.get(id(step)), self.partner.get(id(other))
        if before is other or step.kind != other.kind or step.shape != other.shape:
            return
        if (before is None) != (after is None) or (id(step) in self.lone) != (id(other) in self.lone):
            return
        amiss = self._amiss(step, before) + self._amiss(after, other)
        self._pair(step, other)
        if before is not None and after is not None:
            self._pair(after, before)
        if self._amiss(step, other) + self._amiss(after, before) < amiss:
            return
        for one, two in ((step, before), (after, other)):
            if one is not None and two is not None:
                self._pair(one, two)
        if before is None:
            del self.partner[id(step)], self.partner[id(other)]

    def _pair(self, a: Step, b: Step) -> None:
        self.partner |= {id(a): b, id(b): a}

    def _amiss(self, a: Step | None, b: Step | None) -> float:
        """What does not agree of two steps: what they are, what they read, and what reads them."""
        if a is None or b is None:
            return LONE if a is not b else 0.0
        apart = distance(a, b)
        if apart == NEVER:
            return NEVER
        readers = self._unlike(self.readers[id(a)], self.readers[id(b)])
        return apart + self._unlike(a.inputs, b.inputs) + READERS * readers

    def _unlike(self, mine: Sequence[Step], theirs: Sequence[Step]) -> float:
        """Of which part of them the partners are not there."""
        there = set(map(id, theirs))
        missed = sum(id(self.partner.get(id(one))) not in there for one in mine)
        return missed / len(mine) if mine else float(bool(theirs))

    def settled(self) -> Alignment:
        """With the gaps that are left: those that not all steps have left."""
        left = list(self.gaps)
        while True:
            kept = [gap for gap in left if not all(id(step) in self.partner for step in gap.steps)]
            back = [step for gap in kept for step in gap.steps if id(step) in self.partner]
            for step in back:
                if id(step) in self.partner:
                    self.partner.pop(id(self.partner.pop(id(step))))
            if not back:
                pairs = [(step, self.partner[id(step)]) for step in self.a if id(step) in self.partner]
                return Alignment(pairs, kept)
