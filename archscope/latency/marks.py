"""Telling the profiler which layer runs, by the tracer that has named the layers, and reading what it saw."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, record_function

from archscope.errors import ArchscopeError
from archscope.latency.attribution import MARK, Event
from archscope.latency.device import EVENTS_KEPT
from archscope.model.graph import Graph
from archscope.tracing.doubles import doubles_of
from archscope.tracing.passes import Mode, modules_of, watch
from archscope.tracing.records import Effect, Invocation, describe, tensors_in
from archscope.tracing.scripted import compiled_functions_seen
from archscope.tracing.untouched import undisturbed
from archscope.tracing.watcher import Tracer

Forward = Callable[..., Any]

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler writes to standard error as it starts and stops


class Marker(Tracer):
    """Watches a real pass, and runs each operation in a range named after the layer that it will be.

    Nothing is synchronised: kernels keep their pace, and what watching costs lies between them.
    """

    def _compute_values(self, call: Invocation) -> tuple[Effect, Any]:
        with self._range():
            return super()._compute_values(call)

    def _count(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[torch.Tensor]) -> Any:
        with self._range():
            return super()._count(function, args, kwargs, tensors)

    def compiled(self, function: Any, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._range():
            return super().compiled(function, call, args, kwargs)

    def around(self, scripted: Forward) -> Forward:
        """A call of a module that torch.jit compiled: one operation, which is seen only when it is over."""

        def call(*args: Any, **kwargs: Any) -> Any:
            with torch._C.DisableTorchFunction(), self._range():  # nor is the range an operation
                return scripted(*args, **kwargs)

        return call

    def _range(self) -> record_function:
        return record_function(f"{MARK}{len(self.ledger.records)}")


@contextmanager
def marked(module: nn.Module, mode: Mode) -> Iterator[tuple[Marker, Forward]]:
    """A marker, and the module's forward pass under it, by a double of it."""
    blocks = modules_of(module)
    with undisturbed(blocks, real=True):
        blocks = doubles_of(blocks, mode == "train", real=True)
        marker = Marker(blocks, real=True)
        for submodule in blocks.values():
            watch(submodule, marker, mode)
            if isinstance(submodule, torch.jit.ScriptModule):
                vars(submodule)["_compiled_call_impl"] = marker.around(vars(submodule)["_compiled_call_impl"])

        def forward(*args: Any, **kwargs: Any) -> Any:
            for tensor in tensors_in((args, kwargs)):
                tensor._archscope_source = describe("input", tensor)  # type: ignore[attr-defined]
            with compiled_functions_seen(marker), marker:
                return blocks[""](*args, **kwargs)

        try:
            yield marker, forward
        finally:
            marker.sources.put_back()


def is_of(marker: Marker, graph: Graph) -> bool:
    """Did the marked pass run the operations of this graph, in its order?"""
    ran = [record.effect.operation for record in marker.ledger.records]
    return ran == [layer.operation for layer in graph.layers]


class KernelsLost(ArchscopeError):
    """CUPTI has dropped kernels, as some releases of CUDA do where the device has idled (pytorch#192021)."""


def profiled(run: Callable[[], Any], on_cuda: bool) -> list[Event]:
    """The events of one run. Raises KernelsLost."""
    events = _events_of(run, on_cuda)
    if on_cuda:
        check_whole(events)
    return plain(events, on_cuda)


def _events_of(run: Callable[[], Any], on_cuda: bool) -> Any:
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    with torch.profiler.profile(activities=activities, **EVENTS_KEPT) as profile:
        run()
        if on_cuda:
            torch.cuda.synchronize()
    return profile.events()


LAUNCHES = re.compile(r"cu(da)?Launch(Cooperative)?Kernel(Ex|ExC)?(_\w+)?")
"""The calls of CUDA's runtime and driver that start one kernel each."""


def check_whole(events: Iterable[FunctionEvent] | Any) -> None:
    """Raises KernelsLost where fewer kernels ran than were launched, or none: the layers of the others would take no
    time."""
    launched = sum([event.device_type.name == "CPU" and bool(LAUNCHES.fullmatch(event.name)) for event in events])
    on_device = [event for event in events if event.device_type.name == "CUDA" and not event.is_user_annotation]
    ran = len([event for event in on_device if not event.name.startswith(("Memcpy", "Memset"))])
    if not ran:
        raise KernelsLost(
            "the profiler records no kernels here: another one may hold the device, or CUPTI not run on it"
        )
    if ran < launched:
        raise KernelsLost(f"the profiler has lost {launched - ran} of {launched} kernels: run it again")


def plain(events: list[FunctionEvent] | Any, on_cuda: bool) -> list[Event]:
    """The profiler's events without what is not needed: those of the host, each with the kernels that it launched."""
    host = [event for event in events if event.device_type.name == "CPU" and not event.is_async and not _is_call(event)]
    place = {id(event): i for i, event in enumerate(host)}
    found = [
        Event(
            name=event.name,
            self_ms=_self_us(event, on_cuda) / 1000,
            parent=_earlier(place.get(id(event.cpu_parent)), i),
            sequence=event.sequence_nr,
            backward=bool(event.fwd_thread) and event.sequence_nr >= 0,
        )
        for i, event in enumerate(host)
    ]
    return [*found, *_without_an_operation(events, found)] if on_cuda else found


def _is_call(event: FunctionEvent) -> bool:
    """A call of CUDA's runtime or driver: numbered apart from operations, it may be given the kernels of one."""
    return bool(re.fullmatch(r"cu(da)?[A-Z]\w*", event.name))


FUSED = frozenset({"aten::_transformer_encoder_layer_fwd", "aten::_native_multi_head_attention"})
"""Kernels that torch takes for whole modules where nothing watches the pass."""


def takes_fused_path(module: nn.Module, step: Callable[[], Any], on_cuda: bool) -> bool:
    """Does the unwatched pass run other kernels than the marked one, which would make times by layer another pass's?"""
    fusing = (nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.MultiheadAttention)
    if module.training or not any(isinstance(part, fusing) for part in module.modules()):
        return False
    return any(event.name in FUSED for event in plain(_events_of(step, on_cuda), on_cuda))


UNLAUNCHED = "kernels that no operation launched"


def _without_an_operation(events: Iterable[FunctionEvent] | Any, found: Sequence[Event]) -> list[Event]:
    """What the device did besides, such as kernels of Triton's: all its time less that of the operations."""
    on_device = [event for event in events if event.device_type.name == "CUDA" and not event.is_user_annotation]
    ranges = {event.name for event in found}  # each has a shadow on the device
    whole = sum([event.time_range.elapsed_us() for event in on_device if event.name not in ranges]) / 1000
    rest = whole - sum([event.self_ms for event in found])
    return [Event(UNLAUNCHED, rest)] if rest > LEAST_UNLAUNCHED * whole else []


LEAST_UNLAUNCHED = 0.005
"""Of the device's time: less is rounding."""


def _earlier(parent: int | None, child: int) -> int | None:
    """Two events of no duration may stand in either order."""
    return parent if parent is not None and parent < child else None


def _self_us(event: FunctionEvent, on_cuda: bool) -> float:
    """Kernels, copies and fills that it launched itself; on the CPU its own time, if it is an operation.

    A range has a shadow of its name on the device, which is no kernel; on the CPU its own time is Python's.
    """
    if on_cuda:
        return float(sum(kernel.duration for kernel in event.kernels if kernel.name != event.name))
    return 0.0 if event.is_user_annotation else float(event.self_cpu_time_total)
