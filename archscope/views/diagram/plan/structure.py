"""The series-parallel structure of a part of a network: what the combinators built, found again in any Graph."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Any

from archscope.model.connected import connected_parts
from archscope.views.diagram.ops.ops import Op, Ops, relative, upwards
from archscope.views.diagram.plan.constants import beside_paths, beside_trunk
from archscope.views.diagram.plan.items import (
    ENTRY,
    EXIT,
    Core,
    Leaf,
    Node,
    Panel,
    Parallel,
    Series,
    Split,
    is_tensor,
    parts_widely,
)

DEEPEST = 50
"""Branches within so many others are not told: each step of a loop that reads the loop's input is one more."""


class Flow:
    """The items of one scope and the tensors between them: from ENTRY, which feeds it, to EXIT, where it ends."""

    def __init__(self, nodes: Sequence[Node], outputs: Set[str]) -> None:
        holder = {op.name: node.name for node in nodes for op in node.ops}
        sources: dict[str, list[str]] = {}
        for node in nodes:
            own = {op.name for op in node.ops}
            read = [holder.get(source, ENTRY) for op in node.ops for source in op.inputs if source not in own]
            given = is_tensor(node)
            sources[node.name] = list(dict.fromkeys(read)) or [ENTRY] * given
        read_by_others = {source for read in sources.values() for source in read}
        results = [node.name for node in nodes if node.name not in read_by_others and _is_result(node)]
        by_name = {node.name: node for node in nodes}
        trunk = beside_trunk(sources, ENTRY, lambda name: _look(by_name[name]))
        hung, moved = beside_paths(trunk, results, ENTRY, EXIT)
        self.nodes = {name: by_name[name] for name in hung}
        self.after: dict[str, list[str]] = {name: [] for name in [*self.nodes, ENTRY]}
        self.before: dict[str, list[str]] = {name: [] for name in [*self.nodes, EXIT]}
        for name, read in hung.items():
            for source in read:
                self._edge(source, name)
        for name in self.nodes:
            ends = name not in moved and any(op.name in outputs for op in self.nodes[name].ops)
            if ends or not self.after[name]:
                self._edge(name, EXIT)
        self.read_by = {name: frozenset(after) for name, after in self.after.items()}

    def _edge(self, source: str, target: str) -> None:
        self.after[source].append(target)
        self.before[target].append(source)


def _look(node: Node) -> Any:
    """Equal for modules that do the same; None for an operation."""
    return relative(node.ops) if isinstance(node, Panel) or node.op.kind == "module" else None


def _is_result(node: Node) -> bool:
    """Is it a tensor's box that reads another?"""
    return is_tensor(node) and bool(node.op.inputs)


def structure(ops: Sequence[Op], frames: Sequence[str], titles: Mapping[str, str], outputs: Iterable[str]) -> Series:
    """The Series of these Ops, which are in execution order; modules in `frames` become Panels where they can."""
    outputs = frozenset(outputs)
    nodes = _with_panels(list(ops), frames, titles, outputs)
    flow = Flow(nodes, outputs)
    return _decompose(list(flow.nodes), ENTRY, EXIT, flow, True)


def _with_panels(ops: list[Op], frames: Sequence[str], titles: Mapping[str, str], outputs: Set[str]) -> list[Node]:
    """Leaves and Panels, each Panel where its last Op stood."""
    if not frames:
        return [Leaf(op) for op in ops]
    inside = Ops(ops)
    within = _by_frame(ops, frames)
    framed: dict[str, list[str]] = {}
    for frame in frames:
        for above in upwards(frame.rpartition(".")[0]) if frame else ():
            framed.setdefault(above, []).append(frame)
    panel_at: dict[str, Panel] = {}
    alike: dict[Any, Panel] = {}
    hidden: set[str] = set()
    for frame in frames:
        members = within[frame]
        if len(members) < 2 or len(members) == len(ops) or hidden & {op.name for op in members}:
            continue
        leaving = leaving_of(members, inside, outputs)
        if len(entering_of(members)) == 1 and len(leaving) == 1:
            deeper = framed.get(frame, [])
            body = partial(_body, members, deeper, titles, leaving[0].name, f"{frame}/<")
            panel = Panel(frame, titles.get(frame, frame), body, members, leaving[0])
            if not deeper and (first := alike.setdefault(_form(panel), panel)) is not panel:
                panel.like = first
            panel_at[members[-1].name] = panel
            hidden |= {op.name for op in members}
    return [
        panel_at[op.name] if op.name in panel_at else Leaf(op)
        for op in ops if op.name in panel_at or op.name not in hidden
    ]  # fmt: skip


def _body(ops: list[Op], frames: Sequence[str], titles: Mapping[str, str], end: str, split: str) -> Series:
    return with_split(structure(ops, frames, titles, [end]), split)


def _form(panel: Panel) -> Any:
    """Equal for panels without others within that do the same."""
    return relative(panel.ops), tuple([(op is panel.exit, len(op.copies)) for op in panel.ops])


def _by_frame(ops: Sequence[Op], frames: Iterable[str]) -> dict[str, list[Op]]:
    """The Ops within each of these modules, by its path; within the whole, which needs no frame, none."""
    found: dict[str, list[Op]] = {frame: [] for frame in frames}
    around: dict[str, list[list[Op]]] = {}  # by module: of each frame that it lies in
    for op in ops:
        if op.kind == "tensor":
            continue
        parent = op.path.rpartition(".")[0]
        if parent not in around:
            around[parent] = [found[path] for path in upwards(parent) if path and path in found]
        for members in around[parent]:
            members.append(op)
    return found


def entering_of(members: Sequence[Op]) -> list[str]:
    """What the members read from outside."""
    names = {op.name for op in members}
    return list(dict.fromkeys(source for op in members for source in op.inputs if source not in names))


def leaving_of(members: Sequence[Op], inside: Ops, outputs: Set[str]) -> list[Op]:
    """The members whose tensor is read outside, or that end the network."""
    names = {op.name for op in members}
    ends = [op for op in members if op.name in outputs or not names.issuperset(inside.readers[op.name])]
    return ends or [op for op in members if not inside.readers[op.name]]


def _decompose(region: list[str], start: str, end: str, flow: Flow, direct: bool, depth: int = 0) -> Series:
    """The Series of the region between `start` and `end`; `direct` counts an edge from the one to the other too. It
    lies within so many others, `depth`."""
    place = {name: i for i, name in enumerate(region)}
    place[end] = len(region)
    reached = [*region, end] if direct else region  # of the readers of `start`, which may have many branches
    first = flow.read_by[start]
    reach = max([place[name] for name in reached if name in first], default=-1)
    series: Series = []
    waiting: list[str] = []
    begin = start
    for i, name in enumerate(region):
        if reach == i:
            series += _between(waiting, begin, name, flow, True, depth)
            series.append(flow.nodes[name])
            begin, waiting = name, []
        else:
            waiting.append(name)
        for other in flow.after[name]:
            reach = max(reach, place.get(other, -1))
    return series + _between(waiting, begin, end, flow, direct or begin != start, depth)


def _between(region: list[str], begin: str, end: str, flow: Flow, direct: bool, depth: int) -> Series:
    """What stands between two items through which every path runs."""
    if not region:
        return []
    identity = direct and end in flow.read_by[begin]
    if depth == DEEPEST:
        core: Series = [_core(region, begin, end, flow)]
        return [Parallel([[], with_split(core, f"{region[0]}<{len(region)}")])] if identity else core
    parts = connected_parts(region, flow.after.__getitem__)
    if len(parts) == 1 and not identity:
        return [_core(region, begin, end, flow)]
    branches = [_branch(part, begin, end, flow, depth + 1) for part in _as_joined(parts, end, flow)]
    return [Parallel([[], *branches] if identity else branches)]


def _as_joined(parts: list[list[str]], end: str, flow: Flow) -> list[list[str]]:
    """The branches that a concatenation joins in its order, others in that of execution."""
    join = flow.nodes.get(end)
    if not isinstance(join, Leaf) or join.op.join != "cat":
        return parts
    place = {name: i for i, name in enumerate(flow.before[end])}
    return sorted(parts, key=lambda part: min(place[name] for name in part if name in place))


def _branch(part: list[str], begin: str, end: str, flow: Flow, depth: int) -> Series:
    return with_split(_decompose(part, begin, end, flow, False, depth), f"{part[0]}<{len(part)}")


def with_split(series: Series, name: str) -> Series:
    """The Series with a point to enter it where it would begin with several items at once."""
    first = series[0]
    if not isinstance(first, Parallel | Core):
        return series
    return [Split(name, parts_widely(first)), *series]


def _core(region: list[str], begin: str, end: str, flow: Flow) -> Core:
    inside = set(region)
    edges = [(ENTRY, name) for name in flow.after[begin] if name in inside]
    edges += [(name, other) for name in region for other in flow.after[name] if other in inside]
    edges += [(name, EXIT) for name in flow.before[end] if name in inside]
    return Core([flow.nodes[name] for name in region], edges)
