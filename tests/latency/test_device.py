"""What a device can do, on a faked CUDA; the machine's memory; and errors in one line."""

import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.latency import Options, device
from archscope.latency.attribution import Event, attribute
from archscope.latency.device import highest
from archscope.latency.fitting import climbing_batches, fitting, largest_batch, most_images, predicted_bytes
from archscope.latency.marks import KernelsLost, check_whole, plain
from archscope.measures.workspace import Library
from tests.graphs import six_layer_report
from tests.small_nets import on_meta

GRAPH = six_layer_report().graph
MIB = 2**20


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def fake(built: bool = True, count: int = 1, capability: tuple[int, int] = (7, 5)) -> None:
        monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: built)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: built and count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Fake T4")
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)

    return fake


@pytest.mark.parametrize(
    ("found", "options", "said"),
    [
        ({"built": False}, {}, "is built without CUDA"),
        ({"count": 0}, {}, "torch finds no CUDA device"),
        ({"count": 2}, {"device": "cuda:2"}, "no device cuda:2: torch finds 2, cuda:0 to cuda:1"),
        ({}, {"dtype": "tf32"}, r"Fake T4 has no TF32 \(compute capability 7.5, 8.0 needed\)"),
        ({}, {"dtype": "bfloat16"}, "Fake T4 has no bfloat16"),
        ({}, {"amp": "bfloat16"}, "Fake T4 has no bfloat16"),  # torch would emulate it
        ({}, {"device": "cpu", "dtype": "tf32"}, "a CPU has no TF32"),
    ],
)
def test_what_the_machine_lacks(gpu: Callable[..., None], found: Any, options: Any, said: str) -> None:
    gpu(**found)
    with pytest.raises(EnvironmentFailure, match=said):
        device.check(Options(**{"device": "cuda", **options}))


def test_what_the_machine_has(gpu: Callable[..., None]) -> None:
    gpu(count=2, capability=(9, 0))
    for dtype in ("float32", "tf32", "bfloat16", "float16"):
        device.check(Options("cuda:1", dtype))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"device": "tpu"},
        {"device": "cuda:x"},
        {"dtype": "float8"},
        {"seconds": 0},
        {"seconds": -1},
        {"threads": 0},
        {"optimizer": "adam"},
        {"optimizer": "lion", "train": True},
        {"amp": "float32"},
        {"amp": "float16", "dtype": "bfloat16"},
        {"compile": "fastest"},
        {"threads": (2, 0)},
        {"threads": 2**32},
        {"cudnn_benchmark": True},
    ],
)
def test_bad_options(options: Any) -> None:
    with pytest.raises(ArchscopeError, match="--") as caught:
        Options(**options)
    assert caught.value.exit_code == 2


def test_threads_and_tf32_are_put_back() -> None:
    before = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    with device.set_up(Options(threads=1)):
        assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == (1, False)
    assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == before


def test_cudnns_search_and_compiled_versions_are_put_back(gpu: Callable[..., None]) -> None:
    from torch._dynamo import config

    limit = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"
    before = torch.backends.cudnn.benchmark, getattr(config, limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "device", nullcontext)
        with device.set_up(Options("cuda", cudnn_benchmark=True, compile=True)):
            assert torch.backends.cudnn.benchmark is True
            # torch's own limit is 8: what follows runs uncompiled, and says nothing
            assert getattr(config, limit) > 1000
    assert (torch.backends.cudnn.benchmark, getattr(config, limit)) == before


def test_what_nvidia_smi_says() -> None:
    assert device.read_found("570.86.15, 345, 1980, 2619, 0, 31, [N/A]\n") == {
        "driver": "570.86.15",
        "clocks": {
            "sm_mhz": 345.0,
            "max_sm_mhz": 1980.0,
            "memory_mhz": 2619.0,
            "utilization_percent": 0.0,
            "temperature_c": 31.0,
            "power_limit_w": None,
        },
    }


@pytest.mark.parametrize(("changes", "top"), [([], 0), ([5, -5, 3], 5), ([2, 2, -1, 4], 7), ([-5, 3], 0)])
def test_the_highest_level(changes: list[int], top: int) -> None:
    assert highest(changes) == top


def test_memory_between_operations_leaves_out_what_they_take_for_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = iter([100, 400, 300, 200])  # before, and after each operation
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: next(levels))

    def step() -> None:
        assert torch.ones(2).add(1, alpha=2).sum(dtype=torch.float64).dtype == torch.float64

    assert device.rise_between_bytes(step, Options("cuda")) == 300


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("images", [1, 2, 7, 100])
def test_so_many_images_fit_and_no_more(images: int, train: bool) -> None:
    library = Library.of("cuda", "tf32")
    needed = predicted_bytes(replace(GRAPH, batch=images), train, library=library)

    assert most_images(GRAPH, train, "momentum", needed, library) == images
    assert most_images(GRAPH, train, "momentum", needed - 1, library) == images - 1


def test_batches_climb_from_the_own_one_as_far_as_memory_goes() -> None:
    needed = predicted_bytes(replace(GRAPH, batch=48), False)

    assert climbing_batches(GRAPH, Options(), needed) == [1, 2, 4, 8, 16, 32]
    assert climbing_batches(replace(GRAPH, batch=3), Options(), needed) == [3, 6, 12, 24]
    assert climbing_batches(GRAPH, Options(), 1) == [1]
    assert climbing_batches(GRAPH, Options(), None)[-1] == 1024


@pytest.mark.parametrize("train", [False, True])
def test_the_largest_batch_that_fits(train: bool) -> None:
    for free in (MIB, 10 * MIB, 77 * MIB):
        batch = largest_batch(GRAPH, Options(train=train), free)
        assert predicted_bytes(replace(GRAPH, batch=batch), train) <= free
        assert predicted_bytes(replace(GRAPH, batch=2 * batch), train) > free
    assert largest_batch(GRAPH, Options(train=train), 1000) == 0


def test_an_optimizers_states_are_in_the_prediction() -> None:
    weights = sum(tensor.bytes for tensor in GRAPH.parameters.values())
    needed = {name: predicted_bytes(GRAPH, True, name) for name in ("sgd", "momentum", "adam", "adamw")}

    assert needed["momentum"] - needed["sgd"] == weights
    assert needed["adam"] - needed["momentum"] >= weights
    assert needed["adam"] == needed["adamw"]


@pytest.mark.parametrize(("on_cuda", "copies"), [(True, 5.0), (False, 4.5)])
def test_adam_takes_all_roots_at_once_on_cuda(on_cuda: bool, copies: float) -> None:
    """Weights, gradients and two states; and the roots, on the CPU those of one weight after the other, twice."""
    graph = archscope.trace(nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(4)]), (64,))
    weights = sum(tensor.bytes for tensor in graph.parameters.values())
    assert predicted_bytes(graph, True, "adam", Library(on_cuda)) / weights == pytest.approx(copies, abs=0.05)


@pytest.mark.parametrize(("free", "refused"), [(-1, True), (0, False), (None, False)])
def test_what_is_predicted_not_to_fit_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, free: int | None, refused: bool
) -> None:
    """On a CPU, where the system would kill the process; a GPU says it itself."""
    needed = predicted_bytes(GRAPH, False, library=Options().library)
    monkeypatch.setattr(device, "free_bytes", lambda options: None if free is None else needed + free)
    device.check_memory(GRAPH, Options("cuda"))
    with pytest.raises(EnvironmentFailure, match="out of memory on cpu") if refused else nullcontext():
        device.check_memory(GRAPH, Options())


def test_out_of_memory_says_what_fits() -> None:
    graph = replace(GRAPH, batch=4096)

    assert "batch 4096 needs about " in fitting(graph, Options(), 10 * MIB)
    assert "10.0 MiB are free: --batch " in fitting(graph, Options(), 10 * MIB)
    assert "not even --batch 1 would fit" in fitting(graph, Options(), 1000)
    assert fitting(graph, Options(), 10**12).endswith(" in fact: take --batch 2048")  # what was predicted did not hold
    assert fitting(GRAPH, Options(), 10**12).endswith("more than 931.3 GiB in fact")
    assert "take a smaller --batch" in fitting(graph, Options(), None)


class Raises(nn.Module):
    """Runs on meta, fails where there are values."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not on_meta(x):
            raise self.error
        return self.conv(x)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried ..."), 1, "out of memory on cpu: batch 1 needs about "),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 1, "out of memory on cpu"),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be"), 1, "out of memory on cpu"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), 1, "out of memory on cpu"),
        (RuntimeError("\"conv\" not implemented for 'Half'"), 1, "cpu cannot run this network in float32"),
        (ValueError("Expected more than 1 value per channel when training"), 2, "--batch 2 or more"),
    ],
)
def test_failures_of_a_step_are_one_line(error: Exception, code: int, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        archscope.summarize(Raises(error), (3, 8, 8), latency=Options(seconds=0.01))
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "code"), [(RuntimeError("a defect"), 2), (KeyError("a defect"), 2), (RuntimeError("CUDA error: x"), 1)]
)
def test_other_errors_say_where_they_come_from(error: Exception, code: int) -> None:
    with pytest.raises(ArchscopeError, match=r"a defect.*test_device.py|CUDA error: x") as caught:
        archscope.summarize(Raises(error), (3, 8, 8), latency=Options(seconds=0.01))
    assert caught.value.exit_code == code
    assert repr(caught.value.__cause__) == repr(error)


CONTAINER = {
    "/proc/meminfo": "MemTotal: 64 kB\nMemAvailable:   8192 kB\n",
    "/proc/self/cgroup": "0::/pod/box\n",
    "/sys/fs/cgroup/pod/box/memory.max": "max\n",
    "/sys/fs/cgroup/pod/box/memory.current": "1000000\n",
    "/sys/fs/cgroup/pod/memory.max": "4000000\n",
    "/sys/fs/cgroup/pod/memory.current": "3000000\n",
    "/sys/fs/cgroup/pod/memory.stat": "anon 1\ninactive_file 500000\n",
}
FIRST_VERSION = {
    "/proc/meminfo": "MemAvailable:   8192 kB\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000",
    "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000",
    "/sys/fs/cgroup/memory/memory.stat": "total_inactive_file 7\n",
}


@pytest.mark.parametrize(
    ("files", "free"),
    [(CONTAINER, 1_500_000), (FIRST_VERSION, 2_000_007), ({"/proc/meminfo": "MemAvailable: 8 kB"}, 8192), ({}, None)],
)
def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, files: dict[str, str], free: int | None) -> None:
    monkeypatch.setattr(device, "_read", lambda path: files.get(path, ""))

    assert device.free_bytes(Options("cpu")) == free


# ---- events of the profiler ------------------------------------------------------------------------------------


class Named:
    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def event(name: str, kind: str = "CPU", parent: Any = None, **attributes: Any) -> Any:
    plain_values = {"is_async": False, "sequence_nr": -1, "fwd_thread": 0, "is_user_annotation": False, "kernels": []}
    span = Named(elapsed_us=lambda: attributes.get("duration", 0.0))
    own = {"self_cpu_time_total": 0.0, "cpu_parent": parent, "device_type": Named(name=kind), "time_range": span}
    return Named(name=name, **{**plain_values, **own, **attributes})


def kernel(name: str, duration: float) -> Any:
    return Named(name=name, duration=duration)


def test_kernels_are_their_launchers() -> None:
    mark = event("mark", is_user_annotation=True, kernels=[kernel("mark", 900.0), kernel("triton_kernel", 5.0)])
    conv = event("aten::conv2d", parent=mark, kernels=[kernel("gemm", 1000.0), kernel("memset", 500.0)], sequence_nr=3)
    back = event("ConvolutionBackward0", kernels=[kernel("wgrad", 2000.0)], sequence_nr=3, fwd_thread=1)
    events = [mark, event("mark", "CUDA"), conv, event("gemm", "CUDA"), back]

    assert plain(events, on_cuda=True) == [
        Event("mark", 0.005),
        Event("aten::conv2d", 1.5, parent=0, sequence=3),
        Event("ConvolutionBackward0", 2.0, sequence=3, backward=True),
    ]


def test_kernels_that_no_operation_launched_count_too() -> None:
    mark = event("mark", is_user_annotation=True, kernels=[kernel("mark", 900.0)])
    conv = event("aten::conv2d", parent=mark, kernels=[kernel("gemm", 1000.0)])
    on_device = [
        event("mark", "CUDA", duration=900.0, is_user_annotation=True),
        event("gemm", "CUDA", duration=1000.0),
        event("triton_", "CUDA", duration=3000.0),
    ]
    *known, rest = plain([mark, conv, *on_device], on_cuda=True)

    assert [found.self_ms for found in known] == [0.0, 1.0]
    assert rest == Event("kernels that no operation launched", 3.0)
    assert attribute([*known, rest]).unattributed_ms == 4.0  # the mark here is no layer's


def test_a_call_of_the_runtime_has_no_kernels_of_its_own() -> None:
    conv = event("aten::conv2d", kernels=[kernel("gemm", 1000.0)])
    call = event("cudaDeviceSynchronize", kernels=[kernel("gemm", 1000.0)])  # its number happens to be the operation's

    assert plain([conv, call, event("gemm", "CUDA", duration=1000.0)], on_cuda=True) == [Event("aten::conv2d", 1.0)]


def test_a_profiler_that_sees_no_kernel_tells_no_times() -> None:
    with pytest.raises(KernelsLost, match="records no kernels"):
        check_whole([event("aten::conv2d"), event("mark", "CUDA", is_user_annotation=True)])


@pytest.mark.parametrize(("ran", "lost"), [(2, False), (3, False), (1, True)])
def test_kernels_that_the_profiler_loses_are_missed(ran: int, lost: bool) -> None:
    launches = [event("cudaLaunchKernel"), event("cuLaunchKernelEx"), event("cudaMemsetAsync")]
    shadow = event("mark", "CUDA", is_user_annotation=True)
    kernels = [event("gemm", "CUDA") for _ in range(ran)]

    with pytest.raises(KernelsLost, match="1 of 2 kernels") if lost else nullcontext():
        check_whole([*launches, shadow, *kernels, event("Memset (Device)", "CUDA")])


def test_on_the_cpu_an_operations_own_time_counts() -> None:
    mark = event("mark", is_user_annotation=True, self_cpu_time_total=300.0)
    events = [mark, event("aten::conv2d", parent=mark, self_cpu_time_total=2000.0)]

    assert plain(events, on_cuda=False) == [Event("mark", 0.0), Event("aten::conv2d", 2.0, parent=0)]


# ---- with a device -----------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.parametrize("train", [False, True])
def test_on_a_gpu(train: bool) -> None:
    options = Options("cuda", seconds=0.2, train=train)
    report = archscope.summarize("resnet18", (3, 64, 64), batch=4, latency=options)
    totals = report.totals

    assert totals["device_ms"]["median"] > 0
    assert 0 < totals["latency_ms"] < totals["wall_ms"]["median"] * 2
    assert totals["measured_peak_memory_bytes"] > totals["weight_bytes"]
    assert report.setting["device_name"] == torch.cuda.get_device_name()
    assert all(time > 0 for name, time in report.columns["latency_ms"].values.items() if name.endswith(".conv"))


# ---- what nvidia-smi and the driver say of a device ----------------------------------------------------------


def test_a_gpu_is_told_by_its_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(command: list[str], **how: Any) -> Any:
        asked.extend(command)
        return SimpleNamespace(stdout="550.54, 1980, 1980, 2619, 3, 41, [N/A]\n")

    properties = SimpleNamespace(uuid="1b2c")  # CUDA may number devices in another way than nvidia-smi
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(subprocess, "run", run)
    found = device._found_gpu("cuda:1")

    assert asked[:2] == ["nvidia-smi", "--id=GPU-1b2c"] and found["driver"] == "550.54"
    assert found["clocks"]["memory_mhz"] == 2619 and found["clocks"]["power_limit_w"] is None


@pytest.mark.parametrize("error", [FileNotFoundError(), subprocess.TimeoutExpired("nvidia-smi", 10)])
def test_a_gpu_of_which_nobody_tells_is_measured_too(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run(*command: Any, **how: Any) -> Any:
        raise error

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace())
    monkeypatch.setattr(subprocess, "run", run)

    assert device._found_gpu("cuda") == {"driver": None, "clocks": None}


def test_a_lost_device_does_not_say_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(device: str) -> Any:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "mem_get_info", lost)

    assert device.free_bytes(Options("cuda")) is None
