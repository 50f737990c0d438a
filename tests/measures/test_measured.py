"""Is each column there under its name, and measured only when it is asked for?"""

import json
import pickle

import pytest

import archscope
from archscope import measures
from archscope.measures import Measured
from tests.graphs import six_layer_report

GRAPH = archscope.trace("lenet5")


def test_each_measure_gives_the_columns_that_it_names() -> None:
    assert len(Measured(GRAPH)) > 20  # all measures are known from here on
    for function, named in map(measures._measures.__getitem__, measures._measures):
        assert tuple(column.name for column in function(GRAPH)) == named, function.__name__


def test_what_nobody_asks_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    measure_of = dict(measures._measure_of())

    def noted(name: str) -> measures.Measure:
        return lambda graph: (asked.append(name), measure_of[name](graph))[1]

    monkeypatch.setattr(measures, "_measure_of", lambda: {name: noted(name) for name in measure_of})
    report = archscope.summarize("lenet5?num_classes=7")
    asked.clear()
    report = type(report)(report.graph, Measured(report.graph), report.setting, report.target)
    assert "receptive_field" in report.columns and asked == []
    assert report.columns["trainable_params"].total == report.columns["params"].total
    assert asked == ["trainable_params"]
    str(archscope.diagram(report, level="layer"))
    assert set(asked) <= {"trainable_params", "macs"}


def test_columns_are_those_of_a_dictionary() -> None:
    columns = Measured(GRAPH)
    assert repr(columns) == repr(dict(columns))
    assert columns == dict(columns) == pickle.loads(pickle.dumps(columns))
    assert list(columns) == list(dict(columns)) and "latency_ms" not in columns
    with pytest.raises(KeyError):
        columns["latency_ms"]
    assert json.loads(json.dumps(six_layer_report().totals))["params"] == 1376
