"""What has changed, by an alignment: one Change for each layer and fact, whose numbers sum to the difference.

Collected in this order: what stands elsewhere (`moves`), what only one side has (`gaps`), in which facts partners
differ (`partners`), what follows from these (`consequences`), and what else layers read (`wiring`).

The first network is the reader's own, the second the reference. Numbers are the reference's minus the reader's.
No torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.differences.alignment import Alignment
from archscope.differences.repeats import Repeat, layers_held
from archscope.differences.steps import NOISE, ORDERINGS, Step
from archscope.model.graph import Graph
from archscope.model.operations import CATEGORIES

IN_TRAINING = {*CATEGORIES["dropout"].split(), *NOISE}
"""Layers that change no value in evaluation."""


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
    """Those of two networks, given their steps and which stands for which. `at`: where the first one's steps would
    stand among the reference's; `held`: how many layers each module of either has; `classifier`: the layer of the
    reference that gives the classes."""

    def __init__(self, a: Sequence[Step], b: Sequence[Step], alignment: Alignment, graphs: tuple[Graph, Graph]) -> None:
        self.a, self.b, self.graphs = a, b, graphs
        self.partner = alignment.partner
        self.pairs = list(alignment.pairs)
        self.gaps = alignment.gaps
        self.moved: set[int] = set()
        self.by_step: dict[int, list[Change]] = {}
        self.found: list[Change] = []
        self.at = _places(a, self.partner)
        self.held = layers_held(a), layers_held(b)
        self.classifier = next((step for step in reversed(b) if step.kind == "linear"), None)

    def add(self, change: Change) -> None:
        self.found.append(change)
        for step in (*change.a, *change.b):
            self.by_step.setdefault(id(step), []).append(change)

    def of_pair(self, b: Step) -> list[Change]:
        """The changes between a step of the reference and its partner."""
        return [change for change in self.by_step.get(id(b), []) if change.a and change.b]

    def of_sharing(self, b: Step) -> bool:
        """Do shared weights account for the parameters already?"""
        return any(change.kind == "sharing" for change in self.of_pair(b))

    def split_by_heads(self) -> set[int]:
        """Choices of elements that say no more than the number of heads of the attention before or after them."""
        apart = [pair for pair in self.pairs if pair[0].facts.get("heads") != pair[1].facts.get("heads")]
        attending = {id(step) for pair in apart for step in pair}
        beside = {id(one) for pair in apart for step in pair for one in step.inputs}
        steps = [*self.a, *self.b]
        beside |= {id(step) for step in steps if any(id(one) in attending for one in step.inputs)}
        return {id(step) for step in steps if id(step) in beside and step.kind in ORDERINGS}


def joins(step: Step) -> bool:
    """A sum of tensors that are both made of the input?"""
    return step.kind == "add" and sum(not one.of_stored for one in step.inputs) > 1


def in_training(steps: Sequence[Step]) -> bool:
    """Do these layers pass on in evaluation what they are given?"""
    return all(step.kind in IN_TRAINING and not step.facts.get("always_on") for step in steps)


def _places(steps: Sequence[Step], partner: dict[int, Step]) -> dict[int, float]:
    """Where the steps of the first network would stand among those of the second."""
    at, last = {}, -1.0
    for step in steps:
        last = partner[id(step)].place if id(step) in partner else last + 1e-6
        at[id(step)] = last
    return at
