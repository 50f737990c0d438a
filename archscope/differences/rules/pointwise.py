"""Normalisations, activations, sums and products. No torch."""

from archscope.differences.draft import Draft
from archscope.differences.rules import DEFAULTS, settings_of
from archscope.differences.steps import Step
from archscope.model.graph import Layer


def batch_norm(step: Step, layer: Layer, draft: Draft) -> Step:
    """`scale` and `shift` are gamma and beta; without running statistics it normalises with those of the batch."""
    named = [name.rpartition(".")[2] for name in layer.parameters]
    alone = len(named) == 1 and ("bias" in named[0] or "beta" in named[0])
    step.kind = "batch norm"
    step.facts = {
        "eps": layer.settings.get("eps", 1e-5), "scale": bool(named) and not alone, "shift": len(named) > 1 or alone,
        "of_the_batch": bool(layer.settings.get("training", False)),
    }  # fmt: skip
    return step


def activation(step: Step, layer: Layer, draft: Draft) -> Step:
    settings = {**DEFAULTS.get(layer.operation, {}), **settings_of(layer)}
    low = settings.get("min", settings.get("min_val", 0 if layer.operation == "clamp_min" else None))
    high = settings.get("max", settings.get("max_val"))
    if layer.operation in {"clamp", "clip", "clamp_min", "hardtanh"} and low == 0 and high in (None, 6):
        step.kind, settings = "relu6" if high else "relu", {}
    if step.kind == "threshold" and set(settings.values()) == {0}:
        step.kind, settings = "relu", {}
    if step.kind == "relu" and step.inputs[0].not_negative:
        return step.inputs[0]
    step.facts = settings
    return step


def dropout(step: Step, layer: Layer, draft: Draft) -> Step:
    rate = layer.settings.get("p", 0.5)
    if not rate:
        return step.inputs[0]
    step.kind = layer.operation
    step.facts = {"p": rate}
    return step


def add(step: Step, layer: Layer, draft: Draft) -> Step:
    """A sum of what comes in, in any order."""
    constant, alpha = layer.settings.get("other"), layer.settings.get("alpha", 1)
    if isinstance(constant, int | float) and len(step.inputs) == 1 and not layer.parameters:
        return _with_scalar(step, "shift", constant * alpha, 0)
    if alpha != 1 and len(step.inputs) == 2:
        step.inputs[1] = draft.extra("scale", [step.inputs[1]], layer, by=alpha)
    step.kind, step.facts = "add", {}
    return step


def multiply(step: Step, layer: Layer, draft: Draft) -> Step:
    constant = layer.settings.get("other")
    if isinstance(constant, int | float) and len(step.inputs) == 1 and not layer.parameters:
        divides = layer.operation in {"div", "true_divide"}
        return _with_scalar(step, "scale", 1 / constant if divides and constant else constant, 1)
    if layer.operation == "mul":
        step.facts = {}
        gates = [one for one in step.inputs if one.kind == "sigmoid"]
        if len(step.inputs) == 2 and any(gate.inputs[0] in step.inputs for gate in gates):
            step.kind, step.inputs = "silu", [gates[0].inputs[0]]
    return step


def negate(step: Step, layer: Layer, draft: Draft) -> Step:
    return _with_scalar(step, "scale", -1, 1)


def _with_scalar(step: Step, kind: str, by: float, neutral: float) -> Step:
    before = step.inputs[0]
    if before.kind == kind:
        step.inputs, by = before.inputs, by * before.facts["by"] if kind == "scale" else by + before.facts["by"]
    if by == neutral:
        return step.inputs[0]
    step.kind, step.facts = kind, {"by": round(by, 12)}
    return step
