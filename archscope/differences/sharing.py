"""Weights or running statistics that several calls use, where the other network has its own for each. No torch."""

from collections.abc import Iterator, Sequence

from archscope.differences import words
from archscope.differences.alignment import common_path
from archscope.differences.changes import Change
from archscope.differences.steps import Step


class Sharing:
    """`owner`: the step that used each step's parameters first; `calls`: those that use the same as an owner."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = [step for step in steps if step.parameters or step.statistics]
        self.owner: dict[int, Step] = {}
        self.calls: dict[int, list[Step]] = {}
        first: dict[str, Step] = {}
        for step in self.steps:
            owner = first.setdefault((*step.parameters, *step.statistics)[0], step)
            self.owner[id(step)] = owner
            self.calls.setdefault(id(owner), []).append(step)

    def name(self, owners: Sequence[Step]) -> str:
        """The module that these layers are all the weights of; or the first and last of them."""
        path = common_path([step.name for step in owners])
        inside = [step for step in self.steps if f"{step.name}.".startswith(f"{path}.")]
        if path and all(self.owner[id(step)] in owners for step in inside):
            return path
        return owners[0].name if len(owners) == 1 else f"{owners[0].name} to {owners[-1].name}"


def shared(a: Sequence[Step], b: Sequence[Step], partner: dict[int, Step]) -> Iterator[Change]:
    """A change for each layer that is a second call on one side only; those of one block are of one group."""
    mine, theirs = Sharing(a), Sharing(b)
    found: dict[tuple[bool, int, int, int], list[tuple[Step, Step]]] = {}
    for step in mine.steps:
        other = partner.get(id(step))
        if other is None or id(other) not in theirs.owner:
            continue
        one, two = mine.owner[id(step)], theirs.owner[id(other)]
        if (one is step and two is other) or (one is not step and two is not other and partner.get(id(one)) is two):
            continue
        sharing, owner, others = (mine, one, theirs) if one is not step else (theirs, two, mine)
        calls = sharing.calls[id(owner)]
        partners = [partner[id(call)] for call in calls if id(call) in partner]
        own = {id(others.owner[id(call)]) for call in partners if id(call) in others.owner}
        there = sum(len(others.calls[owner]) for owner in own)
        found.setdefault((one is not step, len(calls), len(own), there), []).append((step, other))
    for (is_mine, calls_, own_, there), pairs in found.items():
        sharing = mine if is_mine else theirs
        owners = list(dict.fromkeys(sharing.owner[id(pair[not is_mine])] for pair in pairs))
        name, times = sharing.name(owners), words.times(calls_)
        held = "weights" if any(step.parameters for step in owners) else "statistics"
        if own_ == 1:  # of the calls one has no partner
            counts = (times, words.times(there)) if is_mine else (words.times(there), times)
            what = f"{name}: one block called {counts[0]} where the reference calls it {counts[1]}"
        elif is_mine:
            what = f"{name}: one block called {times} where the reference has {own_} with {held} of their own"
        else:
            what = f"{own_} blocks with {held} of their own where the reference calls one, {name}, {times}"
        for step, other in pairs:
            change = Change("sharing", what, (step,), (other,), other.place, other.params - step.params, group=what)
            if is_mine:
                change.block, change.calls = name, (calls_, own_)
            yield change
