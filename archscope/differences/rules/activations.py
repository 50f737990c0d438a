"""Activations: bounds, rectifiers and gates, however they are written. No torch."""

from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.rules import Call
from archscope.differences.rules.pointwise import (
    by_itself,
    each_element,
    elementwise,
    is_untold,
    is_untold_number,
    with_untold,
)
from archscope.differences.steps import GLOBAL_POOLS, NON_NEGATIVE, POOLS, Step, View
from archscope.model.graph import Operand

BOUNDS = {"clamp": ("min", "max"), "clamp_min": ("min", "max"), "clamp_max": ("min", "max"),
          "hardtanh": ("min_val", "max_val")}  # fmt: skip


def activation(call: Call) -> View:
    settings = call.function_settings
    kind, facts = call.operation, dict(settings)
    if call.operation in BOUNDS and not any(isinstance(value, str) for value in settings.values()) and not call.fixed:
        low, high = (settings.get(name) for name in BOUNDS[call.operation])
        return bounded(call, {name: value for name, value in (("low", low), ("high", high)) if value is not None})
    if call.operation in BOUNDS and call.fixed and all(is_untold(call, one) for one in call.fixed):
        names = dict(zip(BOUNDS[call.operation], ("low", "high"), strict=True))
        call.fixed = [one._replace(argument=names[one.argument]) for one in call.fixed]
        return each_element(call, "clamp", {names[name]: value for name, value in settings.items()})
    if kind == "threshold" and set(settings.values()) == {0}:
        kind, facts = "relu", {}
    if kind == "prelu" and call.arguments == ["input"]:
        call.fixed = [_by_channel(one, len(call.out())) for one in call.fixed]
        facts = {"slopes": "one" if set(call.fixed[0].shape) <= {1} else "one a channel"}
    if kind == "relu" and len(call.views) == 1:
        return bounded(call, {"low": 0})
    return each_element(call, kind, facts)


def _by_channel(stored: Operand, rank: int) -> Operand:
    """A vector whose numbers stand along the second axis of a tensor."""
    return stored._replace(shape=(*stored.shape, *[1] * (rank - 2)))


def extreme(call: Call) -> View:
    """The larger or the smaller of two; of one and a number, a bound."""
    bound = call.settings.get("other", call.settings.get("input"))
    side = "low" if call.operation.startswith("max") else "high"
    if is_untold_number(call):
        return with_untold(call, "clamp", side)
    plain = isinstance(bound, int | float) and len(call.views) == 1 and not call.fixed
    if not plain or call.views[0].shape != call.out():
        return elementwise(call, "maximum" if side == "low" else "minimum")
    return bounded(call, {side: bound})


def bounded(call: Call, facts: dict[str, Any]) -> View:
    """Values that are kept within bounds: a rectifier, where these are its."""
    kind, before = "clamp", call.views[0]
    high = facts.get("high")
    twice = before.step.kind == "relu" and before.permutes and not call.draft.written
    if twice and high is not None and high >= 0 and facts.get("low", 0) <= 0:
        facts = {"low": 0, "high": high}
        call.views = [View(before.step.inputs[0], before.layout)]
    if facts.get("low") == 0 and high in (None, 6):
        kind, facts = "relu6" if high else "relu", {}
    if kind == "relu" and not call.draft.written and is_rectified(before.step):
        return before
    return each_element(call, kind, facts)


def where(call: Call) -> View:
    """`where(x > 0, x, 0)` is a rectifier."""
    given = dict(zip(call.arguments, call.views, strict=True))
    if given.keys() == {"condition", "input"} and call.settings.get("other") == 0 and not call.fixed:
        return rectified(call, given["input"], given["condition"], ABOVE) or elementwise(call)
    return elementwise(call)


def masked_fill(call: Call) -> View:
    """`x.masked_fill(x < 0, 0)` is a rectifier."""
    given = dict(zip(call.arguments, call.views, strict=True))
    if given.keys() == {"input", "mask"} and call.settings.get("value") == 0 and not call.fixed:
        return rectified(call, given["input"], given["mask"], BELOW) or elementwise(call)
    return elementwise(call)


ABOVE, BELOW = {"gt", "ge"}, {"lt", "le"}
"""Comparisons with zero; which value zero itself gets does not matter."""


def rectified(call: Call, x: View, mask: View, kinds: set[str]) -> View | None:
    if call.draft.written or x.shape != mask.shape:
        return None
    x, asked = by_itself(call, x), mask.step
    alone = asked.kind in kinds and asked.inputs == [x.step] and asked.facts.get("other") == 0
    if not alone or mask.layout != x.layout:
        return None
    call.views = [x]
    return bounded(call, {"low": 0})


def is_rectified(step: Step) -> bool:
    """Does it come from a rectifier, with nothing between that a reader would count?"""
    while step.kind in PASSES and step.inputs:
        step = step.inputs[0]
    return step.kind in NON_NEGATIVE


PASSES = {*POOLS, *GLOBAL_POOLS, "dropout", "permute", "reshape", "slice", "view"}


def gated(gate: Step, x: View) -> tuple[str, dict[str, Any]] | None:
    """What `x` is once it is multiplied with a gate that is made of it: a swish may have a slope."""
    before = gate.inputs[0] if gate.inputs else gate
    scaled = before.kind == "scale" and before.facts.keys() == {"by"} and before.inputs == [x.step]
    if gate.kind == "tanh" and before.kind == "softplus" and dict(before.facts) == SOFTPLUS:
        return ("mish", {}) if before.inputs == [x.step] else None
    if gate.kind == "sigmoid" and scaled:
        return "silu", {"slope": before.facts["by"]}
    return (GATED[gate.kind], {}) if gate.kind in GATED and gate.inputs == [x.step] else None


def halved(x: View, gate: Step) -> int | None:
    """The axis of which `x` is the first half, and the gate the sigmoid of the second. Dauphin et al. 2017, equation
    1."""
    seen = gate.inputs[0].seen if gate.kind == "sigmoid" else None
    shape = x.step.shape
    if seen is None or seen.step is not x.step or len(x.shape) != len(shape):
        return None
    axis = next((i for i, (part, size) in enumerate(zip(x.shape, shape, strict=True)) if 2 * part == size), None)
    if axis is None:
        return None
    half, whole = x.shape[axis], Layout.of(shape)
    halves = whole.sliced(axis, 0, half), whole.sliced(axis, half, 2 * half)
    alike = [(one.runs, one.offset) for one in (x.layout, seen.layout)] == [(one.runs, one.offset) for one in halves]
    return axis if alike else None


SOFTPLUS = {"beta": 1.0, "threshold": 20.0}
"""As it is where nobody says otherwise: of Mish, too. Misra 2019."""


GATED = {"sigmoid": "silu", "hardsigmoid": "hardswish"}
"""What a tensor is that is multiplied with this of itself. Ramachandran et al. 2017; Howard et al. 2019."""


def hard(step: Step) -> tuple[str, Step] | None:
    """Six times a hard sigmoid or a hard swish, relu6(x + 3) and x * relu6(x + 3), and of what."""
    for gate in [step] if step.kind == "relu6" else step.inputs if step.kind == "mul" and not step.facts else []:
        inner = gate.inputs[0] if gate.kind == "relu6" else None
        if inner is None or inner.kind != "shift" or dict(inner.facts) != {"by": 3.0}:
            continue
        if gate is step:
            return "hardsigmoid", inner.inputs[0]
        if sum(one is inner.inputs[0] for one in step.inputs) == 1:
            return "hardswish", inner.inputs[0]
    return None
