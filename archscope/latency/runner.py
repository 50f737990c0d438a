"""One network at one batch: warmed up, timed step by step, and profiled."""

import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import perf_counter
from typing import Any
from weakref import ref

import torch

from archscope.errors import ArchscopeError
from archscope.garbage import new_garbage_collected
from archscope.latency import Job, Options, cuda_graph, device, marks
from archscope.latency.attribution import Event, Profile, attribute
from archscope.latency.backends import Differences
from archscope.latency.clocks import Meter, Untold, Watch, meter_of
from archscope.latency.failures import failure
from archscope.latency.network import Network
from archscope.latency.statistics import is_warm
from archscope.model import units
from archscope.tracing import Mode

WARM_UP_SHARE = 0.5
"""Warming up ends after this share of the time budget, stable or not."""

ENERGY_SHARE = 0.25
"""Of the time budget; the device's meter is read before and after."""

PROFILED_AGAIN = 3
"""So many profiles are taken at most for one that is whole."""

LEAST_ENERGY_S = 0.5
METER_EVERY_S = 0.01
"""The meter is read so often. It moves a few times a second, so that what lies between two of its moves is told."""

COMPILED_IN = 3
"""A compiled step is compiled in the first of so many steps, and recorded as CUDA graphs in the others."""


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
        self.build_ms: float | None = None
        self.energy_per_image_j: float | None = None
        self.differences: Differences | None = None
        self.setting: dict[str, Any] = {}
        self._meter: Meter = Untold()
        self._watch = Watch(self._meter, clock)
        self._clock, self._profile = clock, profile
        self._network: Network | None = None
        self._layers_known = True

    @contextmanager
    def on_device(self) -> Iterator[None]:
        """The device set up as the options say, while the network's code runs; what fails is told in one line."""
        try:
            with self._job.running(), device.set_up(self.options):
                yield
        except ArchscopeError:
            raise
        except Exception as error:
            traceback.clear_frames(error.__traceback__)  # they hold tensors
            raise failure(error, self.graph, self.options) from error

    @property
    def title(self) -> str:
        options, said = self.options, [self.graph.name, f"batch {self.graph.batch}"]
        if options.compile or options.backend != "eager":
            said.append("compiled" if options.compile else options.backend)
        if isinstance(options.threads, int):
            said.append(units.counted(options.threads, "thread"))
        return ", ".join(said)

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
        """Build the network on the device, and see how it is found."""
        device.check(self.options)
        with self.on_device():
            self.setting = device.described(self.options)
            self.build_ms = self._build()
        self._meter = meter_of(self.options.device)
        self._watch = Watch(self._meter, self._clock)

    def _build(self) -> float:
        """The network on the device, and how many ms that took; its inputs besides."""
        device.check_memory(self.graph, self.options)
        device.synchronize(self.options)  # the device's own start is nobody's
        start = self._clock()
        module = self._job.build().to(self.options.device)
        device.synchronize(self.options)
        took = 1000 * (self._clock() - start)
        self._network = Network(module, self.graph, self.options, self.mode, self._job.inputs)
        return took

    def reload(self) -> None:
        """The network on the device again and warm, if it was released."""
        if self._network is None:
            with self.on_device():
                self._build()
                for _ in range(2):
                    self._timed()

    def release(self) -> None:
        """Give the network's memory back; what was measured stays."""
        module = self._network and ref(self._network.module)
        self._network = None
        if module and module():  # it refers to itself, and the collector pauses
            gc.collect()
        with suppress(RuntimeError):  # after a failed capture the allocator may refuse
            if self.options.on_cuda and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
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
        """Steps until they take as long as those before, or for WARM_UP_SHARE of the time after the first one, in which
        libraries start and compile; at least two, of a compiled network all in which it is compiled."""
        least = COMPILED_IN if self.options.compile else 2
        with self.on_device():
            self.warm_up_ms.append(self._timed())
            end = self._clock() + WARM_UP_SHARE * self.options.seconds
            while not is_warm(self.warm_up_ms) and (self.warmup < least or self._clock() < end):
                self.warm_up_ms.append(self._timed())

    def compare_outputs(self) -> None:
        """With torch's, where something else runs the network; once it is warm, since its first steps compile it."""
        with self.on_device():
            self.differences = self.network.differences()

    def sample(self) -> float:
        """One more timed step, in ms."""
        with self.on_device():
            self.times_ms.append(self._timed())
        self._watch.glance()
        return self.times_ms[-1]

    def measure_energy(self) -> None:
        """Joules an image, where the device has a meter: many steps in a row between its first and its last move."""
        told = self._meter.energy_j()
        if told is None:
            return
        images, moves = 0, list[tuple[float, int]]()
        with self.on_device():
            look = self._clock()
            end = look + max(ENERGY_SHARE * self.options.seconds, LEAST_ENERGY_S)
            while (now := self._clock()) < end:
                self._timed()
                images += self.graph.batch
                if now >= look:
                    look, before, told = now + METER_EVERY_S, told, self._meter.energy_j()
                    if told is not None and told != before:
                        moves.append((told, images))
        (first_j, before_first), (last_j, before_last) = (moves[0], moves[-1]) if moves else ((0.0, 0), (0.0, 0))
        if last_j > first_j and before_last > before_first:
            self.energy_per_image_j = (last_j - first_j) / (before_last - before_first)

    def check_replay(self) -> None:
        """Raises ArchscopeError where no replay is to be tried."""
        cuda_graph.check(self.options)

    def replay(self) -> None:
        """On CUDA, the device's time of the whole step as a CUDA graph."""
        with self.on_device():
            self.device_times_ms += cuda_graph.replayed_ms(self.network, self.options.seconds / 4, self._clock)

    def measure_memory(self, between_operations: bool = False) -> None:
        """The highest memory of one step: what lies there between steps, and by how much a step adds to it; on CUDA
        `between_operations`, without what kernels take while they run. Of another program than torch it is not known.
        """
        if self.options.backend != "eager":
            return
        if self.options.replayed_by_torch:
            raise ArchscopeError("the CUDA graphs of a compiled network keep their memory between steps")
        with self.on_device():
            self.network.forget_gradients()  # the CPU's profiler does not see what is freed of older steps
            resident = self.network.resident_bytes  # before the step, whose rise holds the gradients that it leaves
            rise_bytes = device.rise_between_bytes if between_operations else device.rise_bytes
            self.measured_peak_memory_bytes = resident + rise_bytes(self.network.step, self.options)

    def profile(self) -> None:
        """Time by layer in one more step, unless a note says why there is none."""
        if self._layers_known and self.options.compile:
            self._no_layers("a compiled network runs fused kernels that belong to no one layer")
        if self._layers_known and self.options.backend != "eager":
            self._layers_known = False  # another program runs the network as one
        if self._layers_known and not self.profiles and self._fuses():
            self._no_layers("torch runs its fused attention here, one kernel for several layers")
        if self._layers_known:
            self._profile_whole_step()

    def _profile_whole_step(self) -> None:
        """Some more, where the profiler loses kernels: it does so at its start, and after a pause."""
        for more in reversed(range(PROFILED_AGAIN)):
            try:
                with new_garbage_collected():  # the profiler's events refer to each other, as the marked modules do
                    return self._profile_step()
            except marks.KernelsLost:
                if not more:
                    raise

    def _fuses(self) -> bool:
        with self.on_device():
            return marks.takes_fused_path(self.network.module, self.network.step, self.options.on_cuda)

    def _profile_step(self) -> None:
        with self.on_device():
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

    def found_setting(self) -> dict[str, Any]:
        """The setting as it was found, and what the device's clock did meanwhile."""
        seen = self._watch.seen()
        return {**self.setting, "meanwhile": seen} if seen else self.setting


def failure_of(act: Callable[[], object]) -> str:
    """Do it; why it failed, empty where it did not."""
    try:
        act()
    except ArchscopeError as failure:
        return str(failure) or type(failure).__name__
    return ""
