"""A CUDA device that is the CPU: everything that archscope calls of torch.cuda is counted, and one call may fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from archscope.latency import Options, ceilings, device, runner
from archscope.latency.attribution import Event
from archscope.latency.clocks import Look


class FakeCuda:
    """`fails_at` is the place of the call that raises `error`, counted from 0; `calls` are all that were made."""

    def __init__(self, patch: pytest.MonkeyPatch, fails_at: int | None = None, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.fails_at, self.error = fails_at, error or RuntimeError("CUDA error: injected")
        self.seconds = 0.0
        self.joules = 0.0
        patch.setattr(Options, "on_cuda", property(lambda options: True))
        patch.setattr(torch.backends.cuda, "is_built", lambda: True)
        patch.setattr(torch.backends.cudnn, "version", lambda: 9)
        patch.setattr(torch.accelerator, "is_available", lambda: False)  # torch's Timer synchronises what it finds
        for name, made in self._fakes().items():
            patch.setattr(torch.cuda, name, self._counted(name, made))
        patch.setattr(runner, "meter_of", lambda name: self)
        patch.setattr(runner, "LEAST_ENERGY_S", 10.0)  # of this clock
        patch.setattr(device, "_found_gpu", lambda name: {"driver": "1"})
        for module in (ceilings, runner):
            patch.setattr(module, "perf_counter", self.clock)
        for name, small in (
            ("COPIED_BYTES", 2**10),
            ("SMALLEST", 16),
            ("LARGEST", 16),
            ("LAUNCHES", 2),
            ("SECONDS", 0.01),
        ):
            patch.setattr(ceilings, name, small)

    def clock(self) -> float:
        """Each look at it takes a second."""
        self.seconds += 1.0
        return self.seconds

    def profiled(self, run: Callable[[], Any], on_cuda: bool) -> list[Event]:
        self._count("profile")
        run()
        torch.cuda.synchronize()
        return []

    def look(self) -> Look:
        return Look(1500.0, ("power cap",), 60.0, 400.0)

    def energy_j(self) -> float:
        self.joules += 12.0
        return self.joules

    def _counted(self, name: str, made: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._count(name)
            return made(*args, **kwargs)

        return called

    def _count(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) - 1 == self.fails_at:
            raise self.error

    def _fakes(self) -> dict[str, Callable[..., Any]]:
        stream = SimpleNamespace(wait_stream=lambda other: self._count("wait_stream"))
        return {
            "is_available": lambda: True,
            "is_initialized": lambda: True,
            "device_count": lambda: 1,
            "get_device_name": lambda name=None: "Fake",
            "get_device_capability": lambda name=None: (9, 0),
            "mem_get_info": lambda name=None: (2**34, 2**35),
            "synchronize": lambda name=None: None,
            "device": self._within,
            "empty_cache": lambda: None,
            **dict.fromkeys(("memory_reserved", "memory_allocated", "max_memory_allocated"), lambda name=None: 0),
            "reset_peak_memory_stats": lambda name=None: None,
            "is_current_stream_capturing": lambda: False,
            "Stream": lambda: stream,
            "current_stream": lambda: stream,
            "set_stream": lambda stream: None,
            "stream": self._within,
            "graph": self._within,
            "CUDAGraph": lambda: SimpleNamespace(pool=lambda: "pool", replay=lambda: self._count("replay")),
            "Event": self._event,
        }

    @contextmanager
    def _within(self, *args: Any, **kwargs: Any) -> Iterator[None]:
        yield

    def _event(self, enable_timing: bool = False) -> Any:
        return SimpleNamespace(
            record=lambda: self._count("record"),
            synchronize=lambda: self._count("event.synchronize"),
            elapsed_time=lambda other: 20.0,
        )
