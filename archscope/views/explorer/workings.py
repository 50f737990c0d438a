"""How each number of each layer is got, for the page: formulas with the layer's own numbers, each told once."""

from collections.abc import Sequence
from typing import Any

from archscope.explaining import Working, workings_of
from archscope.explaining.in_graph import Surroundings
from archscope.explaining.messages import LANGUAGES, said
from archscope.model.graph import Layer
from archscope.model.report import Report

EXPLAINED = (
    "params", "macs", "activations", "output_bytes", "training_memory_bytes", "elementwise_ops", "bytes_moved",
)  # fmt: skip
"""Quantities whose formula stands beside the number; a ratio is that of two others."""


def workings(report: Report) -> dict[str, Any]:
    """By quantity and layer the place of its formula, -1 for none; formulas with the place of their rule in words."""
    quantities = [name for name in EXPLAINED if name in report.columns]
    around = Surroundings(report.graph)
    places: dict[str, list[int]] = {name: [] for name in quantities}
    formulas: dict[tuple[str, str], int] = {}
    known: dict[Any, dict[str, Working]] = {}

    for layer in report.graph.layers:
        look = _look(report, around, layer, quantities)
        if look not in known:
            known[look] = {working.quantity: working for working in workings_of(report, layer, quantities, around)}
        found = known[look]
        for name in quantities:
            one = found.get(name)
            place = formulas.setdefault((one.text, one.rule), len(formulas)) if one and one.text else -1
            places[name].append(place)
    rules = {rule: i for i, rule in enumerate(dict.fromkeys(rule for _, rule in formulas))}
    return {
        "of": places,
        "formulas": [[text, rules[rule]] for text, rule in formulas],
        "rules": [[said(rule, language) for language in LANGUAGES] for rule in rules],
    }


def _look(report: Report, around: Surroundings, layer: Layer, quantities: Sequence[str]) -> Any:
    """Equal for layers whose numbers are got in one way: what they do, are given, store and keep, and the numbers."""
    graph = report.graph
    given = [(one.argument, one.kind, one.shape, one.views) for one in layer.operands]
    stored = []
    for name in (*layer.parameters, *layer.buffers):
        tensor = around.stored[name]
        own = around.first_use[name] == layer.name
        stored.append((own, tensor.shape, tensor.dtype, tensor.trainable, tensor.held_elements))
    read = [graph.layer[name].dtypes if name in graph.layer else graph.inputs[name].dtype for name in layer.inputs]
    values = [report.columns[name].values.get(layer.name) for name in quantities]
    does = layer.operation, layer.window, layer.groups, layer.memory, len(layer.parameters), str(layer.settings)
    sizes = layer.input_shapes, layer.output_shapes, layer.dtypes
    kept, extra = around.kept[layer.name] or ((), None)
    saved = sorted((around.order[name], graph.times[name], around.bytes_of(name)) for name in kept)
    return does, sizes, tuple(given), tuple(stored), tuple(read), extra, *[own[1:] for own in saved], str(values)
