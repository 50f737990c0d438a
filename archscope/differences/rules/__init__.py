"""How each operation becomes steps in normal form: a rule takes a Call and says how its result is seen. No torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.cached import cached_property
from archscope.differences.draft import Draft
from archscope.differences.layouts import Layout
from archscope.differences.rules.stored import facts_of, orders
from archscope.differences.steps import OWN, Step, View, is_statistic
from archscope.model.graph import Layer, Operand, Shape

NO_FUNCTION = frozenset(
    "training train momentum use_input_stats operands bias_k out_proj_weight dtype recompute_scale_factor non_blocking "
    "copy implicit cudnn_enable cudnn_enabled pin_memory is_pinned enable_gqa folded".split()
)
"""Settings that change no value in evaluation, or that a step says elsewhere."""


@dataclass
class Call:
    """One operation with what it is given: the `views` of what the network computes, and the `arguments` that they
    are; `fixed` are parameters, buffers and constants."""

    layer: Layer
    draft: Draft
    settings: Mapping[str, Any]
    views: list[View]
    arguments: list[str]
    fixed: list[Operand]
    cost: tuple[int, int] = (0, 0)
    evaluated: bool = True
    taken: list[tuple[Step, int, tuple[str, ...]]] = field(default_factory=list, repr=False)

    @property
    def operation(self) -> str:
        return self.layer.operation

    def out(self, output: int = 0) -> Shape:
        """The whole shape of an output: as those who read it are given it."""
        known = self.draft.shapes.get((self.layer.name, output))
        return (1, *self.layer.output_shapes[output]) if known is None else known

    def view(self, argument: str) -> View | None:
        return next((v for v, name in zip(self.views, self.arguments, strict=True) if name == argument), None)

    def has(self, argument: str) -> bool:
        """Is a tensor given as this argument?"""
        return argument in self.arguments or any(operand.argument == argument for operand in self.fixed)

    @cached_property
    def function_settings(self) -> dict[str, Any]:
        """The settings that change values in evaluation; what trains even there does."""
        trains = {"training": True} if self.evaluated and self.trains else {}
        return {name: value for name, value in self.settings.items() if name not in NO_FUNCTION} | trains

    @property
    def trains(self) -> bool:
        return bool(self.settings.get("training") or self.settings.get("train"))

    def shown(self, which: int = 0) -> Step:
        return self.draft.shown(self.views[which], self.layer)

    def step(self, kind: str, inputs: list[Step], facts: Mapping[str, Any], shape: Shape | None = None) -> Step:
        """The step that the layer is, with what it has and costs. Weights that were computed bring their parameters."""
        layer = self.layer
        made = Step(kind, inputs, facts, layer, layer.name, self.out() if shape is None else shape)
        made.params, made.macs = self.cost
        made.parameters, made.dtype = layer.parameters, layer.dtypes[0] if layer.dtypes else ""
        for one in computed_from_stored(inputs) if kind in OWNERS else ():
            made.params += one.params
            made.parameters = (*dict.fromkeys((*one.parameters, *made.parameters)),)
            self.taken.append((one, one.params, one.parameters))
            one.params, one.parameters = 0, ()
        if inputs and made.dtype != inputs[0].dtype and inputs[0].dtype:
            made.facts = {**made.facts, "dtype": made.dtype}
        self.cost = (0, 0)
        return self.draft.keep(made)

    def give_back(self) -> None:
        """To the steps before what was taken from them, where a rule fails after that."""
        for one, params, parameters in self.taken:
            one.params, one.parameters = params, parameters

    def with_weights(self, step: Step) -> Step:
        """Says of a layer's weights which are shown otherwise than they are stored, and the content of those that are
        constants."""
        learned = [one for one in self.fixed if one.kind == "parameter" or is_statistic(one)]
        changed = {one.argument: views for one in learned if (views := orders(one, self.draft.graph))}
        self.fixed = [one for one in self.fixed if one not in learned]
        step.facts = {**step.facts, **changed}
        if len(self.arguments) > 1:  # which of the weights are computed
            step.facts = {**step.facts, "arguments": tuple(self.arguments)}
        return with_fixed(step, self)


def computed_from_stored(steps: Sequence[Step]) -> list[Step]:
    """Of these steps and all before them those that see no input of the network, the first ones first."""
    found: list[Step] = []
    for step in steps:
        if step.of_stored:
            found += [*computed_from_stored(step.inputs), step]
    return found


OWNERS = frozenset({"conv", "transposed conv", "linear", "batch norm", "layer_norm", "rms_norm"})
"""Kinds of steps that a weight belongs to, though something computes it from the stored one."""

POWERS = {"square": 2.0, "sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1.0}
"""Operations that are powers, by exponent."""

Rule = Callable[[Call], "Step | View | Sequence[View]"]


def with_fixed(step: Step, call: Call) -> Step:
    facts, step.told, step.unknown = facts_of(call.fixed, call.draft.graph)
    step.facts = {**step.facts, **{name: value for name, value in facts.items() if value is not None}}
    step.tell_anew()
    step.settle()
    return step


def other(call: Call) -> Step:
    """An operation by its name with all that it is given."""
    facts = dict(call.function_settings)
    if call.views and (axes := _axes_among(facts.get("dim"), call.views[0].shape)) is not None:
        facts["axes"] = axes
        del facts["dim"]
    window = call.layer.window
    if window is not None:
        facts |= {"kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation,
                  "padding": tuple((p, p) for p in window.padding)}  # fmt: skip
    elif "kernel_size" in facts:  # told as a number or as two
        for name in {"kernel_size", "stride", "dilation", "padding", "output_size"} & set(facts):
            size = facts[name]
            facts[name] = (size, size) if isinstance(size, int | float) else size
        if "padding" in facts:
            facts["padding"] = tuple((p, p) for p in facts["padding"])
    if call.layer.groups != 1:
        facts["groups"] = call.layer.groups
    if call.operation == "linear":  # the name of a kind of steps, which have these
        facts |= {"filters": call.out()[-1], "bias": call.has("bias")}
    if len(call.views) > 1:
        facts["arguments"] = tuple(call.arguments)
    if len(call.views) + len(call.fixed) > 1 and (ones := _ones(call)):
        facts["broadcast"] = ones
    steps = [call.shown(i) for i in range(len(call.views))]
    kind = f"operation {call.operation}" if call.operation in OWN else call.operation
    if kind == "unfold" and "kernel_size" not in facts:  # a tensor's own is no patches of an image
        kind = "sliding windows"
    return with_fixed(call.step(kind, steps, facts), call)


def _axes_among(dim: Any, shape: Shape) -> tuple[int, ...] | None:
    """Where one axis or several stand among those of more than one element; None for what is none of the tensor's."""
    dims = dim if isinstance(dim, list | tuple) else [dim]
    if not all(type(axis) is int and -len(shape) <= axis < len(shape) for axis in dims):
        return None
    return tuple(place for axis in dims for place in places([axis % len(shape)], shape))


def _ones(call: Call) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Of each operand, by name, where axes of one element stand after longer ones, counted from the last: a row is no
    column."""
    given = [*zip(call.arguments, [view.shape for view in call.views], strict=True)]
    given += [(one.argument, one.shape) for one in call.fixed]
    found = {name: tuple(i - len(shape) for i in range(min(wide(shape), default=len(shape)), len(shape))
                         if shape[i] == 1) for name, shape in given}  # fmt: skip
    return tuple(sorted((name, axes) for name, axes in found.items() if axes))


def outputs_are_read(call: Call) -> bool:
    """Does anyone read more of what it gives than the first output?"""
    graph, name = call.draft.graph, call.layer.name
    readers = [one for reader in graph.consumers[name] for one in graph.layer[reader].operands]
    return any(one.output and one.source == name for one in (*readers, *graph.results))


def alone(call: Call, step: Step) -> bool:
    """Does one layer alone read it, under whatever name?"""
    graph, at = call.draft.graph, call.draft.at
    results = {one.source for one in graph.results}
    names, readers = [step.layer.name] if step.layer else [], 0
    for name in names:
        if name in results:
            return False
        for reader in graph.consumers[name]:
            if (reader, 0) in at and at[reader, 0].step is step:  # a dropout in evaluation
                names.append(reader)
            else:
                readers += 1
    return readers == 1


def repeated_axes(shape: Shape, out: Shape) -> tuple[int, ...]:
    """Along which of the axes of more than one element a tensor is repeated; none where it is along all of them."""
    full = (1,) * (len(out) - len(shape)) + tuple(shape)
    long = wide(out)
    axes = tuple(place for place, i in enumerate(long) if full[i] == 1)
    return axes if len(axes) < len(long) else ()


def wide(shape: Sequence[int]) -> list[int]:
    """The axes of more elements than one."""
    return [axis for axis, size in enumerate(shape) if size != 1]


def along(call: Call, axes: Sequence[int]) -> tuple[Step, tuple[int, ...], Layout]:
    """The step that an operation along these axes of what it sees acts on, the axes there, and how the result is seen.

    A permutation before it commutes with it; the axes are counted without those of one element.
    """
    view = call.views[0]
    wanted = [axis % len(view.shape) for axis in axes]
    shape = view.step.shape
    if view.permutes:
        found = [view.layout.axes_of(axis, shape) for axis in wanted]
        if all(each is not None for each in found):
            return view.step, places([i for each in found for i in each or ()], shape), view.layout
    step = call.shown()
    return step, places(wanted, view.shape), Layout.of(view.shape)


def places(axes: Sequence[int], shape: Shape) -> tuple[int, ...]:
    """Where these axes stand among those of more than one element."""
    wide = [i for i, size in enumerate(shape) if size != 1]
    return tuple(wide.index(axis) for axis in sorted(set(axes)) if axis in wide)
