"""In which facts two layers differ that stand for each other. No torch."""

from collections.abc import Sequence
from typing import Any

from archscope.differences import fact_words, words
from archscope.differences.changes import Change, Changes, in_training
from archscope.differences.facts import bounded_alike, differing, is_parameter
from archscope.differences.folded import is_exported
from archscope.differences.steps import ORDERINGS, Step

SIZED = (
    "kind", "depthwise", "kernel_size", "groups", "multiplier", "filters", "stride", "dilation", "padding",
    "output_size", "ceil_mode", "output_padding", "slopes", "num_layers", "bidirectional",
    "hidden_size", "projection", "biases",
)  # fmt: skip
"""Facts that decide how large a layer is, the first one to account for it first."""

VECTORS = ("bias", "scale", "shift")
"""Facts that add one parameter a channel."""

KINDS = {"p": "dropout", "filters": "width", "by": "scale", "kind": "operation", "depthwise": "groups"}
"""Of a difference in these facts; that of any other bears the fact's name."""


def collect(changes: Changes) -> None:
    by_heads = changes.split_by_heads()
    for a, b in changes.pairs:
        if id(b) not in by_heads:
            _pair(changes, a, b)
    _tell_parts_alike(changes)


def _pair(changes: Changes, a: Step, b: Step) -> None:
    params, macs = (0 if changes.of_sharing(b) else b.params - a.params), b.macs - a.macs
    if a.kind == "input" and a.shape != b.shape:
        _fact(changes, a, b, "input", f"input {words.size(a)} instead of {words.size(b)}")
    if a.kind != b.kind:
        if not bounded_alike(a, b):
            _fact(changes, a, b, "kind", words.kind_changed(a, b), params, macs)
        return
    facts = differing(a, b)
    if a.kind in ORDERINGS and facts and b.inputs:
        _elements(changes, a, b, facts)
        return
    vectors = [name for name in VECTORS if name in facts and name in a.facts.keys() & b.facts.keys() and params]
    learned = [name for name in facts if is_parameter(a.facts.get(name)) != is_parameter(b.facts.get(name))]
    decisive = next((name for name in (*SIZED, *learned) if name in facts), None)
    params -= _folded(changes, a, b)
    for alike in ([name for name in vectors if bool(b.facts[name]) is has] for has in (True, False)):
        if alike:
            part = sum(_channels(b) if b.facts[name] else -_channels(a) for name in alike)
            params -= part
            _fact(changes, a, b, alike[0], fact_words.vectors_changed(alike, a, b), part, 0 if decisive else macs)
            macs = macs if decisive else 0
    if (order := _reordered(a, b, facts)) is not None:
        _fact(changes, a, b, "order", f"{words.noun(b)} in another order of its operands")
        facts = order
    for name in facts:
        if name not in vectors:
            own = (params, macs) if name == decisive else (0, 0)
            _fact(changes, a, b, name, fact_words.fact_changed(name, a, b, b is changes.classifier), *own)


def _reordered(a: Step, b: Step, names: Sequence[str]) -> list[str] | None:
    """The facts that differ besides, where the same stored tensors are other operands; None where they are not."""
    given = [name for name in names if name in a.told or name in b.told or name == "broadcast"]
    stored = [name for name in given if name != "broadcast"]
    mine, theirs = (sorted(repr(step.facts.get(name)) for name in stored if name in step.told) for step in (a, b))
    return [name for name in names if name not in given] if stored and mine == theirs else None


def _folded(changes: Changes, a: Step, b: Step) -> int:
    """A normalisation that one side has, and the other in the layer before it; the parameters that this is."""
    if (a.norm is None) == (b.norm is None):
        return 0
    mine, theirs = ((_channels(step) if step.facts["bias"] else 0) + (step.norm.params if step.norm else 0)
                    for step in (a, b))  # fmt: skip
    change = Change("folded", words.folded(a, b), (a,), (b,), b.place, 0 if changes.of_sharing(b) else theirs - mine)
    change.group, change.training = change.what, is_exported(a if b.norm else b)
    changes.add(change)
    return change.params


def _channels(step: Step) -> int:
    """Of what a layer gives, or of the vector a linear layer gives."""
    return int(step.facts["filters"]) if step.kind == "linear" else step.channels


def _elements(changes: Changes, a: Step, b: Step, facts: Sequence[str]) -> None:
    """Of several parts of one tensor one row."""
    other = f"{words.noun(b)}: other elements than the reference's, or in another order"
    said = fact_words.elements_changed(a, b) if b.kind == "view" else fact_words.fact_changed(facts[0], a, b)
    _fact(changes, a, b, "elements", said if len(facts) == 1 or b.kind == "view" else other)
    change = changes.found[-1]
    change.general, change.group = other, ("elements", id(b.inputs[0]), len(facts))


def _tell_parts_alike(changes: Changes) -> None:
    """Parts of several tensors in one row where all of them differ alike."""
    parts: dict[Any, list[str]] = {}
    for change in changes.found:
        if change.kind == "elements":
            parts.setdefault(change.group, []).append(change.what)
    for change in changes.found:
        if change.kind == "elements":
            change.group = tuple(sorted(parts[change.group]))


def _fact(changes: Changes, a: Step, b: Step, name: str, what: str, params: int = 0, macs: int = 0) -> None:
    change = Change(KINDS.get(name, name), what, (a,), (b,), b.place, params, macs, (name, what))
    change.training = (
        name == "momentum" or fact_words.of_training(name, b) or (name in {"p", "kind"} and in_training((a, b)))
    )
    if name in b.told and what.endswith(fact_words.OTHER_NUMBERS):
        change.kind, change.group = "constant", ("constant", b.told[name])
        change.general = fact_words.of_constant(b.told[name])
    if name == "p" and b.kind == "stochastic depth":  # rates that rise with depth are one choice
        change.general = words.rates(a.facts["p"], b.facts["p"])
        change.group = (name, change.general)
    if name == "filters" and b is not changes.classifier:
        unit = "units" if b.kind == "linear" else "filters"
        change.general = words.ratio(words.width(a), words.width(b), unit)
        change.group = (name, change.general)
    changes.add(change)
