"""From an alignment to what has changed: one Change for each layer and fact, whose numbers sum to the difference.

The first network is the reader's own, the second the reference. Numbers are the reference's minus the reader's.
No torch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from archscope.differences import words
from archscope.differences.alignment import Alignment, Gap
from archscope.differences.facts import bounded_alike, differing, distance, is_parameter
from archscope.differences.folded import is_exported
from archscope.differences.repeats import Repeat, module_of, parts, repeat_of
from archscope.differences.steps import NOISE, ORDERINGS, Step
from archscope.model.graph import Graph
from archscope.model.operations import CATEGORIES

SIZED = (
    "kind", "depthwise", "kernel_size", "groups", "multiplier", "filters", "stride", "dilation", "padding",
    "output_size", "ceil_mode", "output_padding", "slopes", "num_layers", "bidirectional",
    "hidden_size", "projection", "biases",
)  # fmt: skip
"""Facts that decide how large a layer is, the first one to account for it first."""

VECTORS = ("bias", "scale", "shift")
"""Facts that add one parameter a channel."""

KINDS = {"p": "dropout", "filters": "width", "by": "scale", "kind": "operation", "depthwise": "groups"}
"""Of a difference in these facts; that of any other bears the fact's name."""

IN_TRAINING = {*CATEGORIES["dropout"].split(), *NOISE}
"""Layers that change no value in evaluation."""

LIKE = 0.35
"""What stands elsewhere differs by so much at most."""

NEAR = 8
"""So many items away a step of one side is still the one that the other side has elsewhere."""


@dataclass(eq=False)
class Change:
    """One thing that is not the same. Equal `group`s are told in one row, in `general` words where `what` is not the
    same of all. `causes`: what it follows from. `training`: it changes no value in evaluation. `calls`: how often the
    reader calls one `block`, and how many the reference has in its place."""

    kind: str
    what: str
    a: tuple[Step, ...]
    b: tuple[Step, ...]
    place: float
    params: int = 0
    macs: int = 0
    group: Any = None
    general: str = ""
    causes: frozenset["Change"] = field(default=frozenset(), repr=False)
    repeat: Repeat | None = None
    training: bool = False
    block: str = ""
    calls: tuple[int, int] | None = None


class Changes:
    """Collects the changes of two networks, given their steps and which stands for which."""

    def __init__(self, a: Sequence[Step], b: Sequence[Step], alignment: Alignment, graphs: tuple[Graph, Graph]) -> None:
        self.a, self.b, self.graphs = a, b, graphs
        self.partner = alignment.partner
        self.pairs = list(alignment.pairs)
        self.gaps = alignment.gaps
        self.moved: set[int] = set()
        self.by_step: dict[int, list[Change]] = {}
        self.found: list[Change] = []
        self._at = _places(a, self.partner)
        self._classifier = next((step for step in reversed(b) if step.kind == "linear"), None)

    def collect(self) -> None:
        """What is moved, missing or extra, and in which facts partners differ."""
        for gap, other in self._moves():
            self._move(gap, other)
        self.pairs.sort(key=lambda pair: pair[1].place)
        for first, second in self._swapped():
            self._swap(first, second)
        by_heads = self._split_by_heads()
        for gap, other in self._replaced():
            self._instead(gap, other)
        for gap in self.gaps:
            if all(id(step) in by_heads for step in gap.steps):
                continue
            for part in [gap] if self._repeat(gap) else parts(gap):
                self._gap(part)
        for a, b in self.pairs:
            if id(b) not in by_heads:
                self._pair(a, b)
        self._tell_parts_alike()

    def _split_by_heads(self) -> set[int]:
        """Choices of elements that say no more than the number of heads of the attention before or after them."""
        apart = [pair for pair in self.pairs if pair[0].facts.get("heads") != pair[1].facts.get("heads")]
        attending = {id(step) for pair in apart for step in pair}
        beside = {id(one) for pair in apart for step in pair for one in step.inputs}
        steps = [*self.a, *self.b]
        beside |= {id(step) for step in steps if any(id(one) in attending for one in step.inputs)}
        return {id(step) for step in steps if id(step) in beside and step.kind in ORDERINGS}

    def add(self, change: Change) -> None:
        self.found.append(change)
        for step in (*change.a, *change.b):
            self.by_step.setdefault(id(step), []).append(change)

    def of_pair(self, b: Step) -> list[Change]:
        """The changes between a step of the reference and its partner."""
        return [change for change in self.by_step.get(id(b), []) if change.a and change.b]

    # ---- pairs -------------------------------------------------------------------------------------------------

    def _pair(self, a: Step, b: Step) -> None:
        params, macs = (0 if self.of_sharing(b) else b.params - a.params), b.macs - a.macs
        if a.kind == "input" and a.shape != b.shape:
            self._fact(a, b, "input", f"input {words.size(a)} instead of {words.size(b)}")
        if a.kind != b.kind:
            if not bounded_alike(a, b):
                self._fact(a, b, "kind", words.kind_changed(a, b), params, macs)
            return
        facts = differing(a, b)
        if a.kind in ORDERINGS and facts and b.inputs:
            self._elements(a, b, facts)
            return
        vectors = [name for name in VECTORS if name in facts and name in a.facts.keys() & b.facts.keys() and params]
        learned = [name for name in facts if is_parameter(a.facts.get(name)) != is_parameter(b.facts.get(name))]
        decisive = next((name for name in (*SIZED, *learned) if name in facts), None)
        params -= self._folded(a, b)
        for alike in ([name for name in vectors if bool(b.facts[name]) is has] for has in (True, False)):
            if alike:
                part = sum(_channels(b) if b.facts[name] else -_channels(a) for name in alike)
                params -= part
                self._fact(a, b, alike[0], words.vectors_changed(alike, a, b), part, 0 if decisive else macs)
                macs = macs if decisive else 0
        if (order := _reordered(a, b, facts)) is not None:
            self._fact(a, b, "order", f"{words.noun(b)} in another order of its operands")
            facts = order
        for name in facts:
            if name not in vectors:
                own = (params, macs) if name == decisive else (0, 0)
                self._fact(a, b, name, words.fact_changed(name, a, b, b is self._classifier), *own)

    def _folded(self, a: Step, b: Step) -> int:
        """A normalisation that one side has, and the other in the layer before it; the parameters that this is."""
        if (a.norm is None) == (b.norm is None):
            return 0
        mine, theirs = ((_channels(step) if step.facts["bias"] else 0) + (step.norm.params if step.norm else 0)
                        for step in (a, b))  # fmt: skip
        change = Change("folded", words.folded(a, b), (a,), (b,), b.place, 0 if self.of_sharing(b) else theirs - mine)
        change.group, change.training = change.what, is_exported(a if b.norm else b)
        self.add(change)
        return change.params

    def _elements(self, a: Step, b: Step, facts: Sequence[str]) -> None:
        """Of several parts of one tensor one row."""
        other = f"{words.noun(b)}: other elements than the reference's, or in another order"
        said = words.elements_changed(a, b) if b.kind == "view" else words.fact_changed(facts[0], a, b)
        self._fact(a, b, "elements", said if len(facts) == 1 or b.kind == "view" else other)
        change = self.found[-1]
        change.general, change.group = other, ("elements", id(b.inputs[0]), len(facts))

    def _tell_parts_alike(self) -> None:
        """Parts of several tensors in one row where all of them differ alike."""
        parts: dict[Any, list[str]] = {}
        for change in self.found:
            if change.kind == "elements":
                parts.setdefault(change.group, []).append(change.what)
        for change in self.found:
            if change.kind == "elements":
                change.group = tuple(sorted(parts[change.group]))

    def of_sharing(self, b: Step) -> bool:
        """Do shared weights account for the parameters already?"""
        return any(change.kind == "sharing" for change in self.of_pair(b))

    def _fact(self, a: Step, b: Step, name: str, what: str, params: int = 0, macs: int = 0) -> None:
        change = Change(KINDS.get(name, name), what, (a,), (b,), b.place, params, macs, (name, what))
        change.training = (
            name == "momentum" or words.of_training(name, b) or (name in {"p", "kind"} and _in_training((a, b)))
        )
        if name in b.told and what.endswith(words.OTHER_NUMBERS):
            change.kind, change.group = "constant", ("constant", b.told[name])
            change.general = words.of_constant(b.told[name])
        if name == "p" and b.kind == "stochastic depth":  # rates that rise with depth are one choice
            change.general = words.rates(a.facts["p"], b.facts["p"])
            change.group = (name, change.general)
        if name == "filters" and b is not self._classifier:
            unit = "units" if b.kind == "linear" else "filters"
            change.general = words.ratio(words.width(a), words.width(b), unit)
            change.group = (name, change.general)
        self.add(change)

    # ---- gaps --------------------------------------------------------------------------------------------------

    def _moves(self) -> Iterator[tuple[Gap, Gap]]:
        """Gaps of both sides that hold the same, near each other: the reader has it elsewhere."""
        waiting = [gap for gap in self.gaps if not gap.of_b]
        for gap in [gap for gap in self.gaps if gap.of_b]:
            for other in waiting:
                near = other.series is gap.other and abs(other.start - gap.place) <= NEAR
                if near and _alike(other.steps, gap.steps):
                    waiting.remove(other)
                    yield other, gap
                    break

    def _move(self, a: Gap, b: Gap) -> None:
        self.gaps = [gap for gap in self.gaps if gap is not a and gap is not b]
        later = a.start > b.place
        between = a.series[b.place : a.start] if later else a.series[a.end : b.place]
        anchor = words.noun((between[-1] if later else between[0]).step) if between else "it"
        what = words.moved(b.steps, anchor, later)
        for one, other in zip(a.steps, b.steps, strict=True):
            self.partner |= {id(one): other, id(other): one}
            self.moved |= {id(one), id(other)}
            self.pairs.append((one, other))
        change = Change("order", what, tuple(a.steps), tuple(b.steps), b.steps[0].place, group=("order", what))
        change.training = _in_training(b.steps)
        self.add(change)

    def _replaced(self) -> Iterator[tuple[Gap, Gap]]:
        """Gaps of both sides at one place: a few layers without weights stand where the reference has others."""
        for gap in [gap for gap in self.gaps if not gap.of_b and _is_short(gap)]:
            for other in [one for one in self.gaps if one.of_b and _is_short(one)]:
                one_place = gap.place in (other.start, other.end) and other.place in (gap.start, gap.end)
                if other.series is gap.other and one_place and not self._repeat(gap) and not self._repeat(other):
                    yield gap, other
                    break

    def _instead(self, a: Gap, b: Gap) -> None:
        self.gaps = [gap for gap in self.gaps if gap is not a and gap is not b]
        what = f"{words.listed(a.steps, words.noun)} instead of {words.listed(b.steps, words.noun)}"
        macs = _sum("macs", b.steps) - _sum("macs", a.steps)
        self.add(Change("operation", what, tuple(a.steps), tuple(b.steps), b.steps[0].place, 0, macs, ("kind", what)))

    def _swapped(self) -> list[tuple[tuple[Step, Step], tuple[Step, Step]]]:
        """Neighbours, each of which is the other's like rather than its partner's: kernels that make them partners do
        not make up for that."""
        found = []
        for one, two in pairwise(self.pairs):
            in_row = all(two[side].inputs == [one[side]] for side in (0, 1))
            if in_row and min(distance(*one), distance(*two)) > LIKE and _alike([one[0], two[0]], [two[1], one[1]]):
                found.append((one, two))
        return found

    def _swap(self, one: tuple[Step, Step], two: tuple[Step, Step]) -> None:
        self.pairs = [pair for pair in self.pairs if pair not in (one, two)]
        (later, first), (earlier, second) = (two[0], one[1]), (one[0], two[1])
        for a, b in ((earlier, second), (later, first)):
            self.partner |= {id(a): b, id(b): a}
            self.pairs.append((a, b))
        self.moved |= {id(later), id(first)}
        what = words.moved([first], words.noun(second), True)
        self.add(Change("order", what, (later,), (first,), first.place, group=("order", what)))
        self.pairs.sort(key=lambda pair: pair[1].place)

    def _gap(self, gap: Gap) -> None:
        steps = tuple(gap.steps)
        a, b = ((), steps) if gap.of_b else (steps, ())
        place = steps[0].place if gap.of_b else self._at[id(steps[0])]
        params, macs = (_sum(name, b) - _sum(name, a) for name in ("params", "macs"))
        change = Change("missing" if gap.of_b else "extra", "", a, b, place, params, macs)
        change.training = _in_training(steps)
        change.repeat = self._repeat(gap)
        shared = self._of_shared(gap, change.repeat)
        if shared:
            change.kind, change.what, change.group, change.repeat = "sharing", shared.what, shared.group, None
        elif change.repeat:
            change.kind, change.what = "repeats", change.repeat.said(change.repeat.lost)
            change.general, change.group = change.repeat.general, (change.repeat.name, gap.of_b)
        elif len(gap.items) == 1 and _joins(gap.items[0].step):
            change.what = change.group = words.shortcut(steps, gap.of_b)
        elif len(steps) == 1 and steps[0].kind == "part":  # the first of several results is taken without a step
            taken = 0, int(steps[0].facts["of"])
            change.kind, change.what = "facts", words.other_output(steps[0], *(taken if gap.of_b else taken[::-1]))
            change.group = change.what
        else:
            module = module_of(steps, self.b if gap.of_b else self.a)
            change.what = words.lone(steps, change.kind, module, words.sized)
            change.general = words.lone(steps, change.kind, module, words.noun)
            change.group = tuple((step.kind, step.facts.get("kernel_size")) for step in steps)
        self.add(change)

    def _of_shared(self, gap: Gap, repeat: Repeat | None) -> Change | None:
        """Of a block that the reference has once more, where the reader calls one block again and again: one row."""
        if repeat is None or not gap.of_b:
            return None
        around = gap.series[max(2 * gap.start - gap.end, 0) : gap.end + 1]
        beside = [step for item in around for step in item.steps]
        found = next((change for step in beside for change in self.of_pair(step) if change.calls), None)
        if found is None or found.calls is None:
            return None
        calls, own = found.calls
        what = f"{calls} calls of one block, {found.block}, where the reference has {own + repeat.lost} blocks"
        for change in self.found:
            if change.group == found.group:
                change.what = what
        return found

    def _repeat(self, gap: Gap) -> Repeat | None:
        return repeat_of(gap, self.graphs[gap.of_b].blocks, self.b if gap.of_b else self.a)


def _is_short(gap: Gap) -> bool:
    steps = gap.steps
    plain = not any(step.params or _joins(step) for step in steps) and not words.is_gate(steps)
    return len(steps) <= words.MOST_LISTED and plain and not _in_training(steps)


def _reordered(a: Step, b: Step, names: Sequence[str]) -> list[str] | None:
    """The facts that differ besides, where the same stored tensors are other operands; None where they are not."""
    given = [name for name in names if name in a.told or name in b.told or name == "broadcast"]
    stored = [name for name in given if name != "broadcast"]
    mine, theirs = (sorted(repr(step.facts[name]) for name in stored if name in step.facts) for step in (a, b))
    return [name for name in names if name not in given] if stored and mine == theirs else None


def _joins(step: Step) -> bool:
    """A sum of tensors that are both made of the input?"""
    return step.kind == "add" and sum(not one.of_stored for one in step.inputs) > 1


def _in_training(steps: Sequence[Step]) -> bool:
    """Do these layers pass on in evaluation what they are given?"""
    return all(step.kind in IN_TRAINING and not step.facts.get("always_on") for step in steps)


def _alike(a: Sequence[Step], b: Sequence[Step]) -> bool:
    """The same layers, though a setting may differ?"""
    return len(a) == len(b) and all(
        one.kind == other.kind and distance(one, other) <= LIKE for one, other in zip(a, b, strict=True)
    )


def _channels(step: Step) -> int:
    """Of what a layer gives, or of the vector a linear layer gives."""
    return int(step.facts["filters"]) if step.kind == "linear" else step.channels


def _sum(name: str, steps: Iterable[Step]) -> int:
    return sum(getattr(step, name) for step in steps)


def _places(steps: Sequence[Step], partner: dict[int, Step]) -> dict[int, float]:
    """Where the steps of the first network would stand among those of the second."""
    at, last = {}, -1.0
    for step in steps:
        last = partner[id(step)].place if id(step) in partner else last + 1e-6
        at[id(step)] = last
    return at
