"""Turns, budgets, failures and interruptions, on a clock that only steps move."""

import re
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.latency import Interrupted, Job, Options, device, measuring
from archscope.latency.measuring import measure
from archscope.latency.runner import Runner
from archscope.model.report import Report
from tests.graphs import six_layer_report

REPORT = six_layer_report()
SETTING = {"train": False, "channels_last": False, "compile": False, "threads": 1, "load": None, "torch": "2"}


@pytest.fixture(autouse=True)
def _no_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ceilings_for", lambda options, progress: {})


class World:
    """A clock, and networks whose steps take seconds of it: `takes` gives those of each step, the last one for ever."""

    def __init__(self, **takes: list[float]) -> None:
        self.now = 0.0
        self.takes = takes
        self.log: list[str] = []
        self.fails: dict[tuple[str, int], BaseException] = {}

    def clock(self) -> float:
        return self.now

    def start(self, job: Job, batch: int, options: Options) -> Runner:
        return FakeRunner(self, job, batch, options)

    def job(self, name: str) -> Job:
        return Job(replace(REPORT, graph=replace(REPORT.graph, name=name)), build=lambda: pytest.fail("not built"))

    def measure(self, *names: str, **options: Any) -> list[Report | ArchscopeError]:
        batches = options.pop("batches", (1,))
        progress = options.pop("progress", lambda what, left: None)
        climbing = options.pop("climbing", False)
        jobs = [self.job(name) for name in names]
        return measure(jobs, Options(**options), batches, progress, climbing, self.start, self.clock)


class FakeRunner(Runner):
    def __init__(self, world: World, job: Job, batch: int, options: Options) -> None:
        super().__init__(job, batch, options, world.clock)
        self.world, self.steps = world, 0
        self.setting = {"device": "cpu", "device_name": "fake", **SETTING, "threads": options.thread_counts[0] or 1}
        self.setting |= {"compile": bool(options.compile), "compile_mode": options.compile_mode}

    def load(self) -> None:
        self.act("load")

    def _timed(self) -> float:
        takes = self.world.takes[self.graph.name]
        seconds = takes[min(self.steps, len(takes) - 1)]
        self.steps += 1
        self.world.now += seconds
        return 1000 * seconds

    def sample(self) -> float:
        self.act("sample")
        return super().sample()

    def _profile_step(self) -> None:
        self.act("profile")
        self.world.now += 10  # counts for no budget

    def reload(self) -> None:
        self.act("reload")

    def measure_memory(self) -> None:
        self.act("memory")

    def _fuses(self) -> bool:
        return False

    def replay(self) -> None:
        self.act("replay")

    def compare_outputs(self) -> None:
        pass

    def act(self, what: str) -> None:
        self.world.log.append(f"{self.graph.name}{self.graph.batch} {what}")
        failure = self.world.fails.get((self.world.log[-1], self.world.log.count(self.world.log[-1])))
        if failure is not None:
            raise failure


def test_steps_take_turns_for_the_time_budget() -> None:
    world = World(a=[1.0], b=[3.0])
    a, b = world.measure("a", "b", seconds=20)
    samples = [entry for entry in world.log if "sample" in entry]

    assert samples == ["a1 sample", "b1 sample"] * 10  # 2 x 20 s, 4 s a turn
    assert isinstance(a, Report) and isinstance(b, Report)
    assert (a.totals["first_step_ms"], b.totals["first_step_ms"]) == (1000.0, 3000.0)
    assert a.totals["wall_ms"] == {
        "median": 1000.0, "median_low": 1000.0, "median_high": 1000.0, "p95": 1000.0, "p99": 1000.0, "iqr": 0.0,
        "min": 1000.0, "repeats": 10, "warmup": 6}  # fmt: skip
    assert b.totals["wall_ms"]["median"] == 3000.0


@pytest.mark.parametrize(("climbing", "tried"), [(True, [1, 2, 4]), (False, [1, 2, 4, 8])])
def test_climbing_ends_with_what_takes_too_long(climbing: bool, tried: list[int]) -> None:
    """A step as long as the batch has images: at 4 two of them no longer fit into 7 s."""
    world = World()
    world.takes = {"a": [0.0]}
    sample = FakeRunner._timed

    def timed(runner: FakeRunner) -> float:
        world.takes["a"] = [float(runner.graph.batch)]
        return sample(runner)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeRunner, "_timed", timed)
        (report,) = world.measure("a", seconds=7, batches=(1, 2, 4, 8), climbing=climbing)
    assert isinstance(report, Report)
    assert [row["batch"] for row in report.totals["by_batch"]] == tried


def test_climbing_ends_with_what_does_not_fit() -> None:
    world = World(a=[1.0])
    world.fails["a4 load", 1] = EnvironmentFailure("out of memory on cuda")
    (report,) = world.measure("a", seconds=7, batches=(1, 2, 4, 8), climbing=True)

    assert isinstance(report, Report)
    assert [row["batch"] for row in report.totals["by_batch"]] == [1, 2]
    assert report.graph.notes == ("batch 4 was not measured: out of memory on cuda",)


def test_nothing_is_profiled_before_everything_is_timed() -> None:
    world = World(a=[1.0], b=[1.0])
    world.measure("a", "b", seconds=40, batches=(1, 2))
    kinds = [entry.split()[1] for entry in world.log]

    assert max(i for i, kind in enumerate(kinds) if kind == "sample") < min(
        kinds.index("memory"), kinds.index("profile")
    )
    assert kinds.count("profile") == 4 * 2  # of 5 each: two take half of the budget
    assert kinds[-3:] == ["memory", "profile", "profile"]


def test_graphs_are_captured_after_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Options, "on_cuda", property(lambda options: True))
    monkeypatch.setattr(device, "set_up", lambda options: nullcontext())
    world = World(a=[1.0], b=[1.0])
    world.fails["a1 replay", 1] = ArchscopeError("this step cannot be captured")
    a, b = world.measure("a", "b", seconds=20)
    last = [entry for entry in world.log if "sample" not in entry][-4:]

    assert last == ["a1 reload", "a1 replay", "b1 reload", "b1 replay"]
    assert isinstance(a, Report) and isinstance(b, Report)
    assert a.graph.notes[-1] == "no device_ms: this step cannot be captured"

    (a,) = World(a=[1.0]).measure("a", compile="reduce-overhead")
    assert isinstance(a, Report)
    assert a.graph.notes[-1] == "no device_ms: --compile reduce-overhead replays CUDA graphs of its own"


@pytest.mark.parametrize("what", ["memory", "profile", "reload"])
@pytest.mark.parametrize("failure", [ArchscopeError("broken"), EnvironmentFailure("out of memory")])
def test_what_was_timed_stays_when_an_extra_fails(what: str, failure: ArchscopeError) -> None:
    world = World(a=[1.0], b=[1.0])
    world.fails[f"a1 {what}", 1] = failure
    a, b = world.measure("a", "b", seconds=20)

    assert isinstance(a, Report) and isinstance(b, Report)
    assert a.totals["wall_ms"]["repeats"] == b.totals["wall_ms"]["repeats"] == 20
    (note,) = [note for note in a.graph.notes if note.endswith(str(failure))]
    assert note.startswith("no ")
    assert f"b1 {what}" in world.log


def test_the_profiles_before_a_failing_one_count() -> None:
    world = World(a=[1.0])
    world.fails["a1 profile", 2] = EnvironmentFailure("out of memory")
    (report,) = world.measure("a", seconds=60)

    assert isinstance(report, Report)
    assert world.log.count("a1 profile") == 2
    assert report.graph.notes[-1] == "no time by layer: out of memory"


def test_what_was_timed_before_a_failure_stays() -> None:
    world = World(a=[1.0], b=[1.0])
    world.fails["a1 sample", 4] = EnvironmentFailure("cuda failed, and is lost")
    a, b = world.measure("a", "b", seconds=20)

    assert isinstance(a, Report) and isinstance(b, Report)
    assert (a.totals["wall_ms"]["repeats"], b.totals["wall_ms"]["repeats"] > 20) == (3, True)
    assert a.graph.notes[-1] == "batch 1 stopped after 3 timed steps: cuda failed, and is lost"
    assert "a1 memory" not in world.log


def test_a_later_batch_counts_where_the_first_fails() -> None:
    world = World(a=[1.0])
    world.fails["a1 load", 1] = EnvironmentFailure("no room")
    (report,) = world.measure("a", seconds=3, batches=(1, 2))

    assert isinstance(report, Report)
    assert "batch 1 was not measured: no room" in report.graph.notes


def test_one_long_step_is_timed_and_profiled_too() -> None:
    world = World(a=[50.0])
    (report,) = world.measure("a", seconds=1)

    assert isinstance(report, Report)
    assert (report.totals["wall_ms"]["repeats"], report.totals["wall_ms"]["warmup"]) == (1, 2)
    assert world.log.count("a1 profile") == 1


@pytest.mark.parametrize(
    ("takes", "warmup"),
    [
        ([1.0], 6),
        ([9.0, 5.0, 3.0, 1.0], 8),  # until two windows of three agree
        ([29.0, *(9.0 * 0.8**i for i in range(12))], 6),  # never, but half of the budget is gone since the first
    ],
)
def test_warm_up_ends_when_stable_or_late(takes: list[float], warmup: int) -> None:
    (report,) = World(a=takes).measure("a", seconds=60)

    assert isinstance(report, Report)
    assert report.totals["wall_ms"]["warmup"] == warmup


def test_a_compiled_network_is_warm_once_its_graphs_are_recorded() -> None:
    (report,) = World(a=[500.0, 90.0, 40.0, 1.0]).measure("a", seconds=10, compile=True)

    assert isinstance(report, Report)
    assert (report.totals["wall_ms"]["warmup"], report.totals["wall_ms"]["median"]) == (3, 1000.0)


def test_a_row_for_every_batch() -> None:
    (report,) = World(a=[1.0]).measure("a", seconds=3, batches=(1, 8))

    assert isinstance(report, Report)
    assert [(row["batch"], row["images_per_s"]) for row in report.totals["by_batch"]] == [(1, 1.0), (8, 8.0)]
    assert report.totals["images_per_s"] == 1.0
    assert re.search(r"Batch 8 .* 8.00 images/s", str(report))


def test_a_row_for_every_number_of_threads() -> None:
    (report,) = World(a=[1.0]).measure("a", seconds=3, threads=(1, 2))

    assert isinstance(report, Report)
    assert [(row["batch"], row["threads"]) for row in report.totals["by_threads"]] == [(1, 1), (1, 2)]
    assert "by_batch" not in report.totals
    assert re.search(r"2 threads .* 1.00 images/s", str(report))
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_what_the_first_steps_of_a_compiled_network_took_is_said_apart() -> None:
    (report,) = World(a=[50.0, 3.0, 1.0]).measure("a", seconds=200, compile="max-autotune")

    assert isinstance(report, Report)
    assert report.totals["compile_ms"] == 51_000
    assert "of which 51,000 ms to compile" in str(report)
    assert "compiled (max-autotune)" in str(report)


def test_a_failure_does_not_stop_the_others() -> None:
    world = World(a=[1.0], b=[1.0])
    world.fails["a1 load", 1] = EnvironmentFailure("out of memory")
    a, b = world.measure("a", "b", seconds=3)

    assert isinstance(a, EnvironmentFailure)
    assert isinstance(b, Report)
    assert b.totals["wall_ms"]["repeats"] == 6
    assert "a1 sample" not in world.log


def test_a_failure_at_a_later_batch_is_a_note() -> None:
    world = World(a=[1.0])
    world.fails["a8 sample", 2] = EnvironmentFailure("out of memory")
    (report,) = world.measure("a", seconds=3, batches=(1, 8, 2))

    assert isinstance(report, Report)
    assert report.graph.notes[-1] == "batch 8 stopped after 1 timed step: out of memory"
    assert [row["batch"] for row in report.totals["by_batch"]] == [1, 8, 2]


def test_ctrl_c_keeps_what_was_measured() -> None:
    world = World(a=[1.0], b=[1.0])
    world.fails["b1 sample", 3] = KeyboardInterrupt()
    with pytest.raises(Interrupted) as caught:
        world.measure("a", "b", seconds=20)
    a, b = caught.value.reports

    assert (a.totals["wall_ms"]["repeats"], b.totals["wall_ms"]["repeats"]) == (3, 2)
    assert a.graph.notes[-1] == "interrupted: not all was measured"


def test_ctrl_c_before_anything_is_measured() -> None:
    world = World(a=[1.0])
    world.fails["a1 load", 1] = KeyboardInterrupt()
    with pytest.raises(Interrupted) as caught:
        world.measure("a")

    assert caught.value.reports[0].totals.keys() == REPORT.totals.keys()
    assert "interrupted" in str(caught.value.reports[0])


def test_progress_says_what_and_how_long() -> None:
    said: list[tuple[str, float]] = []
    World(a=[1.0]).measure("a", seconds=2, batches=(1, 4), progress=lambda *told: said.append(told))

    assert said == [
        ("a, batch 1: warming up", 4.0),
        ("a, batch 1: timing", 4.0),
        ("a, batch 1: timing", 3.0),
        ("a, batch 4: warming up", 2.0),
        ("a, batch 4: timing", 2.0),
        ("a, batch 4: timing", 1.0),
        ("a, batch 1: memory and time by layer", 0.0),
        ("a, batch 4: memory and time by layer", 0.0),
        ("", 0.0),
    ]
