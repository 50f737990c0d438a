"""A Step: a layer in normal form, told by what it computes and from what. No torch."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from archscope.cached import cached_property
from archscope.differences.layouts import Layout
from archscope.model.graph import Layer, Operand, Shape
from archscope.model.operations import CATEGORY, DRAWS, STATISTICS

WEIGHTED = {"conv", "transposed conv", "linear"}
POOLS = {"max pool", "average pool"}
GLOBAL_POOLS = {"global average pool", "global max pool"}
NON_NEGATIVE = {"relu", "relu6", "sigmoid", "softmax", "hardsigmoid"}
"""Kinds of steps whose values are never below zero."""

KEEPS_SIGN = {
    "max pool", "average pool", "global average pool", "global max pool", "cat", "add", "dropout", "mul", "permute",
    "reshape", "slice", "view",
}  # fmt: skip
"""Kinds of steps that give nothing below zero where they are given nothing below zero."""

ORDERINGS = {"permute", "reshape", "slice", "view", "part"}
"""Kinds of steps that choose and order elements, and cost nothing."""

NOISE = {"stochastic depth", "gaussian noise", "gaussian dropout", "alpha dropout of parts"}
"""Kinds of steps that a module without an operation of torch's is: it gives what it is given, but in training."""

OWN = ORDERINGS | NOISE | POOLS | GLOBAL_POOLS | {
    "input", "output", "branches", "scale", "shift", "conv", "transposed conv", "batch norm",
}  # fmt: skip
"""Kinds of steps that rules alone make: no operation of one of these names that no rule can read is one."""

UNORDERED = {"add", "mul"}
"""Kinds of steps whose operands may come in any order."""


def is_statistic(operand: Operand) -> bool:
    """Does training fill it? A constant in its place it does not."""
    return operand.kind == "buffer" and operand.argument in STATISTICS


Sides = tuple[tuple[int, int], ...]
"""Pixels before and after, for each spatial axis."""


@dataclass(eq=False)
class Step:
    """What one layer does, whoever wrote it: equal `kind` and `facts` are equal functions of the inputs.

    `facts` leave out what follows from the inputs, such as the number of channels that come in. `shape` is whole, the
    batch axis included. `extent` is how far the windows reach over the edges, which is what padding comes to.
    `parameters` are those that it is the one to have. `told` names what a fact is about, a buffer say; `unknown` are
    the constants whose content nobody knows. `seen` is what a step that only orders elements shows, and of what.
    `of_stored`: it is computed from parameters and constants alone. `not_negative`: all that it gives is known to be
    zero or more. `as_conv` are the facts of a convolution that is fully connected because its window covers the map.
    `norm` is the normalisation after it that it is taken together with.
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
    parameters: tuple[str, ...] = ()
    dtype: str = "float32"
    told: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    seen: "View | None" = field(default=None, repr=False)
    of_stored: bool = False
    not_negative: bool = False
    as_conv: Mapping[str, Any] | None = None
    norm: "Step | None" = field(default=None, repr=False)

    @cached_property
    def key(self) -> Any:
        """Equal for two steps that compute the same function of their inputs."""
        return self.kind, tuple(sorted(self.compared.items()))

    @cached_property
    def compared(self) -> Mapping[str, Any]:
        """The facts, with numbers as float32 tells them apart, which is what files hold."""
        return {name: as_float32(value) for name, value in self.facts.items()}

    def tell_anew(self) -> None:
        """After the facts have changed."""
        for name in ("key", "compared"):
            self.__dict__.pop(name, None)

    @property
    def input_shape(self) -> Shape:
        return self.inputs[0].shape if self.inputs else ()

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def channels(self) -> int:
        """Of what it gives: of a convolution the axis before the spatial ones, else the second of all."""
        axes = len(self.facts.get("kernel_size", ()))
        if axes and len(self.shape) > axes:
            return self.shape[-axes - 1]
        return self.shape[1] if len(self.shape) > 1 else max(self.shape, default=1)

    @property
    def is_depthwise(self) -> bool:
        return self.kind == "conv" and bool(self.facts["depthwise"])

    @property
    def statistics(self) -> tuple[str, ...]:
        """Buffers that training fills; all others are constants of the network."""
        return tuple([one.source for one in self.layer.operands if is_statistic(one)]) if self.layer else ()

    @property
    def is_unordered(self) -> bool:
        """May its operands come in any order? Not where each is repeated along axes of its own."""
        return self.kind in UNORDERED and len(self.facts.get("broadcast", ())) < 2

    def stored_shape(self, argument: str) -> Shape:
        """Of what the layer is given as this argument."""
        operands = self.layer.operands if self.layer else ()
        return next((operand.shape for operand in operands if operand.argument == argument), ())

    def settle(self) -> None:
        """Say what follows from the inputs."""
        self.of_stored = self.kind != "input" and all([one.of_stored for one in self.inputs])
        if self.kind in KEEPS_SIGN:
            given = bool(self.inputs) and not self.parameters and not self.told and "dtype" not in self.facts
            self.not_negative = given and all([one.not_negative for one in self.inputs])
        else:
            self.not_negative = self.kind in NON_NEGATIVE


@dataclass(frozen=True, eq=False)
class View:
    """A tensor as its reader sees it: the step whose elements it shows, how, and the layer that shows it so."""

    step: Step
    layout: Layout
    layer: Layer | None = None

    @classmethod
    def of(cls, step: Step, shape: Shape | None = None) -> "View":
        return cls(step, Layout.of(step.shape if shape is None else shape))

    @property
    def shape(self) -> Shape:
        return self.layout.sizes

    @property
    def permutes(self) -> bool:
        """All elements of the step, each once?"""
        return self.layout.permutes(self.step.elements)

    @property
    def is_whole(self) -> bool:
        """All elements of the step, row by row?"""
        return self.layout.is_all_of(self.step.elements)


def squeezed(shape: Shape) -> Shape:
    """The sizes that are not 1: 2048 x 1 x 1 and 2048 hold the same numbers in the same order."""
    return tuple(size for size in shape if size != 1)


def concatenated(step: Step) -> list[Step]:
    """What a concatenation comes to, however it is nested; any other step is its own."""
    if step.kind != "cat":
        return [step]
    return [part for one in step.inputs for part in (concatenated(one) if one.facts == step.facts else [one])]


def hashable(value: Any) -> Any:
    """Lists and dictionaries as tuples, 6 and 6.0 as one number."""
    if type(value) is int:
        return float(value)
    if isinstance(value, dict):
        return tuple([(key, hashable(value[key])) for key in sorted(value, key=str)])
    return tuple([hashable(item) for item in value]) if isinstance(value, list | tuple) else value


def as_float32(value: Any) -> Any:
    """What float32 says of a number: 1 / sqrt(32) and its like in a file are one then."""
    if type(value) is tuple:
        return tuple([as_float32(item) for item in value])
    if type(value) is not float or value.is_integer():
        return value
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return value


def live(steps: Iterable[Step], ends: Iterable[Step]) -> list[Step]:
    """The steps that the ends follow from, and those that hold parameters or cost anything."""
    listed = list(steps)
    needed = {id(step) for step in listed if step.params or step.macs or step.kind == "input"} | set(map(id, ends))
    for step in reversed(listed):
        if id(step) in needed:
            needed.update(map(id, step.inputs))
    return [step for step in listed if id(step) in needed]


def stored_last(steps: Sequence[Step]) -> list[Step]:
    """The same steps, those that are computed from parameters and constants alone right before their first reader: it
    makes no difference when they are."""
    found: dict[int, Step] = {}
    for step in [*(step for step in steps if not step.of_stored), *steps]:  # at last what no other reads
        waiting = [step]
        while waiting:
            before = [one for one in waiting[-1].inputs if one.of_stored and id(one) not in found]
            if before and id(waiting[-1]) not in found:
                waiting += reversed(before)
            else:
                last = waiting.pop()
                found.setdefault(id(last), last)
    return list(found.values())


def computed_once(steps: Iterable[Step]) -> list[Step]:
    """Copies of the steps, of equal ones on equal tensors of the first alone: who pools a tensor twice has one result.
    But for those that multiply, whose cost is counted, and those that draw numbers or gather statistics in training."""
    first: dict[Any, Step] = {}
    made: dict[int, Step] = {}
    found: list[Step] = []
    for step in steps:
        inputs = [made.get(id(one), one) for one in step.inputs]  # what no step makes, in a broken report, stays
        same = step.key, tuple(map(id, inputs)), step.shape, step.dtype, step.parameters, step.unknown
        if same in first and not step.params:
            made[id(step)] = first[same]
            continue
        made[id(step)] = own = _of_one(replace(step, inputs=inputs, place=len(found)))
        found.append(own)
        if _is_repeatable(step):
            first.setdefault(same, own)
    return found


WITH_ITSELF: dict[str, tuple[str, dict[str, Any]]] = {"add": ("scale", {"by": 2.0}), "mul": ("pow", {"exponent": 2.0})}


def _of_one(step: Step) -> Step:
    """What is added to itself is twice that, and multiplied with itself its square."""
    if step.kind not in WITH_ITSELF or step.facts or len(step.inputs) != 2 or step.inputs[0] is not step.inputs[1]:
        return step
    kind, facts = WITH_ITSELF[step.kind]
    return replace(step, kind=kind, facts=facts, inputs=step.inputs[:1])


def _is_repeatable(step: Step) -> bool:
    """Does a second call change nothing? Of operations that nobody here knows it may."""
    layer = step.layer
    if layer is None or layer.operation not in CATEGORY or layer.buffers or step.macs:
        return False
    return layer.operation not in DRAWS and step.kind not in NOISE


def unshared(steps: Iterable[Step]) -> list[Step]:
    """The same steps, each choice or order of elements right before its reader, and one for every reader: each may
    have another than its partner."""
    found: list[Step] = []
    read: set[int] = set()

    for first in steps:
        waiting = [(first, iter(range(len(first.inputs))))] if first.kind not in ORDERINGS else []
        while waiting:
            step, places = waiting[-1]
            place = next((i for i in places if step.inputs[i].kind in ORDERINGS), None)
            if place is None:
                found.append(waiting.pop()[0])
                continue
            source = step.inputs[place]
            own = replace(source, inputs=list(source.inputs)) if id(source) in read else source
            step.inputs[place] = own
            read.add(id(own))
            waiting.append((own, iter(range(len(own.inputs)))))
    for place, step in enumerate(found):
        step.place = place
    return found
