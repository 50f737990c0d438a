"""Which layers figures draw as one: a convolution with its normalisation and activation, a view with what it shows."""

import itertools
from collections import Counter
from collections.abc import Set

from archscope.cached import cached_property
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.tree import LISTS, Node, tree_of, walk
from archscope.views.diagram.ops.functions import functions
from archscope.views.diagram.ops.label import WRITTEN, is_view
from archscope.views.diagram.ops.ops import under

WEIGHTED = {"convolution", "transposed convolution", "linear"}
LIKE = {"reshape_as", "view_as", "expand_as", "type_as"}
"""What these read second only says how their result is to look."""

DRAWN_NORMS = {"local_response_norm", "normalize"}
"""Normalisations that figures draw: among neighbours, and of a whole vector, as of an embedding."""


class Fusion:
    """Which layer is drawn within which: `owner` of every layer, itself for those with a box of their own.

    Where a `block` is drawn, nothing in it is drawn within what is not: its picture has all that it does, and no more.
    """

    def __init__(self, graph: Graph, block: str = "") -> None:
        self.graph = graph
        self.block = block
        self.owner = {layer.name: layer.name for layer in graph.layers}
        self.views = {layer.name for layer in graph.layers if is_view(layer)}
        self.inside = _inside(graph, block, self.views) if block else frozenset()
        self.computed = _of_parameters(graph)
        self.readers = Counter(name for layer in graph.layers for name in _numbers_read(layer))
        tree = tree_of(graph, fold=False)
        self.units = self._units(tree)
        self.functions = {one.layers[-1].name: one for one in functions(tree, graph) if not self._is_around(one.path)}
        for main, one in self.functions.items():
            self.owner.update((layer.name, main) for layer in one.layers)
        for layer in graph.layers:
            self._join(layer)
        for layer in graph.layers:
            self._precede(layer)
            self._weigh(layer)
            self._turn(layer)
            self._write_back(layer)

    @cached_property
    def groups(self) -> dict[str, list[Layer]]:
        """Layers by the layer that names their Op."""
        groups: dict[str, list[Layer]] = {}
        for layer in self.graph.layers:
            groups.setdefault(self.root(layer.name), []).append(layer)
        return groups

    def root(self, name: str) -> str:
        while self.owner.get(name, name) != name:
            name = self.owner[name]
        return name

    def _is_around(self, module: str) -> bool:
        """Is it the block, or what that is within?"""
        return bool(self.block) and under(self.block, module)

    def _is_parted(self, one: str, two: str) -> bool:
        """Does one of two layers belong to the block, and the other not?"""
        return bool(self.inside) and (one in self.inside) != (two in self.inside)

    def _units(self, tree: Node) -> dict[str, Node]:
        """Modules that are one box: by the layer that names it."""
        found = {}
        for _, node in walk(tree, 0, units=True):
            if node.is_unit and self._is_chain(node.layers) and not self._is_around(node.path):
                main = max(node.convolutions, key=lambda layer: layer.window.kernel_size if layer.window else ())
                found[main.name] = node
                self.owner.update((layer.name, main.name) for layer in node.layers)
        return found

    def _is_chain(self, layers: tuple[Layer, ...]) -> bool:
        return all(self.graph.consumers[one.name] == (two.name,) for one, two in itertools.pairwise(layers))

    def _join(self, layer: Layer) -> None:
        """Join a normalisation, activation or view to the Op before it, where figures do."""
        sources = set(map(self.root, layer.inputs)) if layer.operation in LIKE else set(layer.inputs)
        if len(sources) != 1 or self.root(layer.name) != layer.name or layer.name in self.units:
            return
        if layer.name in self.functions:
            return
        before = layer.inputs[0]
        category = category_of(layer)
        if before not in self.graph.layer or self._is_parted(before, layer.name):
            return
        if layer.name in self.views or (
            self._is_only_reader(before) and self._belongs(layer, category, self.root(before), before)
        ):
            self.owner[layer.name] = self.root(before)

    def _is_only_reader(self, before: str) -> bool:
        """Does one layer alone read this tensor, and what it is a view of?"""
        while before in self.graph.layer and self.readers[before] == 1:
            layer = self.graph.layer[before]
            if before not in self.views or not layer.inputs:
                return True
            before = layer.inputs[0]
        return False

    def _belongs(self, layer: Layer, category: str, root: str, before: str) -> bool:
        main = self.graph.layer[root]
        if category_of(main) not in WEIGHTED or root in self.functions:
            return False
        if category == "normalisation":
            return layer.operation not in DRAWN_NORMS
        in_unit = root in self.units and before in {one.name for one in self.units[root].layers}
        return category == "activation" and not in_unit and self._caller(layer.name) == self._caller(root)

    def _caller(self, name: str) -> str:
        """The module whose forward runs a layer: lists of modules have none."""
        path = _parent(name)
        while self.graph.blocks.get(path) in LISTS:
            path = _parent(path)
        return path

    def _precede(self, layer: Layer) -> None:
        """A normalisation and activation that only this convolution reads are its pre-activation."""
        if "convolution" not in category_of(layer) or layer.name in self.units:
            return
        chain = []
        name = layer.inputs[0] if layer.inputs else ""
        while name in self.graph.layer and self.root(name) == name and len(self.graph.consumers[name]) == 1:
            before = self.graph.layer[name]
            single = len(before.inputs) == 1 and name not in self.functions and not self._is_parted(name, layer.name)
            joins = category_of(before) in {"normalisation", "activation"} and before.operation not in DRAWN_NORMS
            if not (joins and single):
                break
            chain.append(before)
            name = before.inputs[0]
        if chain and any(category_of(one) == "normalisation" for one in chain):
            self.owner.update((one.name, layer.name) for one in chain)

    def _weigh(self, layer: Layer) -> None:
        """What makes the weight of this layer alone, such as its standardisation, belongs to it."""
        waiting = list(layer.inputs[1:]) if category_of(layer) in WEIGHTED else []
        while waiting:
            name = waiting.pop()
            readers = set(map(self.root, self.graph.consumers[name]))
            if name in self.computed and readers == {self.root(layer.name)} and not self._is_parted(name, layer.name):
                self.owner[name] = self.root(layer.name)
                waiting += self.graph.layer[name].inputs

    def _turn(self, layer: Layer) -> None:
        """Where one layer alone reads an input seen otherwise, that is how it reads it."""
        if layer.name not in self.views or not layer.inputs:
            return
        if not all([self._enters(source, layer) for source in layer.inputs]):
            return
        reader = layer.name
        while self.root(reader) == layer.name and len(self.graph.consumers[reader]) == 1:
            (reader,) = self.graph.consumers[reader]
        if self.root(reader) != layer.name and not self._is_parted(reader, layer.name):
            self.owner[layer.name] = reader

    def _enters(self, source: str, layer: Layer) -> bool:
        """Is it an input of the network, or of the block?"""
        return source in self.graph.inputs or self._is_parted(source, layer.name)

    def _write_back(self, layer: Layer) -> None:
        """What is written into a tensor that nothing reads any more, as `x += y` does where `x` is a view, belongs to
        what made it."""
        if layer.operation != WRITTEN or len(layer.inputs) < 2 or layer.name in self.graph.outputs:
            return
        made = layer.inputs[-1]
        unread = not self.graph.consumers[layer.name]
        if unread and made in self.graph.layer and not self._is_parted(made, layer.name):
            self.owner[layer.name] = self.root(made)


def _inside(graph: Graph, block: str, views: Set[str]) -> frozenset[str]:
    """The layers of a block, and those that only show what one part of it gives to another, as what holds it may do."""
    own = {layer.name for layer in graph.layers if under(layer.name, block)}
    known, between = set(own), list[Layer]()
    for layer in graph.layers:
        if layer.name in views and layer.name not in own and layer.inputs and known.issuperset(layer.inputs):
            known.add(layer.name)
            between.append(layer)
    for layer in reversed(between):
        readers = graph.consumers[layer.name]
        if readers and own.issuperset(readers) and layer.name not in graph.outputs:
            own.add(layer.name)
    return frozenset(own)


def _numbers_read(layer: Layer) -> set[str]:
    return set(layer.inputs[:1] if layer.operation in LIKE else layer.inputs)


def _of_parameters(graph: Graph) -> frozenset[str]:
    """The layers that no input reaches: they compute something of the weights."""
    found: set[str] = set()
    for layer in graph.layers:
        if found.issuperset(layer.inputs):
            found.add(layer.name)
    return frozenset(found)


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def category_of(layer: Layer) -> str:
    return CATEGORY.get(layer.operation, "")
