"""Whose time it was: from the profiler's events to milliseconds by layer. No torch here.

A kernel belongs to the operation that launched it, an operation to the layer that was marked as running. In the
backward pass nothing is marked: there, autograd's sequence numbers lead from each operation to the forward
operation that recorded it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

MARK = "archscope.layer/"
OPTIMIZER = "Optimizer."
"""How torch.optim names its own steps to the profiler."""


@dataclass(frozen=True, slots=True)
class Event:
    """One operation as profiled. `self_ms` is the device time of the kernels that it launched itself, or on the CPU
    its own time without that of the operations in it (none for a range). `sequence` is autograd's number, -1 without
    one; `backward` says that autograd runs it. `parent` is the place in the list of the operation that called it.
    """

    name: str
    self_ms: float
    parent: int | None = None
    sequence: int = -1
    backward: bool = False


@dataclass(frozen=True)
class Profile:
    """Milliseconds of one step: by the layer's place in the Graph; the optimizer's; and of what no layer caused
    (the loss, gradients added up)."""

    layers_ms: Mapping[int, float] = field(default_factory=dict)
    optimizer_ms: float = 0.0
    unattributed_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        return sum(self.layers_ms.values()) + self.optimizer_ms + self.unattributed_ms


def attribute(events: Sequence[Event]) -> Profile:
    """Add up the events, each at its owner. `events` are in the order of their start, parents before children."""
    owners = _owners(events)
    layers: dict[int, float] = defaultdict(float)
    optimizer = unattributed = 0.0
    for event, owner in zip(events, owners, strict=True):
        if isinstance(owner, int):
            layers[owner] += event.self_ms
        elif owner == OPTIMIZER:
            optimizer += event.self_ms
        else:
            unattributed += event.self_ms
    return Profile(dict(layers), optimizer, unattributed)


def _owners(events: Sequence[Event]) -> list[int | str | None]:
    """The layer of each event, OPTIMIZER, or None."""
    owners: list[int | str | None] = []
    recorded_by: dict[int, int] = {}
    for event in events:
        owner = None if event.parent is None else owners[event.parent]
        if event.name.startswith(MARK):
            owner = int(event.name.removeprefix(MARK))
        elif event.name.startswith(OPTIMIZER):
            owner = OPTIMIZER
        elif event.backward:
            owner = recorded_by.get(event.sequence, owner)
        elif event.sequence >= 0:
            # Several operations may bear a number: the last one before the next number has recorded the gradient.
            if isinstance(owner, int):
                recorded_by[event.sequence] = owner
            else:
                recorded_by.pop(event.sequence, None)
        owners.append(owner)
    return owners


def middle(profiles: Sequence[Profile], layers: int) -> Profile:
    """The median of several profiled steps, layer by layer; 0 for a layer that launched nothing."""
    return Profile(
        {i: median([profile.layers_ms.get(i, 0.0) for profile in profiles]) for i in range(layers)},
        median([profile.optimizer_ms for profile in profiles]),
        median([profile.unattributed_ms for profile in profiles]),
    )
