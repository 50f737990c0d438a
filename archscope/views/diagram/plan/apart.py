"""Closed modules whose boxes would read alike though they differ say what one has that the other has not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.items import Leaf, Series, drawn_leaves


def told_apart(series: Series) -> None:
    """Modules with one label and different insides get a further fact where that tells them apart."""
    alike: dict[Any, dict[Any, list[Leaf]]] = {}
    for leaf in drawn_leaves(series):
        if leaf.op.kind == "module" and leaf.op.members:
            label = leaf.op.word, leaf.op.facts
            alike.setdefault(label, {}).setdefault(leaf.op.inner, []).append(leaf)
    for variants in alike.values():
        if len(variants) > 1:
            said = _said([leaves[0].op.members for leaves in variants.values()])
            for fact, leaves in zip(said, variants.values(), strict=True):
                for leaf in leaves if fact else ():
                    leaf.op = replace(leaf.op, facts=(*leaf.op.facts, fact))


def _said(variants: Sequence[Sequence[Op]]) -> list[str]:
    """A fact for each: how it comes to what it adds to, else the first operation that not all of them have, or that it
    has more often."""
    characters = [character(members) for members in variants]
    if all(characters) and len(set(characters)) == len(variants):
        return characters
    counts = [Counter(_label(op) for op in members if not op.join) for members in variants]
    common = counts[0]
    for count in counts[1:]:
        common = common & count
    return [_own(count, common) for count in counts]


def _own(count: Counter[str], common: Counter[str]) -> str:
    more = sorted([label for label in count if count[label] > common[label]], key=common.__contains__)
    if not more:
        return ""
    said = more[0].removeprefix("Conv ")
    return f"{count[more[0]]} × {said}" if more[0] in common else f"with {said.replace(' with ', ' ')}"


def _label(op: Op) -> str:
    return " ".join(filter(None, [op.word, op.kernel, *op.facts[:1]]))


def character(members: Sequence[Op]) -> str:
    """How a module that adds comes to what it adds to: `identity`, `projection`; `no shortcut` of another. Nothing of
    one that adds only to what it makes itself."""
    adds = [op for op in members if op.join == "add"]
    if not adds:
        return "no shortcut"
    names = {op.name for op in members}
    if any(source not in names for op in adds for source in op.inputs):
        return "identity"
    before: dict[str, set[str]] = {}
    for op in members:
        before[op.name] = {*op.inputs}.union(*(before.get(source, ()) for source in op.inputs))
    apart = [op for op in adds if all(before[source].isdisjoint(op.inputs) for source in op.inputs)]
    return "projection" if apart else ""
