"""The rows that a reader sees: equal changes over many layers as one, which sum to the whole difference. No torch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.differences.alignment import common_path
from archscope.differences.changes import Change
from archscope.differences.steps import ORDERINGS, Step
from archscope.model.graph import Graph


@dataclass(frozen=True)
class Difference:
    """One row. `a` and `b` are the first layers that it is about, the reader's and the reference's; `layers` are all.

    `params` and `macs` are the reference's minus the reader's. `training`: it changes no value in evaluation.
    """

    kind: str
    a: str | None
    b: str | None
    what: str
    params: int = 0
    macs: int = 0
    layers: tuple[tuple[str | None, str | None], ...] = field(default=(), repr=False)
    training: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "a": self.a, "b": self.b, "what": self.what, "params": self.params, "macs": self.macs,
            "count": len(self.layers), "training": self.training, "layers": [list(pair) for pair in self.layers],
        }  # fmt: skip


def rows(changes: Iterable[Change]) -> list[Difference]:
    """In execution order; what follows from one row alone stands below it."""
    groups: dict[Any, list[Change]] = {}
    for change in changes:
        if change.kind != "consequence":
            groups.setdefault((change.kind, change.group), []).append(change)
    row_of = {change: key for key, group in groups.items() for change in group}
    made = {key: _row(_once(group)) for key, group in groups.items()}
    follows: dict[Any, list[Change]] = {}
    for change in changes:
        if change.kind == "consequence":
            causes = {row_of[cause] for cause in change.causes}
            follows.setdefault(next(iter(causes)) if len(causes) == 1 else None, []).append(change)
    listed = []
    for key, row in made.items():
        listed += [row, *([_following(follows[key], row.what)] if key in follows else [])]
    return listed + ([_following(follows[None], "several of the rows above")] if None in follows else [])


def _once(group: Iterable[Change]) -> list[Change]:
    """An order of elements is a step for each that reads it, and costs nothing: the first of them."""
    found: dict[Any, Change] = {}
    for change in group:
        steps = (*change.a, *change.b)
        told = tuple((step.name, step.key) for step in steps)
        found.setdefault(told if all(step.kind in ORDERINGS for step in steps) else change, change)
    return list(found.values())


def _row(group: Sequence[Change]) -> Difference:
    first, *others = group
    what = first.what
    if first.repeat and first.repeat.siblings:
        what = first.repeat.said(sum(change.repeat.lost for change in group if change.repeat))
    elif {change.what for change in others} - {what}:
        what = first.general
    if others and first.kind != "sharing" and not (first.repeat and first.repeat.siblings):
        what += f", in {len(group)} {'layers' if len(first.a or first.b) == 1 else 'places'}"
    return _difference(first.kind, what, group)


def _following(group: Sequence[Change], cause: str) -> Difference:
    count = f"{len(group)} layer{'s' if len(group) > 1 else ''} of other size"
    return _difference("consequence", f"{count}, which follows from {cause}", group)


def _difference(kind: str, what: str, group: Sequence[Change]) -> Difference:
    pairs = tuple(pair for change in group for pair in _names(change))
    a = next((name for name, _ in pairs if name), None)
    b = next((name for _, name in pairs if name), None)
    params, macs = (sum(getattr(change, name) for change in group) for name in ("params", "macs"))
    return Difference(kind, a, b, what, params, macs, pairs, all(change.training for change in group))


def _names(change: Change) -> list[tuple[str | None, str | None]]:
    if len(change.a) == len(change.b):
        return [(a.name, b.name) for a, b in zip(change.a, change.b, strict=True)]
    return [(a.name, None) for a in change.a] + [(None, b.name) for b in change.b]


# ---- parameters that no layer uses ----------------------------------------------------------------------------


def unused_rows(a: Graph, b: Graph) -> list[Difference]:
    """Auxiliary heads and the like: stored, and not run in evaluation. Told apart by the shapes of their tensors."""
    mine, theirs = _unused(a), _unused(b)
    shapes = Counter(mine.values()), Counter(theirs.values())
    rows = []
    for of_b, tensors, more in ((False, mine, shapes[0] - shapes[1]), (True, theirs, shapes[1] - shapes[0])):
        names = _with_shapes(tensors, more)
        if not names:
            continue
        count = sum(_elements(tensors[name]) for name in names)
        pairs = tuple((None, name) if of_b else (name, None) for name in names)
        first = None if of_b else names[0], names[0] if of_b else None
        kind, what = _said(names, of_b, a if of_b else b)
        rows.append(Difference(kind, *first, what, count if of_b else -count, 0, pairs))
    return rows


MOST_LISTED = 3
"""Parameters that a row names."""


def _said(names: Sequence[str], of_b: bool, other: Graph) -> tuple[str, str]:
    """An auxiliary head; or what the other network uses, and then this follows from the layer that one side lacks."""
    used = {name for layer in other.layers for name in layer.parameters}
    if all(any(f".{name}".endswith(f".{one}") or f".{one}".endswith(f".{name}") for one in used) for name in names):
        listed = ", ".join(names[:MOST_LISTED]) + (" and more" if len(names) > MOST_LISTED else "")
        said = f"the reference stores {listed} and does not use it" if of_b else f"{listed} stored and not used"
        return "consequence", said
    block = common_path(names) or ", ".join(dict.fromkeys(name.partition(".")[0] for name in names))
    sort = "auxiliary head" if "aux" in block.lower() else "layers"
    held = "only the reference has it" if of_b else "the reference does not have it"
    return "unused", f"{sort} {block}, stored and not run in evaluation: {held}"


def _unused(graph: Graph) -> dict[str, tuple[int, ...]]:
    used = {name for layer in graph.layers for name in layer.parameters}
    return {name: tensor.shape for name, tensor in graph.parameters.items() if name not in used}


def _with_shapes(tensors: Mapping[str, tuple[int, ...]], wanted: Counter[tuple[int, ...]]) -> list[str]:
    left = Counter(wanted)
    names = []
    for name, shape in tensors.items():
        if left[shape] > 0:
            left[shape] -= 1
            names.append(name)
    return names


def _elements(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def frozen_rows(pairs: Iterable[tuple[Step, Step]], a: Graph, b: Graph) -> list[Difference]:
    """Weights that one side trains and the other does not."""
    found: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for one, other in pairs:
        if one.parameters and len(one.parameters) == len(other.parameters):
            trains = [any(graph.parameters[name].trainable for name in step.parameters if name in graph.parameters)
                      for graph, step in ((a, one), (b, other))]  # fmt: skip
            if trains[0] != trains[1]:
                found[trains[0]].append((one.name, other.name))
    said = {False: "frozen weights where the reference trains them (in training only)",
            True: "weights train that the reference has frozen (in training only)"}  # fmt: skip
    return [
        Difference("frozen", *layers[0], said[trains] + (f", in {len(layers)} layers" if len(layers) > 1 else ""),
                   layers=tuple(layers), training=True)
        for trains, layers in found.items() if layers
    ]  # fmt: skip


def stored_alike(a: Graph, b: Graph) -> bool:
    """Do both store the same parameters, tensor by tensor, whatever their shapes?"""
    mine, theirs = (Counter(tensor.elements for tensor in graph.parameters.values()) for graph in (a, b))
    return mine == theirs
