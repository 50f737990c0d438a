"""A Step: a layer in normal form, told by what it computes and from what. No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from archscope.model.graph import Layer, Shape

WEIGHTED = {"conv", "transposed conv", "linear"}
POOLS = {"max pool", "average pool"}
GLOBAL_POOLS = {"global average pool", "global max pool"}
NON_NEGATIVE = {"relu", "relu6", "sigmoid", "softmax", "hardsigmoid"}
"""Kinds of steps whose values are never below zero."""

KEEPS_SIGN = {"max pool", "average pool", "global average pool", "global max pool", "cat", "add", "dropout", "mul"}
"""Kinds of steps that give nothing below zero where they are given nothing below zero."""

Sides = tuple[tuple[int, int], ...]
"""Pixels before and after, for each spatial axis."""


@dataclass(eq=False)
class Step:
    """What one layer does, whoever wrote it: equal `kind` and `facts` are equal functions of the inputs.

    `facts` leave out what follows from the inputs, such as the number of channels that come in. `extent` is how far
    the windows reach over the edges, which is what padding comes to. `absorbed` are further layers that the step
    stands for, a padding layer say.
    """

    kind: str
    inputs: list["Step"] = field(default_factory=list, repr=False)  # each has its own
    facts: Mapping[str, Any] = field(default_factory=dict)
    layer: Layer | None = None
    name: str = ""
    shape: Shape = ()
    extent: Sides = ()
    params: int = 0
    macs: int = 0
    place: int = 0

    @cached_property
    def key(self) -> Any:
        """Equal for two steps that compute the same function of their inputs."""
        return self.kind, tuple(sorted(self.facts.items()))

    @property
    def input_shape(self) -> Shape:
        return self.inputs[0].shape if self.inputs else ()

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.layer.parameters if self.layer else ()

    @property
    def is_depthwise(self) -> bool:
        return self.kind == "conv" and bool(self.facts["depthwise"])

    @property
    def not_negative(self) -> bool:
        """Is every value that it gives known to be zero or more?"""
        if self.kind in KEEPS_SIGN:
            return bool(self.inputs) and not self.parameters and all(one.not_negative for one in self.inputs)
        return self.kind in NON_NEGATIVE


def spatial(shape: Shape) -> Shape:
    """Height and width; nothing where the tensor is a vector."""
    return shape[1:]


def squeezed(shape: Shape) -> Shape:
    """The sizes that are not 1: 2048 x 1 x 1 and 2048 hold the same numbers in the same order."""
    return tuple(size for size in shape if size != 1)


def hashable(value: Any) -> Any:
    """Lists as tuples, 6 and 6.0 as one number."""
    if isinstance(value, list | tuple):
        return tuple(hashable(item) for item in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def live(steps: Iterable[Step], ends: Iterable[Step]) -> list[Step]:
    """The steps that the ends follow from, and those that hold parameters or cost anything."""
    listed = list(steps)
    needed = {id(step) for step in listed if step.params or step.macs or step.kind == "input"} | set(map(id, ends))
    for step in reversed(listed):
        if id(step) in needed:
            needed.update(map(id, step.inputs))
    return [step for step in listed if id(step) in needed]
