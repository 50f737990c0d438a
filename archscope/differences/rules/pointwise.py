"""Activations, sums and products: what is done to each element. No torch."""

from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.rules import POWERS, Call, composed, each_element, normalisations, places
from archscope.differences.rules.stored import content
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
    if call.operation in BOUNDS and call.fixed and all(_is_untold(call, one) for one in call.fixed):
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
    if _is_untold_number(call):
        return _with_untold(call, "clamp", side)
    plain = isinstance(bound, int | float) and len(call.views) == 1 and not call.fixed
    if not plain or call.views[0].shape != call.out():
        return elementwise(call, "maximum" if side == "low" else "minimum")
    return bounded(call, {side: bound})


def bounded(call: Call, facts: dict[str, Any]) -> View:
    """Values that are kept within bounds: a rectifier, where these are its."""
    kind, before = "clamp", call.views[0]
    high = facts.get("high")
    rectified = before.step.kind == "relu" and before.permutes and not call.draft.written
    if rectified and high is not None and high >= 0 and facts.get("low", 0) <= 0:
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
        return _rectified(call, given["input"], given["condition"], ABOVE) or elementwise(call)
    return elementwise(call)


def masked_fill(call: Call) -> View:
    """`x.masked_fill(x < 0, 0)` is a rectifier."""
    given = dict(zip(call.arguments, call.views, strict=True))
    if given.keys() == {"input", "mask"} and call.settings.get("value") == 0 and not call.fixed:
        return _rectified(call, given["input"], given["mask"], BELOW) or elementwise(call)
    return elementwise(call)


ABOVE, BELOW = {"gt", "ge"}, {"lt", "le"}
"""Comparisons with zero; which value zero itself gets does not matter."""


def _rectified(call: Call, x: View, mask: View, kinds: set[str]) -> View | None:
    if call.draft.written or x.shape != mask.shape:
        return None
    x, asked = _by_itself(call, x), mask.step
    alone = asked.kind in kinds and asked.inputs == [x.step] and asked.facts.get("other") == 0
    if not alone or mask.layout != x.layout:
        return None
    call.views = [x]
    return bounded(call, {"low": 0})


def _by_itself(call: Call, view: View) -> View:
    """A part of a tensor as the step that it is for its other readers; all of one as it is seen."""
    return view if view.permutes else View.of(call.shown(call.views.index(view)), view.shape)


def is_rectified(step: Step) -> bool:
    """Does it come from a rectifier, with nothing between that a reader would count?"""
    while step.kind in PASSES and step.inputs:
        step = step.inputs[0]
    return step.kind in NON_NEGATIVE


PASSES = {*POOLS, *GLOBAL_POOLS, "dropout", "permute", "reshape", "slice", "view"}


def elementwise(call: Call, kind: str = "") -> View:
    """Of one operand or several: an operation without a rule of its own."""
    facts = dict(call.function_settings)
    if len(call.views) > 1:
        facts["arguments"] = tuple(call.arguments)
    return each_element(call, kind or call.operation, facts)


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
    if _twice_the_same(call):
        call.views, call.arguments = call.views[:1], call.arguments[:1]
        return _with_scalar(call, "scale", 2, 1)
    shifted = normalisations.affine(call, "shift")
    if shifted is None and alpha == 1 and _is_untold_number(call):
        return _with_untold(call, "shift")
    return shifted or each_element(call, "add", _number(constant), ordered=False)


def _twice_the_same(call: Call) -> bool:
    views = call.views
    same = len(views) == 2 and views[0].step is views[1].step and views[0].layout == views[1].layout
    return same and not call.fixed and not call.draft.written


def _number(constant: Any) -> dict[str, Any]:
    """Beside a stored tensor the number that is added to it, or multiplied with it."""
    return {"by": constant} if isinstance(constant, int | float) else {}


def _is_untold_number(call: Call) -> bool:
    """Is a constant given besides that is a number, though nobody tells which?"""
    return len(call.fixed) == len(call.views) == 1 and _is_untold(call, call.fixed[0])


def _is_untold(call: Call, stored: Operand) -> bool:
    return not stored.shape and not stored.views and content(stored, call.draft.graph) is None


def _with_untold(call: Call, kind: str, name: str = "by") -> View:
    """It is by a number all the same, which is not compared."""
    call.fixed = [call.fixed[0]._replace(argument=name)]
    return each_element(call, kind, {})


def subtract(call: Call) -> View:
    """A number less the tensor is its negative, shifted."""
    constant, alpha = call.settings.get("other"), call.settings.get("alpha", 1)
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        if call.operation == "rsub":
            call.views = [_with_scalar(call, "scale", -alpha, 1)]
            return _with_scalar(call, "shift", constant, 0)
        return _with_scalar(call, "shift", -constant * alpha, 0)
    if call.operation == "sub" and call.arguments == ["input"] and _is_untold_number(call):
        return _with_untold(call, "shift")
    return elementwise(call)


def multiply(call: Call) -> View:
    constant = call.settings.get("other", call.settings.get("input"))
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        return _with_scalar(call, "scale", constant, 1)
    found = (
        _product_of_two(call)
        if len(call.views) == 2 and not call.draft.written
        else normalisations.affine(call, "scale")
    )
    if found is not None:
        return found
    if _twice_the_same(call):
        call.views, call.arguments = call.views[:1], call.arguments[:1]
        return each_element(call, "pow", {"exponent": 2.0})
    if _is_untold_number(call):
        return _with_untold(call, "scale")
    return each_element(call, "mul", _number(constant), ordered=False)


def _product_of_two(call: Call) -> View | None:
    """An activation or a normalisation that is written out."""
    for x, gate in (call.views, call.views[::-1]):
        gated = _by_itself(call, x)
        alike = x.shape == gate.shape and gate.layout.shows_as(gated.layout)
        if alike and (made := _gated(gate.step, gated)):
            return View(call.step(made[0], [gated.step], made[1], gated.step.shape), gated.layout)
    for x, gate in (call.views, call.views[::-1]):
        if (axis := _halved(x, gate.step)) is not None:
            return View.of(call.step("glu", [x.step], {"axes": places([axis], x.step.shape)}, call.out()), call.out())
    for x, mask in (call.views, call.views[::-1]):
        if found := _rectified(call, x, mask, ABOVE):
            return found
    one, two = call.views
    alike = one.layout == two.layout and one.permutes
    if alike and (step := composed.gelu(call, 1.0, one.step, two.step)) is not None:
        return View(step, one.layout)
    return normalisations.normalised(call, "input", "other", -0.5) or normalisations.normalised(
        call, "other", "input", -0.5
    )


def _gated(gate: Step, x: View) -> tuple[str, dict[str, Any]] | None:
    """What `x` is once it is multiplied with a gate that is made of it: a swish may have a slope."""
    before = gate.inputs[0] if gate.inputs else gate
    scaled = before.kind == "scale" and before.facts.keys() == {"by"} and before.inputs == [x.step]
    if gate.kind == "tanh" and before.kind == "softplus" and dict(before.facts) == SOFTPLUS:
        return ("mish", {}) if before.inputs == [x.step] else None
    if gate.kind == "sigmoid" and scaled:
        return "silu", {"slope": before.facts["by"]}
    return (GATED[gate.kind], {}) if gate.kind in GATED and gate.inputs == [x.step] else None


def _halved(x: View, gate: Step) -> int | None:
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


def divide(call: Call) -> View:
    constant = call.settings.get("other")
    if call.settings.get("input") == 1 and call.arguments == ["other"] and not call.fixed:
        return _to_the(call, -1.0)
    exact = not call.settings.get("rounding_mode")
    if exact and not call.draft.written:
        normalised = (
            normalisations.normalised(call, "input", "other", 0.5)
            or normalisations.normalize(call)
            or normalisations.local_response_norm(call)
        )
        if normalised is not None:
            return normalised if isinstance(normalised, View) else View.of(normalised)
    if exact and call.arguments == ["input"] and _is_untold_number(call):
        return _with_untold(call, "scale")
    plain = exact and isinstance(constant, int | float) and constant != 0
    if plain and not call.fixed and call.arguments == ["input"]:
        return _with_scalar(call, "scale", 1 / call.settings["other"], 1)
    return elementwise(call)


ROOT = 0.5


def power(call: Call) -> View:
    """A square, a root and a reciprocal are powers."""
    exponent = POWERS.get(call.operation, call.settings.get("other", call.settings.get("exponent")))
    if call.arguments == ["input"] and _is_untold_number(call):
        return _with_untold(call, "pow", "exponent")
    if len(call.views) != 1 or call.fixed or call.arguments != ["input"] or not isinstance(exponent, int | float):
        return elementwise(call)
    return _to_the(call, exponent)


def _to_the(call: Call, exponent: float) -> View:
    """Of a root, one power, where both leave out what is below zero: the reciprocal of a square root."""
    view = call.views[0]
    before = view.step
    if before.kind == "pow" and view.permutes and not call.draft.written and set(before.facts) == {"exponent"}:
        whole = before.facts["exponent"] * exponent
        if not float(before.facts["exponent"]).is_integer() and not float(whole).is_integer():
            call.views, exponent = [View(before.inputs[0], view.layout)], whole
    if before.kind == "var" and exponent == ROOT and view.permutes and not call.draft.written:
        return View(call.step("std", before.inputs, before.facts, before.shape), view.layout)
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
    if kind == "scale" and view.permutes and not call.draft.written:
        found = composed.corrected(call, view.step, by) or composed.averaged(call, view.step, by)
        if found is not None:
            return View(found, view.layout)
    product = view.step
    if kind == "scale" and product.kind == "mul" and not product.facts and view.permutes and not call.draft.written:
        step = composed.gelu(call, by, *product.inputs) if len(product.inputs) == 2 else None
        if step is not None:
            return View(step, view.layout)
    if kind == "scale" and abs(6 * by - 1) < CLOSE and not call.draft.written and view.permutes:
        hardened = hard(view.step)
        if hardened is not None:
            return View(call.step(hardened[0], [hardened[1]], {}, hardened[1].shape), view.layout)
    return each_element(call, kind, {"by": float(f"{by:.12g}")})
