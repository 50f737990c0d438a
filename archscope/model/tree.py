"""A Graph as the tree that its layers' names spell, with equal neighbours folded to one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from archscope.cached import cached_property
from archscope.model.graph import Graph, Layer, Tensor, is_depthwise, is_pointwise
from archscope.model.operations import CATEGORY

LISTS = {"ModuleList", "ModuleDict"}
"""Modules that only hold others and are never called: what these do is called by the module that they are in."""

UNIT = {"convolution", "transposed convolution", "normalisation", "activation", "view", "dropout"}
"""What may stand in a unit beside its convolution."""


@dataclass
class Node:
    """A module, or a single operation. `copies` are the equal neighbours that a folded node also stands for.

    `unused` are parameters that the pass never touched; `facts` are what a folded row says of each of its nodes.
    """

    path: str
    kind: str = ""
    layer: Layer | None = None
    facts: Any = None
    children: list["Node"] = field(default_factory=list, repr=False)
    unused: tuple[str, ...] = ()
    copies: tuple["Node", ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def repeat(self) -> int:
        return 1 + len(self.copies)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of this one node, in execution order, its folded children's copies included."""
        own = () if self.layer is None else (self.layer,)
        return own + tuple(layer for child in self.children for layer in child.all_layers)

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """The layers of this node and of its copies."""
        return self.layers + tuple(layer for copy in self.copies for layer in copy.layers)

    @cached_property
    def all_unused(self) -> tuple[str, ...]:
        """Parameters that the pass never touched, of this node and of all below it."""
        below = (name for child in (*self.children, *self.copies) for name in child.all_unused)
        return (*self.unused, *below)

    @cached_property
    def signature(self) -> Any:
        """Equal for two nodes that do the same with tensors of the same sizes."""
        below = tuple((child.signature, child.repeat) for child in self.children)
        return self.kind, self.facts, below

    @cached_property
    def is_unit(self) -> bool:
        """One convolution (or a depthwise and its pointwise one) with its normalisation and activation."""
        if not self.children or self.unused or any(CATEGORY.get(layer.operation) not in UNIT for layer in self.layers):
            return False
        convolutions = self.convolutions
        if len(convolutions) == 2:
            return is_depthwise(convolutions[0]) and is_pointwise(convolutions[1])
        return len(convolutions) == 1 and len(self.layers) > 1

    @cached_property
    def convolutions(self) -> list[Layer]:
        return [layer for layer in self.layers if "convolution" in CATEGORY.get(layer.operation, "")]


def _facts(layer: Layer, stored: Any, values: Any) -> Any:
    """What two layers must have in common to be shown as one. Settings and values may hold lists: compared as text."""
    sizes = layer.input_shapes, layer.output_shapes, layer.dtypes, stored
    return layer.operation, layer.window, layer.groups, layer.memory, str((layer.settings, values)), sizes


_but_its_name = attrgetter(*[name for name in Tensor._fields if name != "name"])


def tree_of(graph: Graph, fold: bool = True, values: Mapping[str, Any] | None = None) -> Node:
    """The graph's module tree, its children in the order of their first layer; unused modules come last.

    Neighbours fold where they are built alike and where the `values` by layer, if any, are equal too.
    """
    root = Node("")
    alike = {name: _but_its_name(tensor) for name, tensor in (*graph.parameters.items(), *graph.buffers.items())}
    nodes = {"": root}
    used: set[str] = set()
    for layer in graph.layers:
        node = _node(layer.name, nodes)
        names = (*layer.parameters, *layer.buffers)
        stored = tuple([(name in used, alike[name]) for name in names])
        node.layer, node.facts = layer, _facts(layer, stored, values and values[layer.name])
        used.update(names)
    unused: dict[str, list[str]] = {}
    for name in graph.parameters:
        if name not in used:
            unused.setdefault(name.rpartition(".")[0], []).append(name)
    for path, held in unused.items():
        _node(path, nodes).unused = tuple(held)
    for path, node in nodes.items():
        node.kind = node.layer.kind if node.layer else graph.blocks.get(path, "")
    return folded(root) if fold else root


def _node(path: str, nodes: dict[str, Node]) -> Node:
    if path not in nodes:
        nodes[path] = Node(path)
        _node(path.rpartition(".")[0], nodes).children.append(nodes[path])
    return nodes[path]


def folded(node: Node) -> Node:
    """The same tree with every run of equal neighbours as one node that knows its copies."""
    if not node.children:
        return node
    runs: list[list[Node]] = []
    for child in map(folded, node.children):
        alike = bool(runs) and runs[-1][0].signature == child.signature
        if alike and not child.all_unused and not runs[-1][0].all_unused:
            runs[-1].append(child)
        else:
            runs.append([child])
    children = [replace(first, copies=tuple(copies)) if copies else first for first, *copies in runs]
    return replace(node, children=children)


def walk(node: Node, depth: int, units: bool, level: int = 0) -> Iterator[tuple[int, Node]]:
    """Nodes down to `depth` levels (0: all) in reading order; `units`: a convolution unit hides its parts."""
    for child in node.children:
        yield level, child
        if (depth == 0 or level + 1 < depth) and not (units and child.is_unit):
            yield from walk(child, depth, units, level + 1)
