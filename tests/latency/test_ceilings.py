"""What a device can do at most: that it is measured, once, and anew when it should be. Never how much it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

import archscope
from archscope.latency import Dtype, Options, ceilings
from archscope.roofline import Ceilings

CPU = Options("cpu")
MEASURE = ceilings.measure  # as it is before a test replaces it


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Ceilings]:
    """Every measurement that was made; each finds another bandwidth."""
    made: list[Ceilings] = []

    def measure(options: Options) -> Ceilings:
        made.append(Ceilings("Slate", float(1 + len(made)), {"float32": 10.0}, 0.5))
        return made[-1]

    monkeypatch.setattr(ceilings, "measure", measure)
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "archscope"


def test_measured_once(measured: list[Ceilings], cache: Path) -> None:
    first = ceilings.ceilings_of(CPU)

    assert ceilings.ceilings_of(CPU) == first
    assert len(measured) == 1
    assert [path.suffix for path in cache.iterdir()] == [".json"]


def test_measured_anew_when_asked_and_then_kept(measured: list[Ceilings], cache: Path) -> None:
    ceilings.ceilings_of(CPU)
    second = ceilings.ceilings_of(replace(CPU, fresh=True))  # twice the bandwidth

    assert second == measured[1] != measured[0]
    assert ceilings.ceilings_of(CPU) == second


def test_a_ceiling_is_the_best_that_was_seen() -> None:
    known = Ceilings("Slate", 8.0, {"float32": 10.0, "bfloat16": 20.0}, 0.5, "measured", "2026-01-01", 0.0)
    worse = Ceilings("Slate", 7.0, {"float32": 9.0, "bfloat16": 19.0}, 0.6, "measured", "2026-01-02", 9.0)

    assert ceilings.best_of(None, worse) == worse
    assert ceilings.best_of(known, worse) == known
    mixed = ceilings.best_of(known, replace(worse, operations_per_second={"float32": 11.0, "bfloat16": 1.0}))
    assert mixed == Ceilings("Slate", 8.0, {"float32": 11.0, "bfloat16": 20.0}, 0.5, "measured", "2026-01-02", 9.0)


@pytest.mark.parametrize("name", ["threads", "torch"])
def test_measured_anew_when_what_they_depend_on_changes(
    measured: list[Ceilings], cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = ceilings.ceilings_of(CPU)
    if name == "torch":
        monkeypatch.setattr(torch, "__version__", "9.9.9")
    ceilings.ceilings_of(CPU if name == "torch" else replace(CPU, threads=97))
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))

    assert len(measured) == 2
    assert ceilings.ceilings_of(CPU) == before


BROKEN = {
    "empty": lambda text: "",
    "cut off": lambda text: text[: len(text) // 2],
    "no object": lambda text: "[1, 2]",
    "not text": lambda text: "\udcff",
    "of another device": lambda text: text.replace('"threads": "', '"threads": "1'),
    "a field too many": lambda text: text.replace('"launch_ms"', '"launch_us"'),
    "a rate of zero": lambda text: text.replace("10.0", "0.0"),
    "a rate in words": lambda text: text.replace("10.0", '"fast"'),
    "no rates": lambda text: text.replace('"float32": 10.0', ""),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_cache_is_replaced_whole(measured: list[Ceilings], cache: Path, damage: str) -> None:
    ceilings.ceilings_of(CPU)
    (path,) = cache.iterdir()
    path.write_text(BROKEN[damage](path.read_text(encoding="utf-8")), encoding="utf-8", errors="surrogateescape")

    assert ceilings.ceilings_of(CPU) == measured[1]
    assert list(cache.iterdir()) == [path]
    assert json.loads(path.read_text(encoding="utf-8"))["ceilings"]["bytes_per_second"] == 2.0


def test_a_cache_that_cannot_be_written_is_done_without(measured: list[Ceilings], cache: Path) -> None:
    cache.write_text("a file where the folder should be", encoding="utf-8")

    assert ceilings.ceilings_of(CPU) == measured[0]
    assert ceilings.ceilings_of(CPU) == measured[1]


def test_what_is_measured_of_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "COPIED_BYTES", 2**16)
    found = MEASURE(CPU, seconds=1e-6)

    assert set(found.operations_per_second) == set(get_args(Dtype)) - {"tf32"}
    assert min(found.bytes_per_second, found.launch_ms, *found.operations_per_second.values()) > 0
    assert found.origin == "measured"


def test_a_cpu_multiplies_by_the_function_that_does_best(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {torch.mm: 4.0, linear: 1.0, ceilings._pointwise: 2.0}
    monkeypatch.setattr(ceilings, "LARGEST", ceilings.SMALLEST)
    monkeypatch.setattr(ceilings, "_best_seconds", lambda step, options, within: seconds[step.func])

    assert ceilings._product_rate(CPU, "float16", 9.0) == 2 * ceilings.SMALLEST**3
    a, b = torch.rand(3, 3), torch.rand(3, 3)
    torch.testing.assert_close(ceilings._pointwise(a, b)[0, :, :, 0].T, linear(a, b))


def test_the_best_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 1.0, 4.0, 4.0, 5.0, 7.0, 7.0, 8.0, 12.0, 12.0])  # 3, 2 and 4 seconds
    monkeypatch.setattr(ceilings, "perf_counter", lambda: next(now))

    assert ceilings._best_seconds(lambda: None, CPU, seconds=10) == 2


class FakeEvent:
    """On a device whose clock only steps move, and which takes a while to tell the host that it is done."""

    now_ms = 0.0

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        self.at_ms = FakeEvent.now_ms

    def synchronize(self) -> None:
        FakeEvent.now_ms += 5.0

    def elapsed_time(self, other: "FakeEvent") -> float:
        return other.at_ms - self.at_ms


def test_on_cuda_many_runs_lie_between_two_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", FakeEvent)
    monkeypatch.setattr(ceilings, "synchronize", lambda options: None)
    runs: list[None] = []

    def step() -> None:
        runs.append(None)
        FakeEvent.now_ms += 0.5

    assert ceilings._best_seconds(step, Options("cuda"), seconds=1e-9) == pytest.approx(0.5e-3)
    assert len(runs) == 2 + 40  # one untimed, one to see how long it takes, a row of 20 ms


def test_a_measured_report_has_bounds_and_what_is_reached() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten())
    report = archscope.summarize(module, (3, 8, 8), latency=Options(seconds=0.01))
    (entry,) = report.totals["roofline"]

    assert (entry["device"], entry["origin"]) == ("Slate", "measured")
    times, bounds = report.columns["latency_ms"].values, report.columns["bound_ms"].values
    assert report.columns["bound_percent"].values["0"] == pytest.approx(100 * bounds["0"] / times["0"])
    assert "% of the time in the layers" in str(report)


def test_a_training_step_has_no_bound() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    report = archscope.summarize(module, (3, 8, 8), latency=Options(seconds=0.01, train=True))

    assert "roofline" not in report.totals
    assert "bound_ms" not in report.columns
