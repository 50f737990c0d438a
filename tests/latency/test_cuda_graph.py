"""Replays of a captured step, on a fake CUDA: what runs in which order, and what a failed capture leaves."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from archscope.errors import ArchscopeError
from archscope.latency import Options
from archscope.latency.cuda_graph import CAPTURED, SPAN_MS, check, replayed_ms

REPLAY_MS, LAUNCH_MS = 0.5, 2.0


class FakeCuda:
    """A device on which a replay takes REPLAY_MS, and the first after a pause LAUNCH_MS more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: Exception | None = None) -> None:
        self.now_ms, self.idle, self.fails = 0.0, True, fails
        self.streams = ["current"]
        self.capturing = False
        self.log: list[Any] = []
        self.side = SimpleNamespace(wait_stream=lambda other: None, name="side")
        fakes = {
            "Stream": lambda: self.side,
            "current_stream": lambda: SimpleNamespace(wait_stream=lambda other: None, name=self.streams[-1]),
            "set_stream": lambda stream: self.streams.append(stream.name),
            "stream": self.stream,
            "CUDAGraph": lambda: SimpleNamespace(pool=lambda: "pool", replay=self.replay),
            "graph": self.capture,
            "Event": lambda enable_timing: self.event(),
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(torch.cuda, name, fake)

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        yield

    @contextmanager
    def capture(self, graph: Any, pool: str | None, stream: Any) -> Iterator[None]:
        assert stream is self.side  # torch's own is the first device's, and has no workspace yet
        self.streams.append("capture")
        self.log.append(("capture", pool))
        self.capturing = True
        try:
            yield
        finally:
            self.capturing = False
            if self.fails is not None:  # as torch does, which then leaves its stream current
                raise RuntimeError("operation failed due to a previous error during capture")
        self.streams.append("current")

    def replay(self) -> None:
        self.now_ms += REPLAY_MS + LAUNCH_MS * self.idle
        self.idle = False

    def event(self) -> Any:
        made = SimpleNamespace(at=0.0)
        made.record = lambda: setattr(made, "at", self.now_ms)
        made.synchronize = lambda: setattr(self, "idle", True)
        made.elapsed_time = lambda other: other.at - made.at
        return made

    def network(self, inputs: int) -> Any:
        def step_on(arguments: Any) -> None:
            self.log.append(arguments)
            if self.capturing and self.fails is not None:
                raise self.fails

        return SimpleNamespace(inputs=list(range(inputs)), step_on=step_on, forget_gradients=lambda: None)


def ticking() -> Any:
    return iter(range(100)).__next__


def test_many_replays_lie_between_two_events(monkeypatch: pytest.MonkeyPatch) -> None:
    times = replayed_ms(FakeCuda(monkeypatch).network(2), 5, ticking())
    replays = SPAN_MS / (REPLAY_MS + LAUNCH_MS / 2)  # by the first look, which holds a launch

    assert len(times) == 5
    assert all(time == pytest.approx(REPLAY_MS + LAUNCH_MS / round(replays), rel=0.2) for time in times)


def test_inputs_take_turns_in_one_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch)
    replayed_ms(cuda.network(64), 1, ticking())

    assert cuda.log[:3] == [0, 0, 0]
    assert cuda.log[3:] == [
        step for i in range(CAPTURED) for step in (("capture", "pool" if i else None), i)
    ]  # fmt: skip


def test_a_failed_capture_says_why_and_gives_the_stream_back(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch, fails=RuntimeError("operation not permitted: .item()\nand advice"))
    with pytest.raises(ArchscopeError, match=r"as a CUDA graph: operation not permitted: \.item\(\)$"):
        replayed_ms(cuda.network(2), 1, ticking())

    assert cuda.streams[-1] == "current"


def test_a_lack_of_memory_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch)
    network = cuda.network(1)
    network.step_on = lambda arguments: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(torch.OutOfMemoryError):
        replayed_ms(network, 1, ticking())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, ""),
        ({"train": True}, ""),
        ({"compile": True}, ""),
        ({"train": True, "amp": "bfloat16"}, ""),
        ({"train": True, "optimizer": "adamw"}, "adamw counts its steps on the host"),
        ({"train": True, "amp": "float16"}, "scaled gradients make the host wait"),
        ({"compile": "max-autotune"}, "--compile max-autotune replays CUDA graphs of its own"),
    ],
)
def test_what_no_graph_can_hold_is_told_before_a_capture(options: Any, why: str) -> None:
    with pytest.raises(ArchscopeError, match=why) if why else nullcontext():
        check(Options("cuda", **options))
