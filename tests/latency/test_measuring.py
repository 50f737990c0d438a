"""One small network measured on this CPU: what is there, never how long it took."""

from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import ref

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.latency import Amp, Optimizer, Options
from archscope.latency.attribution import Event
from archscope.latency.clocks import Untold
from archscope.latency.fitting import predicted_bytes
from archscope.latency.marks import KernelsLost
from archscope.latency.runner import Runner
from archscope.model.report import Report
from archscope.summary import job_of
from tests.latency.fake_cuda import FakeCuda
from tests.small_nets import on_meta


class Small(nn.Module):
    """A convolution unit, a functional addition and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.unit = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.shortcut = nn.Identity()
        self.classifier = nn.Linear(4 * 8 * 8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.unit(x)
        x = self.shortcut(x) + 2 * x
        return self.classifier(torch.flatten(x, 1))


@pytest.mark.parametrize("train", [False, True])
def test_a_measured_report(train: bool) -> None:
    module = Small()
    weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    report = archscope.summarize(module, (3, 8, 8), batch=(2, 4), latency=Options(seconds=0.01, train=train))
    times = report.columns["latency_ms"].values
    totals = report.totals

    assert list(times) == [layer.name for layer in report.graph.layers]
    assert all(times[name] > 0 for name in ("unit.0", "unit.1", "unit.2", "add", "classifier"))
    assert totals["latency_ms"] == pytest.approx(sum(times.values()))
    assert totals["wall_ms"].keys() == {
        "median", "median_low", "median_high", "p95", "p99", "iqr", "min", "repeats", "warmup"}  # fmt: skip
    assert totals["wall_ms"]["median"] == pytest.approx(
        totals["latency_ms"] + totals["unattributed_ms"] + totals["overhead_ms"] + totals.get("optimizer_ms", 0)
    )
    assert totals["images_per_s"] == pytest.approx(2000 / totals["wall_ms"]["median"])
    assert ("training_steps_per_s" in totals, "optimizer_ms" in totals) == (train, train)
    assert totals["measured_peak_memory_bytes"] > sum(tensor.bytes for tensor in report.graph.parameters.values())
    assert [row["batch"] for row in totals["by_batch"]] == [2, 4]
    assert ("operations_per_s" in totals) is not train  # a layer's training time is not that of what it counts
    if not train:
        done, moved = (report.columns[name].values["unit.0"] for name in ("arithmetic_ops", "bytes_moved"))
        assert report.columns["operations_per_s"].values["unit.0"] == pytest.approx(1000 * done / times["unit.0"])
        assert report.value("bytes_per_s", ["unit.0"]) == pytest.approx(1000 * moved / times["unit.0"])
    assert report.graph.batch == report.setting["batch"] == 2
    assert report.setting["train"] is train
    assert all(torch.equal(tensor, weights[name]) for name, tensor in module.state_dict().items())
    assert Report.from_json(report.to_json()).to_json() == report.to_json()
    assert "Latency" in str(report)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_types_are_those_that_run(dtype: str) -> None:
    report = archscope.summarize(Small(), (3, 8, 8), latency=Options(seconds=0.01, dtype=dtype))  # type: ignore[arg-type]

    assert {tensor.dtype for tensor in report.graph.parameters.values()} == {dtype}
    assert report.setting["dtype"] == dtype


def test_several_batches_are_for_measuring() -> None:
    with pytest.raises(ArchscopeError, match="several batches are for measuring"):
        archscope.summarize(Small(), (3, 8, 8), batch=(1, 2))


def test_a_fused_path_gives_no_times_by_layer_and_says_so() -> None:
    """In evaluation torch runs an encoder as one kernel, which no watched pass takes."""
    module = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    evaluated = archscope.summarize(module, (5, 8), latency=Options(seconds=0.01))
    trained = archscope.summarize(module, (5, 8), latency=Options(seconds=0.01, train=True))

    assert "no time by layer: torch runs its fused attention here" in " ".join(evaluated.graph.notes)
    assert "latency_ms" not in evaluated.totals
    assert evaluated.totals["wall_ms"]["median"] > 0
    assert trained.totals["latency_ms"] > 0


@cache
def recorded() -> Callable[[torch.Tensor], torch.Tensor]:
    made: Callable[[torch.Tensor], torch.Tensor] = torch.jit.trace(lambda x: x @ x * 2, torch.ones(1, 8, 8))
    return made


class Compiles(nn.Module):
    """Two modules that torch.jit compiled, one called twice, and a function."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(torch.jit.script(nn.Conv1d(8, 8, 3, padding=1)), torch.jit.script(nn.Linear(8, 8)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return recorded()(self.body[0](self.body(x)) + x)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(("make", "rows"), [(Compiles, 6), (lambda: torch.jit.script(nn.Conv1d(8, 8, 3)), 1)])
@pytest.mark.parametrize("train", [False, True])
def test_what_torch_compiled_has_its_time_at_its_own_row(make: Callable[[], nn.Module], rows: int, train: bool) -> None:
    recorded()
    report = archscope.summarize(make(), (8, 8), latency=Options(seconds=0.01, train=train))
    times = report.columns["latency_ms"].values

    assert len(times) == rows
    assert min(times.values()) > 0
    assert train or report.totals["unattributed_ms"] < 0.01 * report.totals["latency_ms"]


class Wide(nn.Sequential):
    """Nearly all of its memory is weights."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 4))


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 2), ("momentum", 3), ("adam", 6), ("adamw", 6)])
def test_an_optimizer_keeps_its_states_and_takes_its_roots(optimizer: Optimizer, copies: int) -> None:
    options = Options(seconds=0.01, train=True, optimizer=optimizer)
    report = archscope.summarize(Wide(), (512,), latency=options)
    weights = report.totals["weight_bytes"]

    assert copies - 0.1 <= report.totals["measured_peak_memory_bytes"] / weights < copies + 0.1
    assert copies - 0.1 <= predicted_bytes(report.graph, True, optimizer) / weights < copies + 0.1
    assert report.setting["optimizer"] == optimizer


@pytest.mark.parametrize(("amp", "train"), [("bfloat16", False), ("bfloat16", True), ("float16", True)])
def test_autocast_leaves_the_weights_as_they_are(amp: Amp, train: bool) -> None:
    seen: list[torch.dtype] = []

    class Looks(Small):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = super().forward(x)
            if not on_meta(x):
                seen.append(x.dtype)
            return x

    report = archscope.summarize(Looks(), (3, 8, 8), latency=Options(seconds=0.01, amp=amp, train=train))

    assert set(seen) == {getattr(torch, amp)}
    assert {tensor.dtype for tensor in report.graph.parameters.values()} == {"float32"}
    assert f"float32, autocast to {amp}, batch 1" in str(report)
    assert "predicted" not in str(report).partition("Peak memory")[2].partition("\n")[0]
    assert "roofline" not in report.totals


@pytest.mark.parametrize(("lost", "profiles"), [(0, 1), (2, 1), (3, 0)])
def test_a_profile_that_has_lost_kernels_is_taken_again(lost: int, profiles: int) -> None:
    taken: list[bool] = []

    def profile(step: Callable[[], Any], on_cuda: bool) -> list[Event]:
        step()
        taken.append(on_cuda)
        if len(taken) <= lost:
            raise KernelsLost("the profiler has lost 1 of 9 kernels")
        return []

    job = job_of(nn.Linear(2, 2), (2,), None, [1], "eval", "float32", {})
    runner = Runner(job, 1, Options(), profile=profile)
    runner.load()

    assert runner.extra("time by layer", runner.profile) is bool(profiles)
    assert len(runner.profiles) == profiles
    assert [note[:46] for note in runner.notes] == ["no time by layer: the profiler has lost 1 of 9"][profiles:]


class Meter(Untold):
    """Moves every 0.1 s of this clock, by 300 J a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def energy_j(self) -> float:
        return 30.0 * int(self.now / 0.1)

    def clock(self) -> float:
        self.now += 0.001
        return self.now


def test_energy_is_told_between_two_moves_of_a_slow_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter()
    runner = Runner(job_of(nn.Linear(2, 2), (2,), None, [4], "eval", "float32", {}), 4, Options(seconds=1))
    monkeypatch.setattr(Runner, "_timed", lambda runner: setattr(meter, "now", meter.now + 0.009))
    runner._meter, runner._clock = meter, meter.clock
    runner.measure_energy()

    assert runner.energy_per_image_j == pytest.approx(300 * 0.010 / 4, rel=0.05)  # 4 images each 9 ms and a look


def test_a_network_in_a_circle_is_given_back_while_the_collector_pauses() -> None:
    module = nn.Linear(2, 2)
    module.myself = [module]  # type: ignore[assignment]
    runner = Runner(job_of(module, (2,), None, [1], "eval", "float32", {}), 1, Options())
    with collection_paused():
        runner.load()
        weight = ref(runner.network.module.weight)
        runner.release()

        assert weight() is None


def test_memory_of_graphs_that_torch_replays_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        FakeCuda(patch)
        runner = Runner(job_of(nn.Linear(2, 2), (2,), None, [1], "eval", "float32", {}), 1,
                        Options("cpu", compile="reduce-overhead"))  # fmt: skip
        with pytest.raises(ArchscopeError, match="keep their memory between steps"):
            runner.measure_memory()
