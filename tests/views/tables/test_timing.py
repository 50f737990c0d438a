"""What a measured report looks like; the numbers are made up."""

from dataclasses import replace
from typing import Any

import pytest

from archscope.latency.measuring import reached
from archscope.model.report import Column, Report, summed
from archscope.views import Options, render
from archscope.views.tables import SPARE_COLUMNS, default_columns
from archscope.views.tables.rows import rows
from archscope.views.tables.timing import timing
from tests.graphs import six_layer_report

SIX = six_layer_report()
NAMES = [layer.name for layer in SIX.graph.layers]
LATENCY = dict(zip(NAMES, [1.0, 2.0, 3.0, 4.0, 5.0, 0.0625], strict=True))
SETTING = {
    "device": "cuda", "device_name": "Fake GPU", "dtype": "tf32", "train": False, "channels_last": True,
    "compile": False,
    "threads": 2, "load": [0.5, 0.4, 0.3], "torch": "2.13.0", "date": "2026-01-01T12:00:00",
    "clocks": {"sm_mhz": 345.0, "max_sm_mhz": 1980.0, "utilization_percent": 0.0},
}  # fmt: skip


def times(median: float) -> dict[str, Any]:
    return {"median": median, "p95": 1.5 * median, "iqr": 0.1, "min": median / 2, "repeats": 90, "warmup": 7}


def measured(**totals: Any) -> Report:
    found = {"wall_ms": times(20.0), "images_per_s": 50.0, "unattributed_ms": 0.5, "overhead_ms": 4.4375, **totals}
    columns = {name: Column(name, "ms", total) for name, total in found.items()}
    columns["latency_ms"] = summed("latency_ms", "ms", LATENCY)
    return replace(SIX, columns={**SIX.columns, **columns}, setting={**SIX.setting, **SETTING})


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert timing(SIX) == []
    assert "latency_ms" not in default_columns(SIX)


def test_the_whole_the_layers_and_the_setting() -> None:
    row = {"batch": 8, "wall_ms": times(100.0), "images_per_s": 80.0}
    found = {"measured_peak_memory_bytes": 2**22, "first_step_ms": 812.0}
    said = dict(timing(measured(device_ms=times(16.0), by_batch=[{}, row], **found)))

    assert said["Latency"] == "20.0 ms median, 30.0 ms p95; 50.0 images/s (90 timed after 7 to warm up)"
    assert said["Device time"] == "16.0 ms median, 24.0 ms p95, as a CUDA graph without the host"
    assert said["Layers"] == "15.1 ms in the layers, 0.5 ms in no layer, 4.44 ms launches and idle"
    assert said["Cold start"] == "812 ms the first step"
    assert said["Peak memory"].startswith("4.0 MiB measured, ")
    assert said["Batch 8"].startswith("100 ms median, 150 ms p95; 80.0 images/s")
    assert said["Measured on"].startswith("Fake GPU, tf32, batch 1, channels last, load 0.5, ")
    assert said["Measured on"].endswith(", 345 of 1980 MHz and 0 % busy before, torch 2.13.0, 2026-01-01")


@pytest.mark.parametrize(
    ("wall", "setting", "said"),
    [
        ({"median_low": 19.5, "median_high": 20.5}, {"device": "cpu", "load": [0.4], "cores": 2}, None),
        (
            {"median_low": 18.0, "median_high": 21.0},
            {},
            "the median may lie anywhere from 18.0 ms to 21.0 ms: time longer",
        ),
        ({}, {"device": "cpu", "load": [1.5], "cores": 2}, "other work took 1.5 of 2 cores before: time longer"),
        ({}, {"device": "cuda", "load": [1.5], "cores": 2}, None),
    ],
)
def test_noise_is_said(wall: dict[str, float], setting: dict[str, Any], said: str | None) -> None:
    report = measured(wall_ms={**times(20.0), "p99": 40.0, **wall})
    lines = dict(timing(replace(report, setting={**report.setting, **setting})))

    assert lines["Latency"].startswith("20.0 ms median, 30.0 ms p95, 40.0 ms p99; ")
    assert lines.get("Noisy", "").startswith(said or "") and ("Noisy" in lines) is (said is not None)


def test_a_training_step() -> None:
    said = dict(timing(measured(training_steps_per_s=50.0, optimizer_ms=1.0)))

    assert said["Latency"].startswith("training step, 20.0 ms median")
    assert "50.0 images/s, 50.0 steps/s" in said["Latency"]
    assert ", 1.00 ms in the optimizer, " in said["Layers"]


def test_a_sum_above_the_whole_is_no_negative_idle_time() -> None:
    said = dict(timing(measured(overhead_ms=-2.0)))

    assert said["Layers"].endswith(": 2.00 ms more than the whole, timed at faster moments")


def test_latency_and_its_share_are_shown_unasked() -> None:
    report = measured()
    first = render(report, "table").splitlines()[3]

    assert default_columns(report)[4:6] == ("latency_ms", "latency_share")
    assert first.split()[-3:] == ["Latency", "Latency", "%"]


@pytest.mark.parametrize("fold", [True, False])
def test_a_folded_row_has_the_mean_of_its_copies(fold: bool) -> None:
    listed = {row.name: row for row in rows(measured(), Options(("latency_ms",), depth=2, fold=fold))}

    assert listed["middle"].cells == ("14.0 ms",)
    if fold:
        assert listed["block1..2"].repeat == 2
        assert listed["block1..2"].cells == ("7.00 ms",)  # (2 + 3 + 4 + 5) / 2
    else:
        assert [listed[f"block{i}"].cells for i in (1, 2)] == [("5.00 ms",), ("9.00 ms",)]
    inner = {row.name: row for row in rows(measured(), Options(("latency_ms",), depth=0, fold=True))}
    assert inner["conv_3x3"].cells == ("3.00 ms",)  # (2 + 4) / 2


def test_rates_are_shown_by_the_second_and_folded_as_times_are() -> None:
    report = measured()
    report = replace(report, columns={**report.columns, **{column.name: column for column in reached(report.columns)}})
    shown = rows(report, Options(columns=("operations_per_s", "bytes_per_s"), depth=2, fold=True))
    alone = report.columns["arithmetic_ops"].values["stem"] / LATENCY["stem"]

    assert [row.repeat for row in shown] == [1, 1, 2, 1]
    assert shown[0].cells[0] == f"{alone / 1e3:.0f} MFLOP/s"  # operations a ms
    assert shown[0].cells[1].endswith(" MB/s")


def test_a_narrow_terminal_leaves_out_columns_and_says_which() -> None:
    report = measured(bound_percent=7.0)
    bounds = {name: Column(name, "ms", 1.0, dict.fromkeys(NAMES, 1.0)) for name in ("bound_ms", "bound_percent")}
    report = replace(report, columns={**report.columns, **bounds})
    columns = default_columns(report)

    def shown(width: int, spare: tuple[str, ...] = SPARE_COLUMNS) -> str:
        return render(report, "table", Options(columns, width=width, spare=spare))

    wide = shown(0)
    widest = max(map(len, wide.partition("\n\n")[2].partition("\n\n")[0].splitlines()))
    assert shown(widest).partition("Parameters ")[0] == wide.partition("Parameters ")[0]
    assert "Not shown" not in wide
    narrow = shown(80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert "Bound" not in narrow
    assert "Not shown        bound_ms, bound_percent: " in narrow
    assert "Latency" in narrow
    assert "Not shown" not in shown(80, spare=())


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ([50.0, 95.0, 100.0], "batch 2 has 95% of the 100 images/s of batch 4"),
        ([50.0, 80.0, 100.0], "batch 4, the fastest: none before has 90% of its images/s"),
        ([99.0, 100.0, 70.0], "batch 1 has 99% of the 100 images/s of batch 2"),
    ],
)
def test_the_knee_is_the_smallest_batch_that_is_nearly_as_fast_as_any(rates: list[float], said: str) -> None:
    rows = [
        {"batch": batch, "images_per_s": rate, "wall_ms": times(16.0)}
        for batch, rate in zip((1, 2, 4), rates, strict=True)
    ]
    assert dict(timing(measured(by_batch=rows)))["Knee"] == said
    assert dict(timing(measured(by_batch=rows[::-1])))["Knee"] == said
    assert "Knee" not in dict(timing(measured(by_batch=rows[:2])))
