"""How each number of each layer is got, for the page: formulas with the layer's own numbers, each told once."""

from typing import Any

from archscope.explaining import workings_of
from archscope.explaining.in_graph import Surroundings
from archscope.explaining.messages import LANGUAGES, said
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
    for layer in report.graph.layers:
        found = {working.quantity: working for working in workings_of(report, layer, quantities, around)}
        for name in quantities:
            one = found.get(name)
            known = one and one.text and formulas.setdefault((one.text, one.rule), len(formulas))
            places[name].append(known if isinstance(known, int) else -1)
    rules = {rule: i for i, rule in enumerate(dict.fromkeys(rule for _, rule in formulas))}
    return {
        "of": places,
        "formulas": [[text, rules[rule]] for text, rule in formulas],
        "rules": [[said(rule, language) for language in LANGUAGES] for rule in rules],
    }
