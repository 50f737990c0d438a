"""Sums, products, quotients and powers, and what several of them are together. No torch."""

from dataclasses import replace
from typing import Any

from archscope.differences.rules import POWERS, Call, composed, normalisations, places
from archscope.differences.rules.activations import ABOVE, gated, halved, hard, rectified
from archscope.differences.rules.pointwise import by_itself, each_element, elementwise, is_untold_number, with_untold
from archscope.differences.steps import Step, View


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
    if shifted is None and alpha == 1 and is_untold_number(call):
        return with_untold(call, "shift")
    return shifted or each_element(call, "add", _number(constant), ordered=False)


def add_product(call: Call) -> View:
    """`addcmul` of what comes in: a product, a number of times, and a sum."""
    given = dict(zip(call.arguments, call.views, strict=True))
    factors = [given[name] for name in ("tensor1", "tensor2") if name in given]
    if len(given) != len(ADDED) or call.fixed or all(one.shape != call.out() for one in factors):
        return elementwise(call)
    by = call.settings.get("value", 1)
    made = multiply(replace(call, views=factors, arguments=["input", "other"], settings={}))
    made = _with_scalar(replace(call, views=[made], arguments=["input"], settings={}), "scale", by, 1)
    return add(replace(call, views=[given["input"], made], arguments=["input", "other"], settings={}))


ADDED = ("input", "tensor1", "tensor2")


def _twice_the_same(call: Call) -> bool:
    views = call.views
    same = len(views) == 2 and views[0].step is views[1].step and views[0].layout == views[1].layout
    return same and not call.fixed and not call.draft.written


def _number(constant: Any) -> dict[str, Any]:
    """Beside a stored tensor the number that is added to it, or multiplied with it."""
    return {"by": constant} if isinstance(constant, int | float) else {}


def subtract(call: Call) -> View:
    """A number less the tensor is its negative, shifted."""
    constant, alpha = call.settings.get("other"), call.settings.get("alpha", 1)
    if isinstance(constant, int | float) and len(call.views) == 1 and not call.fixed:
        if call.operation == "rsub":
            call.views = [_with_scalar(call, "scale", -alpha, 1)]
            return _with_scalar(call, "shift", constant, 0)
        return _with_scalar(call, "shift", -constant * alpha, 0)
    if call.operation == "sub" and call.arguments == ["input"] and is_untold_number(call):
        return with_untold(call, "shift")
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
    if is_untold_number(call):
        return with_untold(call, "scale")
    return each_element(call, "mul", _number(constant), ordered=False)


def _product_of_two(call: Call) -> View | None:
    """An activation or a normalisation that is written out."""
    for x, gate in (call.views, call.views[::-1]):
        own = by_itself(call, x)
        alike = x.shape == gate.shape and gate.layout.shows_as(own.layout)
        if alike and (made := gated(gate.step, own)):
            return View(call.step(made[0], [own.step], made[1], own.step.shape), own.layout)
    for x, gate in (call.views, call.views[::-1]):
        if (axis := halved(x, gate.step)) is not None:
            return View.of(call.step("glu", [x.step], {"axes": places([axis], x.step.shape)}, call.out()), call.out())
    for x, mask in (call.views, call.views[::-1]):
        if found := rectified(call, x, mask, ABOVE):
            return found
    one, two = call.views
    alike = one.layout == two.layout and one.permutes
    if alike and (step := composed.gelu(call, 1.0, one.step, two.step)) is not None:
        return View(step, one.layout)
    return normalisations.normalised(call, "input", "other", -0.5) or normalisations.normalised(
        call, "other", "input", -0.5
    )


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
    if exact and call.arguments == ["input"] and is_untold_number(call):
        return with_untold(call, "scale")
    plain = exact and isinstance(constant, int | float) and constant != 0
    if plain and not call.fixed and call.arguments == ["input"]:
        return _with_scalar(call, "scale", 1 / call.settings["other"], 1)
    return elementwise(call)


ROOT = 0.5
"""The power that a square root is: of a variance, the standard deviation."""


def power(call: Call) -> View:
    """A square, a root and a reciprocal are powers."""
    exponent = POWERS.get(call.operation, call.settings.get("other", call.settings.get("exponent")))
    if call.arguments == ["input"] and is_untold_number(call):
        return with_untold(call, "pow", "exponent")
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
"""A sixth is no float: what is made of several factors may differ in its last digits."""


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
