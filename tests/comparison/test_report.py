"""Ratios, labels and what a comparison says of reports under different settings."""

import json
from dataclasses import replace
from typing import Any

import pytest

from archscope.comparison.quantities import Row
from archscope.comparison.report import Comparison
from archscope.errors import ArchscopeError
from archscope.model.report import Column, Report
from tests.graphs import in_paper, report_of, six_layer_report, six_layers, traced

SIX = six_layer_report()


def named(name: str, **setting: Any) -> Report:
    report = report_of(six_layers(name))
    return replace(report, setting={**report.setting, **setting})


def with_totals(report: Report, **totals: Any) -> Report:
    columns = {name: Column(name, "", value) for name, value in totals.items()}
    return replace(report, columns={**report.columns, **columns})


def row(comparison: Comparison, name: str) -> Row:
    return next(row for row in comparison.rows if row.quantity.name == name)


@pytest.fixture(scope="module")
def both() -> Comparison:
    return Comparison((traced("xception"), traced("inception_v3")))


def test_values_are_the_reports_totals(both: Comparison) -> None:
    for name in ("params", "macs", "flops", "activations", "weight_bytes", "peak_memory_bytes"):
        found = row(both, name)
        assert found.values == tuple(report.totals[name] for report in both.reports)
        assert found.ratios == (1, found.values[1] / found.values[0])


def test_settings_have_no_ratio(both: Comparison) -> None:
    assert row(both, "input_shape").values == ([3, 299, 299], [3, 299, 299])
    assert row(both, "input_shape").ratios == row(both, "batch").ratios == (None, None)


def test_accuracies_have_differences_in_points(both: Comparison) -> None:
    assert row(both, "top1_accuracy").values == (79.0, 78.2)
    assert row(both, "top1_accuracy").ratios == (0, -0.8)


def test_accuracies_on_two_datasets_are_not_compared() -> None:
    comparison = Comparison((traced("xception"), traced("resnext29_8x64d")))
    assert row(comparison, "top1_accuracy").values == (79.0, 96.35)
    assert row(comparison, "top1_accuracy").ratios == (0, None)


def test_a_quantity_that_no_network_has_is_left_out(both: Comparison) -> None:
    assert not [row for row in both.rows if row.quantity.group == "time"]


def test_measured_times_are_compared() -> None:
    slow = with_totals(named("slow"), wall_ms={"median": 4.0, "p95": 5.0}, images_per_s=250.0)
    fast = with_totals(named("fast"), wall_ms={"median": 1.0, "p95": 2.0}, images_per_s=1000.0)
    comparison = Comparison((slow, fast, named("unmeasured")))
    assert row(comparison, "latency_median_ms").ratios == (1, 0.25, None)
    assert row(comparison, "latency_p95_ms").values == (5.0, 2.0, None)
    assert row(comparison, "images_per_s").ratios == (1, 4, None)


def test_nothing_to_divide_by() -> None:
    without = with_totals(named("without"), macs=0, receptive_field=None)
    comparison = Comparison((without, named("with")))
    assert row(comparison, "macs").ratios == (None, None)
    assert row(comparison, "receptive_field").ratios == (None, None)


def test_a_negative_overhead_has_no_ratio() -> None:
    comparison = Comparison((with_totals(named("a"), overhead_ms=-1.0), with_totals(named("b"), overhead_ms=2.0)))
    assert row(comparison, "overhead_ms").ratios == (None, None)


@pytest.mark.parametrize(
    ("reports", "labels"),
    [
        ([named("a"), named("b")], ("a", "b")),
        ([named("a"), named("a", batch=8)], ("a, batch 1", "a, batch 8")),
        ([named("a", device="cpu"), named("b"), named("a")], ("a, cpu", "b", "a, meta")),
        ([replace(named("a"), target="x/h100.json"), replace(named("a"), target="t4.json")], ("h100", "t4")),
        (
            [replace(named("N"), target="a.py:N"), replace(named("N"), target="b.py:N")],
            ("a.py:N", "b.py:N"),
        ),
        ([named("a"), named("a")], ("a, no. 1", "a, no. 2")),
    ],
)
def test_labels_tell_networks_apart(reports: list[Report], labels: tuple[str, ...]) -> None:
    assert Comparison(tuple(reports)).labels == labels


HALF = "xception?width_multiplier=0.5&middle_blocks=4"


@pytest.mark.parametrize(
    ("reports", "names"),
    [
        ([in_paper("xception"), named("a")], ("Xception", "a")),
        ([in_paper("xception"), in_paper(HALF)], ("Xception", "Xception, width_multiplier=0.5, middle_blocks=4")),
        ([in_paper("xception"), replace(named("xception"), target="timm:xception")], ("xception", "timm:xception")),
        ([in_paper("xception"), replace(named("Xception"), target="my.py:Xception")], ("xception", "my.py:Xception")),
        ([replace(named("resnet50"), target="timm:resnet50")], ("resnet50",)),  # it need not be the paper's
    ],
)
def test_readers_know_networks_by_their_papers_names(reports: list[Report], names: tuple[str, ...]) -> None:
    assert Comparison(tuple(reports)).names == names


def test_settings_stand_behind_the_papers_name() -> None:
    one = in_paper("xception")
    both = Comparison((one, replace(one, setting={**one.setting, "batch": 8})))
    assert both.names == ("Xception, batch 1", "Xception, batch 8")
    assert both.labels == ("xception, batch 1", "xception, batch 8")


def test_by_batch() -> None:
    grid = [named(name, batch=batch) for batch in (1, 8) for name in ("a", "b")]
    found = Comparison(tuple(grid)).by_batch()
    assert [one.labels for one in found] == [("a", "b"), ("a", "b")]
    assert [one.reports[0].setting["batch"] for one in found] == [1, 8]
    mixed = Comparison((named("a"), named("b", batch=8)))
    assert mixed.by_batch() == (mixed,)


def timed(name: str, times: list[float], turns: str) -> Report:
    wall = {"median": sorted(times)[len(times) // 2], "p95": max(times), "iqr": 0}
    report = with_totals(named(name), wall_ms=wall, wall_times_ms=times, images_per_s=1000 / wall["median"])
    return replace(report, setting={**report.setting, "turns": turns})


def test_ratios_of_steps_in_turns_are_medians_over_pairs() -> None:
    """The machine becomes slow after the first step: both are slow, and their ratio stays."""
    one, other = timed("one", [1, 10, 10], "today"), timed("other", [2, 20, 20, 3], "today")
    ratios = row(Comparison((one, other)), "latency_median_ms").ratios
    assert ratios == (1, 2)
    assert row(Comparison((one, other)), "images_per_s").ratios == (1, 0.5)


def test_steps_of_two_days_are_no_pairs() -> None:
    one, other = timed("one", [1, 1, 1], "today"), timed("other", [2, 5, 2], "yesterday")
    assert row(Comparison((one, other)), "latency_median_ms").ratios == (1, 2)
    assert row(Comparison((one, named("untimed"))), "latency_median_ms").ratios == (1, None)


# ---- written and read back -------------------------------------------------------------------------------------


def test_json(both: Comparison) -> None:
    data = json.loads(both.to_json(by="kind"))
    assert data["schema"] == "archscope.compare/1"
    assert data["labels"] == [network["network"] for network in data["networks"]] == ["xception", "inception_v3"]
    assert data["networks"][0] == json.loads(both.reports[0].to_json())
    quantities = {quantity["name"]: quantity for quantity in data["quantities"]}
    assert quantities["params"]["values"] == [22855952, 23834568]
    assert quantities["top1_accuracy"]["differences"] == [0, -0.8]
    assert data["by"] == "kind"
    assert [sum(part["macs"] for part in parts) for parts in data["parts"]] == quantities["macs"]["values"]


def test_read_back(both: Comparison) -> None:
    again = Comparison.from_json(both.to_json())
    assert str(again) == str(both)
    assert again.to_json() == both.to_json()


def test_a_report_is_a_comparison_of_one() -> None:
    assert Comparison.from_json(SIX.to_json()).reports[0].to_json() == SIX.to_json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "x.json is no complete JSON"),
        (
            '{"schema": "archscope.verify/1"}',
            "x.json holds archscope.verify/1: what is read here is archscope.compare/1 or",
        ),
        ('{"schema": 3}', "x.json is no archscope report: what is read here is archscope.compare/1 or"),
        ('{"schema": "archscope.compare/2"}', "x.json has schema archscope.compare/2, newer than the 1"),
        ('{"schema": "archscope.compare/1"}', "x.json is a broken archscope comparison: there is no 'networks'"),
        ('{"schema": "archscope.compare/1", "networks": [{}]}', "x.json is a broken archscope comparison: networks[0]"),
        (
            '{"schema": "archscope.compare/1", "networks": [3]}',
            "x.json is a broken archscope comparison: networks[0]: 3 is no object",
        ),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(ArchscopeError) as error:
        Comparison.from_json(text, "x.json")
    assert str(error.value).startswith(said)


def test_networks_are_sorted_by_a_quantity_the_most_accurate_first() -> None:
    found = Comparison(tuple(traced(name) for name in ("resnet50", "resnet152", "lenet5")))
    assert [r.graph.name for r in found.chosen(sort="params").reports] == ["lenet5", "resnet50", "resnet152"]
    assert [r.graph.name for r in found.chosen(sort="top1").reports] == ["resnet152", "resnet50", "lenet5"]
