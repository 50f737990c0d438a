"""Items whose paths cross, placed in layers: ranks by longest path, order by the mean place of the neighbours."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archscope.views.diagram.place.picture import Piece, Point
from archscope.views.diagram.place.style import SIDE
from archscope.views.diagram.plan.structure import ENTRY, Core

SWEEPS = 8
SLIM = 6.0
"""Width kept free for a line that passes a layer."""

LAYER_GAP = 30.0


@dataclass
class Layout:
    """Where a Core's items go: axis and top of each by name, and each of its edges as the points of cubic Béziers."""

    nodes: dict[str, Point]
    curves: list[list[Point]]
    height: float


def layout(core: Core, pieces: Mapping[str, Piece]) -> Layout:
    """Lines start at ENTRY, on the axis, at the top; those to EXIT end at the bottom."""
    return Layers(core, pieces).layout()


def ranks(core: Core) -> dict[str, int]:
    """The number of items on the longest path to each."""
    found = {item.name: 0 for item in core.items}
    before: dict[str, list[str]] = {name: [] for name in found}
    for source, target in core.edges:
        if target in before and source != ENTRY:
            before[target].append(source)
    for name, sources in before.items():  # in execution order
        found[name] = max((found[source] + 1 for source in sources), default=0)
    return found


class Layers:
    """Names by rank; an edge that passes a layer has a name of its own there. `chains`: what each edge passes."""

    def __init__(self, core: Core, pieces: Mapping[str, Piece]) -> None:
        self.pieces = pieces
        self.rank = ranks(core)
        depth = max(self.rank.values()) + 1
        self.layers = [[name for name in self.rank if self.rank[name] == rank] for rank in range(depth)]
        self.chains: list[list[str]] = []
        for number, (source, target) in enumerate(core.edges):
            between = range(self.rank.get(source, -1) + 1, self.rank.get(target, depth))
            passed = {f"{number}:{rank}": rank for rank in between}
            for name, rank in passed.items():
                self.layers[rank].append(name)
            self.rank |= passed
            self.chains.append([source, *passed, target])

    def layout(self) -> Layout:
        self._order()
        x = self._coordinates()
        tops, height = self._tops()
        nodes = {name: (x[name], tops[self.rank[name]]) for name in self.pieces}
        return Layout(nodes, [_smooth(self._points(chain, x, tops, height)) for chain in self.chains], height)

    def _order(self) -> None:
        """Reorder each layer by the mean place of its neighbours, downwards and upwards in turn."""
        above: dict[str, list[str]] = {}
        below: dict[str, list[str]] = {}
        for chain in self.chains:
            for one, two in itertools.pairwise(chain):
                above.setdefault(two, []).append(one)
                below.setdefault(one, []).append(two)
        for sweep in range(SWEEPS):
            neighbours = below if sweep % 2 else above
            place = {name: i / max(len(layer) - 1, 1) for layer in self.layers for i, name in enumerate(layer)}
            for layer in reversed(self.layers) if sweep % 2 else self.layers:
                means = {}
                for name in layer:
                    near = [place[other] for other in neighbours.get(name, ()) if other in place]
                    means[name] = sum(near) / len(near) if near else place[name]
                layer.sort(key=means.__getitem__)
                place.update({name: i / max(len(layer) - 1, 1) for i, name in enumerate(layer)})

    def _coordinates(self) -> dict[str, float]:
        """x of every name: each layer centred on the axis, then pulled to its neighbours without overlap."""
        x: dict[str, float] = {}
        for layer in self.layers:
            at = 0.0
            for name in layer:
                at += self._left(name)
                x[name] = at
                at += self._right(name) + SIDE
            for name in layer:
                x[name] -= (at - SIDE) / 2
        near: dict[str, list[str]] = {}
        for chain in self.chains:
            for one, two in itertools.pairwise(chain):
                near.setdefault(one, []).append(two)
                near.setdefault(two, []).append(one)
        for _ in range(SWEEPS):
            for layer in self.layers:
                self._relax(layer, x, near)
        return x

    def _relax(self, layer: list[str], x: dict[str, float], near: Mapping[str, list[str]]) -> None:
        wanted = []
        for name in layer:
            around = [x.get(other, 0.0) for other in near.get(name, ())]
            wanted.append(sum(around) / len(around) if around else x[name])
        placed: list[float] = []
        for i, name in enumerate(layer):
            least = placed[-1] + self._right(layer[i - 1]) + SIDE + self._left(name) if placed else wanted[i]
            placed.append(max(wanted[i], least))
        shift = sum(want - put for want, put in zip(wanted, placed, strict=True)) / max(len(layer), 1)
        for name, put in zip(layer, placed, strict=True):
            x[name] = put + shift

    def _left(self, name: str) -> float:
        return self.pieces[name].left if name in self.pieces else SLIM

    def _right(self, name: str) -> float:
        return self.pieces[name].right if name in self.pieces else SLIM

    def _tops(self) -> tuple[list[float], float]:
        """The top of each layer, and the height of all."""
        tops, y = [], LAYER_GAP / 2
        for layer in self.layers:
            tops.append(y)
            y += max([self.pieces[name].height for name in layer if name in self.pieces], default=0.0) + LAYER_GAP
        return tops, y - LAYER_GAP / 2

    def _points(self, chain: Sequence[str], x: Mapping[str, float], tops: list[float], height: float) -> list[Point]:
        """An edge runs straight down through the layers that it passes, and bends between them."""
        bottoms = [top - LAYER_GAP for top in (*tops[1:], height + LAYER_GAP / 2)]
        source, *passed, target = chain
        points = [(0.0, 0.0)]
        if source in self.pieces:
            at = self.rank[source]
            end = tops[at] + self.pieces[source].height
            points = [(x[source], end), (x[source], max(bottoms[at], end))]
        for name in passed:
            at = self.rank[name]
            points += [(x[name], tops[at]), (x[name], max(bottoms[at], tops[at]))]
        return [*points, (x[target], tops[self.rank[target]]) if target in self.pieces else (points[-1][0], height)]


def _smooth(points: Sequence[Point]) -> list[Point]:
    """Cubic Béziers through these points that leave and enter each of them downwards."""
    path = [points[0]]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        middle = (y1 + y2) / 2
        path += [(x1, middle), (x2, middle), (x2, y2)]
    return path
