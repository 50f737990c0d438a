"""Activations, sums and products: what is done to each element. No torch."""

from typing import Any

from archscope.differences.rules import Call, each_element
from archscope.differences.steps import GLOBAL_POOLS, NON_NEGATIVE, POOLS, Step, View

BOUNDS = {"clamp": ("min", "max"), "clamp_min": ("min", "max"), "clamp_max": ("min", "max"),
          "hardtanh": ("min_val", "max_val")}  # fmt: skip


def activation(call: Call) -> View:
    settings = call.function_settings
    kind, facts = call.operation, dict(settings)
    if call.operation in BOUNDS and not any(isinstance(value, str) for value in settings.values()) and not call.fixed:
        low, high = (settings.get(name) for name in BOUNDS[call.operation])
        kind, facts = "clamp", {name: value for name, value in (("low", low), ("high", high)) if value is not None}
        if low == 0 and high in (None, 6):
            kind, facts = "relu6" if high else "relu", {}
    if kind == "threshold" and set(settings.values()) == {0}:
        kind, facts = "relu", {}
    if kind == "prelu":
        weight = next(one for one in call.fixed if one.argument == "weight")
        facts = {"slopes": "one" if set(weight.shape) <= {1} else "one a channel"}
    if kind == "relu" and len(call.views) == 1 and not call.draft.written and is_rectified(call.views[0].step):
        return call.views[0]
    return each_element(call, kind, facts)


def is_rectified(step: Step) -> bool:
    """Does it come from a rectifier, with nothing between that a reader would count?"""
    while step.kind in PASSES and step.inputs:
        step = step.inputs[0]
    return step.kind in NON_NEGATIVE


PASSES = {*POOLS, *GLOBAL_POOLS, "dropout", "permute", "reshape", "slice", "view"}


def elementwise(call: Call) -> View:
    """Of one operand or several: an operation without a rule of its own."""
    facts = dict(call.function_settings)
    if len(call.views) > 1:
        facts["arguments"] = tuple(call.arguments)
    return each_element(call, call.operation, facts)


def dropout(call: Call) -> View:
    """Its rate matters in training alone, unless it is always on."""
    rate, always = call.settings.get("p", 0.5), bool(call.settings.get("training", False)) and call.evaluated
    if not rate:
        return call.views[0]
    return each_element(call, call.operation, {"p": rate} | ({"always_on": True} if always else {}))


def add(call: Call) -> View:
    """A sum of what comes in, in any order."""
    constant, alpha = call.settings.get("other", call.settings.get("input")), call.settings.get("alpha", 1)
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        return _with_scalar(call, "shift", constant * alpha, 0)
    second = call.view("other")
    if alpha != 1 and second is not None:
        scaled = call.draft.extra("scale", [call.draft.shown(second)], call.layer, second.shape, {"by": alpha})
        call.views[call.arguments.index("other")] = View.of(scaled, second.shape)
    elif alpha != 1:
        return elementwise(call)
    return each_element(call, "add", _number(constant), ordered=False)


def _number(constant: Any) -> dict[str, Any]:
    """Beside a stored tensor the number that is added to it, or multiplied with it."""
    return {"by": constant} if isinstance(constant, int | float) else {}


def subtract(call: Call) -> View:
    constant, alpha = call.settings.get("other"), call.settings.get("alpha", 1)
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        return _with_scalar(call, "shift", -constant * alpha, 0)
    return elementwise(call)


def multiply(call: Call) -> View:
    constant = call.settings.get("other", call.settings.get("input"))
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        return _with_scalar(call, "scale", constant, 1)
    if len(call.views) == 2 and not call.draft.written:
        (one, two), layout = [view.step for view in call.views], call.views[0].layout
        if call.views[1].layout == layout and call.views[0].permutes:
            for gate, gated in ((one, two), (two, one)):
                if gate.kind in GATED and gate.inputs == [gated]:
                    return View(call.step(GATED[gate.kind], [gated], {}, gated.shape), layout)
    return each_element(call, "mul", _number(constant), ordered=False)


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


def divide(call: Call) -> View:
    constant = call.settings.get("other")
    if call.settings.get("input") == 1 and call.arguments == ["other"] and not call.fixed:
        return each_element(call, "pow", {"exponent": -1.0})
    plain = isinstance(constant, int | float) and constant != 0 and not call.settings.get("rounding_mode")
    if plain and not call.fixed and call.arguments == ["input"]:
        return _with_scalar(call, "scale", 1 / call.settings["other"], 1)
    return elementwise(call)


POWERS = {"square": 2.0, "sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1.0}


def power(call: Call) -> View:
    """A square, a root and a reciprocal are powers."""
    exponent = POWERS.get(call.operation, call.settings.get("other", call.settings.get("exponent")))
    if len(call.views) != 1 or call.fixed or call.arguments != ["input"] or not isinstance(exponent, int | float):
        return elementwise(call)
    return each_element(call, "pow", {"exponent": exponent})


def negate(call: Call) -> View:
    return _with_scalar(call, "scale", -1, 1)


CLOSE = 1e-9


def _with_scalar(call: Call, kind: str, by: float, neutral: float) -> View:
    view = call.views[0]
    before: Step = view.step
    if view.permutes and before.kind == kind and not before.told and not call.draft.written:
        by = by * before.facts["by"] if kind == "scale" else by + before.facts["by"]
        view = call.views[0] = View(before.inputs[0], view.layout)
    if by == neutral:
        return view
    if kind == "scale" and abs(6 * by - 1) < CLOSE and not call.draft.written and view.permutes:
        found = hard(view.step)
        if found is not None:
            return View(call.step(found[0], [found[1]], {}, found[1].shape), view.layout)
    return each_element(call, kind, {"by": round(by, 12)})
