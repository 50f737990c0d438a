"""Parts sum to the totals, whichever way a network is cut."""

from collections.abc import Mapping

import pytest

from archscope.comparison.breakdown import COLUMNS, IN_NO_LAYER, KINDS, WAYS, breakdown, kind
from archscope.model.report import Report
from tests.conftest import EVERYTHING
from tests.graphs import Net, elements, report_of, traced
from tests.zoo import NETWORKS


def values(report: Report, by: str, column: str) -> Mapping[str, object]:
    return {part.name: part.values[column] for part in breakdown(report, by)}


@pytest.mark.parametrize("network", NETWORKS if EVERYTHING else NETWORKS[::2])
def test_parts_sum_to_the_totals(network: str) -> None:
    report = traced(network)
    for by in WAYS:
        parts = breakdown(report, by)
        assert len({part.name for part in parts}) == len(parts)
        for column in set(COLUMNS) & set(report.table_columns):
            assert sum(part.values[column] or 0 for part in parts) == report.totals[column], (by, column)


def every_kind() -> Net:
    net = Net(input=(8, 16, 16))
    one = net.conv("a.pointwise", "input", 8, 1)
    net.conv("a.depthwise", one, 8, 3, padding=1, groups=8)
    net.conv("a.grouped", one, 8, 3, padding=1, groups=2)
    net.conv("a.grouped_pointwise", one, 8, 1, groups=2)
    dense = net.conv("a.dense", one, 8, 3, padding=1)
    row = net.conv("b.row", dense, 8, (1, 7), padding=(0, 3))
    net.conv("b.column", row, 8, (7, 1), padding=(3, 0))
    large = net.conv("b.large", row, 8, 5, padding=2)
    both = net.add("b.cat", "cat", large, row, shape=(16, 16, 16))
    net.add("b.add", "add", large, row)
    net.add("b.relu", "relu", both)
    net.add("b.norm", "batch_norm", both)
    pooled = net.add("c.pool", "adaptive_avg_pool2d", both, shape=(16, 1, 1))
    flat = net.add("c.flatten", "flatten", pooled, shape=(16,))
    net.linear("c.classifier", flat, 10)
    return net


def test_kinds() -> None:
    assert {layer.name.partition(".")[2]: kind(layer) for layer in every_kind().layers} == {
        "pointwise": "1x1", "depthwise": "depthwise", "grouped": "grouped", "grouped_pointwise": "grouped",
        "dense": "3x3", "row": "1xn, nx1", "column": "1xn, nx1", "large": "other kernels", "cat": "concat, add",
        "add": "concat, add", "relu": "activation", "norm": "normalisation", "pool": "pooling", "flatten": "other",
        "classifier": "linear",
    }  # fmt: skip
    assert list(values(report_of(every_kind().graph()), "kind", "macs")) == list(KINDS)


def test_what_each_way_says() -> None:
    report = report_of(every_kind().graph())
    pixels = 16 * 16
    assert values(report, "kind", "params")["1x1"] == elements(8, 8)
    assert values(report, "kind", "macs")["1xn, nx1"] == 2 * 8 * 8 * 7 * pixels
    assert list(values(report, "stage", "params")) == ["a", "b", "c"]
    assert values(report, "stage", "params")["c"] == 170
    assert values(report, "layer", "params")["b.large"] == elements(8, 8, 5, 5)


def test_parameters_that_never_run_are_in_no_layer() -> None:
    net = every_kind()
    net.parameter("auxiliary.weight", 7)
    report = report_of(net.graph())
    for by in WAYS:
        assert values(report, by, "params")[IN_NO_LAYER] == 7
        assert values(report, by, "macs")[IN_NO_LAYER] == 0


def test_an_unknown_cost_is_none_and_not_zero() -> None:
    net = Net(input=(8, 16, 16))
    net.add("a.magic", "magic", "input")
    net.conv("b.conv", "input", 8, 1)
    assert values(report_of(net.graph()), "stage", "macs") == {"a": None, "b": 8 * 8 * 16 * 16}
