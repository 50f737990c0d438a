"""Recurrent layers: torch's of several layers, and one operation a layer as ONNX has them. No torch."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.rules import Call, alone, outputs_are_read, places, wide, with_fixed
from archscope.differences.steps import Step, View
from archscope.model.content import is_zeros
from archscope.model.graph import Operand, Shape

GATES = {"lstm": 4, "gru": 3}
"""Rows of a recurrent layer's weights for each of its hidden units."""

WITH_BATCH = 3
"""Axes of a batch of sequences."""


def recurrent(call: Call) -> Step | View | list[View]:
    """Weights follow from settings and from the width of the state; what it begins with is a fact, but for zeros. Its
    steps run along an axis of what it is given: those of one element are not counted. The states of several layers are
    those of each in a row."""
    stored = [one for one in call.fixed if one.argument.startswith(("w", "b"))]
    call.fixed = [one for one in call.fixed if not (_is_left_out(one, stored) or _is_zeros(call, one))]
    shape, whole = call.views[0].shape, _given(call)
    facts = dict(call.function_settings)
    first = bool(facts.pop("batch_first", False)) and len(shape) == WITH_BATCH
    facts["along"] = places([int(first)], shape)
    out = whole if len(whole) <= WITH_BATCH else (*shape[:2], prod(whole) // prod(shape[:2]))
    *before, last = _in_layers(call, stored)
    step = call.shown()
    if before:
        facts |= {"num_layers": 1, "dropout": 0.0}
    layers = []
    for each in before:
        layers.append(_layer(call, step, each, facts | _sizes(call.operation, each), out))
        step = _dropped(call, layers[-1])
    given = [step, *(call.shown(i) for i in range(1, len(call.views)))]
    step = with_fixed(call.step(call.operation, given, facts | _sizes(call.operation, last), out), call)
    if before:
        step.parameters = _parameters(last)
    series = View.of(step) if out == whole else _by_ways(step, whole, first)
    states = range(1, len(call.layer.output_shapes)) if before and outputs_are_read(call) else ()
    return [series, *(View.of(_states(call, [*layers, step], output)) for output in states)]


def _given(call: Call) -> Shape:
    """The whole shape of its series, though nobody may read it."""
    told = call.layer.output_shapes[0]
    is_read = (call.layer.name, 0) in call.draft.shapes
    return call.out() if is_read or len(told) < len(call.views[0].shape) else told


def _is_left_out(one: Operand, stored: Sequence[Operand]) -> bool:
    return one in stored and one.kind == "parameter"


def _is_zeros(call: Call, given: Operand) -> bool:
    """A bias that adds nothing, where torch's function takes one, or a state to begin with that is none."""
    constant = call.draft.graph.constants.get(given.source)
    return constant is not None and is_zeros(constant)


def _sizes(operation: str, stored: Sequence[Operand]) -> dict[str, Any]:
    """Of one layer by its weights, or of several."""
    gates, facts = GATES.get(operation, 1), dict[str, Any]()
    wide = [one.shape for one in stored if one.argument.startswith("w") and len(one.shape) == 2]
    if len(wide) > 1:
        facts["hidden_size"] = wide[0][0] // gates
        facts |= {"projection": wide[1][1]} if wide[1][0] != gates * wide[1][1] else {}
        ways = len(wide) // (3 if "projection" in facts else 2)
        biases = [prod(one.shape) for one in stored if one.kind == "parameter" and one.shape not in wide]
        facts |= {"has_biases": None, "biases": sum(biases) // (ways * wide[0][0])}
    return facts


def _in_layers(call: Call, stored: list[Operand]) -> list[list[Operand]]:
    """The weights of each layer; of all together where more is given than an input."""
    layers = int(call.settings.get("num_layers", 1))
    plain = len(call.views) == 1 and not call.fixed
    if layers < 1 or len(stored) % layers or not plain:
        return [stored]
    each = len(stored) // layers
    return [stored[i * each : (i + 1) * each] for i in range(layers)]


def _layer(call: Call, before: Step, stored: Sequence[Operand], facts: Mapping[str, Any], out: Shape) -> Step:
    """One before the last. Each multiplies its matrices once a step."""
    step = call.draft.extra(call.operation, [before], call.layer, out, dict(facts))
    wide = [one for one in call.layer.operands if one.argument.startswith("w") and len(one.shape) == 2]
    steps = call.cost[1] // sum(prod(one.shape) for one in wide)
    step.params = sum(prod(one.shape) for one in stored if one.kind == "parameter")
    step.macs = steps * sum(prod(one.shape) for one in stored if one in wide)
    step.parameters = _parameters(stored)
    call.cost = call.cost[0] - step.params, call.cost[1] - step.macs
    return step


def _dropped(call: Call, step: Step) -> Step:
    """What training leaves out after a layer."""
    rate = call.settings.get("dropout")
    return call.draft.extra("dropout", [step], call.layer, step.shape, {"p": rate}) if rate else step


def both_ways(call: Call, parts: Sequence[Step], where: tuple[int, ...]) -> Step | None:
    """Two equal layers side by side, of which the second reads from the end and is turned back, are one that reads both
    ways (Schuster and Paliwal 1997), as long as nothing else reads them and each has weights of its own."""
    turned = parts[-1].seen
    if turned is None or [one.facts.get("bidirectional") for one in (parts[0], turned.step)] != [False, False]:
        return None
    forward, back = layers = parts[0], turned.step
    plain = len(parts) == len(layers) and forward.key == back.key and forward.params == back.params
    if not plain or any(len(one.inputs) > 1 or not alone(call, one) for one in layers):
        return None
    source, given = _seen(forward.inputs[0]), _seen(back.inputs[0])
    ways = (Layout.of(back.shape), turned.layout), (source.layout, given.layout)
    in_line = source.step is given.step and where == places([len(forward.shape) - 1], forward.shape)
    if not in_line or not all(_backwards(way, forward.facts["along"]).shows_as(other) for way, other in ways):
        return None
    made = call.step(forward.kind, forward.inputs, {**forward.facts, "bidirectional": True})
    made.layer, made.name = forward.layer, forward.name
    call.draft.absorb(list(layers), made)
    return made


def _seen(step: Step) -> View:
    return step.seen or View.of(step)


def _backwards(way: Layout, along: Sequence[float]) -> Layout:
    """From the end of the steps on, which run along this axis among those of more than one element."""
    for place in along:
        way = way.flipped(wide(way.sizes)[int(place)])
    return way


def _states(call: Call, layers: Sequence[Step], output: int) -> Step:
    """The last states of all layers in a row, or of cells where it is the output after that."""
    count, *shape = call.out(output)
    each = (count // len(layers), *shape)
    parts = [call.draft.extra("part", [one], call.layer, each, {"of": output}) for one in layers]
    return call.draft.extra("cat", parts, call.layer, (count, *shape), {"dim": places([0], (count, *shape))})


def _parameters(stored: Sequence[Operand]) -> tuple[str, ...]:
    return tuple(one.source for one in stored if one.kind == "parameter")


def _by_ways(step: Step, whole: Shape, first: bool) -> View:
    """As ONNX gives it, with an axis for each direction: after the steps, or after the batch and the steps."""
    ways = whole[2] if first else whole[1]
    each = Layout.of((*step.shape[:2], ways, step.shape[2] // ways))
    return View(step, each if first else each.permuted((0, 2, 1, 3)))
