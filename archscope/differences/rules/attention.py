"""Attention by torch's function, by its module, and written as two products with a softmax between: one thing.
Vaswani et al. 2017, equation 1. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.rules import Call, alone, other, outputs_are_read, repeated_axes, windows, with_fixed
from archscope.differences.steps import Step, View, squeezed
from archscope.model.graph import Operand, Shape

KIND = "scaled_dot_product_attention"
GIVEN = {"query", "key", "value", "attn_mask"}


def attention(call: Call) -> Step:
    """Its scale is told as a multiple of the paper's, one by the root of a head's width."""
    if not {"query", "key", "value"} <= set(call.arguments) <= GIVEN:
        return other(call)
    query = call.views[0].shape
    scale = call.settings.get("scale")
    left = {name: value for name, value in call.function_settings.items() if value and name != "scale"}
    steps = [call.shown(i) for i in range(len(call.views))]
    facts = _facts(query, 1.0 if scale is None else scale * query[-1] ** 0.5)
    mask = next((one.shape for one in call.layer.operands if one.argument == "attn_mask"), None)
    if mask is not None and (repeated := repeated_axes(mask, (*query[:-1], call.views[1].shape[-2]))):
        facts["broadcast"] = repeated
    call.fixed = [one._replace(argument=ADDED) if _is_added(call, one) else one for one in call.fixed]
    return with_fixed(call.step(KIND, steps, {**facts, **left}), call)


ADDED = "added_mask"
"""A stored tensor that is added to the scores."""


def _is_added(call: Call, mask: Operand) -> bool:
    """Of booleans those that are false are left out."""
    graph = call.draft.graph
    held = {**graph.parameters, **graph.buffers, **graph.constants}
    return mask.argument == "attn_mask" and held[mask.source].dtype != "bool"


def _facts(query: Shape, scaling: float) -> dict[str, Any]:
    """Heads have an axis of their own, or stand in that of the batch, which is of one image."""
    return {"heads": (1, *query)[-3], "scaling": float(f"{scaling:.6g}")}


# ---- by hand --------------------------------------------------------------------------------------------------


def product(call: Call) -> Step:
    """Of two matrices; of a softmax of scaled products and the values, attention."""
    if len(call.views) != len(call.arguments) or len(call.views) != 2 or call.fixed:
        return other(call)
    return _by_hand(call) or call.step("matmul", [call.shown(0), call.shown(1)], call.function_settings)


PRODUCTS = {"matmul", "bmm"}


def _by_hand(call: Call) -> Step | None:
    weights = call.views[0]
    turned = not weights.is_whole  # the product of keys and queries, which is that of queries and keys
    found = _scores(weights.step, turned)
    if call.draft.written or found is None or (turned and not _is_turned(weights)):
        return None
    scale, scores, within, facts, mask = found
    if turned and mask is not None:
        return None
    added = [one for one in mask.inputs if one is not scores and one not in within] if mask is not None else []
    if scores.kind not in PRODUCTS or len(scores.inputs) != 2 or not all(alone(call, one) for one in within):
        return None
    (by_query, query), (by_key, key) = (_operand(call, one) for one in scores.inputs)
    if len(key.shape) < 2 or key.shape[-1] != scores.shape[-1]:
        return None
    query, rows = (_turned(key), query) if turned else (query, _turned(key))
    steps = [call.draft.shown(each, call.layer) for each in (query, rows)]
    scaling = scale * by_query * by_key * query.shape[-1] ** 0.5
    step = call.step(KIND, [*steps, call.shown(1), *added], {**_facts(query.shape, scaling), **facts})
    if mask is not None and not added:
        step.told = {**step.told, ADDED: mask.told["other"]}
        step.unknown = (*step.unknown, *mask.unknown)
    call.draft.absorb(within, step)
    return step


def _turned(view: View) -> View:
    """A matrix with its rows as columns."""
    *others, row, column = range(len(view.shape))
    return View(view.step, view.layout.permuted([*others, column, row]))


def _is_turned(view: View) -> bool:
    return view.layout.shows_as(_turned(View.of(view.step)).layout)


def _scores(weights: Step, turned: bool = False) -> tuple[float, Step, list[Step], dict[str, Any], Step | None] | None:
    """From what the values are weighted by back to the scores: the number that these are multiplied by, the scores, the
    steps between, what is unusual about them, and where something is added to the scores, if it is."""
    facts: dict[str, Any] = {}
    within, mask = [weights], None
    if weights.kind == "dropout":
        facts["dropout_p" if weights.facts.get("always_on") else "dropout"] = weights.facts["p"]
        weights = weights.inputs[0]
        within.append(weights)
    if weights.kind != "softmax" or weights.facts.keys() != {"axes"}:
        return None
    last = len(squeezed(weights.shape)) - 1
    other = {last: last - 1, last - 1: last} if turned else {}
    axes = tuple(float(other.get(axis, axis)) for axis in weights.facts["axes"])
    if axes != (last,):
        facts["softmax_axes"] = axes
    scores = weights.inputs[0]
    if scores.kind == "add" and not scores.is_unordered:
        return None
    if scores.kind == "add" and "broadcast" in scores.facts:
        facts["broadcast"] = scores.facts["broadcast"][0]
    if scores.kind == "add" and len(scores.inputs) == 1 and scores.told.keys() == {"other"}:
        if "other" in scores.facts:  # else nobody knows it
            facts[ADDED] = scores.facts["other"]
        within.append(scores)
        mask, scores = scores, scores.inputs[0]
    elif scores.kind == "add" and len(scores.inputs) == 2 and scores.facts.keys() <= {"broadcast"}:
        within.append(scores)
        mask, scores = scores, min(scores.inputs, key=lambda one: _unscaled(one)[1].kind not in PRODUCTS)
    scale, scores, between = _unscaled(scores)
    return scale, scores, [*within, *between], facts, mask


def _unscaled(step: Step) -> tuple[float, Step, list[Step]]:
    """The number that a step is multiplied by, what is, and the steps between."""
    if step.kind == "scale" and "by" in step.facts:
        return step.facts["by"], step.inputs[0], [step, step.inputs[0]]
    return 1.0, step, [step]


def _operand(call: Call, step: Step) -> tuple[float, View]:
    """A factor of a product as it is seen, without the number that it was multiplied by before."""
    scale = 1.0
    view = step.seen or View.of(step)
    if view.step.kind == "scale" and "by" in view.step.facts and view.layout.elements == view.step.elements:
        scale, inner = view.step.facts["by"], view.step.inputs[0]
        view = View(inner, view.layout)
        if inner.seen is not None and view.is_whole:
            view = replace(inner.seen, layout=inner.seen.layout.reshaped(view.shape) or inner.seen.layout)
    return scale, view


# ---- by an equation -------------------------------------------------------------------------------------------


def equation(call: Call) -> Step | View:
    """A sum of products over the letters that only the operands have: a product of matrices, for each index that all
    three have."""
    first, second, out = _letters(call)
    both = [each for each in out if each in first and each in second]
    rows, columns = ([each for each in out if each in term and each not in both] for term in (first, second))
    summed = [each for each in first if each in second and each not in out]
    known = sorted(first) == sorted({*both, *rows, *summed}) and sorted(second) == sorted({*both, *columns, *summed})
    if not known or not summed or sorted(out) != sorted({*both, *rows, *columns}):
        return other(call)
    size = dict(zip(first + second, [*call.views[0].shape, *call.views[1].shape], strict=True))
    batch = [size[each] for each in both]
    lengths = [prod(size[each] for each in letters) for letters in (rows, summed, columns)]
    views = [
        _matrix(call, which, [term.index(each) for each in order], (*batch, *sizes))
        for which, (term, order, sizes) in enumerate(
            ((first, both + rows + summed, lengths[:2]), (second, both + summed + columns, lengths[1:]))
        )
    ]
    given: dict[str, Any] = {"views": views, "arguments": ["input", "other"], "fixed": [], "settings": {}}
    shape = (*batch, lengths[0], lengths[2])
    part = Part(call.layer, call.draft, cost=call.cost, evaluated=call.evaluated, shape=shape, **given)
    step = product(part)
    call.cost = part.cost
    axes = [(both + rows + columns).index(each) for each in out]
    sizes = tuple(size[each] for each in both + rows + columns)
    return View(step, Layout.of(sizes).permuted(axes))


def _letters(call: Call) -> tuple[str, str, str]:
    """Of two operands and the result. Raises ValueError for an equation of any other form."""
    if len(call.views) != 2 or call.fixed or call.draft.written:
        raise ValueError("no product of two tensors")
    terms, arrow, out = call.settings["equation"].replace(" ", "").partition("->")
    first, second = terms.split(",")
    once = "".join(each for each in sorted(first + second) if (first + second).count(each) == 1)
    return first, second, out if arrow else once


def _matrix(call: Call, which: int, order: list[int], shape: Shape) -> View:
    view = View(call.views[which].step, call.views[which].layout.permuted(order))
    layout = view.layout.reshaped(shape)
    return View(view.step, layout) if layout else View.of(call.draft.shown(view, call.layer), shape)


# ---- torch's module -------------------------------------------------------------------------------------------


@dataclass
class Part(Call):
    """A linear layer within the module, that gives `shape`."""

    shape: Shape = ()

    def out(self, output: int = 0) -> Shape:
        return self.shape


def module(call: Call) -> Step | View:
    """Of one tensor with itself: the three projections as one linear layer, attention, the last projection."""
    fixed = {one.argument: one for one in call.fixed}
    plain = len({(id(view.step), view.layout) for view in call.views}) == 1 and len(call.views[0].shape) == WITH_BATCH
    needed = {"in_proj_weight", "out_proj_weight"} <= fixed.keys() <= PROJECTIONS
    dropped = call.settings.get("training") and call.settings.get("dropout_p")
    if call.arguments != ["query", "key", "value"] or not plain or not needed or dropped or outputs_are_read(call):
        return other(call)
    if call.settings.get("add_zero_attn") or call.settings.get("is_causal"):
        return other(call)
    return _projected(call, fixed)


WITH_BATCH = 3
"""Axes of a text whose batch is there: without one torch's module takes two."""

PROJECTIONS = {"in_proj_weight", "in_proj_bias", "out_proj_weight", "out_proj_bias"}


def _projected(call: Call, fixed: dict[str, Operand]) -> View:
    length, batch, width = call.views[0].shape
    heads = int(call.settings["num_heads"])
    parameters, macs = call.cost
    own = 3 * length * batch * width * width, 2 * length * length * batch * width
    stored = [fixed[name] for name in ("in_proj_weight", "in_proj_bias") if name in fixed]
    size = sum(Layout.of(one.shape).elements for one in stored)
    joint = _linear(call, call.views[0], stored, (length, batch, 3 * width), (size, own[0]))
    split = joint.layout.reshaped((length, batch, 3, heads, width // heads))
    assert split is not None
    parts = [split.sliced(2, i, i + 1).permuted((1, 3, 0, 4, 2)) for i in range(3)]
    shape = batch, heads, length, width // heads
    views = [View(joint.step, Layout(shape, part.strides[:4], part.offset)) for part in parts]
    steps = [call.draft.shown(view, call.layer) for view in views]
    dropped = call.settings.get("dropout_p")
    facts = _facts(shape, 1.0) | ({"dropout": dropped} if dropped else {})
    attended = call.draft.extra(KIND, steps, call.layer, shape, facts)
    attended.macs = own[1]
    joined = Layout.of(shape).permuted((2, 0, 1, 3))
    flat = joined.reshaped((length, batch, width))
    seen = View(attended, flat) if flat else View.of(
        call.draft.shown(View(attended, joined), call.layer), (length, batch, width)
    )  # fmt: skip
    stored = [fixed[name] for name in ("out_proj_weight", "out_proj_bias") if name in fixed]
    rest = parameters - size, macs - sum(own)
    call.cost = (0, 0)
    return _linear(call, seen, stored, (length, batch, width), rest)


def _linear(call: Call, view: View, stored: Sequence[Operand], shape: Shape, cost: tuple[int, int]) -> View:
    named = [one._replace(argument=name) for one, name in zip(stored, ("weight", "bias"), strict=False)]
    given: dict[str, Any] = {"views": [view], "arguments": ["input"], "fixed": named, "settings": {}, "cost": cost}
    part = Part(call.layer, call.draft, evaluated=call.evaluated, shape=shape, **given)
    made = windows.linear(part)
    made = View.of(made) if isinstance(made, Step) else made
    made.step.parameters = tuple(one.source for one in stored)
    return made
