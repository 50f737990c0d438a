"""Items whose paths cross, placed in layers: ranks by longest path, order by the mean place of the neighbours."""

import itertools
from typing import TYPE_CHECKING

from archscope.views.diagram.picture import Box, Line, Piece, Point
from archscope.views.diagram.structure import ENTRY, EXIT, Core
from archscope.views.diagram.style import SIDE

if TYPE_CHECKING:
    from archscope.views.diagram.place import Placer

SWEEPS = 8
SLIM = 6.0
"""Width kept free for a line that passes a layer."""

LAYER_GAP = 30.0


def place_core(core: Core, placer: "Placer") -> Piece:
    """A piece whose lines start at ENTRY, on the axis, and end on the axis in points."""
    pieces = {item.name: placer.node(item, None) for item in core.items}
    ranks = _ranks(core)
    layers, chains = _with_dummies(core, ranks)
    _order(layers, chains)
    x = _coordinates(layers, pieces, chains)
    tops, height = _tops(layers, pieces)
    whole = Piece(head=ENTRY, height=height)
    for name, piece in pieces.items():
        rank = ranks[name]
        whole.take(piece.shift(x[name], tops[rank]))
    for chain in chains:
        line = _line(chain, x, tops, pieces, ranks, height)
        whole.lines.append(line)
        if line.target == EXIT:
            line.target, line.arrow = f"{line.source}~exit", False
            whole.boxes.append(Box(line.target, "tensor", 0.0, height, 0.0, height, "point"))
            whole.tails.append((line.target, 0.0, height))
    for chain in chains:
        for dummy in chain[1:-1]:
            whole.left, whole.right = max(whole.left, SLIM - x[dummy]), max(whole.right, x[dummy] + SLIM)
    return whole


def _ranks(core: Core) -> dict[str, int]:
    ranks = {item.name: 0 for item in core.items}
    for item in core.items:  # in execution order
        for source, target in core.edges:
            if target == item.name and source != ENTRY:
                ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def _with_dummies(core: Core, ranks: dict[str, int]) -> tuple[list[list[str]], list[list[str]]]:
    """Layers of names, and each edge as the chain of names that it passes."""
    depth = max(ranks.values()) + 1
    layers: list[list[str]] = [[name for name in ranks if ranks[name] == rank] for rank in range(depth)]
    chains = []
    for number, (source, target) in enumerate(core.edges):
        first, last = ranks.get(source, -1), ranks.get(target, depth)
        dummies = [f"{number}:{rank}" for rank in range(first + 1, last)]
        for rank, dummy in zip(range(first + 1, last), dummies, strict=True):
            layers[rank].append(dummy)
        chains.append([source, *dummies, target])
    return layers, chains


def _order(layers: list[list[str]], chains: list[list[str]]) -> None:
    """Reorder each layer by the mean place of its neighbours, downwards and upwards in turn."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains:
        for one, two in itertools.pairwise(chain):
            above.setdefault(two, []).append(one)
            below.setdefault(one, []).append(two)
    for sweep in range(SWEEPS):
        neighbours = below if sweep % 2 else above
        place = {name: i / max(len(layer) - 1, 1) for layer in layers for i, name in enumerate(layer)}
        for layer in reversed(layers) if sweep % 2 else layers:
            means = {}
            for name in layer:
                near = [place[other] for other in neighbours.get(name, ()) if other in place]
                means[name] = sum(near) / len(near) if near else place[name]
            layer.sort(key=means.__getitem__)
            place.update({name: i / max(len(layer) - 1, 1) for i, name in enumerate(layer)})


def _coordinates(layers: list[list[str]], pieces: dict[str, Piece], chains: list[list[str]]) -> dict[str, float]:
    """x of every name: each layer centred on the axis, then pulled to its neighbours without overlap."""
    x: dict[str, float] = {}
    for layer in layers:
        at = 0.0
        for name in layer:
            at += _left(name, pieces)
            x[name] = at
            at += _right(name, pieces) + SIDE
        for name in layer:
            x[name] -= (at - SIDE) / 2
    near: dict[str, list[str]] = {}
    for chain in chains:
        for one, two in itertools.pairwise(chain):
            near.setdefault(one, []).append(two)
            near.setdefault(two, []).append(one)
    for _ in range(SWEEPS):
        for layer in layers:
            _relax(layer, x, near, pieces)
    return x


def _relax(layer: list[str], x: dict[str, float], near: dict[str, list[str]], pieces: dict[str, Piece]) -> None:
    wanted = []
    for name in layer:
        around = [x.get(other, 0.0) for other in near.get(name, ())]
        wanted.append(sum(around) / len(around) if around else x[name])
    placed: list[float] = []
    for i, name in enumerate(layer):
        least = placed[-1] + _right(layer[i - 1], pieces) + SIDE + _left(name, pieces) if placed else wanted[i]
        placed.append(max(wanted[i], least))
    shift = sum(want - put for want, put in zip(wanted, placed, strict=True)) / max(len(layer), 1)
    for name, put in zip(layer, placed, strict=True):
        x[name] = put + shift


def _left(name: str, pieces: dict[str, Piece]) -> float:
    return pieces[name].left if name in pieces else SLIM


def _right(name: str, pieces: dict[str, Piece]) -> float:
    return pieces[name].right if name in pieces else SLIM


def _tops(layers: list[list[str]], pieces: dict[str, Piece]) -> tuple[list[float], float]:
    tops, y = [], LAYER_GAP / 2
    for layer in layers:
        tops.append(y)
        y += max([pieces[name].height for name in layer if name in pieces], default=0.0) + LAYER_GAP
    return tops, y - LAYER_GAP / 2


def _line(
    chain: list[str], x: dict[str, float], tops: list[float], pieces: dict[str, Piece], ranks: dict[str, int],
    height: float,
) -> Line:  # fmt: skip
    source, *dummies, target = chain
    points: list[Point] = []
    if source in pieces:
        _, tail_x, tail_y = pieces[source].tails[0]
        rank = ranks[source]
        low = (tops[rank + 1] if rank + 1 < len(tops) else height + LAYER_GAP / 2) - LAYER_GAP
        points += [(tail_x, tail_y), (tail_x, max(low, tail_y))]
    else:
        points.append((0.0, 0.0))
    for dummy in dummies:
        rank = int(dummy.partition(":")[2])
        bottom = (tops[rank + 1] if rank + 1 < len(tops) else height + LAYER_GAP / 2) - LAYER_GAP
        points += [(x[dummy], tops[rank]), (x[dummy], max(bottom, tops[rank]))]
    points.append((x[target], tops[ranks[target]]) if target in ranks else (0.0, height))
    name = pieces[source].tails[0][0] if source in pieces else ENTRY
    goal = pieces[target].head if target in pieces else EXIT
    return Line(points, name, goal, curved=True)
