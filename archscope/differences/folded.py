"""A layer whose bias stands where the other network has batch normalisation after it. In evaluation it can be both:
exporters multiply the normalisation into the weights, and what is left of it is the bias. No torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from archscope.differences.steps import WEIGHTED, Step

Sides = tuple[list[Step], list[Step]]


def folded(a: Sequence[Step], b: Sequence[Step], partner: Mapping[int, Step]) -> Sides | None:
    """The same steps, each normalisation without a partner taken together with the layer that it follows, where that
    layer's partner stands for both; None where there is no such."""
    after = {**_norms(a), **_norms(b)}
    alone = [norm for layer, norm in after.items() if layer in partner and id(norm) not in partner]
    taken = {
        id(norm): norm
        for norm in alone
        if id(other := partner[id(norm.inputs[0])]) not in after and _is_both(other, norm.inputs[0])
    }
    return (_together(a, taken), _together(b, taken)) if taken else None


def is_exported(layer: Step) -> bool:
    """Does the file itself say that these weights are those of a normalisation too?"""
    return layer.layer is not None and "folded" in layer.layer.settings


def _is_both(layer: Step, normalised: Step) -> bool:
    """Biases of zeros are not in every file."""
    has_bias = bool(layer.facts.get("bias")) and not normalised.facts.get("bias")
    return layer.kind == normalised.kind and (is_exported(layer) or has_bias)


def _norms(steps: Sequence[Step]) -> dict[int, Step]:
    """Of each layer with weights, by id, the batch normalisation that alone reads it, if one with running statistics
    does."""
    readers = Counter(id(one) for step in steps for one in step.inputs)
    return {
        id(step.inputs[0]): step
        for step in steps
        if step.kind == "batch norm" and not step.facts.get("of_the_batch") and len(step.inputs) == 1
        and step.inputs[0].kind in WEIGHTED and readers[id(step.inputs[0])] == 1
    }  # fmt: skip


def _together(steps: Sequence[Step], norms: Mapping[int, Step]) -> list[Step]:
    made: dict[int, Step] = {}
    found: list[Step] = []
    for step in steps:
        inputs = [made[id(one)] for one in step.inputs]
        if id(step) in norms:
            layer = made[id(step)] = inputs[0]
            layer.norm = step
            layer.params, layer.macs = layer.params + step.params, layer.macs + step.macs
            layer.parameters = (*layer.parameters, *step.parameters)
        else:
            made[id(step)] = replace(step, inputs=inputs, place=len(found))
            found.append(made[id(step)])
    return found
