"""Views, copies and concatenations. No torch."""

from math import prod

from archscope.differences.draft import Draft
from archscope.differences.rules import other
from archscope.differences.steps import Step, squeezed
from archscope.model.graph import Layer


def same(step: Step, layer: Layer, draft: Draft) -> Step:
    return step.inputs[0] if step.inputs else step


def reshape(step: Step, layer: Layer, draft: Draft) -> Step:
    """Gone where the order of elements is all there is to it; what is left is a real change of axes."""
    if len(step.inputs) != 1:
        return other(step, layer, draft)
    before = step.inputs[0]
    if before.kind == "reshape":
        before = before.inputs[0]
    whole = squeezed(layer.output_shape) == squeezed(before.shape)
    if whole or (len(layer.output_shape) == 1 and prod(layer.output_shape) == prod(before.shape)):
        return before
    if layer.operation in {"getitem", "select", "narrow"}:
        return other(step, layer, draft)
    step.kind, step.inputs, step.facts = "reshape", [before], {"shape": layer.output_shape}
    return step


def concatenate(step: Step, layer: Layer, draft: Draft) -> Step:
    """In order. What is within a concatenation along the same axis is listed flat, then nested where the first or the
    last ones are a concatenation that is there already."""
    axis = layer.settings.get("dim", 0)
    axis = axis % (len(layer.output_shape) + 1) if isinstance(axis, int) else axis
    flat = [part for one in step.inputs for part in (_operands(one) if one.facts.get("dim") == axis else [one])]
    if len(flat) == 1:
        return flat[0]
    step.kind, step.facts = "cat", {"dim": axis}
    step.inputs, ids = flat, tuple(id(one) for one in flat)
    for length in range(len(flat), 1, -1):
        first, last = (draft.cats.get((axis, *part)) for part in (ids[:length], ids[-length:]))
        if first is not None and length == len(flat):
            return first
        if first is not None or last is not None:
            step.inputs = [first, *flat[length:]] if first is not None else [*flat[:-length], *filter(None, [last])]
            break
    if any(draft.graph.layer[name].operation != layer.operation for name in draft.graph.consumers[layer.name]):
        draft.cats[axis, *ids] = step  # it has a life of its own
    return step


def _operands(step: Step) -> list[Step]:
    if step.kind != "cat":
        return [step]
    return [part for one in step.inputs for part in (_operands(one) if one.facts == step.facts else [one])]
