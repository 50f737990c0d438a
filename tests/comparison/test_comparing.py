"""Whatever can be named can be compared."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import archscope
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.latency import Interrupted, Job, Options, measuring
from archscope.model.report import Column, Report
from tests.graphs import six_layer_report

SIX = six_layer_report()


def test_names_modules_reports_and_files(tmp_path: Path) -> None:
    saved, several = tmp_path / "saved.json", tmp_path / "several.json"
    saved.write_text(SIX.to_json(), encoding="utf-8")
    several.write_text(archscope.compare("lenet5", SIX).to_json(), encoding="utf-8")
    module = nn.Sequential(nn.Conv2d(1, 2, 3))

    one = archscope.compare("lenet5", module, input_size=(1, 32, 32))
    assert one.labels == ("lenet5", "Sequential")
    two = archscope.compare(SIX, str(saved), str(several))
    assert [report.graph.name for report in two.reports] == ["six_layers", "six_layers", "lenet5", "six_layers"]
    assert two.reports[1].target == str(saved)


def test_settings_hold_for_every_network() -> None:
    comparison = archscope.compare("lenet5", "resnext29_8x64d", batch=4)
    assert [report.setting["batch"] for report in comparison.reports] == [4, 4]


def test_nothing_to_compare() -> None:
    with pytest.raises(ArchscopeError, match="nothing to compare"):
        archscope.compare()


def test_a_missing_file() -> None:
    with pytest.raises(ArchscopeError, match="cannot read nowhere"):
        archscope.compare("nowhere.json")


def test_notebooks_show_a_table() -> None:
    comparison = archscope.compare(SIX)
    assert "<table" in comparison._repr_html_()
    assert str(comparison).startswith(" " * 10)


def test_several_batches_without_measuring_compare_memory() -> None:
    comparison = archscope.compare("lenet5", SIX, "nin_cifar10", batch=(1, 8))
    assert [(report.graph.name, report.setting["batch"]) for report in comparison.reports] == [
        ("lenet5", 1), ("six_layers", 1), ("nin_cifar10", 1), ("lenet5", 8), ("nin_cifar10", 8),
    ]  # fmt: skip


def test_settings_need_a_network() -> None:
    with pytest.raises(ArchscopeError, match="saved reports are measured already"):
        archscope.compare(SIX, batch=2)


# ---- measured --------------------------------------------------------------------------------------------------


def small() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())


def test_networks_take_turns() -> None:
    comparison = archscope.compare(
        small(), SIX, small(), input_size=(1, 8, 8), batch=(1, 2), latency=Options(seconds=0.02, threads=1)
    )
    assert comparison.failures == ()
    one, _, other, *at_2 = comparison.reports
    assert one.setting["turns"] == other.setting["turns"] != at_2[0].setting["turns"]
    assert abs(len(one.totals["wall_times_ms"]) - len(other.totals["wall_times_ms"])) <= 1
    assert "wall_ms" not in comparison.reports[1].totals
    assert "networks took turns" in str(archscope.compare(one, other))


WALL = {"median": 1.0, "p95": 1.0, "iqr": 0.0, "min": 1.0, "repeats": 9, "warmup": 2}
SETTING = {
    "device": "cpu",
    "device_name": "Abacus",
    "threads": 1,
    "channels_last": False,
    "compile": False,
    "train": False,
    "load": None,
}


def fake(monkeypatch: pytest.MonkeyPatch, fails: Sequence[str], stops: bool = False) -> list[list[str]]:
    """Measuring that gives every network 1 ms, but for those that fail. Returns the rounds of names."""
    rounds = []

    def measure(jobs: Sequence[Job], latency: Options, batches: Sequence[int], progress: Any) -> list[Any]:
        rounds.append([job.report.graph.name for job in jobs])
        reports: list[Any] = []
        for job in jobs:
            columns = {
                "wall_ms": Column("wall_ms", "ms", WALL),
                "images_per_s": Column("images_per_s", "images/s", 1e3),
            }
            failed = job.report.graph.name in fails
            measured = replace(
                job.report, columns={**job.report.columns, **columns}, setting={**job.report.setting, **SETTING}
            )
            reports.append(EnvironmentFailure("out of memory") if failed else measured)
        if stops:
            raise Interrupted(reports)
        return reports

    monkeypatch.setattr(measuring, "measure", measure)
    return rounds


def is_measured(report: Report) -> bool:
    return "wall_ms" in report.totals


def test_a_failure_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = fake(monkeypatch, ["lenet5"])
    comparison = archscope.compare("lenet5", SIX, "nin_cifar10", batch=(1, 8), latency=Options())
    assert rounds == [["lenet5", "nin_cifar10"]] * 2
    assert [is_measured(report) for report in comparison.reports] == [False, False, True, False, True]
    assert comparison.failures == ("lenet5, batch 1: out of memory", "lenet5, batch 8: out of memory")
    assert "Failed  " in str(comparison)
    assert type(comparison).from_json(comparison.to_json()).failures == comparison.failures


def test_where_all_fail_the_failure_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, ["lenet5", "nin_cifar10"])
    with pytest.raises(EnvironmentFailure, match="out of memory"):
        archscope.compare("lenet5", "nin_cifar10", SIX, latency=Options())


def test_an_interruption_keeps_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [], stops=True)
    with pytest.raises(Interrupted) as stopped:
        archscope.compare("lenet5", SIX, "nin_cifar10", latency=Options())
    assert [is_measured(report) for report in stopped.value.reports] == [True, False, True]


def test_training_is_traced_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [])
    (report,) = archscope.compare("nin_cifar10", latency=Options(train=True, dtype="bfloat16")).reports
    assert (report.setting["mode"], report.setting["dtype"]) == ("train", "bfloat16")


def test_ratios_of_turns_have_an_interval_and_noise_is_said() -> None:
    def timed(threads: int, *times: float) -> Report:
        columns = {
            "wall_ms": Column("wall_ms", "ms", {**WALL, "median": times[0], "median_low": 1.0, "median_high": 9.0}),
            "images_per_s": Column("images_per_s", "images/s", 1.0),
            "wall_times_ms": Column("wall_times_ms", "ms", list(times)),
        }
        setting = {**SIX.setting, **SETTING, "threads": threads, "turns": "now", "torch": "2", "date": "2026-01-01"}
        return replace(SIX, columns={**SIX.columns, **columns}, setting=setting)

    comparison = archscope.compare(timed(1, 2.0, 2.0, 2.0, 2.0, 2.0), timed(2, 1.0, 1.0, 1.2, 0.8, 1.0))
    (latency,) = [row for row in comparison.rows if row.quantity.name == "latency_median_ms"]

    assert comparison.labels == (f"{SIX.graph.name}, 1 thread", f"{SIX.graph.name}, 2 threads")
    assert (latency.ratios, latency.intervals) == ((1.0, 0.5), (None, (0.4, 0.6)))
    assert latency.to_dict()["ratio_intervals"] == [None, [0.4, 0.6]]
    assert f"within: {SIX.graph.name}, 2 threads 0.400 to 0.600" in str(comparison)
    assert "the median may lie anywhere from 1.00 ms to 9.00 ms" in str(comparison)
