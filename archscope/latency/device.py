"""The devices: whether they can do what is asked, what they are and how they are found, and their memory."""

import os
import platform
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.errors import EnvironmentFailure
from archscope.garbage import collection_paused
from archscope.latency import Options
from archscope.latency.fitting import fitting, predicted_bytes
from archscope.latency.tf32 import tf32
from archscope.model.graph import Graph

TF32_SINCE = (8, 0)
"""The compute capability of the first GPUs with TF32 (Ampere)."""


def check(options: Options) -> None:
    """Raises EnvironmentFailure where this machine lacks the device, or the device the type."""
    if not options.on_cuda:
        if options.dtype == "tf32":
            raise EnvironmentFailure("a CPU has no TF32: --dtype tf32 takes --device cuda")
        return
    try:
        _check_cuda(options)
    except RuntimeError as error:
        raise EnvironmentFailure(f"{options.device} does not answer: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _check_cuda(options: Options) -> None:
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        raise EnvironmentFailure(f"torch {torch.__version__} is built without CUDA: install a CUDA build of torch")
    if not torch.cuda.is_available():
        raise EnvironmentFailure("torch finds no CUDA device: look at nvidia-smi and CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    if (torch.device(options.device).index or 0) >= count:
        raise EnvironmentFailure(f"no device {options.device}: torch finds {count}, cuda:0 to cuda:{count - 1}")
    name, capability = torch.cuda.get_device_name(options.device), torch.cuda.get_device_capability(options.device)
    if options.dtype == "tf32" and capability < TF32_SINCE:
        raise EnvironmentFailure(f"{name} has no TF32 (compute capability {capability[0]}.{capability[1]}, 8.0 needed)")
    if "bfloat16" in (options.dtype, options.amp) and capability < TF32_SINCE:
        raise EnvironmentFailure(
            f"{name} has no bfloat16 (compute capability {capability[0]}.{capability[1]}, 8.0 needed)"
        )


@contextmanager
def set_up(options: Options) -> Iterator[None]:
    """Threads, TF32, cuDNN, torch.compile and the current device as the options say; put back afterwards."""
    with ExitStack() as stack:
        stack.enter_context(_threads(options.thread_counts[0]))
        stack.enter_context(tf32(options.dtype == "tf32"))
        if options.on_cuda:
            stack.enter_context(torch.cuda.device(options.device))
            stack.enter_context(_cudnn_benchmark(options.cudnn_benchmark))
        if options.compile:
            stack.enter_context(_all_compiled())
        yield


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    if count not in (None, before):
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


@contextmanager
def _cudnn_benchmark(chosen: bool) -> Iterator[None]:
    cudnn: Any = torch.backends.cudnn
    before, cudnn.benchmark = cudnn.benchmark, chosen
    try:
        yield
    finally:
        cudnn.benchmark = before


def _all_compiled() -> Any:
    """Of one piece of code torch compiles eight versions, and then runs it as it is written without a word: each batch
    and each network of a class is a version."""
    from torch._dynamo import config

    limit = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"  # until torch 2.6
    return config.patch({limit: MOST_COMPILED, f"accumulated_{limit}": MOST_COMPILED})


MOST_COMPILED = 4096
"""More than anybody compares in one process."""


def synchronize(options: Options) -> None:
    if options.on_cuda:
        torch.cuda.synchronize(options.device)


def milliseconds_each(run: Callable[[], object], count: int) -> float:
    """The mean time of a run on the CUDA device, of so many in a row between two events."""
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    before.record()
    for _ in range(count):
        run()
    after.record()
    after.synchronize()
    return float(before.elapsed_time(after)) / count


EVENTS_KEPT: dict[str, Any] = (
    {"acc_events": True} if "acc_events" in signature(torch.profiler.profile.__init__).parameters else {}
)
"""Newer releases drop the events of a cycle that is over, and warn of it, unless told to keep them."""


# ---- memory -------------------------------------------------------------------------------------------------


def rise_bytes(step: Callable[[], None], options: Options) -> int:
    """By how much memory rises while a step runs, at its highest."""
    if options.on_cuda:
        synchronize(options)
        torch.cuda.reset_peak_memory_stats(options.device)
        before = torch.cuda.memory_allocated(options.device)
        step()
        synchronize(options)
        return torch.cuda.max_memory_allocated(options.device) - before
    profiler = torch.profiler.profile(activities=[ProfilerActivity.CPU], profile_memory=True, **EVENTS_KEPT)
    with collection_paused(), profiler as profile:  # what is collected meanwhile would be taken off
        step()
    results: Any = profile.profiler
    events = [event for event in results.kineto_results.events() if event.name() == "[memory]"]
    return highest([event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())])


def rise_between_bytes(step: Callable[[], None], options: Options) -> int:
    """The same on CUDA without what kernels take while they run: as it is found after each operation."""
    levels = [torch.cuda.memory_allocated(options.device)]

    class Look(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            returned = operation(*args, **(kwargs or {}))
            levels.append(torch.cuda.memory_allocated(options.device))
            return returned

    with Look():  # type: ignore[no-untyped-call]
        step()
    return max(levels) - levels[0]


def highest(changes: list[int]) -> int:
    """The highest level that these changes reach, from 0."""
    level = top = 0
    for change in changes:
        level += change
        top = max(top, level)
    return top


def check_memory(graph: Graph, options: Options) -> None:
    """A system that runs out of memory kills the process: what is predicted not to fit is not tried on a CPU."""
    free = None if options.on_cuda else free_bytes(options)
    if free is not None and predicted_bytes(graph, options.train, options.optimizer, options.library) > free:
        raise EnvironmentFailure(f"out of memory on {options.device}: {fitting(graph, options, free)}")


def free_bytes(options: Options) -> int | None:
    """Memory that a network alone could have; None where nothing says it."""
    if options.on_cuda:
        try:
            free: int = torch.cuda.mem_get_info(options.device)[0]
            return free + torch.cuda.memory_reserved(options.device)
        except RuntimeError:  # a lost device does not say it
            return None
    said = [_available_bytes(), *_container_bytes()]
    return min([free for free in said if free is not None], default=None)


def _available_bytes() -> int | None:
    """What the whole system has left."""
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


CGROUPS = "/sys/fs/cgroup"


def _container_bytes() -> list[int]:
    """What is left of each limit that a container sets: its own group's and those around it. Files in memory go first,
    and so count as free."""
    own = [line.split(":", 2)[2] for line in _read("/proc/self/cgroup").splitlines() if line.startswith("0::")]
    groups = [Path(CGROUPS + path) for path in own or ["/"]]
    left = [_left_bytes(str(group / "memory.max"), str(group / "memory.current"), str(group / "memory.stat"))
            for inner in groups for group in (inner, *inner.parents) if str(group).startswith(CGROUPS)]  # fmt: skip
    old = f"{CGROUPS}/memory"  # the first version's
    left.append(_left_bytes(f"{old}/memory.limit_in_bytes", f"{old}/memory.usage_in_bytes", f"{old}/memory.stat"))
    return [free for free in left if free is not None]


def _left_bytes(limit: str, used: str, statistics: str) -> int | None:
    try:
        most, now = int(_read(limit)), int(_read(used))
    except ValueError:  # "max", or no such file
        return None
    files = re.search(r"^(?:total_)?inactive_file (\d+)$", _read(statistics), re.MULTILINE)
    return max(0, most - now + (int(files[1]) if files else 0))


# ---- what it is ----------------------------------------------------------------------------------------------


def described(options: Options) -> dict[str, Any]:
    """The measured setting: what ran, on what, and how busy it was found."""
    return {
        "device": options.device,
        "device_name": torch.cuda.get_device_name(options.device) if options.on_cuda else cpu_name(),
        "dtype": options.dtype,
        "tf32": options.dtype == "tf32",
        "channels_last": options.channels_last,
        "compile": bool(options.compile),
        "compile_mode": options.compile_mode,
        "backend": options.backend,
        "cudnn_benchmark": options.cudnn_benchmark,
        "train": options.train,
        "optimizer": options.optimizer if options.train else None,
        "amp": options.amp,
        "threads": options.thread_counts[0] or torch.get_num_threads(),
        "cores": os.cpu_count(),
        "seconds": options.seconds,
        "cuda": torch.version.cuda if options.on_cuda else None,
        "cudnn": torch.backends.cudnn.version() if options.on_cuda else None,  # type: ignore[no-untyped-call]
        "load": load_averages(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or None,
        **(_found_gpu(options.device) if options.on_cuda else {}),
    }


def load_averages() -> list[float] | None:
    """How many cores all work took of late, over 1, 5 and 15 minutes, where the system says so."""
    return list(os.getloadavg()) if hasattr(os, "getloadavg") else None


def cpu_name() -> str:
    """The processor as the system names it."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _found_gpu(device: str) -> dict[str, Any]:
    """Driver, clocks and use as nvidia-smi tells them; nothing where it does not run."""
    import subprocess

    asked = "driver_version,clocks.sm,clocks.max.sm,clocks.mem,utilization.gpu,temperature.gpu,power.limit"
    try:
        uuid = getattr(torch.cuda.get_device_properties(device), "uuid", "")  # CUDA numbers devices in its own way
        command = ["nvidia-smi", f"--id=GPU-{uuid}", f"--query-gpu={asked}", "--format=csv,noheader,nounits"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return {"driver": None, "clocks": None}
    return read_found(said)


FOUND = ("sm_mhz", "max_sm_mhz", "memory_mhz", "utilization_percent", "temperature_c", "power_limit_w")


def read_found(said: str) -> dict[str, Any]:
    """One line of nvidia-smi; None for what it does not know (`[N/A]`)."""
    driver, *values = [value.strip() for value in said.strip().split(",")]
    numbers = [float(value) if value.replace(".", "", 1).isdecimal() else None for value in values]
    return {"driver": driver, "clocks": dict(zip(FOUND, numbers, strict=False))}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
