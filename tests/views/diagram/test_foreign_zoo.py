"""Sixty networks of pytorchcv, written by others and unknown to archscope, at three levels."""

import pytest

import archscope
from archscope.model.graph import Graph
from archscope.model.report import Report
from archscope.views.diagram.drawing import DiagramOptions, draw
from tests.conftest import EVERYTHING
from tests.foreign import NETWORKS
from tests.views.diagram.checker import faults, misfits
from tests.views.diagram.rebuild import differences

pytest.importorskip("pytorchcv", reason="networks of others; `make lint` installs it")

SMALL = 200 if EVERYTHING else 80
"""So many layers are drawn at layer level too: more would take long to check."""


LARGE = {"pnasnet5large", "polynet"}
"""As much time as ten others."""


def report_of(name: str) -> Report:
    target, size = NETWORKS[name]
    return archscope.summarize(target, size)


def levels_of(graph: Graph) -> list[str]:
    return ["network", "flow", *(["layer"] if len(graph.layers) <= SMALL else [])]


SAMPLE = [name for place, name in enumerate(name for name in NETWORKS if name not in LARGE) if place % 10 < 7]


@pytest.mark.parametrize("name", NETWORKS if EVERYTHING else SAMPLE)
def test_the_picture_is_the_network_without_overlaps_and_fits_a_page(name: str) -> None:
    report = report_of(name)
    for level in levels_of(report.graph):
        made = draw(report, DiagramOptions(level=level))
        assert differences(made) == [], level
        assert sorted(name for op in made.drawing.ops for name in op.layers) == sorted(report.graph.layer), level
        assert faults(made.drawing.piece) == [], level
        if level != "layer":
            assert misfits(made) == [], level
