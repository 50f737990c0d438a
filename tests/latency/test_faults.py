"""Whatever a device fails at: what was timed stays, the other network is measured, and the reason is told.

Each call of torch.cuda that measuring makes is failed once, on a device that is the CPU.
"""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import product

import pytest
import torch
from torch import nn

from archscope import cache
from archscope.errors import ArchscopeError
from archscope.latency import Job, Options, measuring, runner
from archscope.latency.measuring import measure
from archscope.latency.runner import Runner
from archscope.model.report import Report
from archscope.summary import job_of
from tests.conftest import EVERYTHING
from tests.latency.fake_cuda import FakeCuda

ERRORS: dict[str, Callable[[], Exception]] = {
    "injected": lambda: RuntimeError("CUDA error: injected\nand advice"),
    "out of memory": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"),
}
"""By what must be told of them."""
SILENT = {"is_initialized", "empty_cache", "mem_get_info", "memory_reserved"}
"""What only gives memory back, or helps to say what would fit."""


class Small(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(64, 3), nn.ReLU())


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    return [job_of(Small(), (1, 8, 8), None, [1], "eval", "float32", {}) for _ in range(2)]


def measured(
    cuda: FakeCuda, jobs: list[Job], train: bool = False
) -> tuple[list[Report | ArchscopeError], list[Runner]]:
    runners: list[Runner] = []

    def start(job: Job, batch: int, options: Options) -> Runner:
        runners.append(Runner(job, batch, options, cuda.clock, cuda.profiled))
        return runners[-1]

    options = Options("cpu", seconds=12, fresh=True, train=train)
    return measure(jobs, options, (1,), start=start, clock=cuda.clock), runners


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(cache, "write", lambda path, data: None)
    monkeypatch.setattr(measuring, "PROFILED", 1)
    monkeypatch.setattr(runner, "new_garbage_collected", nullcontext)  # each takes as long as all else


def test_all_is_measured_where_nothing_fails(jobs: list[Job]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found, _ = measured(FakeCuda(patch), jobs)
    for report in found:
        assert isinstance(report, Report)
        assert report.graph.notes == ()
        assert {"wall_ms", "device_ms", "latency_ms", "bound_ms", "energy_per_image_j", "build_ms",
                "measured_peak_memory_bytes"} <= report.totals.keys()  # fmt: skip
        assert report.setting["meanwhile"]["slowed_by"] == {"power cap": 1.0}
        assert "slowed by power cap at 100%" in str(report)


def places(jobs: list[Job]) -> list[tuple[int, str]]:
    """Every call, or of each function the first and the last one."""
    with pytest.MonkeyPatch.context() as patch:
        cuda = FakeCuda(patch)
        measured(cuda, jobs)
    if EVERYTHING:
        return [*enumerate(cuda.calls)]
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(cuda.calls):
        by_name.setdefault(name, []).append(place)
    chosen = {own[i] for own in by_name.values() for i in (0, -1)}
    return [(place, cuda.calls[place]) for place in sorted(chosen)]


def test_nothing_that_was_timed_is_lost(jobs: list[Job]) -> None:
    for (place, name), (reason, error) in product(places(jobs), ERRORS.items()):
        if not EVERYTHING and (reason == "injected") is bool(place % 2):
            continue
        with pytest.MonkeyPatch.context() as patch:
            cuda = FakeCuda(patch, place, error())
            found, runners = measured(cuda, jobs)
        said = [str(one) if isinstance(one, ArchscopeError) else " ".join(one.graph.notes) for one in found]
        at = f"call {place}, {name}: {said}"

        assert place < len(cuda.calls), at
        for one, ran in zip(found, runners, strict=True):
            assert isinstance(one, Report) is bool(ran.times_ms), at
            assert not isinstance(one, Report) or one.totals["wall_ms"]["repeats"] == len(ran.times_ms), at
        assert any(isinstance(one, Report) for one in found), at
        assert name in SILENT or reason in " ".join(said), at
        assert "advice" not in " ".join(said), at
