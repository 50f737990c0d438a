"""What two libraries do not do alike where nobody says how. No torch."""

from dataclasses import replace

from archscope.model.graph import KERAS_LAYER, Layer
from archscope.model.report import Report

NORM, MOMENTUM = "batch_norm", "momentum"
KERAS, TORCH = 0.01, 0.1
"""The momentum of running statistics that each library takes by default, as torch says it."""


def by_default(report: Report, other: Report) -> Report:
    """A Keras network beside one of another library, where nobody chose a momentum in either: with one for both, since
    that it is not the same is no difference of the networks."""
    if not is_keras(report) or is_keras(other) or not _all_by_default(other):
        return report
    layers = tuple([_as_in_torch(layer) for layer in report.graph.layers])
    return replace(report, graph=replace(report.graph, layers=layers))


def is_keras(report: Report) -> bool:
    return KERAS_LAYER in report.graph.bases.values()


def _all_by_default(report: Report) -> bool:
    said = {layer.settings.get(MOMENTUM, TORCH) for layer in report.graph.layers if layer.operation == NORM}
    return said == {TORCH}


def _as_in_torch(layer: Layer) -> Layer:
    if layer.operation != NORM or layer.settings.get(MOMENTUM) != KERAS:
        return layer
    return replace(layer, settings={**layer.settings, MOMENTUM: TORCH})
