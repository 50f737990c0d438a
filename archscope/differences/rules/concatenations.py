"""Concatenations, and what is shown of them and of paddings: parts are what they are parts of. No torch."""

from collections.abc import Sequence
from itertools import accumulate

from archscope.differences.layouts import Layout, strides_of
from archscope.differences.rules import Call, other, places
from archscope.differences.rules.recurrent import both_ways
from archscope.differences.steps import Step, View, concatenated, hashable
from archscope.model.graph import Shape


def seen(call: Call, layout: Layout | None, out: Shape, view: View | None = None) -> View:
    """The result as a layout of what the operand shows; where no strides say it, of what is written out first."""
    view = call.views[0] if view is None else view
    if layout is not None:
        return pieces(call, View(view.step, layout))
    return View.of(call.draft.shown(view, call.layer), out)


def concatenate(call: Call) -> Step | View:
    """In order. What is within a concatenation along the same axis is listed flat, then nested where the first or the
    last ones are a concatenation that is there already. A stack is one of tensors with an axis more."""
    if call.fixed or not call.views:
        return other(call)
    out, draft, dim = call.out(), call.draft, call.settings.get("dim", 0)
    regrouped = None if draft.written or call.operation == "stack" else interleaved(call.views, dim % len(out))
    if regrouped is not None:
        return seen(call, regrouped.layout.reshaped(out), out, regrouped)
    parts = [call.shown(i) for i in range(len(call.views))]
    whole = _in_a_row(call, dim % len(out)) if call.operation == "stack" and not draft.written else out
    where = places([dim % len(out)], whole)
    if draft.written:
        return call.step("cat", parts, {"dim": where})
    layer = both_ways(call, parts, where)
    if layer is not None:
        return layer
    flat = [part for one in parts for part in (concatenated(one) if one.facts.get("dim") == hashable(where) else [one])]
    if len(flat) == 1:
        return View.of(flat[0], out)
    ids = tuple(id(one) for one in flat)
    inputs = flat
    lengths = {len(ids) for _, *ids in draft.cats}
    for length in sorted(lengths.intersection(range(2, len(flat) + 1)), reverse=True):
        first, last = (draft.cats.get((where, *part)) for part in (ids[:length], ids[-length:]))
        if first is not None and length == len(flat):
            return seen(call, Layout.of(whole).reshaped(out), out, View.of(first, whole))
        if first is not None or last is not None:
            inputs = [first, *flat[length:]] if first is not None else [*flat[:-length], *filter(None, [last])]
            break
    step = call.step("cat", inputs, {"dim": where}, whole)
    graph = draft.graph
    if any(graph.layer[name].operation != call.operation for name in graph.consumers[call.layer.name]):
        draft.cats[where, *ids] = step  # it has a life of its own
    return (
        View(step, Layout.of(whole)) if whole == out else seen(call, Layout.of(whole).reshaped(out), out, View.of(step))
    )


def _in_a_row(call: Call, axis: int) -> Shape:
    """A stack shows a concatenation along the axis that it stands before."""
    shape = call.views[0].shape
    if axis == len(shape):
        return call.out()
    return (*shape[:axis], len(call.views) * shape[axis], *shape[axis + 1 :])


def interleaved(views: Sequence[View], axis: int) -> View | None:
    """Equal slices of one tensor, such as every second pixel from each of the first, as one choice of its elements."""
    step, first = views[0].step, views[0].layout
    alike = all(
        one.step is step and (one.layout.sizes, one.layout.strides) == (first.sizes, first.strides) for one in views
    )
    if not alike or len(views) < 2:
        return None
    starts = [one.layout.offset - first.offset for one in views]
    sizes: list[int] = []
    strides: list[int] = []
    while len(starts) > 1:
        stride = starts[1]
        length = next((i for i, start in enumerate(starts) if start != i * stride), len(starts))
        groups = [starts[i : i + length] for i in range(0, len(starts), length)]
        if stride <= 0 or any([one - group[0] for one in group] != starts[:length] for group in groups):
            return None
        sizes, strides, starts = [length, *sizes], [stride, *strides], [group[0] for group in groups]
    return View(step, Layout((*first.sizes[:axis], *sizes, *first.sizes[axis:]),
                             (*first.strides[:axis], *strides, *first.strides[axis:]), first.offset))  # fmt: skip


def pieces(call: Call, view: View) -> View:
    """A part of a concatenation that is one of what is concatenated, or some in a row, is these; one of what is padded
    is padded less."""
    whole = view.step
    if whole.kind == "pad" and not call.draft.written:
        return _padded_less(call, view)
    if whole.kind != "cat" or call.draft.written or not whole.elements:
        return view
    along = [i for i, _ in enumerate(whole.shape) if hashable(places([i], whole.shape)) == whole.facts.get("dim")]
    if len(along) != 1:
        return view
    axis = along[0]
    parts, shape, stride = concatenated(whole), whole.shape, strides_of(whole.shape)[axis]
    ends = [0, *accumulate(part.shape[axis] if len(part.shape) == len(shape) else 0 for part in parts)]
    start, length = view.layout.offset // stride, view.layout.elements * shape[axis] // whole.elements
    taken = Layout.of(shape).sliced(axis, start, start + length)
    if (taken.offset, taken.runs) != (view.layout.offset, view.layout.runs) or ends[-1] != shape[axis]:
        return view
    if start not in ends or start + length not in ends or length == shape[axis]:
        return view
    chosen = parts[ends.index(start) : ends.index(start + length)]
    if len(chosen) > 1:
        chosen = [call.draft.extra("cat", chosen, call.layer, taken.sizes, {"dim": places([axis], shape)})]
    return View.of(chosen[0], view.shape)


def _padded_less(call: Call, view: View) -> View:
    """What is cut off from the sides of a padding."""
    step, layout = view.step, view.layout
    axes, rank, left = len(step.facts["padding"]), len(step.shape), layout.offset
    strides = strides_of(step.shape)
    if len(layout.sizes) != rank or any(
        size != 1 and one != other for size, one, other in zip(layout.sizes, layout.strides, strides, strict=True)
    ):
        return view
    cut = []
    for whole, size, stride in zip(step.shape, layout.sizes, strides, strict=True):
        start, left = divmod(left, stride)
        cut.append((start, whole - start - size))
    if any(map(any, cut[: rank - axes])) or not any(map(any, cut)) or min(map(min, cut)) < 0:
        return view
    kept = zip(step.facts["padding"], cut[rank - axes :], strict=True)
    padding = tuple((int(before) - first, int(after) - last) for (before, after), (first, last) in kept)
    if not any(map(any, padding)):
        return View.of(step.inputs[0], view.shape)
    facts = {"padding": padding, "value": step.facts["value"]}
    return View.of(call.draft.extra("pad", step.inputs, call.layer, layout.sizes, facts), view.shape)
