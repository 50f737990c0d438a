"""Does each layer read what its partner reads? What the pairs alone do not say. No torch."""

from collections.abc import Iterator, Sequence

from archscope.differences import words
from archscope.differences.changes import Change
from archscope.differences.steps import Step, concatenated


class Wiring:
    """Finds the tensor that each operand stands for in the other network: a step without a partner passes on what it
    reads."""

    def __init__(self, partner: dict[int, Step], moved: set[int]) -> None:
        self.partner = {key: step for key, step in partner.items() if key not in moved}
        self._reach: dict[int, frozenset[int]] = {}

    def changes(self, pairs: Sequence[tuple[Step, Step]]) -> Iterator[Change]:
        for a, b in pairs:
            if id(b) not in self.partner:
                continue
            mine, theirs = self._operands(a.inputs, True), self._operands(b.inputs, False)
            if _read_alike(mine, theirs):
                continue
            left_a, left_b, order = _matched(mine, theirs)
            if a.kind == b.kind == "cat" and (left_a or left_b):  # which may be nested otherwise
                mine, theirs = self._operands(concatenated(a), True), self._operands(concatenated(b), False)
                left_a, left_b, order = _matched(mine, theirs)
            left_a = [step for step in left_a if id(step) in self.partner]
            left_b = [step for step in left_b if id(step) in self.partner]
            if left_a and left_b:
                what = self._said(a, left_a[0], left_b[0])
                yield Change("inputs", what, (a,), (b,), b.place, group=("inputs", words.noun(b), what))
            elif a.kind == b.kind and len(a.inputs) != len(b.inputs) and len(left_a) + len(left_b) == 1:
                what = _more(b, left_a, left_b)
                yield Change("inputs", what, (a,), (b,), b.place, group=("inputs", words.noun(b), what))
            elif not left_a and not left_b and order != sorted(order) and not b.is_unordered:
                what = f"{words.noun(b)} in another order: {_order(order)}"
                yield Change("order", what, (a,), (b,), b.place, group=("order", what))

    def _operands(self, steps: Sequence[Step], of_a: bool) -> "Operands":
        return [(one, self._reached(one, of_a)) for one in steps]

    def _reached(self, step: Step, of_a: bool) -> frozenset[int]:
        """The reference's steps whose tensor this is, or may be."""
        waiting = [step]  # not by recursion: thousands of steps in a row may have no partner
        while waiting:
            one = waiting[-1]
            other = self.partner.get(id(one))
            unknown = [read for read in one.inputs if other is None and id(read) not in self._reach]
            if unknown:
                waiting += unknown
                continue
            if other is not None:
                self._reach[id(one)] = frozenset({id(other if of_a else one)})
            else:
                self._reach[id(one)] = frozenset().union(*(self._reach[id(read)] for read in one.inputs))
            waiting.pop()
        return self._reach[id(step)]

    def _said(self, reader: Step, mine: Step, theirs: Step) -> str:
        """Where the operand is taken, told by what stands between the two places, if one layer does."""
        what = "shortcut" if reader.kind == "add" else f"what {words.noun(reader)} reads is"
        if self.partner.get(id(theirs)) in mine.inputs:
            return f"{what} taken after {words.noun(mine)} instead of before it"
        if self.partner.get(id(mine)) in theirs.inputs:
            return f"{what} taken before {words.noun(theirs)} instead of after it"
        here, there = (f"{words.noun(step)} {step.name}" for step in (mine, theirs))
        return f"{what} taken from {here} where the reference takes {there}"


def _more(reader: Step, mine: Sequence[Step], theirs: Sequence[Step]) -> str:
    """Of what only one side is given, though the other has it too."""
    verb = "returns" if reader.kind == "output" else f"{words.noun(reader)} takes"
    found = (*mine, *theirs)[0]
    has = f"{words.noun(found)} {found.name}"
    if mine:
        return f"{verb} {has} besides, and not in the reference"
    return f"{verb} no {has}, which it does in the reference"


MOST_LISTED = 12
"""More operands than this are counted: nobody reads an order of fifty."""


def _order(places: Sequence[int]) -> str:
    if len(places) <= MOST_LISTED:
        return f"the reference's operands {', '.join(str(place + 1) for place in places)}"
    elsewhere = sum(i != place for i, place in enumerate(places))
    return f"{elsewhere} of the reference's {len(places)} operands stand elsewhere"


Operands = Sequence[tuple[Step, frozenset[int]]]


def _read_alike(a: Operands, b: Operands) -> bool:
    return len(a) == len(b) and all(x & y for (_, x), (_, y) in zip(a, b, strict=True))


def _matched(a: Operands, b: Operands) -> tuple[list[Step], list[Step], list[int]]:
    """Operands of either side without their like on the other; and the places of A's in B's order."""
    free = list(range(len(b)))
    alone, order = [], []
    for step, reached in a:
        place = next((place for place in free if reached & b[place][1]), None)
        if place is None:
            alone.append(step)
        else:
            free.remove(place)
            order.append(place)
    return alone, [b[place][0] for place in free], order
