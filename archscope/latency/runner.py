"""One network at one batch: warmed up, timed step by step, profiled, and told as columns."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import Any

import torch

from archscope.errors import ArchscopeError, EnvironmentFailure, users_line
from archscope.garbage import new_garbage_collected
from archscope.latency import Job, Options, device, marks
from archscope.latency.attribution import Event, Profile, attribute, middle
from archscope.latency.fitting import fitting
from archscope.latency.network import Network
from archscope.latency.statistics import is_warm, summary_of
from archscope.model.graph import Graph
from archscope.model.report import Column, summed
from archscope.tracing import Mode

WARM_UP_SHARE = 0.5
"""Warming up ends after this share of the time budget, stable or not."""


class Runner:
    """Times a job's network at one batch. Each method may be called again, in turns with those of other runners.

    Raises EnvironmentFailure where the device is missing or out of memory. `clock` and `profile` (the events of one
    run) are replaced in tests.
    """

    def __init__(
        self,
        job: Job,
        batch: int,
        options: Options,
        clock: Callable[[], float] = perf_counter,
        profile: Callable[[Callable[[], Any], bool], list[Event]] = marks.profiled,
    ) -> None:
        self.graph, self.options = replace(job.report.graph, batch=batch), options
        self.mode: Mode = job.report.setting["mode"]
        self.failure: ArchscopeError | None = None
        self._job = job
        self.notes: list[str] = []
        self.times_ms: list[float] = []
        self.device_times_ms: list[float] = []
        self.warm_up_ms: list[float] = []
        self.profiles: list[Profile] = []
        self.measured_peak_memory_bytes: int | None = None
        self.setting: dict[str, Any] = {}
        self._clock, self._profile = clock, profile
        self._network: Network | None = None
        self._layers_known = True

    @contextmanager
    def _on_device(self) -> Iterator[None]:
        with self._job.running(), device.set_up(self.options):
            try:
                yield
            except ArchscopeError:
                raise
            except Exception as error:
                traceback.clear_frames(error.__traceback__)  # they hold tensors
                raise _failure(error, self.graph, self.options) from error

    @property
    def title(self) -> str:
        return f"{self.graph.name}, batch {self.graph.batch}"

    @property
    def warmup(self) -> int:
        return len(self.warm_up_ms)

    def _timed(self) -> float:
        """Milliseconds of one step as a user's loop sees them: until the device has finished."""
        device.synchronize(self.options)
        start = self._clock()
        self.network.step()
        device.synchronize(self.options)
        return 1000 * (self._clock() - start)

    def load(self) -> None:
        """Build the network on the device."""
        device.check(self.options)
        self.setting = device.described(self.options)
        with self._on_device():
            device.check_memory(self.graph, self.options)
            self._network = Network(self._job.build(), self.graph, self.options, self.mode, self._job.inputs)

    def reload(self) -> None:
        """The network on the device again and warm, if it was released."""
        if self._network is None:
            self.load()
            with self._on_device():
                for _ in range(2):
                    self._timed()

    def release(self) -> None:
        """Give the network's memory back; what was measured stays."""
        self._network = None
        if self.options.on_cuda and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            with suppress(RuntimeError):  # after a failed capture the allocator may refuse
                torch.cuda.empty_cache()

    def extra(self, what: str, act: Callable[[], object]) -> bool:
        """Do it; where it fails a note says why there is no `what`, and all that was timed stays."""
        why = failure_of(act)
        if why:
            self.notes.append(f"no {what}: {why}")
        return not why

    @property
    def network(self) -> Network:
        assert self._network is not None, "load() comes first"
        return self._network

    def warm_up(self) -> None:
        """Steps until they take as long as those before, or for WARM_UP_SHARE of the time; at least two."""
        with self._on_device():
            end = self._clock() + WARM_UP_SHARE * self.options.seconds
            while not is_warm(self.warm_up_ms) and (self.warmup < 2 or self._clock() < end):
                self.warm_up_ms.append(self._timed())

    def sample(self) -> float:
        """One more timed step, in ms."""
        with self._on_device():
            self.times_ms.append(self._timed())
        return self.times_ms[-1]

    def replay(self) -> None:
        """On CUDA, the device's time of the whole step as a CUDA graph."""
        if not self.options.on_cuda:
            return
        from archscope.latency.cuda_graph import replayed_ms

        with self._on_device():
            self.device_times_ms += replayed_ms(self.network, self.options.seconds / 4, self._clock)

    def measure_memory(self) -> None:
        """The highest memory of one step: what lies there between steps, and by how much a step adds to it."""
        with self._on_device():
            self.network.forget_gradients()  # the CPU's profiler does not see what is freed of older steps
            resident = self.network.resident_bytes  # before the step, whose rise holds the gradients that it leaves
            self.measured_peak_memory_bytes = resident + device.rise_bytes(self.network.step, self.options)

    def profile(self) -> None:
        """Time by layer in one more step, unless a note says why there is none."""
        if self._layers_known and self.options.compile:
            self._no_layers("a compiled network runs fused kernels that belong to no one layer")
        if self._layers_known and not self.profiles and self._fuses():
            self._no_layers("torch runs its fused attention here, one kernel for several layers")
        if self._layers_known:
            self._profile_step()

    def _fuses(self) -> bool:
        with self._on_device():
            return marks.takes_fused_path(self.network.module, self.network.step, self.options.on_cuda)

    def _profile_step(self) -> None:
        with new_garbage_collected(), self._on_device():  # the profiler's events refer to each other
            with marks.marked(self.network.module, self.mode) as (marker, forward):
                events = self._profile(lambda: self.network.step(forward), self.options.on_cuda)
                as_traced = marks.is_of(marker, self.graph)
            if as_traced:
                self.profiles.append(attribute(events))
            else:
                self._no_layers("on the device other operations run than were traced")

    def _no_layers(self, why: str) -> None:
        self._layers_known = False
        self.profiles.clear()
        self.notes.append(f"no time by layer: {why}")

    # ---- what was found --------------------------------------------------------------------------------------

    def totals(self) -> dict[str, Any]:
        """What was measured of the whole network, by column name; only what is there."""
        if not self.times_ms:
            return {}
        wall = summary_of(self.times_ms, self.warmup)
        found: dict[str, Any] = {"wall_ms": wall}
        if self.device_times_ms:
            found["device_ms"] = summary_of(self.device_times_ms, self.warmup)
        found["images_per_s"] = 1000 * self.graph.batch / wall["median"]
        if self.options.train:
            found["training_steps_per_s"] = 1000 / wall["median"]
        if self.warm_up_ms:
            found["first_step_ms"] = self.warm_up_ms[0]
        if self.measured_peak_memory_bytes is not None:
            found["measured_peak_memory_bytes"] = self.measured_peak_memory_bytes
        return found

    def columns(self) -> dict[str, Column]:
        """Columns for the report: time by layer, the totals, and what of the whole is in no layer."""
        columns = {name: Column(name, UNITS[name], value) for name, value in self.totals().items()}
        if not self.profiles:
            return columns
        names = [layer.name for layer in self.graph.layers]
        profile = middle(self.profiles, len(names))
        by_layer = summed("latency_ms", "ms", {name: profile.layers_ms[i] for i, name in enumerate(names)})
        beside = {"unattributed_ms": profile.unattributed_ms}
        if self.options.train:
            beside["optimizer_ms"] = profile.optimizer_ms
        if self.times_ms:
            beside["overhead_ms"] = median(self.times_ms) - by_layer.total - sum(beside.values())
        return {"latency_ms": by_layer, **columns, **{name: Column(name, "ms", ms) for name, ms in beside.items()}}


def failure_of(act: Callable[[], object]) -> str:
    """Do it; why it failed, empty where it did not."""
    try:
        act()
    except ArchscopeError as failure:
        return str(failure) or type(failure).__name__
    return ""


UNITS = {
    "wall_ms": "ms",
    "device_ms": "ms",
    "images_per_s": "images/s",
    "first_step_ms": "ms",
    "training_steps_per_s": "steps/s",
    "measured_peak_memory_bytes": "bytes",
}


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _failure(error: Exception, graph: Graph, options: Options) -> ArchscopeError:
    """Why a step fails, in one line: the machine's fault, or the network's."""
    said = _first_line(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in said:
        with_free = fitting(graph, options, device.free_bytes(options))
        return EnvironmentFailure(f"out of memory on {options.device}: {with_free}")
    if "not implemented for" in said:
        return EnvironmentFailure(f"{options.device} cannot run this network in {options.dtype}: {said}")
    if "Expected more than 1 value per channel" in said:
        return ArchscopeError("batch normalisation cannot train on one value per channel: take --batch 2 or more")
    if options.compile and type(error).__module__.startswith(("torch._inductor", "torch._dynamo")):
        return EnvironmentFailure(f"torch.compile failed: {said}; --compile needs a C++ compiler, on CUDA also triton")
    if said.startswith("CUDA error"):
        return EnvironmentFailure(f"{options.device} failed, and is lost to this process: {said}")
    line = users_line(error)
    where = f" ({line})" if line else ""
    return ArchscopeError(f"{graph.name} fails on {options.device}: {type(error).__name__}: {said}{where}")
