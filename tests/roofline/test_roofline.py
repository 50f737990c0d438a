"""Bounds from symbols: a device whose ceilings are round numbers, and layers whose bytes and operations are counted
here by hand."""

from dataclasses import replace
from typing import Literal

import pytest

from archscope.errors import ArchscopeError
from archscope.measures import Measured
from archscope.model.graph import Graph
from archscope.model.report import Column, Report
from archscope.roofline import Ceilings, predict, with_bounds
from tests.graphs import Net, report_of, six_layer_report, traced

BANDWIDTH = 1e9
RATES = {"float32": 1e10, "tf32": 8e10, "bfloat16": 16e10}
DEVICE = Ceilings("Slate", BANDWIDTH, RATES)
WIDTH = {"float32": 4, "tf32": 4, "bfloat16": 2}
C, K, S = 64, 128, 8  # channels in and out, side


def pointwise() -> tuple[Net, int, int, int, int]:
    net = Net(input=(C, S, S))
    net.conv("layer", "input", K, 1)
    return net, (C + K) * S * S, C * K, 2 * C * K * S * S, 0


def depthwise() -> tuple[Net, int, int, int, int]:
    net = Net(input=(C, S, S))
    net.conv("layer", "input", C, 3, padding=1, groups=C)
    return net, 2 * C * S * S, C * 9, 0, 2 * 9 * C * S * S


def linear() -> tuple[Net, int, int, int, int]:
    net = Net(input=(C,))
    net.linear("layer", "input", K)
    return net, C + K, C * K + K, 2 * C * K, K


def add() -> tuple[Net, int, int, int, int]:
    net = Net(input=(C, S, S), other=(C, S, S))
    net.add("layer", "add", "input", "other")
    return net, 3 * C * S * S, 0, 0, C * S * S


@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize("dtype", RATES)
@pytest.mark.parametrize("case", [pointwise, depthwise, linear, add])
def test_a_layer_is_bound_by_its_bytes_or_its_operations(case: object, dtype: str, batch: int) -> None:
    net, moved_per_image, weights, matrix, vector = case()  # type: ignore[operator]
    report = predict(report_of(net.graph()), [DEVICE], dtype, batch)

    memory = (moved_per_image * batch + weights) * WIDTH[dtype] / BANDWIDTH
    packed = 2 if case is depthwise and dtype == "bfloat16" else 1
    compute = max(matrix * batch / RATES[dtype], vector * batch / packed / RATES["float32"])
    assert report.columns["bound_ms"].values == {"layer": pytest.approx(1e3 * max(memory, compute))}
    assert report.columns["bound"].values == {"layer": "memory" if memory >= compute else "compute"}
    assert report.totals["bound_ms"] == pytest.approx(1e3 * max(memory, compute))


def test_the_cases_are_bound_by_both() -> None:
    bounds = {
        predict(report_of(case()[0].graph()), [DEVICE], dtype, 32).totals["bound"]
        for case in (pointwise, depthwise, linear, add)
        for dtype in RATES
    }

    assert bounds == {"memory", "compute"}


def block() -> Graph:
    """Two convolutions with a normalisation between, a view, and an unknown operation."""
    net = Net(input=(C, S, S))
    net.conv("conv", "input", K, 1)
    net.add("bn", "batch_norm", "conv", parameters=(net.parameter("bn.weight", K), net.parameter("bn.bias", K)))
    net.conv("spread", "bn", K, 3, padding=1, groups=K)
    net.add("flat", "flatten", "spread", shape=(K * S * S,), memory="view")
    net.add("mystery", "linalg_inv", "flat")
    return net.graph()


def test_views_take_no_time_and_the_unknown_is_not_zero() -> None:
    report = predict(report_of(block()), [DEVICE])

    assert report.columns["bound_ms"].values["flat"] == 0
    assert report.columns["bound"].values["flat"] is None
    assert report.columns["bound_ms"].values["mystery"] is None
    assert report.columns["bound"].values["mystery"] is None
    assert report.totals["roofline"][0]["unknown"] == 1


def test_all_bounds_below_the_launch_are_the_launch() -> None:
    slow = Ceilings("Slate", BANDWIDTH, RATES, launch_ms=1e9)
    bounds = with_bounds(report_of(block()), [slow]).columns["bound"].values

    assert bounds == {"conv": "launch", "bn": "launch", "spread": "launch", "flat": None, "mystery": None}
    fast = Ceilings("Slate", BANDWIDTH, RATES, launch_ms=1e-9)
    assert "launch" not in with_bounds(report_of(block()), [fast]).columns["bound"].values.values()


def test_a_block_sums_its_layers_and_is_bound_by_what_takes_most_of_it() -> None:
    report = predict(report_of(block()), [DEVICE])
    times = report.columns["bound_ms"].values
    compute = ["conv", "spread"]

    assert report.value("bound_ms", compute) == pytest.approx(times["conv"] + times["spread"])
    assert report.columns["bound"].values["bn"] == "memory"
    assert report.value("bound", ["bn", "conv"]) == ("memory" if times["bn"] > times["conv"] else "compute")
    assert report.value("bound", ["flat"]) is None
    due_to = report.totals["roofline"][0]["due_to_ms"]
    assert sum(due_to.values()) == pytest.approx(report.totals["bound_ms"])


@pytest.mark.parametrize("dtype", RATES)
def test_what_no_fusion_saves(dtype: str) -> None:
    """Input, weights of the convolutions and result once, all products; no normalisation, nothing in between."""
    batch = 4
    (entry,) = predict(report_of(block()), [DEVICE], dtype, batch).totals["roofline"]

    memory = ((C + K) * S * S * batch + C * K + K * 9) * WIDTH[dtype] / BANDWIDTH
    matrix = 2 * C * K * S * S * batch / RATES[dtype]
    vector = 2 * 9 * K * S * S * batch / RATES["float32"]
    assert entry["fused_bound_ms"] == pytest.approx(1e3 * max(memory, matrix, vector))
    assert entry["fused_bound_ms"] <= entry["bound_ms"]


@pytest.mark.parametrize("network", ["xception", "inception_v3"])
def test_fusing_never_costs_more(network: str) -> None:
    for dtype in RATES:
        (entry,) = predict(traced(network), [DEVICE], dtype, 8).totals["roofline"]
        assert 0 < entry["fused_bound_ms"] < entry["bound_ms"]


def test_half_as_many_bytes_for_bfloat16_and_integers_stay() -> None:
    net = Net(input=(C, S, S))
    net.add("bn", "batch_norm", "input", buffers=(net.buffer("bn.mean", C), net.buffer("bn.count", dtype="int64")))
    report = predict(report_of(net.graph()), [DEVICE], "bfloat16")

    assert report.columns["bytes_moved"].values == {"bn": (2 * C * S * S + C) * 2 + 8}
    assert report.setting["dtype"] == "bfloat16"
    assert report.graph.inputs["input"].dtype == "bfloat16"


def test_several_devices_are_compared_by_their_totals() -> None:
    twice = Ceilings("Slab", 2 * BANDWIDTH, {dtype: 2 * rate for dtype, rate in RATES.items()})
    report = predict(report_of(block()), [DEVICE, twice], "tf32")
    one, two = report.totals["roofline"]

    assert (one["device"], two["device"]) == ("Slate", "Slab")
    assert two["bound_ms"] == pytest.approx(one["bound_ms"] / 2)
    assert "bound_ms" not in report.columns


def timed(latency_ms: dict[str, float | None]) -> Report:
    graph = block()
    total = sum(filter(None, latency_ms.values()))
    columns = {**Measured(graph), "latency_ms": Column("latency_ms", "ms", total, latency_ms)}
    return Report(graph, columns, {"device": "cuda", "dtype": "float32", "batch": 1}, "block")


def test_the_percentage_of_the_bound_that_was_reached() -> None:
    bounds = with_bounds(timed({}), [DEVICE]).columns["bound_ms"].values
    report = with_bounds(timed({"conv": 2 * bounds["conv"], "bn": 4 * bounds["bn"], "flat": 0, "mystery": 1}), [DEVICE])
    reached = report.columns["bound_percent"].values

    assert reached == {
        "conv": pytest.approx(50),
        "bn": pytest.approx(25),
        "spread": None,
        "flat": None,
        "mystery": None,
    }
    both = 100 * (bounds["conv"] + bounds["bn"]) / (2 * bounds["conv"] + 4 * bounds["bn"])
    assert report.value("bound_percent", ["conv", "bn"]) == pytest.approx(both)


@pytest.mark.parametrize(
    ("origin", "launch_ms", "said"),
    [("measured", 0.0, "conv is faster than Slate was found to be (2026-01-02): --fresh measures it anew"),
     ("measured", 50.0, ""), ("published", 0.0, "")],
)  # fmt: skip
def test_a_layer_far_faster_than_its_bound_says_that_the_ceilings_are_low(
    origin: Literal["measured", "published"], launch_ms: float, said: str
) -> None:
    ceilings = replace(DEVICE, origin=origin, launch_ms=launch_ms, date="2026-01-02")
    bound_ms = with_bounds(timed({}), [ceilings]).columns["bound_ms"].values
    times = {name: ms and ms / (1.3 if name == "conv" else 1.1) for name, ms in bound_ms.items()}
    report = with_bounds(timed(times), [ceilings])

    assert "; ".join(report.graph.notes) == said


def test_a_prediction_leaves_out_what_was_timed_elsewhere() -> None:
    report = predict(timed({"conv": 1.0}), [DEVICE], "tf32", 8)

    assert "latency_ms" not in report.columns
    assert {key: report.setting[key] for key in ("device", "dtype", "batch")} == {
        "device": "meta",
        "dtype": "tf32",
        "batch": 8,
    }


def test_a_predicted_report_is_read_back() -> None:
    report = predict(six_layer_report(), [DEVICE], "bfloat16", 8)
    read = Report.from_json(report.to_json())

    assert read.columns == report.columns
    assert read.graph == report.graph
    assert str(read) == str(report)
    assert predict(read, [DEVICE], "bfloat16", 8).columns == report.columns


def test_a_type_without_a_peak_is_refused() -> None:
    with pytest.raises(ArchscopeError, match="Slate has no measured peak for float16: choose float32, tf32, bfloat16"):
        predict(six_layer_report(), [DEVICE], "float16")


def test_a_measured_report_says_that_its_times_are_left_out() -> None:
    report = six_layer_report()
    timed = replace(
        report,
        columns={**report.columns, "wall_ms": Column("wall_ms", "ms", {"median": 1.0})},
        setting={**report.setting, "device_name": "Abacus"},
    )
    predicted = predict(timed, [DEVICE])
    assert "wall_ms" not in predicted.totals
    assert "the times measured on Abacus are left out" in predicted.graph.notes[-1]
    assert predict(report, [DEVICE]).graph.notes == report.graph.notes
