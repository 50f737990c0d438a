"""What no fact of a layer accounts for follows from the sizes that come in, and these from changes before. No torch."""

from archscope.differences.changes import SIZED, Change, Changes
from archscope.differences.steps import Step

DECIDING = {*SIZED, "input"}
"""Facts that other sizes can follow from."""


class Consequences:
    """Walks the pairs in execution order; `causes` are the changes that each step's other size follows from."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.causes: dict[int, frozenset[Change]] = {}

    def collect(self) -> None:
        for a, b in self.changes.pairs:
            own = self.changes.of_pair(b)
            sources = frozenset().union(*(self._causes(step) for step in (*a.inputs, *b.inputs)))
            self.causes[id(b)] = frozenset() if a.shape == b.shape else _deciding(own, a, b) or sources
            params = b.params - a.params - sum(change.params for change in own)
            macs = b.macs - a.macs - sum(change.macs for change in own)
            if params or macs:
                what = "other sizes come in"
                self.changes.add(Change("consequence", what, (a,), (b,), b.place, params, macs, causes=sources))

    def _causes(self, step: Step) -> frozenset[Change]:
        other = self.changes.partner.get(id(step))
        if other is None or id(step) in self.changes.moved:
            return frozenset(self.changes.by_step.get(id(step), [])[:1])
        return self.causes.get(id(step), self.causes.get(id(other), frozenset()))


def _deciding(own: list[Change], a: Step, b: Step) -> frozenset[Change]:
    """The layer's own changes that its size follows from."""
    found = [change for change in own if isinstance(change.group, tuple) and change.group[0] in DECIDING]
    if a.input_shape != b.input_shape:  # another activation has no part in it
        found = [change for change in found if change.kind != "operation"]
    return frozenset(found)
