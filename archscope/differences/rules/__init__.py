"""How each operation becomes steps in normal form: a rule takes a Call and says how its result is seen. No torch."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from archscope.differences.draft import Draft
from archscope.differences.layouts import Layout
from archscope.differences.steps import Step, View, squeezed
from archscope.model.graph import Layer, Operand, Shape

NO_FUNCTION = frozenset(
    "training train momentum use_input_stats operands bias_k out_proj_weight dtype recompute_scale_factor non_blocking "
    "copy implicit cudnn_enable cudnn_enabled pin_memory is_pinned enable_gqa folded".split()
)
"""Settings that change no value in evaluation, or that a step says elsewhere."""

ORDER_KEPT = frozenset("view reshape flatten unflatten squeeze unsqueeze ravel view_as reshape_as stored".split())
"""Calls that show a stored tensor in the same order; `stored` says how another library stores it, which is no more."""


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
        """The settings that change values in evaluation."""
        return {name: value for name, value in self.settings.items() if name not in NO_FUNCTION}

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
        kept, changed = self.fixed, {}
        for one in kept:
            if (one.kind == "parameter" or one.argument in STATISTICS) and (views := reordered(one.views)):
                changed[one.argument] = views
        self.fixed = [one for one in kept if one.kind != "parameter" and one.argument not in STATISTICS]
        step.facts = {**step.facts, **changed}
        return with_fixed(step, self)


STATISTICS = {"running_mean", "running_var"}
"""Buffers that training fills."""


def computed_from_stored(steps: Sequence[Step]) -> list[Step]:
    """Of these steps and all before them those that see no input of the network, the first ones first."""
    found: list[Step] = []
    for step in steps:
        if step.of_stored:
            found += [*computed_from_stored(step.inputs), step]
    return found


OWNERS = frozenset({"conv", "transposed conv", "linear", "batch norm", "layer_norm"})
"""Kinds of steps that a weight belongs to, though something computes it from the stored one."""

Rule = Callable[[Call], "Step | View | Sequence[View]"]


def reordered(views: Sequence[str]) -> tuple[str, ...]:
    """Of the calls that show a stored tensor those that change which elements stand where."""
    return tuple(view for view in chosen_at_once(views) if not _keeps_order(view))


def chosen_at_once(views: Sequence[str]) -> Sequence[str]:
    """The same calls, of which k[1][2] is k[1, 2]: choices by numbers that follow each other are one."""
    found: list[str] = []
    axes: list[Any] = []
    for view in views:
        given = _chosen(view)
        if given is None:
            found, axes = [*found, view], []
            continue
        left = [axis for axis, item in enumerate(axes) if isinstance(item, str)]
        left += range(len(axes), len(axes) + len(given))
        chosen = {axis: item for axis, item in zip(left, given, strict=False) if item != ":"}
        if not axes or any(axis < len(axes) and axes[axis] != ":" for axis in chosen):
            found, axes, chosen = [*found, ""], [], dict(enumerate(given))
        axes = [chosen.get(axis, item) for axis, item in enumerate([*axes, *[":"] * (max(chosen) + 1)])]
        while len(axes) > 1 and axes[-1] == ":":
            axes.pop()
        found[-1] = f"getitem(index={axes if len(axes) > 1 else axes[0]})"
    return found


def _chosen(view: str) -> list[Any] | None:
    """The index of `getitem(index=[0, '1:'])`, one item an axis; None of any other call."""
    said = re.fullmatch(r"getitem\(index=\[?((?:'?[-\d:]+'?(?:, )?)+)\]?\)", view)
    items = [item.strip("'") for item in said[1].split(", ")] if said else []
    return [item if ":" in item else int(item) for item in items] or None


def _keeps_order(view: str) -> bool:
    name, _, given = view.partition("(")
    axes = {"None", "':'", "'...'"}
    only_axes = name == "getitem" and set(given.removeprefix("index=").strip("[])").split(", ")) <= axes
    repeats_nothing = name == "expand" and set(given.partition("]")[0].removeprefix("size=[").split(", ")) <= {
        "1",
        "-1",
    }
    return name in ORDER_KEPT or only_axes or repeats_nothing


def content(operand: Operand, call: Call) -> Any:
    """What a fixed operand is: a parameter, or a constant's values; None where nobody knows them."""
    views = reordered(operand.views)
    if operand.kind == "parameter":
        return ("parameter", *views)
    graph = call.draft.graph
    tensor = (graph.buffers if operand.kind == "buffer" else graph.constants)[operand.source]
    if not tensor.digest:
        return None
    return (tuple(float(f"{value:.9g}") for value in tensor.values) or tensor.digest, *views)


def fixed_facts(call: Call) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Facts of the fixed operands, what each is called, and the constants that nobody knows."""
    facts, told, unknown = {}, {}, []
    for operand in call.fixed:
        facts[operand.argument] = found = content(operand, call)
        told[operand.argument] = operand.source
        if found is None:
            unknown.append(operand.source)
    return facts, told, tuple(unknown)


def with_fixed(step: Step, call: Call) -> Step:
    facts, step.told, step.unknown = fixed_facts(call)
    step.facts = {**step.facts, **{name: value for name, value in facts.items() if value is not None}}
    step.tell_anew()
    return step


def other(call: Call) -> Step:
    """An operation by its name with all that it is given."""
    facts = dict(call.function_settings)
    if isinstance(facts.get("dim"), int) and call.views:
        facts["dim"] %= max(len(call.views[0].shape), len(call.out()))
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
    steps = [call.shown(i) for i in range(len(call.views))]
    kind = "sliding windows" if call.operation == "unfold" and "kernel_size" not in facts else call.operation
    return with_fixed(call.step(kind, steps, facts), call)  # a tensor's own `unfold` is no patches of an image


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


def broadcast(call: Call, out: Shape) -> dict[str, Any]:
    """Along which axes each operand is repeated: those of one element are not counted."""
    found = {}
    shapes = [*zip(call.arguments, [view.shape for view in call.views], strict=True)]
    shapes += [(one.argument, one.shape) for one in call.fixed]
    for argument, shape in shapes:
        full = (1,) * (len(out) - len(shape)) + tuple(shape)
        wide = [i for i, size in enumerate(out) if size != 1]
        axes = tuple(place for place, i in enumerate(wide) if full[i] == 1)
        if axes and axes != tuple(range(len(wide))):
            found[argument] = axes
    return found


def wide(shape: Sequence[int]) -> list[int]:
    """The axes of more elements than one."""
    return [axis for axis, size in enumerate(shape) if size != 1]


def spread(call: Call, view: View, out: Shape) -> dict[str, Any] | None:
    """The same for stored tensors beside a tensor that is seen by permuted axes, told by the axes that it has itself;
    None where it is seen by others, or where a stored one would have to be turned."""
    axes = [view.layout.axes_of(i, view.step.shape) for i in range(len(out))]
    long = wide(view.step.shape)
    found = {}
    for one in call.fixed:
        full = (1,) * (len(out) - len(one.shape)) + tuple(one.shape)
        own = [axes[i] for i in wide(full)] if len(full) == len(out) else [None]
        places = [each[0] for each in own if each is not None and len(each) == 1]
        if len(places) < len(own) or places != sorted(places):
            return None
        repeated = tuple(place for place, axis in enumerate(long) if axis not in places)
        if repeated and len(repeated) < len(long):
            found[one.argument] = repeated
    return found


def each_element(call: Call, kind: str, facts: Mapping[str, Any], ordered: bool = True) -> View:
    """An operation on each element: it does not matter in which order they are seen."""
    call.views = views = [replace(view, layout=view.layout.unexpanded()) for view in call.views]
    out = call.out()
    first = views[0] if views else None
    alike = first is not None and first.permutes and first.shape == out and all(
        view.layout == first.layout and squeezed(view.step.shape) == squeezed(first.step.shape) for view in views
    )  # fmt: skip
    large = any(one.shape not in ((), (1,)) and set(one.shape) != {1} for one in call.fixed)
    if not ordered and len(views) == len(call.fixed) == 1:
        call.fixed = [replace(call.fixed[0], argument="other")]
    repeated = spread(call, first, out) if first is not None and alike and large and len(views) == 1 else None
    if first is not None and alike and (not large or repeated is not None):
        if repeated:
            facts = {**facts, "broadcast": tuple(sorted(repeated.items() if ordered else repeated.values()))}
        step = call.step(kind, [view.step for view in views], facts, first.step.shape)
        return View(with_fixed(step, call), first.layout)
    repeated = broadcast(call, out)
    if repeated:
        facts = {**facts, "broadcast": tuple(sorted(repeated.items() if ordered else repeated.values()))}
    step = call.step(kind, [call.shown(i) for i in range(len(views))], facts, out)
    return View.of(with_fixed(step, call), out)


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
