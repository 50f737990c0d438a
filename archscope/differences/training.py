"""Dropout that the code calls in training alone, so that no pass in evaluation sees it: asked of one in training. No
torch."""

from dataclasses import replace

from archscope.differences.rows import Difference
from archscope.model.graph import KERAS_LAYER, Graph, Layer, Operand
from archscope.model.operations import CATEGORY
from archscope.model.report import Report

ATTENTION, RATE = "scaled_dot_product_attention", "dropout"
"""Torch's function, which is given its rate in training alone, and what that rate is called here."""


def is_untold(layer: Layer) -> bool:
    """Might training leave out some of the weights of this attention, for all that its graph says?"""
    return layer.operation == ATTENTION and not layer.settings.get("dropout_p") and RATE not in layer.settings


def untold_in(row: Difference, a: Graph, b: Graph) -> list[str]:
    """The layers about whose dropout a row claims what nobody knows."""
    if not row.training or row.kind != RATE:
        return []
    named = [graph.layer.get(name or "") for pair in row.layers for name, graph in zip(pair, (a, b), strict=True)]
    return [layer.name for layer in named if layer and is_untold(layer)]


OF_KERAS = {"Attention", "AdditiveAttention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
"""Classes that drop some of their weights or of what they read in training, by no layer of their own."""


def _dropping(graph: Graph) -> list[str]:
    """Paths of modules that may do so."""
    keras = [path for path, base in graph.bases.items() if base == KERAS_LAYER]
    return [path for path in keras if graph.blocks[path] in OF_KERAS]


def _in(graph: Graph, path: str) -> int:
    """How many layers a module has, but for dropout."""
    kept = [layer.name for layer in graph.layers if CATEGORY.get(layer.operation) != "dropout"]
    return sum(name.startswith(f"{path}.") for name in kept)


def with_training(report: Report, trained: Graph) -> Report:
    """A report of a pass in evaluation with the rates and layers of dropout that one in training has besides."""
    graph = replace(report.graph, layers=tuple([_with_rate(layer, trained) for layer in report.graph.layers]))
    columns, untold = dict(report.columns), list(graph.untold)
    untold += [f"what {path} drops in training" for path in _dropping(graph) if _in(graph, path) != _in(trained, path)]
    for drop in trained.layers:
        if CATEGORY.get(drop.operation) != "dropout" or drop.name in graph.layer or not _is_met(drop, graph, trained):
            continue
        found = _inserted(graph, replace(drop, settings={**drop.settings, "training": False}), trained)
        if found is None:
            untold.append(f"{drop.name}, which runs in training alone")
            continue
        graph = found
        for name in ("params", "macs"):
            columns[name] = replace(columns[name], values={**columns[name].values, drop.name: 0})
    return replace(report, graph=replace(graph, untold=tuple(untold)), columns=columns)


def _is_met(drop: Layer, graph: Graph, trained: Graph) -> bool:
    """Is it on the way to what evaluation computes, too? Of heads that training alone runs nothing is compared."""
    reached = {drop.name}
    for layer in trained.layers:
        if not reached.isdisjoint(layer.inputs):
            reached.add(layer.name)
    return not reached.isdisjoint([*graph.layer, *[one.source for one in trained.results[:1]]])


def _with_rate(layer: Layer, trained: Graph) -> Layer:
    same = trained.layer.get(layer.name)
    if not is_untold(layer) or same is None or same.operation != ATTENTION:
        return layer
    return replace(layer, settings={**layer.settings, RATE: same.settings.get("dropout_p", 0.0)})


def _inserted(graph: Graph, drop: Layer, trained: Graph) -> Graph | None:
    """With a layer of dropout between what it reads and what reads it in training; None where these do not stand so in
    evaluation."""
    given, readers = drop.operands[0], {name: trained.layer[name] for name in trained.consumers[drop.name]}
    made = {name: _reading(drop, given, graph.layer.get(name), reader) for name, reader in readers.items()}
    known = given.source in graph.inputs or given.source in graph.layer
    if not made or None in made.values() or not known or drop.name in trained.outputs:
        return None
    found: list[Layer] = []
    for layer in graph.layers:
        if layer.name in made and drop not in found:
            found.append(drop)
        found.append(made.get(layer.name) or layer)
    return replace(graph, layers=tuple(found))


def _reading(drop: Layer, given: Operand, layer: Layer | None, trained: Layer) -> Layer | None:
    """A layer that reads a dropout where it reads in evaluation what that is given; None where it does not."""
    read = {one.argument for one in trained.operands if one.source == drop.name}
    if layer is None or layer.operation != trained.operation:
        return None
    through = given._replace(kind="layer", source=drop.name, output=0)
    before = [one for one in layer.operands if one.argument in read]
    same = len(before) == len(read) and all((one.source, one.output) == (given.source, given.output) for one in before)
    operands = [through._replace(argument=one.argument) if one in before else one for one in layer.operands]
    computed = [one.source for one in operands if one.kind in {"layer", "input"}]
    return replace(layer, operands=tuple(operands), inputs=tuple(computed)) if same else None
