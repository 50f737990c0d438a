"""What is done along axes: normalisations, softmax, means and sums. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.differences.layouts import Layout, strides_of
from archscope.differences.rules import Call, along, composed, other, places, wide
from archscope.differences.rules.activations import extreme
from archscope.differences.steps import Step, View, squeezed
from archscope.model.operations import STATISTICS

KINDS = {"amax": "max", "amin": "min"}
FULL_RANK = 3
"""Batch, channels and one spatial axis at least: then what is not one of the first two is spatial."""


def batch_norm(call: Call) -> View | Step:
    """`scale` and `shift` are gamma and beta; without running statistics it normalises with those of the batch."""
    if call.arguments[:1] != ["input"]:  # a stored tensor is normalised
        return other(call)
    step, axes, layout = along(call, [1])
    facts: dict[str, Any] = {
        "eps": call.settings.get("eps", 1e-5), "scale": call.has("weight"), "shift": call.has("bias"),
        "of_the_batch": (bool(call.settings.get("training", False)) and call.evaluated) or not call.has("running_mean"),
    }  # fmt: skip
    if axes != (0,) and axes:
        facts["axes"] = axes
    if call.has("running_mean"):  # training alone moves them
        facts["momentum"] = call.settings.get("momentum", 0.1)
    return View(call.with_weights(call.step("batch norm", [step, *_computed(call)], facts, step.shape)), layout)


def _computed(call: Call) -> list[Step]:
    """Weights that were computed."""
    return [call.shown(i) for i in range(1, len(call.views))]


def layer_norm(call: Call) -> View | Step:
    rank = len(call.views[0].shape)
    wanted = range(rank - len(call.settings["normalized_shape"]), rank)
    if call.fixed and not _in_order(call.views[0], wanted):  # weights would have to be turned
        call.views[0] = View.of(call.shown(), call.views[0].shape)
    step, axes, layout = along(call, wanted)
    ordered = None if call.draft.written else step.seen
    before = _before_order(step, axes) if ordered else None
    if before is not None:
        step, axes = before
    facts = {"eps": call.settings.get("eps", 1e-5), "scale": call.has("weight"), "shift": call.has("bias")}
    facts |= {"axes": axes}
    made = call.with_weights(call.step(call.operation, [step, *_computed(call)], facts, step.shape))
    if before is None or ordered is None:
        return View(made, layout)
    return View(call.draft.shown(replace(ordered, step=made), call.layer), layout)


def _before_order(step: Step, axes: Sequence[int]) -> tuple[Step, tuple[int, ...]] | None:
    """What a step orders whose axes are these, and where they stand there: it makes no difference whether windows are
    cut before what is done within each pixel or after it."""
    ordered = step.seen
    if ordered is None or not ordered.permutes:
        return None
    source = ordered.step.shape
    found = [ordered.layout.axes_of(wide(ordered.layout.sizes)[axis], source) for axis in axes]
    places_ = [axis for each in found for axis in each or ()]
    if not all(found) or places_ != sorted(places_):
        return None
    return ordered.step, places(places_, source)


def _in_order(view: View, axes: Sequence[int]) -> bool:
    """Do these axes of what is seen follow each other in the step as they do here?"""
    found = [i for axis in axes for i in view.layout.axes_of(axis, view.step.shape) or ()]
    return found == sorted(found)


def norm(call: Call) -> Step | View:
    """Of groups, instances, root mean squares: `scale` and `shift` are gamma and beta. Of instances running statistics
    may be known, and are what it normalises with only where it is told to."""
    facts = {**call.function_settings, "scale": call.has("weight"), "shift": call.has("bias")}
    if not call.settings.get("use_input_stats", True):
        facts |= {"running": True, "momentum": call.settings.get("momentum", 0.1)}
    call.fixed = [one for one in call.fixed if "running" in facts or one.argument not in STATISTICS]
    grouped = _groups(call, facts)
    if grouped is not None:
        return grouped
    steps = [call.shown(i) for i in range(len(call.views))]
    return call.with_weights(call.step(call.operation, steps, facts))


def _groups(call: Call, facts: Mapping[str, Any]) -> View | None:
    """Instances whose channels are groups of an image's, each in a row: its groups are normalised. Wu and He 2018."""
    view, whole = call.views[0], call.views[0].step.shape
    rows = len(view.shape) == FULL_RANK <= len(whole) and view.is_whole and view.shape[0] == whole[0]
    plain = call.operation == "instance_norm" and not {"running", "dtype"} & facts.keys()
    affine = facts["scale"] or facts["shift"] or call.fixed or len(call.views) > 1
    if not rows or not plain or affine or call.draft.written or whole[1] % view.shape[1] or view.shape[1] == whole[1]:
        return None
    found = {"num_groups": view.shape[1], "eps": facts["eps"], "scale": False, "shift": False}
    return View(call.step("group_norm", [view.step], found, whole), view.layout)


def softmax(call: Call) -> View | Step:
    if "dim" not in call.settings or call.fixed:
        return other(call)
    step, axes, layout = along(call, [call.settings["dim"]])
    facts = {name: value for name, value in call.function_settings.items() if name != "dim"}
    return View(call.step(call.operation, [step], {**facts, "axes": axes}, step.shape), layout)


def reduction(call: Call) -> View | Step:
    """Over all axes but the channels, at once or one after another: a global pooling."""
    if call.operation in {"max", "min"} and (call.has("other") or "other" in call.settings):
        return extreme(call)
    values_too = call.operation in {"max", "min"} and len(call.layer.output_shapes) > 1
    if len(call.views) != 1 or call.fixed or (call.operation in {"max", "min"} and not values_too):
        return other(call)
    kind = KINDS.get(call.operation, call.operation)
    facts = {k: v for k, v in call.function_settings.items() if k not in {"dim", "keepdim"}}
    return over(call, kind, _wanted(call), facts)


def deviation(call: Call) -> View | list[View] | Step:
    """Standard deviations and variances, and the means beside them: `correction` is by how many fewer terms than there
    are the squares are divided."""
    if len(call.views) != 1 or call.fixed:
        return other(call)
    kind, and_mean = call.operation.removesuffix("_mean"), call.operation.endswith("_mean")
    fewer = call.settings.get("correction", call.settings.get("unbiased", True))
    found = over(call, kind, _wanted(call), {"correction": 1.0 if fewer is None else float(fewer)})
    return [found, over(call, "mean", _wanted(call), {})] if and_mean else found


def _wanted(call: Call) -> list[int]:
    """The axes that are reduced: all where none is named."""
    dim, rank = call.settings.get("dim"), len(call.views[0].shape)
    named = dim if isinstance(dim, list) else [] if dim is None else [dim]
    return sorted(axis % rank for axis in named) or list(range(rank))


def over(call: Call, kind: str, wanted: Sequence[int], facts: Mapping[str, Any]) -> View:
    """A mean, say, over these axes of what is seen."""
    source, gone, layout = _reduced(call, wanted)
    if (
        source.kind == kind
        and not call.draft.written
        and dict(source.facts).keys() == {"axes"}
        and kind in {"mean", "max", "min", "sum"}
        and not facts
    ):
        before = source.inputs[0]
        earlier = _whole_axes(source.facts["axes"], before.shape)
        left = [axis for axis in range(len(before.shape)) if axis not in earlier]
        gone = sorted([*earlier, *[left[_place(axis, source.shape, before.shape, earlier)] for axis in gone]])
        source = before
    if kind == "mean" and not facts and not call.draft.written:
        squared = composed.deviates(source, places(gone, source.shape), _covers(gone, source))
        kind, source, facts = ("var", squared, {"correction": 0.0}) if squared else (kind, source, facts)
    if kind in {"mean", "max"} and not facts and _covers(gone, source):
        return View(_global(call, source, f"global {'average' if kind == 'mean' else 'max'} pool"), layout)
    axes = places(gone, source.shape)
    shape = tuple(1 if axis in gone else size for axis, size in enumerate(source.shape))
    if not axes and kind in {"mean", "max", "min", "sum"}:
        return View(source, layout)
    return View(call.step(kind, [source], {**facts, "axes": axes}, shape), layout)


def _place(axis: int, shape: Sequence[int], before: Sequence[int], earlier: Sequence[int]) -> int:
    """Which of the axes that a reduction before it left: it keeps them all, those that are gone with one element."""
    return axis - sum(gone < axis for gone in earlier) if len(shape) == len(before) else axis


def _whole_axes(found: Sequence[float], shape: Sequence[int]) -> list[int]:
    wide = [i for i, size in enumerate(shape) if size != 1]
    return [wide[int(place)] for place in found]


def _reduced(call: Call, wanted: Sequence[int]) -> tuple[Step, list[int], Layout]:
    """The step that is reduced, its axes that are gone, and how the result is seen."""
    view, out = call.views[0], call.out()
    shape = view.step.shape
    found = [view.layout.axes_of(axis, shape) for axis in range(len(view.shape))] if view.permutes else [None]
    if all(axes is not None for axes in found):
        gone = sorted(i for axis in wanted for i in found[axis] or ())
        left = tuple(1 if i in gone else size for i, size in enumerate(shape))
        steps = strides_of(left)
        strides = [steps[axes[-1]] if axes else 1 for axis, axes in enumerate(found) if axis not in wanted]
        sizes = [size for axis, size in enumerate(view.shape) if axis not in wanted]
        layout = Layout(tuple(sizes), tuple(strides)).reshaped(out) if squeezed(tuple(sizes)) != squeezed(out) else None
        kept = _with_ones(Layout(tuple(sizes), tuple(strides)), out) or layout
        if kept is not None:
            return view.step, gone, kept
    return call.shown(), list(wanted), Layout.of(out)


def _with_ones(layout: Layout, out: Sequence[int]) -> Layout | None:
    """The same with the axes of one element that the result keeps."""
    left = [(size, stride) for size, stride in zip(layout.sizes, layout.strides, strict=True) if size != 1]
    if [size for size, _ in left] != [size for size in out if size != 1]:
        return None
    rest = iter(left)
    strides = [next(rest)[1] if size != 1 else 1 for size in out]
    return Layout(tuple(out), tuple(strides))


def _covers(gone: Sequence[int], source: Step) -> bool:
    """Are all axes gone but the batch and the channels?"""
    shape = source.shape
    spatial = [i for i in range(2, len(shape)) if shape[i] != 1]
    return len(shape) >= FULL_RANK and bool(gone) and [i for i in gone if shape[i] != 1] == spatial


def _global(call: Call, source: Step, kind: str) -> Step:
    shape = (*source.shape[:2], *[1] * (len(source.shape) - 2))
    if all(size == 1 for size in source.shape[2:]):
        return source
    return call.step(kind, [source], {}, shape)
