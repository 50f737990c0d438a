"""What a device can do, on a faked CUDA; the machine's memory; and errors in one line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.latency import Options, device
from archscope.latency.attribution import Event
from archscope.latency.device import highest
from archscope.latency.fitting import fitting, largest_batch, predicted_bytes
from archscope.latency.marks import plain
from tests.graphs import six_layer_report

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
    [{"device": "tpu"}, {"device": "cuda:x"}, {"dtype": "float8"}, {"seconds": 0}, {"seconds": -1}, {"threads": 0}],
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


@pytest.mark.parametrize("train", [False, True])
def test_the_largest_batch_that_fits(train: bool) -> None:
    for free in (MIB, 10 * MIB, 77 * MIB):
        batch = largest_batch(GRAPH, train, free)
        assert predicted_bytes(replace(GRAPH, batch=batch), train) <= free
        assert predicted_bytes(replace(GRAPH, batch=2 * batch), train) > free
    assert largest_batch(GRAPH, train, 1000) == 0


def test_out_of_memory_says_what_fits() -> None:
    graph = replace(GRAPH, batch=4096)

    assert "batch 4096 needs about " in fitting(graph, Options(), 10 * MIB)
    assert "10.0 MiB are free: --batch " in fitting(graph, Options(), 10 * MIB)
    assert "not even --batch 1 would fit" in fitting(graph, Options(), 1000)
    assert "--batch 2048 would fit" in fitting(graph, Options(), 10**12)  # what was predicted did not hold
    assert "take a smaller --batch" in fitting(graph, Options(), None)


class Raises(nn.Module):
    """Runs on meta, fails where there are values."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not x.is_meta:
            raise self.error
        return self.conv(x)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried ..."), 1, "out of memory on cpu: batch 1 needs about "),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 1, "out of memory on cpu"),
        (RuntimeError("\"conv\" not implemented for 'Half'"), 1, "cpu cannot run this network in float32"),
        (ValueError("Expected more than 1 value per channel when training"), 2, "--batch 2 or more"),
    ],
)
def test_failures_of_a_step_are_one_line(error: Exception, code: int, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        archscope.summarize(Raises(error), (3, 8, 8), latency=Options(seconds=0.01))
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="a defect"):
        archscope.summarize(Raises(RuntimeError("a defect")), (3, 8, 8), latency=Options(seconds=0.01))


# ---- events of the profiler ------------------------------------------------------------------------------------


class Named:
    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def event(name: str, kind: str = "CPU", parent: Any = None, **attributes: Any) -> Any:
    plain_values = {"is_async": False, "sequence_nr": -1, "fwd_thread": 0, "is_user_annotation": False, "kernels": []}
    own = {"self_cpu_time_total": 0.0, "cpu_parent": parent, "device_type": Named(name=kind)}
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
