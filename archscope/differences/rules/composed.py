"""Functions that are written out of simpler ones, by hand or by an exporter: GELU, mean, variance. No torch."""

from math import isclose, pi, sqrt

from archscope.differences.rules import Call, places
from archscope.differences.steps import Step

# ---- GELU --------------------------------------------------------------------------------------------------------

CLOSE = 1e-6
"""Relative: numbers of a file are float32."""
DEEPEST = 8
"""So many operations one within another are looked into: GELU written out has half as many, and x may be far away."""

Polynomial = dict[int, float]
"""Coefficients by powers."""

GATES: dict[str, tuple[str, Polynomial]] = {
    "erf": ("none", {1: sqrt(1 / 2)}),
    "tanh": ("tanh", {1: sqrt(2 / pi), 3: 0.044715 * sqrt(2 / pi)}),
}
"""x (1 + erf(x / sqrt 2)) / 2 and its approximation: torch's word for it and what the gate is of. Hendrycks and Gimpel
2016, section 2."""


def gelu(call: Call, by: float, one: Step, two: Step) -> Step | None:
    """Of the product of a number and two steps, where one is the gate of the other."""
    (first, a), (second, b) = unscaled(one), unscaled(two)
    if not isclose(by * first * second, 0.5, rel_tol=CLOSE):
        return None
    for gate, x in ((a, b), (b, a)):
        if gate.kind != "shift" or dict(gate.facts) != {"by": 1.0} or gate.inputs[0].kind not in GATES:
            continue
        approximate, wanted = GATES[gate.inputs[0].kind]
        found = polynomial(gate.inputs[0].inputs[0], x)
        if found is not None and found.keys() == wanted.keys() and all(
            isclose(found[power], wanted[power], rel_tol=CLOSE) for power in wanted
        ):  # fmt: skip
            return call.step("gelu", [x], {"approximate": approximate}, x.shape)
    return None


def unscaled(step: Step) -> tuple[float, Step]:
    return (step.facts["by"], step.inputs[0]) if step.facts.keys() == {"by"} and step.kind == "scale" else (1.0, step)


def polynomial(step: Step, x: Step, depth: int = 0) -> Polynomial | None:
    """What is computed of x by sums, products and powers; None where anything else is."""
    if step is x:
        return {1: 1.0}
    parts = [polynomial(one, x, depth + 1) for one in step.inputs] if depth < DEEPEST else []
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    match step.kind, dict(step.facts):
        case "scale", {"by": float(by), **rest} if not rest:
            return {power: by * value for power, value in known[0].items()}
        case "shift", {"by": float(by), **rest} if not rest:
            return _sum(known[0], {0: by})
        case "pow", {"exponent": float(exponent), **rest} if not rest and exponent in (2, 3):
            squared = _product(known[0], known[0])
            return squared if exponent == 2 else _product(squared, known[0])
        case "add", {**rest} if not rest and len(known) == 2:
            return _sum(*known)
        case "mul", {**rest} if not rest and len(known) == 2:
            return _product(*known)
    return None


def _sum(one: Polynomial, two: Polynomial) -> Polynomial:
    return {power: one.get(power, 0.0) + two.get(power, 0.0) for power in {**one, **two}}


def _product(one: Polynomial, two: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for a, first in one.items():
        for b, second in two.items():
            found[a + b] = found.get(a + b, 0.0) + first * second
    return found


# ---- mean and variance -------------------------------------------------------------------------------------------


def averaged(call: Call, step: Step, by: float) -> Step | None:
    """A sum divided by the number of its terms is their mean."""
    if step.kind != "sum" or step.facts.keys() != {"axes"} or not step.elements:
        return None
    x = step.inputs[0]
    if not isclose(by * x.elements, step.elements, rel_tol=CLOSE):
        return None
    if len(x.shape) > 2 and step.facts["axes"] == places(range(2, len(x.shape)), x.shape):
        return call.step("global average pool", [x], {}, step.shape)
    return call.step("mean", [x], step.facts, step.shape)


def deviates(squared: Step, axes: tuple[int, ...], covers: bool) -> Step | None:
    """Of what these are the squares of how far it is from its mean over these axes, the spatial ones if it `covers`."""
    deviation = squared.inputs[0] if squared.kind == "pow" and dict(squared.facts) == {"exponent": 2.0} else None
    if deviation is None or deviation.kind != "sub" or len(deviation.inputs) != 2:
        return None
    x, mean = deviation.inputs
    averages = (mean.kind == "global average pool" and covers) or (mean.kind, mean.facts.get("axes")) == ("mean", axes)
    facts = {name: fact for name, fact in deviation.facts.items() if name != "broadcast"}
    repeated = deviation.facts.get("broadcast", ()) in ((), (("other", axes),))
    plain = facts.get("arguments") == ("input", "other") and facts.get("alpha", 1) == 1
    return x if averages and mean.inputs == [x] and repeated and plain else None


def corrected(call: Call, step: Step, by: float) -> Step | None:
    """A variance of n numbers, that is divided by n - 1 instead."""
    if step.kind != "var" or step.facts["correction"] != 0 or not step.elements:
        return None
    terms = step.inputs[0].elements / step.elements
    if terms <= 1 or not isclose(by, terms / (terms - 1), rel_tol=CLOSE):
        return None
    return call.step("var", step.inputs, {**step.facts, "correction": 1.0}, step.shape)
